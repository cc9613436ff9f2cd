"""Polled filters: each remembers the head it last reported, and a poll walks from there to the head of now.

So a filter costs a few words however many blocks pass, and a reorganisation shows as removed logs. Only pending
transactions, which leave no trace in the chain, are collected as they come.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

from protocol.block import Header
from protocol.transaction import Transaction
from rpc.encode import transaction_json
from rpc.errors import LIMIT_EXCEEDED, Json, RpcError, server_error
from rpc.limits import Limits
from rpc.logs import LogQuery


@dataclass(slots=True)
class BlockFilter:
    """Hashes of new blocks."""

    seen: Header


@dataclass(slots=True)
class LogsFilter:
    """New logs that match."""

    seen: Header
    query: LogQuery


@dataclass(slots=True)
class TransactionFilter:
    """New transactions in the pool."""

    full: bool
    collected: deque[Transaction]

    def take(self) -> list[Json]:
        """What came since the last time."""
        taken: list[Json] = [transaction_json(tx) if self.full else "0x" + tx.hash.hex() for tx in self.collected]
        self.collected.clear()
        return taken


Filter = BlockFilter | LogsFilter | TransactionFilter


@dataclass(slots=True)
class Filters:
    """Every polled filter of this server. `now` is a clock in seconds, `new_id` makes unguessable ids."""

    limits: Limits
    now: Callable[[], float]
    new_id: Callable[[], str]
    _filters: dict[str, Filter] = field(default_factory=dict)
    _polled: dict[str, float] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)
    """Filters are also looked up from the threads of slow calls."""

    def add(self, new: Filter) -> str:
        """Install a filter and return its id.

        Raises:
            RpcError: There are too many.
        """
        filter_id = self.new_id()
        with self._lock:
            self._expire()
            if len(self._filters) >= self.limits.filters:
                raise RpcError(LIMIT_EXCEEDED, f"too many filters, at most {self.limits.filters} are allowed")
            self._filters[filter_id] = new
            self._polled[filter_id] = self.now()
        return filter_id

    def get(self, filter_id: str) -> Filter:
        """The filter, which lives on from now.

        Raises:
            RpcError: It does not exist or has expired.
        """
        with self._lock:
            self._expire()
            found = self._filters.get(filter_id)
            if found is None:
                raise server_error("filter not found")
            self._polled[filter_id] = self.now()
            return found

    def remove(self, filter_id: str) -> bool:
        """Uninstall; False when there is no such filter."""
        with self._lock:
            self._expire()
            self._polled.pop(filter_id, None)
            return self._filters.pop(filter_id, None) is not None

    def transaction_filter(self, *, full: bool) -> TransactionFilter:
        """A new collector, not installed yet."""
        return TransactionFilter(full, deque(maxlen=self.limits.filter_transactions))

    def collect(self, tx: Transaction) -> None:
        """Note a transaction that entered the pool."""
        with self._lock:
            for entry in self._filters.values():
                if isinstance(entry, TransactionFilter):
                    entry.collected.append(tx)

    def _expire(self) -> None:
        oldest = self.now() - self.limits.filter_idle_seconds
        for filter_id in [filter_id for filter_id, polled in self._polled.items() if polled < oldest]:
            del self._filters[filter_id], self._polled[filter_id]
