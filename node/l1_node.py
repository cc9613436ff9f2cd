"""The embedded L1: this node's own code in an L1 role. Instant to start, real enough for every client and contract.

Finality is by depth: a block is safe after `SAFE_DEPTH` more blocks and final after `FINALIZED_DEPTH`.
"""

import os
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from pathlib import Path

from genesis.dev import DEV_BALANCE, dev_genesis
from genesis.geth_format import genesis_json
from genesis.model import Genesis, GenesisAccount, build_genesis
from node import chain_setup
from node.chain import Chain, create_chain
from node.clock import Clock
from node.l1_blobs import L1Blobs
from node.pages import NodePages
from node.producer import DevL1Plan, Producer, ProducerConfig
from node.services import Services
from node.store import Store
from node.worker import Worker
from protocol.block import Header
from protocol.engine import BlockBuilder
from protocol.errors import Reject
from protocol.rollup import FEE_RECIPIENT
from protocol.types import Address
from rpc.codec import quantity
from rpc.method import Context, Method
from rpc.server import Server
from vm.pyevm.engine import PyEvmEngine
from web.site import SiteOptions

SAFE_DEPTH = 4
FINALIZED_DEPTH = 8


@dataclass(frozen=True, slots=True)
class L1Options:
    """How to run the embedded L1."""

    data_dir: Path
    chain_id: int
    rpc_port: int = 8544
    host: str = "127.0.0.1"
    block_time_seconds: float = 1.0
    gas_limit: int = 30_000_000
    funded: tuple[Address, ...] = ()
    """Accounts with ether from the start, beside the ten dev accounts."""
    keep_states: int | None = None
    """As in `NodeOptions`."""


class L1Node:
    """Produces blocks, serves JSON-RPC, and can be rolled back like `anvil`, for tests of reorgs."""

    def __init__(self, options: L1Options, clock: Clock) -> None:
        self.options = options
        self._clock = clock
        self._store: Store | None = None
        self._worker = Worker()
        self._server: Server | None = None
        self._tasks: list[Coroutine[None, None, None]] = []
        self.port = options.rpc_port

    async def start(self) -> None:
        """Open the database, creating the chain at first, and serve."""
        options = self.options
        self._store = store = Store(options.data_dir / "db", keep_states=options.keep_states)
        genesis = self._genesis(store)
        engine = PyEvmEngine(genesis.config)
        document = (chain_setup.TABLE, chain_setup.KEY, genesis_json(genesis))
        create_chain(store, build_genesis(genesis), [document])
        self.chain = chain = Chain(store, engine, genesis.config)
        services = Services(chain, engine, self._clock, self._pending_block)
        self._plan = DevL1Plan(options.gas_limit, FEE_RECIPIENT, os.urandom(32))
        self._producer = Producer(
            chain,
            engine,
            services.pool,
            self._plan,
            self._worker,
            self._clock,
            ProducerConfig(options.block_time_seconds),
            after_append=self._mark_final,
        )
        rollback = Method(self._rollback, (quantity,))
        site = SiteOptions("L1", is_rollup=False, chain_name="Tombolo L1")
        pages = NodePages(services.backend, self._clock, site)
        blobs = L1Blobs(chain, options.data_dir / "blobs")
        methods = {"anvil_rollback": rollback, **blobs.methods()}
        self._server = Server(services.backend, extra_methods=methods, pages={**pages.routes, **blobs.routes()})
        self._tasks = [pages.attach(self._server)]
        self.port = await self._server.start(options.host, options.rpc_port)
        self._tasks += [self._producer.run(), self._server.wait()]

    def tasks(self) -> list[Coroutine[None, None, None]]:
        """Block production and event announcements."""
        return self._tasks

    async def close(self) -> None:
        """Stop serving, then close the database."""
        if self._server is not None:
            await self._server.stop()
        self._worker.close()
        if self._store is not None:
            self._store.close()

    def _pending_block(self) -> BlockBuilder | None:
        return self._producer.pending_block()

    def _genesis(self, store: Store) -> Genesis:
        found = store.canonical_hash(0)
        header = None if found is None else store.header(found)
        timestamp = int(self._clock.now()) if header is None else header.timestamp
        genesis = dev_genesis(self.options.chain_id, timestamp, gas_limit=self.options.gas_limit)
        funded = {address: GenesisAccount(DEV_BALANCE) for address in self.options.funded}
        return replace(genesis, accounts={**genesis.accounts, **funded})

    def _mark_final(self, head: Header) -> None:
        for depth, mark in ((SAFE_DEPTH, self.chain.set_safe), (FINALIZED_DEPTH, self.chain.set_finalized)):
            block_hash = self.chain.canonical_hash(head.number - depth) if head.number >= depth else None
            header = None if block_hash is None else self.chain.header(block_hash)
            if header is not None and header.number > self.chain.finalized_head().number:
                mark(header)

    async def _rollback(self, context: Context, depth: int) -> None:
        """`anvil_rollback`: take the last `depth` blocks off; their transactions wait in the pool again."""
        head = self.chain.head()
        target = head.number - depth
        if target < self.chain.finalized_head().number:
            raise Reject(f"cannot roll back {depth} blocks: block {self.chain.finalized_head().number} is final")
        async with self._plan.append_lock():
            block_hash = self.chain.canonical_hash(target)
            header = None if block_hash is None else self.chain.header(block_hash)
            if header is not None:
                await self._worker.run(self.chain.rewind_to, header)
