"""A data-availability server as a layer, by the OP Stack's alt-DA protocol over HTTP.

The server knows data by a *key*, and there are two kinds:

    0x00 ‖ keccak256(data)        we compute it ourselves:            POST /put/0x<key>
    0x01 ‖ layer ‖ payload        means something to the server alone: POST /put answers with it

Our commitment is `0x03 ‖ key` for the first kind and `0x03 ‖ key ‖ keccak256(data)` for the second, so that anyone can
tell right bytes from wrong ones either way.
Source: https://specs.optimism.io/experimental/alt-da.html
"""

from da.adapter import BadCommitment, Commitment, Gone, NotFound, Unreachable, WrongBytes, check_size
from da.http import TIMEOUT_SECONDS, Endpoint
from protocol.crypto import keccak
from protocol.l1 import L1BlockRef

ALT_DA_LAYER = 0x03
KECCAK_KEY = 0x00
GENERIC_KEY = 0x01
ALT_DA_MAX_BYTES = 1 << 20
MAX_KEY_BYTES = 1024
_KECCAK_KEY_BYTES = 33
_HASH_BYTES = 32


class AltDa:
    """The client of one server at `url`, e.g. ``http://127.0.0.1:3100``; `generic` lets the server choose the keys."""

    layer = ALT_DA_LAYER

    def __init__(
        self,
        url: str,
        max_bytes: int = ALT_DA_MAX_BYTES,
        *,
        generic: bool = False,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self._server = Endpoint("alt-DA", url, timeout_seconds=timeout_seconds)
        self._generic = generic
        self.max_bytes = max_bytes

    async def submit(self, data: bytes) -> Commitment:
        """Put `data` on the server. Raises as the seam says; a 503 or any other refusal is Unreachable."""
        check_size("alt-DA", data, self.max_bytes)
        digest = keccak(data)
        if not self._generic:
            key = bytes((KECCAK_KEY,)) + digest
            await self._put(f"/put/0x{key.hex()}", data)
            return Commitment(bytes((ALT_DA_LAYER,)) + key)
        key = await self._put("/put", data)
        if len(key) < 2 or key[0] != GENERIC_KEY:
            shown = f"0x{key[:34].hex()} ({len(key)} bytes)"
            raise Unreachable(f"alt-DA: {self._server.shown} answered {shown}, which is no generic commitment")
        return Commitment(bytes((ALT_DA_LAYER,)) + key + digest)

    async def _put(self, path: str, data: bytes) -> bytes:
        answer = await self._server.post(path, data, MAX_KEY_BYTES)
        if answer.status != 200:
            raise Unreachable(f"alt-DA: {self._server.shown} answered {answer.status} to {len(data)} bytes")
        if len(answer.body) > MAX_KEY_BYTES:
            raise Unreachable(
                f"alt-DA: {self._server.shown} answered over {MAX_KEY_BYTES} bytes, which is no commitment"
            )
        return answer.body

    def sidecar(self, commitment: Commitment) -> None:
        """Nothing."""

    async def fetch(self, commitment: Commitment, posted: L1BlockRef) -> bytes:
        """Get the data back and check it against its hash. Raises as the seam says."""
        key, digest = _parse(commitment)
        answer = await self._server.get(f"/get/0x{key.hex()}", self.max_bytes)
        if answer.status == 404:
            raise NotFound(f"alt-DA: {self._server.shown} answered 404 for 0x{key.hex()}")
        if answer.status == 410:
            raise Gone(f"alt-DA: {self._server.shown} answered 410 for 0x{key.hex()}")
        if answer.status != 200:
            raise Unreachable(f"alt-DA: {self._server.shown} answered {answer.status} for 0x{key.hex()}")
        if keccak(answer.body) != digest:
            raise WrongBytes(f"alt-DA: {self._server.shown} served something else for 0x{key.hex()}")
        return answer.body


def _parse(commitment: Commitment) -> tuple[bytes, bytes]:
    """(the server's key, keccak256 of the data)."""
    if commitment[:1] == bytes((ALT_DA_LAYER,)):
        rest = commitment[1:]
        if len(rest) == _KECCAK_KEY_BYTES and rest[0] == KECCAK_KEY:
            return rest, rest[1:]
        if 2 + _HASH_BYTES <= len(rest) <= MAX_KEY_BYTES + _HASH_BYTES and rest[0] == GENERIC_KEY:
            return rest[:-_HASH_BYTES], rest[-_HASH_BYTES:]
    raise BadCommitment(
        f"alt-DA: 0x{commitment[:34].hex()} ({len(commitment)} bytes) is neither 0x0300 and a hash, nor 0x0301, "
        "what the server answered, and a hash"
    )
