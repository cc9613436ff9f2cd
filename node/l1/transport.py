"""JSON-RPC over HTTP: one question, when to ask it again, and what its failure tells the caller to do.

`Retry`: no answer, or not a sound one (unreachable, timed out, 5xx, rate limited, malformed). `Reject`: the node
answered that it will not (`L1Refused`, with its code, message and data).
"""

import json
import os
import random
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

import aiohttp

from node.clock import Clock
from node.l1.wire import Json, MalformedAnswer, as_record, parse_json
from protocol.errors import Reject, Retry

MAX_ANSWER_BYTES = 64 << 20
LIMIT_EXCEEDED = -32005
METHOD_NOT_FOUND = -32601


class L1Unreachable(Retry):
    """No sound answer came; nothing is known about whether the request was carried out."""


class L1Refused(Reject):
    """The node's own JSON-RPC error; `who` is the node, in a word."""

    def __init__(self, method: str, code: int, message: str, data: str | None = None, *, who: str = "L1") -> None:
        super().__init__(f"{who} refused {method}: {message} (code {code})")
        self.method = method
        self.code = code
        self.message = message
        self.data = data


class Transport:
    """One endpoint, which messages call `who`. Each request is tried `attempts` times, waiting `backoff_seconds` times
    1, 2, 4, … and a random half to one and a half of it in between. Call `close` in the end.
    """

    def __init__(
        self,
        url: str,
        clock: Clock,
        *,
        who: str,
        timeout_seconds: float,
        attempts: int,
        backoff_seconds: float,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._url = url
        self._shown_url = shown_url(url)
        self._who = who
        self._clock = clock
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds)
        self._attempts = attempts
        self._backoff_seconds = backoff_seconds
        self._jitter = jitter
        self._session: aiohttp.ClientSession | None = None
        self._last_id = 0

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def request(self, method: str, params: Sequence[Json]) -> Json:
        """The `result`, unchecked.

        Raises:
            Retry: No sound answer, in any of the attempts.
            L1Refused: The node answered with an error.
        """
        for attempt in range(self._attempts - 1):
            try:
                return await self._request_once(method, params)
            except Retry:
                await self._clock.sleep(self._backoff_seconds * 2**attempt * (0.5 + self._jitter()))
        return await self._request_once(method, params)

    async def _request_once(self, method: str, params: Sequence[Json]) -> Json:
        self._last_id += 1
        request_id = self._last_id
        request: Json = {"jsonrpc": "2.0", "id": request_id, "method": method, "params": list(params)}
        status, body = await self._post(method, json.dumps(request).encode())
        if status == 429 or status >= 500:
            raise L1Unreachable(f"{self._who} at {self._shown_url} answered {method} with HTTP status {status}")
        if status != 200 and not body.lstrip().startswith(b"{"):
            raise L1Refused(method, status, f"HTTP status {status}", who=self._who)
        answer = as_record(parse_json(body), "answer")
        if answer.get("error") is not None:
            raise _failure(self._who, method, as_record(answer["error"], "error"))
        if "result" not in answer or answer.get("id") != request_id:
            raise MalformedAnswer(
                f"{self._who} answered {method} with neither a result nor an error for request {request_id}"
            )
        return answer["result"]

    async def _post(self, method: str, body: bytes) -> tuple[int, bytes]:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self._timeout)
        headers = {"Content-Type": "application/json"}
        try:
            async with self._session.post(self._url, data=body, headers=headers, allow_redirects=False) as response:
                parts, size = [], 0
                async for part in response.content.iter_chunked(1 << 16):
                    size += len(part)
                    if size > MAX_ANSWER_BYTES:
                        raise MalformedAnswer(f"{self._who} answered {method} with more than {MAX_ANSWER_BYTES} bytes")
                    parts.append(part)
                return response.status, b"".join(parts)
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise L1Unreachable(f"{self._who} at {self._shown_url} does not answer: {_reason(error)}") from error


def shown_url(url: str) -> str:
    """Scheme, host and port; paths, queries and user names of hosted endpoints are keys."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}" + ("/…" if parts.path.strip("/") or parts.query else "")


def _reason(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorError) and error.os_error.errno:
        return os.strerror(error.os_error.errno).lower()
    return str(error) or type(error).__name__


def _failure(who: str, method: str, error: dict[str, Json]) -> Retry | Reject:
    code, message, data = error.get("code"), error.get("message"), error.get("data")
    if not isinstance(code, int) or not isinstance(message, str):
        return MalformedAnswer(f"{who} answered {method} with an error without code or message")
    if code == LIMIT_EXCEEDED:
        return L1Unreachable(f"{who} limits {method}: {message}")
    return L1Refused(method, code, message, data if isinstance(data, str) else None, who=who)
