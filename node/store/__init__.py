"""Everything a node keeps on disk, in one LevelDB: one atomic write per block."""

from node.store.batch import Batch
from node.store.store import Store

__all__ = ["Batch", "Store"]
