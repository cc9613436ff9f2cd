"""One account's waiting transactions by nonce: the run without a gap is pending, the rest is queued."""

from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass

from protocol.transaction import Transaction
from protocol.types import Address


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """A transaction with what the pool knows of it. Compared by identity: a replacement is another entry."""

    tx: Transaction
    cost: int
    """Wei: the most that it can take from its sender."""
    arrival: int
    """Grows with every transaction taken; older goes first among equals."""


Rank = tuple[bool, int]
"""How much the pool wants to keep a transaction: whether it is pending, then the least tip (wei per gas) that it or
one before it in its account pays, for it cannot be mined before those."""


class SenderQueue:
    """The transactions of one account, in order of nonce."""

    __slots__ = (
        "_entries",
        "_least_tips",
        "_nonces",
        "_tips_at",
        "balance",
        "cost",
        "counted_queued",
        "has_code",
        "last_arrival_at",
        "next_nonce",
        "nonce",
        "read_at",
        "sender",
        "version",
    )

    def __init__(self, sender: Address) -> None:
        self.sender = sender
        self.nonce = 0
        """The account's own: the nonce of the next transaction that a block can take."""
        self.next_nonce = 0
        """The first nonce at or above `nonce` that is not here."""
        self.balance = 0
        """Wei."""
        self.has_code = False
        """Whether the account has code: a delegation (EIP-7702), or it cannot send at all."""
        self.read_at = -1
        """Which head the three facts above were read at."""
        self.cost = 0
        """Wei that all transactions here can take together."""
        self.last_arrival_at = 0.0
        """Seconds: when a transaction last came."""
        self.counted_queued = 0
        """The share of this account in the pool's count of queued transactions."""
        self.version = 0
        """Grows with every change, so that notes about older versions can be told."""
        self._entries: dict[int, Entry] = {}
        self._nonces: list[int] = []
        self._least_tips: list[int] = []
        self._tips_at: int | None = None

    def __len__(self) -> int:
        return len(self._nonces)

    @property
    def pending_count(self) -> int:
        """Transactions that can be mined one after another from now on."""
        return self.next_nonce - self.nonce

    @property
    def queued_count(self) -> int:
        """Transactions behind a gap."""
        return len(self._nonces) - self.pending_count

    @property
    def last_nonce(self) -> int:
        """The highest nonce here; raises IndexError when there is none."""
        return self._nonces[-1]

    def get(self, nonce: int) -> Entry | None:
        """The transaction with this nonce."""
        return self._entries.get(nonce)

    def executable(self, nonce: int) -> Entry | None:
        """The transaction with this nonce when it is pending."""
        return self._entries[nonce] if self.nonce <= nonce < self.next_nonce else None

    def pending(self) -> Iterator[Entry]:
        """Without a gap from the account's nonce on."""
        return (self._entries[nonce] for nonce in range(self.nonce, self.next_nonce))

    def queued(self) -> Iterator[Entry]:
        """Behind a gap."""
        return (self._entries[nonce] for nonce in self._nonces[self.pending_count :])

    def set_account(self, nonce: int, balance: int, *, has_code: bool, read_at: int) -> list[Entry]:
        """Take over what the state says; returns the transactions that it has overtaken, which are gone."""
        self.balance = balance
        self.has_code = has_code
        self.read_at = read_at
        if nonce == self.nonce:
            return []
        self.nonce = nonce
        overtaken = [self._entries.pop(old) for old in self._nonces[: bisect_left(self._nonces, nonce)]]
        if overtaken:
            del self._nonces[: len(overtaken)]
            self.cost -= sum(entry.cost for entry in overtaken)
        self._tips_at = None
        self._extend_run(nonce)
        return overtaken

    def put(self, entry: Entry) -> None:
        """Add a transaction, or replace the one with its nonce. Its nonce is not below the account's."""
        nonce = entry.tx.nonce
        old = self._entries.get(nonce)
        self._entries[nonce] = entry
        self.cost += entry.cost
        if old is not None:
            self.cost -= old.cost
            self._tips_at = None
            return
        if self._nonces and nonce < self._nonces[-1]:
            insort(self._nonces, nonce)
            self._tips_at = None
        else:
            self._nonces.append(nonce)
        if nonce == self.next_nonce:
            self._extend_run(nonce + 1)

    def remove(self, nonce: int) -> Entry:
        """Take a transaction out; those after it are queued from now on."""
        entry = self._entries.pop(nonce)
        self.cost -= entry.cost
        if nonce == self._nonces[-1]:
            self._nonces.pop()
            del self._least_tips[len(self._nonces) :]
        else:
            del self._nonces[bisect_left(self._nonces, nonce)]
            self._tips_at = None
        if self.nonce <= nonce < self.next_nonce:
            self.next_nonce = nonce
        return entry

    def rank(self, index: int, base_fee: int) -> Rank:
        """The rank of the transaction at this position in order of nonce, at this base fee in wei per gas."""
        if self._tips_at != base_fee:
            self._least_tips = []
            self._tips_at = base_fee
        tips = self._least_tips
        for nonce in self._nonces[len(tips) : index + 1]:
            tip = effective_tip(self._entries[nonce].tx, base_fee)
            tips.append(min(tip, tips[-1]) if tips else tip)
        return index < self.pending_count, tips[index]

    def rank_of_new(self, tx: Transaction, base_fee: int) -> Rank:
        """The rank that `tx` would have here."""
        tip = effective_tip(tx, base_fee)
        before = bisect_left(self._nonces, tx.nonce)
        if before:
            tip = min(tip, self.rank(before - 1, base_fee)[1])
        return self.nonce <= tx.nonce <= self.next_nonce, tip

    def at(self, index: int) -> Entry:
        """The transaction at this position in order of nonce."""
        return self._entries[self._nonces[index]]

    def _extend_run(self, start: int) -> None:
        while start in self._entries:
            start += 1
        self.next_nonce = start


def effective_tip(tx: Transaction, base_fee: int) -> int:
    """Wei per gas for the block's author; negative when `tx` cannot pay the base fee."""
    return min(tx.max_priority_fee_per_gas, tx.max_fee_per_gas - base_fee)
