"""What an L1 and a rollup node have alike: a pool that follows the chain, and the backend that JSON-RPC asks."""

import asyncio
from collections.abc import Callable

from node.backend import EventBus, NodeBackend
from node.chain import Chain
from node.clock import Clock
from node.mempool import FILE, FileJournal, Mempool
from node.version import CLIENT_VERSION
from protocol.engine import BlockBuilder, Engine


class Services:
    """A pool in step with `chain`, restored from its journal, and the backend over both."""

    def __init__(
        self,
        chain: Chain,
        engine: Engine,
        clock: Clock,
        pending_block: Callable[[], BlockBuilder | None] = lambda: None,
        client_version: str = CLIENT_VERSION,
    ) -> None:
        bus = EventBus(asyncio.get_running_loop())
        journal = FileJournal(chain.store.path / FILE)
        chain.store.close_along(journal)
        self.pool = Mempool(chain, chain.config, clock, journal=journal, on_pending=bus.publish_pending)
        # The pool hears of a new head before any client does, so that nobody is told a stale nonce.
        chain.on_head(lambda event: self.pool.on_new_head(event.removed, event.added))
        self.backend = NodeBackend(chain, engine, self.pool, client_version, bus, pending_block)
        self.pool.restore()
