"""A dev chain: no L1, no batches, a block whenever a transaction comes, and the methods that test frameworks use."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path

from genesis.dev import rollup_genesis
from genesis.geth_format import genesis_json
from genesis.model import build_genesis
from node import chain_setup
from node.chain import Chain, create_chain
from node.clock import Clock
from node.dev_miner import DevMiner
from node.dev_rpc import dev_methods
from node.pages import NodePages
from node.services import Services
from node.store import Store
from node.version import CLIENT_VERSION
from node.worker import Worker
from protocol.forks import Fork
from rpc.server import Server
from vm.pyevm.engine import PyEvmEngine
from web.site import SiteOptions

DEV_CLIENT_VERSION = f"anvil/compatible {CLIENT_VERSION}"
"""Hardhat's network helpers speak to a chain only if it calls itself by a name they know."""


@dataclass(frozen=True, slots=True)
class DevOptions:
    """How to run a dev chain."""

    data_dir: Path
    chain_id: int = 31337
    rpc_port: int = 8545
    host: str = "127.0.0.1"
    gas_limit: int = 30_000_000
    fork: Fork = Fork.CANCUN
    block_time_seconds: float = 0.0
    """0: a block per transaction."""


class DevNode:
    """As a `node.role.Role`."""

    def __init__(
        self, options: DevOptions, clock: Clock, on_ready: Callable[["DevNode"], None] = lambda node: None
    ) -> None:
        self.options = options
        self._on_ready = on_ready
        self.port = options.rpc_port
        self._clock = clock
        self._worker = Worker()
        self._store: Store | None = None
        self._server: Server | None = None
        self._tasks: list[Coroutine[None, None, None]] = []

    async def start(self) -> None:
        """Open the database, creating the chain at first, and serve."""
        options = self.options
        self._store = store = Store(options.data_dir / "db")
        found = store.canonical_hash(0)
        header = None if found is None else store.header(found)
        timestamp = int(self._clock.now()) if header is None else header.timestamp
        # Deposits are how impersonated accounts send.
        genesis = rollup_genesis(options.chain_id, timestamp, fork=options.fork, gas_limit=options.gas_limit)
        document = (chain_setup.TABLE, chain_setup.KEY, genesis_json(genesis))
        create_chain(store, build_genesis(genesis), [document])
        engine = PyEvmEngine(genesis.config)
        self.chain = chain = Chain(store, engine, genesis.config, sync=False)
        services = Services(chain, engine, self._clock, client_version=DEV_CLIENT_VERSION)
        miner = DevMiner(chain, engine, services.pool, self._worker, self._clock, options.gas_limit)
        if options.block_time_seconds:
            miner.automine = False
            miner.set_interval(options.block_time_seconds)
        site = SiteOptions("dev", is_rollup=False, chain_name="Tombolo dev")
        pages = NodePages(services.backend, self._clock, site)
        methods = dev_methods(miner, batching=False)
        self._server = Server(services.backend, extra_methods=methods, pages=dict(pages.routes))
        self._tasks = [pages.attach(self._server)]
        self.port = await self._server.start(options.host, options.rpc_port)
        self._tasks += [miner.run(), self._server.wait()]
        self._on_ready(self)

    def tasks(self) -> list[Coroutine[None, None, None]]:
        """Blocks at intervals, and event announcements."""
        return self._tasks

    async def close(self) -> None:
        """Stop serving, then close the database."""
        if self._server is not None:
            await self._server.stop()
        self._worker.close()
        if self._store is not None:
            self._store.close()
