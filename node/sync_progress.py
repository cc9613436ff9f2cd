"""eth_syncing's truth for a node of a rollup: it has caught up when it has derived what L1 holds."""

from collections.abc import Callable

from node.chain import Chain
from node.clock import Clock
from node.driver import SyncStatus
from rpc.backend import SyncProgress

L1_BLOCKS_BEHIND = 16
"""L1 blocks that may wait to be read before the node says that it is behind: a moment's work, not a sync."""


def sync_progress(
    chain: Chain, status: Callable[[], SyncStatus], clock: Clock, block_time_seconds: float
) -> Callable[[], SyncProgress | None]:
    """What `NodeBackend.sync_progress` asks. How high the chain is cannot be known before it is derived; it is
    estimated from the age of the newest block."""
    started_at = chain.head().number

    def progress() -> SyncProgress | None:
        now = status()
        if now.l1_head - now.l1_processed <= L1_BLOCKS_BEHIND:
            return None
        head = chain.head()
        missing = max(1, int((clock.now() - head.timestamp) / block_time_seconds))
        return SyncProgress(started_at, head.number, head.number + missing)

    return progress
