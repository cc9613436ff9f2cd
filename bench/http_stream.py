"""One HTTP/1.1 connection that costs as little as possible: the load generator must not be what is measured.

aiohttp's client spends more on a request than a quick server does. This one sends requests that were serialised
before the clock started, and looks for nothing in a response but its end.
"""

import asyncio
from collections.abc import Callable
from urllib.parse import urlsplit

Received = Callable[[bytes], None]
"""Called with each response's body."""


class HttpStream(asyncio.Protocol):
    """A keep-alive connection with at most one request in flight."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._received: Received | None = None
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when the server hung up; a request in flight is then lost."""

    @classmethod
    async def connect(cls, url: str) -> "HttpStream":
        """Open one; raises OSError when nobody listens."""
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or 80
        _, stream = await asyncio.get_running_loop().create_connection(cls, host, port)
        return stream

    def send(self, request: bytes, received: Received) -> None:
        """Write one whole request (see `http_request`) and call `received` when its response is complete."""
        if self._received is not None:
            raise RuntimeError("a request is in flight already")
        if self._transport is None or self._transport.is_closing():
            raise ConnectionError("the server closed the connection")
        self._received = received
        self._transport.write(request)

    async def call(self, request: bytes) -> bytes:
        """Send and wait for the body."""
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.send(request, answer.set_result)
        await asyncio.wait((answer, self.closed), return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            raise ConnectionError("the server closed the connection before it answered")
        return answer.result()

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.closed.done():
            self.closed.set_result(None)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        body = _complete_body(self._buffer)
        if body is None:
            return
        self._buffer.clear()
        received, self._received = self._received, None
        if received is None:
            raise ConnectionError("the server answered what nobody asked")
        received(body)


def http_request(url: str, body: bytes) -> bytes:
    """The bytes of a POST of JSON."""
    parts = urlsplit(url)
    head = (
        f"POST {parts.path or '/'} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _complete_body(buffer: bytearray) -> bytes | None:
    """The body of the one response in `buffer`, or None while more is to come."""
    end_of_head = buffer.find(b"\r\n\r\n")
    if end_of_head < 0:
        return None
    head = bytes(buffer[:end_of_head]).lower()
    start = end_of_head + 4
    if b"transfer-encoding: chunked" in head:
        # The last chunk is empty. JSON holds no bare line break, so these bytes cannot be inside a body.
        return _join_chunks(buffer[start:]) if buffer.endswith(b"0\r\n\r\n") else None
    length = int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
    return bytes(buffer[start:]) if len(buffer) - start >= length else None


def _join_chunks(buffer: bytearray) -> bytes:
    body, position = bytearray(), 0
    while True:
        line_end = buffer.index(b"\r\n", position)
        size = int(buffer[position:line_end], 16)
        if size == 0:
            return bytes(body)
        body += buffer[line_end + 2 : line_end + 2 + size]
        position = line_end + 2 + size + 2
