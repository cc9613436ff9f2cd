"""The mempool: who may come in, on disk and in step with the chain's head."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from threading import RLock
from typing import Protocol

from node.clock import Clock
from node.mempool.admission import check_admissible, check_size, decode_bounded, next_block, outbids
from node.mempool.best import BestTransactions
from node.mempool.book import Book
from node.mempool.journal import PoolJournal
from node.mempool.limits import PoolLimits, PoolPolicy, PoolRefusal
from node.mempool.sender import SenderQueue
from protocol.block import Block, Header
from protocol.chain_config import ChainConfig
from protocol.crypto import EMPTY_KECCAK
from protocol.errors import InvalidTransaction, Reject, TxError
from protocol.state import StateReader
from protocol.transaction import Transaction
from protocol.types import Address, Hash32
from protocol.validity import is_delegation

logger = logging.getLogger(__name__)

SWEEP_SECONDS = 60.0
"""How often transactions that wait behind a gap are looked at for their age."""


class PoolChain(Protocol):
    """What the pool reads of the chain (`rpc.backend.ChainView` has it)."""

    def head(self) -> Header:
        """The newest block."""

    def block(self, block_hash: Hash32) -> Block | None:
        """Any stored block with its transactions."""

    def state_at(self, header: Header) -> StateReader:
        """The state after a block."""


class Mempool:
    """Implements `rpc.backend.PoolView`; every method may be called from any thread.

    `on_pending` hears of each transaction that became executable, after it did, on the caller's thread.
    """

    def __init__(
        self,
        chain: PoolChain,
        config: ChainConfig,
        clock: Clock,
        *,
        limits: PoolLimits | None = None,
        policy: PoolPolicy | None = None,
        journal: PoolJournal | None = None,
        on_pending: Callable[[Transaction], None] = lambda tx: None,
    ) -> None:
        self._chain = chain
        self._config = config
        self._clock = clock
        self._limits = limits or PoolLimits()
        self._policy = policy or PoolPolicy()
        self._journal = journal
        self._on_pending = on_pending
        self._lock = RLock()
        self._book = Book(self._limits)
        self._changes = 0
        """How many changes, one within another, are under way."""
        self._swept_at = clock.monotonic()
        self._heads_seen = 0
        self._read_head()

    # --- what JSON-RPC asks ---

    def add(self, raw: bytes) -> Transaction:
        """Take a transaction from a client. It is on disk when this returns.

        Raises:
            Reject: It is invalid or the pool refuses it; the message is what clients match on.
        """
        tx = decode_bounded(raw, self._limits)
        self.add_decoded(tx)
        return tx

    def add_decoded(self, tx: Transaction) -> None:
        """Take a transaction that was decoded elsewhere; raises what `add` would."""
        check_size(tx.raw, self._limits)
        check_admissible(tx, self._next, self._config, self._policy)
        with self._change():
            self._insert(tx)

    def get(self, transaction_hash: Hash32) -> Transaction | None:
        """A waiting transaction."""
        entry = self._book.entries.get(transaction_hash)
        return None if entry is None else entry.tx

    def next_nonce(self, address: Address) -> int | None:
        """One above the highest nonce that is executable without a gap; None when the pool holds none of them."""
        with self._lock:
            queue = self._book.queues.get(address)
            return None if queue is None or queue.pending_count == 0 else queue.next_nonce

    def pending(self) -> list[Transaction]:
        """Executable transactions: grouped by sender, nonces ascending."""
        with self._lock:
            return [entry.tx for queue in self._book.queues.values() for entry in queue.pending()]

    def queued(self) -> list[Transaction]:
        """Transactions behind a nonce gap, in the same order."""
        with self._lock:
            return [entry.tx for queue in self._book.queues.values() for entry in queue.queued()]

    @property
    def pending_count(self) -> int:
        """How many transactions are executable."""
        return len(self._book.entries) - self._book.queued

    @property
    def queued_count(self) -> int:
        """How many wait behind a gap."""
        return self._book.queued

    @property
    def total_bytes(self) -> int:
        """Raw bytes of all transactions together."""
        return self._book.bytes

    # --- what block building asks ---

    def best(self, base_fee: int, parent: Hash32 | None = None) -> BestTransactions:
        """What a block with this base fee (wei per gas) can take, as a context to iterate in.

        Nothing, when `parent` is given and is not the head that the pool follows: nonces would be off, and what the
        block refused for that would seem invalid.
        """
        offers = BestTransactions(self._book.queues, self._lock, base_fee, self._book.opened)
        with self._lock:
            if parent in (None, self._head_hash):
                offers.open()
        return offers

    def drop(self, transaction_hash: Hash32, reason: str) -> None:
        """Forget a transaction that a block could not contain; those after it wait behind the gap."""
        with self._change():
            entry = self._book.entries.get(transaction_hash)
            if entry is not None:
                logger.debug("dropped 0x%s: %s", transaction_hash.hex(), reason)
                self._book.remove(entry)
                self._trim([entry.tx.sender])

    # --- what the chain tells ---

    def on_new_head(self, removed: Sequence[Block], added: Sequence[Block]) -> None:
        """Follow the chain to its new head: what `added` holds leaves, what only `removed` held comes back.

        `removed` is newest first and `added` oldest first, as in `rpc.backend.NewHead`; the chain's head has moved
        already.
        """
        with self._change():
            before = self._next
            self._read_head()
            touched = _accounts_touched([*removed, *added])
            for queue in self._book.queues_of(touched):
                self._refresh(queue)
            if self._next.fork != before.fork or self._next.gas_limit < before.gas_limit:
                self._drop_inadmissible()
            mined = {tx.hash for block in added for tx in block.transactions}
            for block in reversed(removed):
                self._take_back(tx for tx in block.transactions if tx.hash not in mined)
            # Not before: until its transactions are back, a whole account may seem to wait behind a gap.
            self._trim(touched)
            self._sweep()

    def restore(self) -> int:
        """Read the journal back at start; what is stale or invalid by now is forgotten. Returns how many wait."""
        if self._journal is None:
            return 0
        with self._change():
            waiting: list[Transaction] = []
            for tx_hash, raw in self._journal.load():
                self._book.to_journal[tx_hash] = None
                try:
                    waiting.append(decode_bounded(raw, self._limits))
                except Reject as error:
                    logger.debug("not restored 0x%s: %s", tx_hash.hex(), error)
            # Lower nonces first, so that nothing has to queue on its way in.
            self._take_back(sorted(waiting, key=lambda tx: tx.nonce))
            return len(self._book.entries)

    # --- taking in ---

    def _insert(self, tx: Transaction) -> None:
        """Put `tx` in its place. When this raises Reject, nothing has been done for or against it."""
        if tx.hash in self._book.entries:
            raise PoolRefusal("already known")
        queue = self._book.queues.get(tx.sender) or SenderQueue(tx.sender)
        if queue.read_at != self._heads_seen:
            self._refresh(queue)
        cost = self._next.cost(tx)
        self._check_account(tx, cost, queue)
        self._book.put(tx, cost, queue, self._clock.monotonic())

    def _check_account(self, tx: Transaction, cost: int, queue: SenderQueue) -> None:
        """Refuse what the sender's account or an earlier transaction of it does not allow."""
        if tx.nonce < queue.nonce:
            raise InvalidTransaction(TxError.NONCE_MISMATCH_TOO_LOW, f"next nonce {queue.nonce}, tx nonce {tx.nonce}")
        old = queue.get(tx.nonce)
        if queue.has_code:
            self._check_code(tx, others=len(queue) - (old is not None))
        if old is not None and not outbids(tx, old.tx, self._policy.bump_percent):
            raise PoolRefusal(
                f"replacement transaction underpriced: every fee must rise by {self._policy.bump_percent}%"
            )
        others = queue.cost - (0 if old is None else old.cost)
        if others + cost > queue.balance:
            raise InvalidTransaction(
                TxError.INSUFFICIENT_ACCOUNT_FUNDS,
                f"balance {queue.balance}, queued cost {others}, tx cost {cost}, "
                f"overshot {others + cost - queue.balance}",
            )

    def _check_code(self, tx: Transaction, others: int) -> None:
        account = self._state.account(tx.sender)
        code = b"" if account is None else self._state.code(account.code_hash)
        if code and not is_delegation(code):
            raise InvalidTransaction(TxError.SENDER_NOT_EOA, f"address 0x{tx.sender.hex()}, {len(code)} bytes of code")
        # Anyone may spend a delegated account's balance and so void whatever waits; one is all that is risked on it.
        if others:
            raise PoolRefusal("in-flight transaction limit reached for delegated accounts")

    def _take_back(self, transactions: Iterable[Transaction]) -> None:
        """Let transactions wait again that did so before, those that still can."""
        for tx in transactions:
            try:
                check_admissible(tx, self._next, self._config, self._policy)
                self._insert(tx)
            except Reject as error:
                logger.debug("not taken back 0x%s: %s", tx.hash.hex(), error)

    # --- following the chain ---

    def _read_head(self) -> None:
        head = self._chain.head()
        self._head_hash = head.hash
        self._state = self._chain.state_at(head)
        self._next = next_block(head, self._config, self._chain.block)
        self._heads_seen += 1
        self._book.new_head(self._next.base_fee)

    def _refresh(self, queue: SenderQueue) -> None:
        """Read a sender's account anew."""
        account = self._state.account(queue.sender)
        nonce, balance = (0, 0) if account is None else (account.nonce, account.balance)
        has_code = account is not None and account.code_hash != EMPTY_KECCAK
        self._book.set_account(queue, nonce, balance, has_code=has_code, read_at=self._heads_seen)

    def _drop_inadmissible(self) -> None:
        """The rules have changed: forget what they no longer allow."""
        for entry in list(self._book.entries.values()):
            try:
                check_admissible(entry.tx, self._next, self._config, self._policy)
            except Reject as error:
                logger.debug("dropped 0x%s: %s", entry.tx.hash.hex(), error)
                self._book.remove(entry)
        self._trim(list(self._book.queues))

    def _trim(self, senders: Iterable[Address]) -> None:
        for queue in self._book.queues_of(senders):
            self._book.trim(queue)

    def _sweep(self) -> None:
        """Now and then, forget what has waited behind a gap for too long."""
        now = self._clock.monotonic()
        if now - self._swept_at < SWEEP_SECONDS:
            return
        self._swept_at = now
        for queue in list(self._book.queues.values()):
            if queue.queued_count and now - queue.last_arrival_at > self._limits.queued_seconds:
                logger.debug("dropped %d transactions behind a gap: too old", queue.queued_count)
                for entry in list(queue.queued()):
                    self._book.remove(entry)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Put all that is added within on disk in one write, at the end; only then is any of it safe."""
        with self._change():
            yield

    @contextmanager
    def _change(self) -> Iterator[None]:
        """Hold the lock for one change; then put it on disk, and only then let others hear of it."""
        book = self._book
        announced: list[Transaction] = []
        try:
            with self._lock:
                self._changes += 1
                try:
                    yield
                finally:
                    self._changes -= 1
                    if not self._changes:
                        journaled, book.to_journal = book.to_journal, {}
                        executable, book.to_announce = book.to_announce, []
                        if self._journal is not None and journaled:
                            self._journal.write(journaled)
                        announced = executable
        finally:
            for tx in announced:
                self._on_pending(tx)


def _accounts_touched(blocks: Iterable[Block]) -> set[Address]:
    """Whose nonce these blocks moved: senders, and the signers of delegations."""
    touched: set[Address] = set()
    for block in blocks:
        for tx in block.transactions:
            touched.add(tx.sender)
            touched.update(filter(None, (authorization.authority() for authorization in tx.authorizations)))
    return touched
