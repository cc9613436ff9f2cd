"""The order in which a block gets transactions: best tip first, nonces in order, earlier arrival among equals."""

import asyncio
from collections.abc import Mapping
from heapq import heapify, heappop, heappush
from threading import RLock
from types import TracebackType

from node.mempool.sender import Entry, SenderQueue, effective_tip
from protocol.transaction import Transaction
from protocol.types import Address


class BestTransactions:
    """A live view of what a block with one base fee can take, while it is open (`with pool.best(base_fee) as offers`).

    What arrives in the meantime is offered too, until the chain gets a new head: then nothing more is, for the block is
    not the next one any more. `next` and `skip` may run on another thread than the pool.
    """

    def __init__(
        self, queues: Mapping[Address, SenderQueue], lock: RLock, base_fee: int, opened: set["BestTransactions"]
    ) -> None:
        self._queues = queues
        self._lock = lock
        self._base_fee = base_fee
        self._opened = opened
        self._expected: dict[Address, int] = {}
        self._skipped: set[Address] = set()
        self._heap: list[tuple[int, int, Entry]] = []
        self._waiter: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None

    def open(self) -> None:
        """Begin: the pool's transactions now, and what comes later. Without this there is nothing to offer."""
        with self._lock:
            for queue in self._queues.values():
                first = queue.executable(queue.nonce)
                if first is not None:
                    self._expected[queue.sender] = queue.nonce
                    if first.tx.max_fee_per_gas >= self._base_fee:
                        self._heap.append(self._item(first))
            heapify(self._heap)
            self._opened.add(self)

    def __enter__(self) -> "BestTransactions":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Offer nothing more."""
        with self._lock:
            self._opened.discard(self)
            self._heap.clear()

    def next(self) -> Transaction | None:
        """The best transaction that was not returned yet; None when there is none at the moment."""
        with self._lock:
            while self._heap:
                entry = heappop(self._heap)[2]
                tx = entry.tx
                if tx.sender in self._skipped or tx.nonce != self._expected[tx.sender]:
                    continue
                queue = self._queues.get(tx.sender)
                if queue is None or queue.executable(tx.nonce) is not entry:
                    continue  # it left the pool, or was replaced and its replacement offered in its own right
                self._expected[tx.sender] = tx.nonce + 1
                self._push(queue.executable(tx.nonce + 1))
                return tx
            return None

    def skip(self, sender: Address) -> None:
        """Offer nothing more of this account in this block."""
        with self._lock:
            self._skipped.add(sender)

    def offer(self, entry: Entry, queue: SenderQueue) -> None:
        """The pool took `entry` in, or found it executable. It holds the lock."""
        sender = entry.tx.sender
        if sender in self._skipped or entry.tx.nonce != self._expected.setdefault(sender, queue.nonce):
            return
        self._push(entry)
        if self._waiter is not None:
            loop, event = self._waiter
            self._waiter = None
            loop.call_soon_threadsafe(event.set)

    async def wait(self, timeout_seconds: float) -> None:
        """Return once there may be something to offer, or after the timeout."""
        with self._lock:
            if self._heap:
                return
            event = asyncio.Event()
            self._waiter = (asyncio.get_running_loop(), event)
        try:
            async with asyncio.timeout(timeout_seconds):
                await event.wait()
        except TimeoutError:
            pass
        finally:
            self._waiter = None

    def _push(self, entry: Entry | None) -> None:
        if entry is not None and entry.tx.max_fee_per_gas >= self._base_fee:
            heappush(self._heap, self._item(entry))

    def _item(self, entry: Entry) -> tuple[int, int, Entry]:
        return -effective_tip(entry.tx, self._base_fee), entry.arrival, entry
