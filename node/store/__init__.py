"""Everything a node keeps on disk, in one LevelDB: one atomic write per block."""

from node.store.store import Batch, Store

__all__ = ["Batch", "Store"]
