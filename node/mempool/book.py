"""What the pool holds, indexed and counted: no chain, no clock that decides, no opinion on who may come in."""

from collections.abc import Iterable

from node.mempool.best import BestTransactions
from node.mempool.eviction import WorstFirst
from node.mempool.limits import PoolLimits, PoolRefusal
from node.mempool.sender import Entry, SenderQueue
from protocol.transaction import Transaction
from protocol.types import Address, Hash32


class Book:
    """Transactions by sender and by hash, within limits. Its owner holds a lock around every call.

    `to_journal` and `to_announce` collect what changed until their reader empties them.
    """

    def __init__(self, limits: PoolLimits) -> None:
        self._limits = limits
        self.queues: dict[Address, SenderQueue] = {}
        self.entries: dict[Hash32, Entry] = {}
        self.bytes = 0
        """Raw bytes of all transactions together."""
        self.queued = 0
        """How many transactions wait behind a gap."""
        self.base_fee = 0
        """Of the next block, wei per gas: who is the cheapest depends on it."""
        self.opened: set[BestTransactions] = set()
        """Blocks under construction, which are offered what becomes executable."""
        self.to_journal: dict[Hash32, bytes | None] = {}
        """Raw bytes of what came, None for what went."""
        self.to_announce: list[Transaction] = []
        """What became executable."""
        self._arrivals = 0
        self._worst = WorstFirst(self.queues)

    def new_head(self, base_fee: int) -> None:
        """The next block is another one: open blocks are not it, and who is cheapest has changed."""
        self.base_fee = base_fee
        self._worst.reset(base_fee)
        for offers in list(self.opened):
            offers.close()

    def put(self, tx: Transaction, cost: int, queue: SenderQueue, now: float) -> None:
        """Add a transaction, which may replace the one with its nonce; worse ones leave a full pool for it.

        `cost` is in wei, `now` in seconds; `queue` is its sender's, known here already or new.

        Raises:
            PoolRefusal: It is itself the worst; nothing has changed.
        """
        old = queue.get(tx.nonce)
        for victim in self._make_room(tx, queue, old):
            self.remove(victim)
        if old is not None:
            self._forget(old)
        first_gap = queue.next_nonce
        entry = Entry(tx, cost, self._arrivals)
        queue.put(entry)
        queue.last_arrival_at = now
        self._arrivals += 1
        self.entries[tx.hash] = entry
        self.bytes += len(tx.raw)
        self.to_journal[tx.hash] = tx.raw
        self.queues[tx.sender] = queue
        self._recount(queue)
        if tx.nonce == first_gap:
            self._became_executable(queue, range(first_gap, queue.next_nonce))
        elif tx.nonce < first_gap:
            self._became_executable(queue, range(tx.nonce, tx.nonce + 1))

    def remove(self, entry: Entry) -> None:
        """Take a transaction out; those after it wait behind the gap."""
        queue = self.queues[entry.tx.sender]
        queue.remove(entry.tx.nonce)
        self._forget(entry)
        self._recount(queue)

    def set_account(self, queue: SenderQueue, nonce: int, balance: int, *, has_code: bool, read_at: int) -> None:
        """Tell a queue what the state says of its account: what it overtook leaves, and what it cannot pay (wei)."""
        first_gap = queue.next_nonce
        gone = queue.set_account(nonce, balance, has_code=has_code, read_at=read_at)
        while queue and queue.cost > balance:
            gone.append(queue.remove(queue.last_nonce))
        for entry in gone:
            self._forget(entry)
        self._recount(queue)
        self._became_executable(queue, range(max(first_gap, nonce), queue.next_nonce))

    def trim(self, queue: SenderQueue) -> None:
        """Let the end of a queue go while too much of it waits behind a gap."""
        while queue.queued_count > self._limits.queued_per_account:
            self.remove(queue.at(len(queue) - 1))

    def queues_of(self, senders: Iterable[Address]) -> list[SenderQueue]:
        """The queues of those senders that have any."""
        return [self.queues[sender] for sender in senders if sender in self.queues]

    def _make_room(self, tx: Transaction, queue: SenderQueue, old: Entry | None) -> list[Entry]:
        """Who must leave, beside `old`, for `tx` to come in; raises when nobody worse is left to go."""
        limits = self._limits
        leaving: list[Entry] = []
        behind_gap = tx.nonce > queue.next_nonce
        if old is None and (
            len(queue) >= limits.per_account or (behind_gap and queue.queued_count >= limits.queued_per_account)
        ):
            if tx.nonce > queue.last_nonce:
                raise PoolRefusal(f"account limit exceeded: {len(queue)} transactions wait")
            leaving.append(queue.at(len(queue) - 1))  # what is nearer to its turn counts more
        replaced = leaving if old is None else [old]
        count = len(self.entries) + 1 - len(replaced) - limits.transactions
        size = self.bytes + len(tx.raw) - sum(len(other.tx.raw) for other in replaced) - limits.bytes
        if count > 0 or size > 0:
            worst = self._worst.below(queue.rank_of_new(tx, self.base_fee), count, size, replaced)
            if worst is None:
                raise PoolRefusal("transaction underpriced: the pool is full of transactions that pay more")
            leaving += worst
        return leaving

    def _became_executable(self, queue: SenderQueue, nonces: range) -> None:
        for nonce in nonces:
            entry = queue.executable(nonce)
            if entry is not None:
                self.to_announce.append(entry.tx)
                for offers in self.opened:
                    offers.offer(entry, queue)

    def _forget(self, entry: Entry) -> None:
        del self.entries[entry.tx.hash]
        self.bytes -= len(entry.tx.raw)
        self.to_journal[entry.tx.hash] = None

    def _recount(self, queue: SenderQueue) -> None:
        self.queued += queue.queued_count - queue.counted_queued
        queue.counted_queued = queue.queued_count
        self._worst.changed(queue)
        if not queue:
            self.queues.pop(queue.sender, None)
