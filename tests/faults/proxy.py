"""A TCP proxy that tests put in front of an L1, to take it away and give it back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from enum import Enum


class Line(Enum):
    """What the proxy does with connections."""

    UP = "carries them"
    REFUSED = "closes them"
    SILENT = "takes them, and nothing ever comes back"


class Proxy:
    """Everything on its port goes to another one, as long as it is up."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._line = Line.UP
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0
        self.carried = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def turn(self, line: Line) -> None:
        """From now on; what is under way breaks."""
        self._line = line
        for writer in self._writers:
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            if self._line is Line.UP:
                self.carried += 1
                there, back = await asyncio.open_connection("127.0.0.1", self._target)
                self._writers.add(back)
                await asyncio.gather(_copy(reader, back), _copy(there, writer))
                self._writers.discard(back)
            elif self._line is Line.SILENT:
                await reader.read()
        finally:
            self._writers.discard(writer)
            writer.transport.abort()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    writer.transport.abort()


@asynccontextmanager
async def proxy_to(port: int) -> AsyncIterator[Proxy]:
    proxy = Proxy(port)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        proxy.turn(Line.REFUSED)
        server.close()
        await server.wait_closed()
