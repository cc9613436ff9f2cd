"""The data-availability server as a role: the OP Stack's alt-DA protocol over a folder."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from da.alt_da_server import make_alt_da_server
from da.file import FileStore
from node.role import run_role, stop_on_signals
from protocol.errors import Halt

logger = logging.getLogger(__name__)

STOP_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class DaServerOptions:
    """Where it keeps data, where it listens, how much it takes at once; `generic`: it chooses the keys itself."""

    data_dir: Path
    port: int = 3100
    host: str = "127.0.0.1"
    max_bytes: int = 1 << 20
    generic: bool = False


class DaServer:
    """Serves until it is closed. `on_started` is told the URL."""

    def __init__(self, options: DaServerOptions, on_started: Callable[[str], None] = lambda url: None) -> None:
        self._options = options
        self._on_started = on_started
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen.

        Raises:
            Halt: The folder takes no files.
            OSError: The port is taken.
        """
        options = self._options
        store = FileStore(options.data_dir, options.max_bytes)
        if not await store.is_writable():
            raise Halt(f"{options.data_dir} takes no files: is it a folder that you may write to, on a disk with room?")
        app = make_alt_da_server(store, generic=options.generic)
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=STOP_SECONDS)
        await self._runner.setup()
        await web.TCPSite(self._runner, options.host, options.port).start()
        port = int(self._runner.addresses[0][1])
        self._on_started(f"http://{options.host}:{port}")

    def tasks(self) -> list[Coroutine[None, None, None]]:
        """None: it works when it is asked."""
        return []

    async def close(self) -> None:
        """Stop listening, and finish what is under way."""
        if self._runner is not None:
            await self._runner.cleanup()


def run_da_server(options: DaServerOptions, on_started: Callable[[str], None]) -> None:
    """Serve until a signal. Raises as `DaServer.start`."""

    async def main() -> None:
        stop = asyncio.Event()
        stop_on_signals(stop)
        await run_role(DaServer(options, on_started), stop)

    asyncio.run(main())
