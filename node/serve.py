"""Serving a chain that stands still: JSON-RPC over a database, without block production."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path

from node.chain_setup import database_path, reopen_chain
from node.clock import Clock, SystemClock
from node.role import run_role, stop_on_signals
from node.services import Services
from node.store import Store
from protocol.block import Header
from rpc.server import Server
from vm.pyevm.engine import PyEvmEngine

Announce = Callable[[str, Header], None]
"""Called with the endpoint's URL and the chain's head, once both are there."""


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """Which database to serve, and where; port 0 lets the system choose."""

    data_dir: Path
    rpc_port: int = 8545
    host: str = "127.0.0.1"


class ServeNode:
    """As a `node.role.Role`."""

    def __init__(self, options: ServeOptions, clock: Clock, announce: Announce = lambda url, head: None) -> None:
        self.options = options
        self.port = options.rpc_port
        self._clock = clock
        self._announce = announce
        self._store: Store | None = None
        self._server: Server | None = None

    async def start(self) -> None:
        """Open the database, which must be there, and listen."""
        self._store = store = Store(database_path(self.options.data_dir), create=False)
        chain = reopen_chain(store)
        services = Services(chain, PyEvmEngine(chain.config), self._clock)
        self._server = Server(services.backend)
        self.port = await self._server.start(self.options.host, self.options.rpc_port)
        self._announce(f"http://{self.options.host}:{self.port}", chain.head())

    def tasks(self) -> list[Coroutine[None, None, None]]:
        """Event announcements, for subscribers to the pool."""
        return [] if self._server is None else [self._server.wait()]

    async def close(self) -> None:
        """Stop serving, then close the database."""
        if self._server is not None:
            await self._server.stop()
        if self._store is not None:
            self._store.close()


def run_serve(options: ServeOptions, announce: Announce) -> None:
    """Serve until SIGINT or SIGTERM.

    Raises:
        InvalidInput: There is no database.
        Halt: It cannot be used.
        OSError: The port is taken.
    """

    async def main() -> None:
        stop = asyncio.Event()
        stop_on_signals(stop)
        await run_role(ServeNode(options, SystemClock(), announce), stop)

    asyncio.run(main())
