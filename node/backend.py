"""The node as JSON-RPC sees it: a chain, a pool, an engine, and a bounded stream of what happens to them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from threading import get_ident

from node.chain import Chain
from protocol.chain_config import ChainConfig
from protocol.engine import BlockBuilder, Engine
from protocol.errors import Reset
from protocol.transaction import Transaction
from rpc.backend import Event, NewPendingTransaction, PoolView, SyncProgress

EVENTS_PER_READER = 256
"""Events that a reader may lag behind. They hold whole blocks, so this bounds memory too."""


class EventBus:
    """Fans events out to any number of readers; one that falls behind is reset, so that none can hold up the node."""

    def __init__(self, loop: asyncio.AbstractEventLoop, capacity: int = EVENTS_PER_READER) -> None:
        self._loop = loop
        self._loop_thread = get_ident()
        self._capacity = capacity
        self._readers: set[EventReader] = set()

    def publish(self, event: Event) -> None:
        """Hand `event` to every reader. Callable from any thread; order is kept per thread."""
        if get_ident() == self._loop_thread:
            self._deliver(event)
        elif not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._deliver, event)

    def publish_pending(self, tx: Transaction) -> None:
        """Say that `tx` became executable in the pool; fits `Mempool`'s `on_pending`."""
        self.publish(NewPendingTransaction(tx))

    def _deliver(self, event: Event) -> None:
        for reader in self._readers:
            reader.put(event)

    @asynccontextmanager
    async def subscribe(self) -> AsyncIterator[AsyncIterator[Event]]:
        """Events from now on, for as long as the block lasts."""
        reader = EventReader(self._capacity)
        self._readers.add(reader)
        try:
            yield reader
        finally:
            self._readers.discard(reader)


class EventReader:
    """One reader's queue, as an endless async iterator."""

    def __init__(self, capacity: int) -> None:
        self._queue: asyncio.Queue[Event] = asyncio.Queue(capacity)
        self._missed = False

    def put(self, event: Event) -> None:
        """Queue an event; when there is no room, the reader will be told that it missed some."""
        if self._missed:
            return
        if self._queue.full():
            self._missed = True
            # What it has not read yet is of no use without what follows; one event stays, to wake it.
            while self._queue.qsize() > 1:
                self._queue.get_nowait()
            return
        self._queue.put_nowait(event)

    def __aiter__(self) -> "EventReader":
        return self

    async def __anext__(self) -> Event:
        """The next event.

        Raises:
            Reset: Events were dropped; subscribe anew and look at the chain itself.
        """
        event = await self._queue.get()
        if self._missed:
            raise Reset("the reader of events fell behind")
        return event


class NodeBackend:
    """A `rpc.backend.Backend` over one chain. Create it on the event loop; block production is optional.

    `bus` publishes the chain's own changes; the pool's owner connects the pool's news to it (`publish_pending`).
    """

    def __init__(
        self,
        chain: Chain,
        engine: Engine,
        pool: PoolView,
        client_version: str,
        bus: EventBus | None = None,
        pending_block: Callable[[], BlockBuilder | None] = lambda: None,
    ) -> None:
        self._chain = chain
        self._engine = engine
        self._pool = pool
        self._client_version = client_version
        self._pending_block = pending_block
        self.sync_progress: Callable[[], SyncProgress | None] = lambda: None
        """What follows another chain says here how far it has come; a chain that stands still has nothing to."""
        self.bus = bus or EventBus(asyncio.get_running_loop())
        chain.on_head(self.bus.publish)

    @property
    def chain_id(self) -> int:
        """EIP-155 chain id."""
        return self._chain.config.chain_id

    @property
    def config(self) -> ChainConfig:
        """The chain's rules."""
        return self._chain.config

    @property
    def client_version(self) -> str:
        """For web3_clientVersion."""
        return self._client_version

    @property
    def engine(self) -> Engine:
        """Executes calls."""
        return self._engine

    @property
    def chain(self) -> Chain:
        """The chain."""
        return self._chain

    @property
    def pool(self) -> PoolView:
        """The mempool."""
        return self._pool

    def pending_block(self) -> BlockBuilder | None:
        """The block being built, when this node builds one and it is not being changed this moment."""
        return self._pending_block()

    def syncing(self) -> SyncProgress | None:
        """How far this node has come in catching up; None when it has."""
        return self.sync_progress()

    @asynccontextmanager
    async def events(self) -> AsyncIterator[AsyncIterator[Event]]:
        """A bounded stream of events from now on; a reader that falls behind gets a Reset."""
        async with self.bus.subscribe() as reader:
            yield reader
