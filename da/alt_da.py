"""A data-availability server as a layer, by the OP Stack's alt-DA protocol over HTTP.

A commitment is `0x03 ‖ 0x00 ‖ keccak256(data)`: our layer byte, then what the server knows the data by. The protocol's
other kind of commitment (`0x01 ‖ layer ‖ payload`) means something to the server alone; since nobody else could tell
right bytes from wrong ones, it is refused.
Source: https://specs.optimism.io/experimental/alt-da.html
"""

import aiohttp

from da.adapter import Commitment
from protocol.crypto import keccak
from protocol.errors import Reject, Retry

ALT_DA_LAYER = 0x03
KECCAK_COMMITMENT = 0x00
ALT_DA_MAX_BYTES = 1 << 20
TIMEOUT_SECONDS = 30.0


class AltDa:
    """The client of one server at `url`, e.g. ``http://127.0.0.1:3100``."""

    layer = ALT_DA_LAYER

    def __init__(self, url: str, max_bytes: int = ALT_DA_MAX_BYTES, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._url = url.rstrip("/")
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds)
        self.max_bytes = max_bytes

    async def submit(self, data: bytes) -> Commitment:
        """Put `data` on the server. Raises as the seam says; on Retry a chain with a second layer falls back to it."""
        if not 0 < len(data) <= self.max_bytes:
            raise Reject(f"alt-DA: takes 1 to {self.max_bytes} bytes, got {len(data)}")
        key = bytes((KECCAK_COMMITMENT,)) + keccak(data)
        try:
            async with (
                aiohttp.ClientSession(timeout=self._timeout) as session,
                session.post(f"{self._url}/put/0x{key.hex()}", data=data, allow_redirects=False) as response,
            ):
                status = response.status
        except (TimeoutError, aiohttp.ClientError) as error:
            raise Retry(f"alt-DA: {self._url} does not take data: {error!r}") from error
        if status != 200:
            raise Retry(f"alt-DA: {self._url} answered {status} to {len(data)} bytes")
        return Commitment(bytes((ALT_DA_LAYER,)) + key)

    async def fetch(self, commitment: Commitment) -> bytes:
        """Get the data back and check it against its hash. Raises as the seam says."""
        if len(commitment) != 34 or commitment[0] != ALT_DA_LAYER or commitment[1] != KECCAK_COMMITMENT:
            raise Reject(f"alt-DA: 0x{commitment[:34].hex()} ({len(commitment)} bytes) is not 0x0300 and a hash")
        key = commitment[1:]
        try:
            async with (
                aiohttp.ClientSession(timeout=self._timeout) as session,
                session.get(f"{self._url}/get/0x{key.hex()}", allow_redirects=False) as response,
            ):
                status = response.status
                data = await _read(response, self.max_bytes) if status == 200 else b""
        except (TimeoutError, aiohttp.ClientError) as error:
            raise Retry(f"alt-DA: {self._url} does not serve 0x{key.hex()}: {error!r}") from error
        if status != 200:
            raise Retry(f"alt-DA: {self._url} answered {status} for 0x{key.hex()}")
        if keccak(data) != key[1:]:
            raise Retry(f"alt-DA: {self._url} served something else for 0x{key.hex()}")
        return data


async def _read(response: aiohttp.ClientResponse, most: int) -> bytes:
    """The body, up to one byte more than `most`: that byte makes the hash wrong, and no server fills our memory."""
    parts = []
    left = most + 1
    while left and (part := await response.content.read(left)):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)
