"""How waiting transactions survive a restart: they lie on disk before their sender hears that they were taken."""

from collections.abc import Iterator, Mapping
from typing import Protocol

from node.store import Store
from protocol.types import Hash32

FOLDER = "pool"
TABLE = b"t"
"""Before each hash; the schema version stands under a key of its own."""


class PoolJournal(Protocol):
    """Raw transactions by hash, in a place that outlives the process."""

    def write(self, changes: Mapping[Hash32, bytes | None]) -> None:
        """Keep these transactions, forget those mapped to None. Survives a killed process once it returns."""

    def load(self) -> Iterator[tuple[Hash32, bytes]]:
        """Everything in it, in no particular order."""


class StoreJournal:
    """Keeps the pool beside the node's chain, in a database of its own.

    In the chain's, a client's transaction would wait while a block of thousands of them is written and synced.
    """

    def __init__(self, store: Store) -> None:
        self._database = store.beside(FOLDER)

    def write(self, changes: Mapping[Hash32, bytes | None]) -> None:
        """One write batch. A power failure may lose the last of them, a crash of the process does not."""
        self._database.write({TABLE + tx_hash: raw for tx_hash, raw in changes.items()}, sync=False)

    def load(self) -> Iterator[tuple[Hash32, bytes]]:
        """From a view as of now."""
        for key, raw in self._database.scan_prefix(TABLE):
            yield Hash32(key[len(TABLE) :]), raw
