"""A server in a thread of its own, so that any number of event loops can come and go beside it; and its moods."""

import asyncio
import random
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum, auto

from aiohttp import web
from aiohttp.test_utils import TestServer


class Mood(Enum):
    """How a server answers."""

    HONEST = auto()
    REFUSING = auto()
    """503 to everything."""
    MISSING = auto()
    """404 to everything."""
    ERRING = auto()
    """500 and a text."""
    MOVED = auto()
    """A redirect to somewhere else."""
    SILENT = auto()
    """It takes the request and never answers."""
    BREAKING = auto()
    """The answer breaks off."""
    ENDLESS = auto()
    """The answer does not end."""
    LYING = auto()
    """One byte of the answer is another, or it is cut, or longer, or all others, or none."""


@dataclass
class Moody:
    """Wraps every answer of an application."""

    mood: Mood = Mood.HONEST
    chance: random.Random = field(default_factory=lambda: random.Random(20_264))
    only: str | None = None
    """The HTTP method that the mood is for; others are answered honestly."""
    asked: int = 0
    sent_bytes: int = 0

    @property
    def middleware(self) -> Callable[..., Awaitable[web.StreamResponse]]:
        @web.middleware
        async def answer(
            request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
        ) -> web.StreamResponse:
            self.asked += 1
            match self.mood if self.only in (None, request.method) else Mood.HONEST:
                case Mood.HONEST:
                    return await handler(request)
                case Mood.REFUSING:
                    return web.Response(status=503)
                case Mood.MISSING:
                    return web.Response(status=404)
                case Mood.ERRING:
                    return web.Response(status=500, text="internal error")
                case Mood.MOVED:
                    return web.Response(status=302, headers={"Location": str(request.url)})
                case Mood.SILENT:
                    await asyncio.Event().wait()
                    raise AssertionError("for ever")
                case Mood.LYING:
                    honest = await handler(request)
                    assert isinstance(honest, web.Response)
                    body = honest.body
                    assert isinstance(body, bytes)
                    return web.Response(status=honest.status, body=self.lie(body), content_type=honest.content_type)
                case Mood.BREAKING | Mood.ENDLESS:
                    return await self._stream(request)

        return answer

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"} if self.mood is Mood.BREAKING else {})
        await response.prepare(request)
        await response.write(b'{"data":["')
        try:
            while self.mood is Mood.ENDLESS:
                await response.write(b"0" * (1 << 20))
                self.sent_bytes += 1 << 20
        except ConnectionError:
            return response
        assert request.transport is not None
        request.transport.close()
        return response

    def lie(self, honest: bytes) -> bytes:
        """Other bytes than these, or (of none) some."""
        if not honest:
            return b"\0"
        at = self.chance.randrange(len(honest))
        changed = honest[:at] + bytes((honest[at] ^ (1 << self.chance.randrange(8)),)) + honest[at + 1 :]
        others = self.chance.randbytes(len(honest))
        return self.chance.choice([changed, changed, honest[:at], honest + b"\0", others, b""])


@contextmanager
def served(app: web.Application) -> Iterator[str]:
    """The URL of `app`, running in another thread until the block ends."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = TestServer(app, loop=loop)
    try:
        asyncio.run_coroutine_threadsafe(server.start_server(shutdown_timeout=0.1), loop).result(30)
        yield str(server.make_url("/")).rstrip("/")
    finally:
        asyncio.run_coroutine_threadsafe(server.close(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(30)
        loop.close()
