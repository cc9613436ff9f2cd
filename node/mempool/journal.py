"""How waiting transactions survive a restart: they lie on disk before their sender hears that they were taken."""

from collections.abc import Iterator, Mapping
from typing import Protocol

from node.store import Store
from protocol.types import Hash32

TABLE = b"pool"


class PoolJournal(Protocol):
    """Raw transactions by hash, in a place that outlives the process."""

    def write(self, changes: Mapping[Hash32, bytes | None]) -> None:
        """Keep these transactions, forget those mapped to None. Survives a killed process once it returns."""

    def load(self) -> Iterator[tuple[Hash32, bytes]]:
        """Everything in it, in no particular order."""


class StoreJournal:
    """Keeps the pool in the node's own database."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def write(self, changes: Mapping[Hash32, bytes | None]) -> None:
        """One write batch. A power failure may lose the last of them, a crash of the process does not."""
        with self._store.write_batch() as batch:
            for tx_hash, raw in changes.items():
                batch.put_record(TABLE, tx_hash, raw)

    def load(self) -> Iterator[tuple[Hash32, bytes]]:
        """From a view as of now."""
        return ((Hash32(tx_hash), raw) for tx_hash, raw in self._store.records(TABLE))
