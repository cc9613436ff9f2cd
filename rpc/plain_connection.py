"""A client's connection, as long as it sends plain requests (`rpc.plain_http`) and nothing else.

The first request that is anything else, and all that follow it, are a whole HTTP implementation's: the connection
changes its protocol in the middle and the bytes received so far are read again. Requests of one connection are answered
one at a time, in order; a client that sends ahead of the answers it reads is not read from.
"""

import asyncio
from collections.abc import Callable
from typing import cast

from rpc.access import Access
from rpc.plain_http import PlainRequests, Unusual

IDLE_SECONDS = 75.0
"""A connection on which nothing was answered for this long is closed; what servers commonly allow."""

READ_AHEAD_BYTES = 65_536
"""Of requests behind the one in work; then its client is not read from."""

Respond = Callable[[bytes | None], None]
"""To be called once: with a whole HTTP response, or with None when this request is not for here after all."""

Serve = Callable[[bytes, Respond], None]
"""Takes the body of a request, and responds now or later."""


class PlainConnections:
    """Makes connections and knows those that are open."""

    def __init__(self, serve: Serve, http: Callable[[], asyncio.Protocol], access: Access, body_bytes: int) -> None:
        self.serve = serve
        self.http = http
        self.loop = asyncio.get_running_loop()
        self.draining = False
        self._access = access
        self._body_bytes = body_bytes
        self._open: set[PlainConnection] = set()
        self._drained = asyncio.Event()
        self._sweep_timer = self.loop.call_later(IDLE_SECONDS / 2, self._sweep)

    def __call__(self) -> "PlainConnection":
        """The protocol of one more connection."""
        return PlainConnection(self, PlainRequests(self._access, self._body_bytes))

    def add(self, connection: "PlainConnection") -> None:
        """It is open."""
        self._open.add(connection)

    def remove(self, connection: "PlainConnection") -> None:
        """It is closed, or not plain any more."""
        self._open.discard(connection)
        if self.draining and not self._open:
            self._drained.set()

    async def drain(self, seconds: float) -> None:
        """Close what is idle; let requests in work finish for so long."""
        self.draining = True
        self._sweep_timer.cancel()
        for connection in list(self._open):
            connection.close_if_idle()
        if not self._open:
            return
        try:
            async with asyncio.timeout(seconds):
                await self._drained.wait()
        except TimeoutError:
            for connection in list(self._open):
                connection.abort()

    def _sweep(self) -> None:
        oldest = self.loop.time() - IDLE_SECONDS
        for connection in list(self._open):
            if connection.used_at < oldest:
                connection.close_if_idle()
        self._sweep_timer = self.loop.call_later(IDLE_SECONDS / 2, self._sweep)


class PlainConnection(asyncio.Protocol):
    """One of them."""

    def __init__(self, owner: PlainConnections, requests: PlainRequests) -> None:
        self.used_at = owner.loop.time()
        self._owner = owner
        self._requests = requests
        self._received = bytearray()
        self._stop = 0
        """Where the request in work ends in `_received`; it is kept until it is answered."""
        self._in_work = False
        self._looking = False
        self._writable = True
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast(asyncio.Transport, transport)
        self._owner.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has gone; what is in work finishes for nobody."""
        self._transport = None
        self._owner.remove(self)

    def pause_writing(self) -> None:
        """The client does not read its answers."""
        self._writable = False

    def resume_writing(self) -> None:
        """It does again."""
        self._writable = True
        self._serve_next()

    def data_received(self, data: bytes) -> None:
        """Part of a request, or several."""
        self._received += data
        self._serve_next()
        waiting = self._in_work or not self._writable
        if waiting and self._transport is not None and len(self._received) - self._stop > READ_AHEAD_BYTES:
            self._transport.pause_reading()

    def close_if_idle(self) -> None:
        """Hang up, unless a request is in work."""
        if self._transport is not None and not self._in_work:
            self._transport.close()

    def abort(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.abort()

    def _serve_next(self) -> None:
        if self._looking:
            return  # an answer that came at once: the loop below goes on
        self._looking = True
        while self._transport is not None and self._writable and not self._in_work:
            try:
                extent = self._requests.find(self._received)
            except Unusual:
                self._become_http()
                break
            if extent is None:
                self._transport.resume_reading()
                break
            self._in_work, self._stop = True, extent.stop
            self._owner.serve(bytes(self._received[extent.start : extent.stop]), self._respond)
        self._looking = False

    def _respond(self, response: bytes | None) -> None:
        self._in_work = False
        if self._transport is None:
            return
        if response is None:
            self._become_http()
            return
        del self._received[: self._stop]
        self._stop = 0
        self.used_at = self._owner.loop.time()
        self._transport.write(response)
        if self._owner.draining:
            self._transport.close()
        else:
            self._serve_next()

    def _become_http(self) -> None:
        transport, received = self._transport, bytes(self._received)
        if transport is None:
            return
        self._transport = None
        self._owner.remove(self)
        http = self._owner.http()
        transport.set_protocol(http)
        http.connection_made(transport)
        transport.resume_reading()
        http.data_received(received)
