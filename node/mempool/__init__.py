"""The transactions that wait: what the pool takes, in which order they leave, and who goes when it is full.

limits      how much it may hold, and its policies
admission   what is refused before the pool looks at itself
sender      one account's transactions by nonce
eviction    which transaction is the worst of all
best        the order in which the block builder gets them
journal     how they survive a restart
book        what it holds, indexed and counted
pool        the pool itself
"""

from node.mempool.best import BestTransactions
from node.mempool.journal import FILE, FileJournal, PoolJournal
from node.mempool.limits import PoolLimits, PoolPolicy, PoolRefusal
from node.mempool.pool import Mempool

__all__ = [
    "FILE",
    "BestTransactions",
    "FileJournal",
    "Mempool",
    "PoolJournal",
    "PoolLimits",
    "PoolPolicy",
    "PoolRefusal",
]
