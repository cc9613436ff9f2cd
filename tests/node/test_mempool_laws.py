"""The mempool by law: whatever clients and the chain do in whatever order, these hold after every step."""

from dataclasses import dataclass

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from node.mempool import Mempool, PoolLimits
from protocol.errors import Reject
from protocol.transaction import Transaction
from protocol.types import Address, Hash32
from protocol.validity import max_cost
from tests.node.hand_clock import HandClock
from tests.node.pool_chain import CONFIG, GWEI, SENDERS, DictJournal, PoolChain, signed

ACCOUNTS = 4
LIMITS = PoolLimits(transactions=12, bytes=1_600, per_account=6, queued_per_account=3, queued_seconds=600)

accounts = st.integers(0, ACCOUNTS - 1)
tips = st.integers(0, 12)
fees = st.one_of(st.just(None), st.integers(12, 40))


@dataclass(frozen=True)
class Snapshot:
    """What the pool holds, seen from outside."""

    pending: tuple[Transaction, ...]
    queued: tuple[Transaction, ...]

    @property
    def all(self) -> set[Transaction]:
        return {*self.pending, *self.queued}

    def of(self, sender: Address) -> list[Transaction]:
        return sorted((tx for tx in self.all if tx.sender == sender), key=lambda tx: tx.nonce)

    def rank(self, tx: Transaction, base_fee: int) -> tuple[bool, int]:
        """What the pool must go by when it is full, computed from scratch."""
        run_up_to_tx = [other for other in self.of(tx.sender) if other.nonce <= tx.nonce]
        tip = min(min(t.max_priority_fee_per_gas, t.max_fee_per_gas - base_fee) for t in run_up_to_tx)
        return tx in self.pending, tip


class MempoolMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.chain = PoolChain()
        self.clock = HandClock()
        self.journal = DictJournal()
        self.announced: list[Hash32] = []
        self.pool = self.open_pool()

    def open_pool(self) -> Mempool:
        return Mempool(
            self.chain,
            CONFIG,
            self.clock,
            limits=LIMITS,
            journal=self.journal,
            on_pending=lambda tx: self.announced.append(tx.hash),
        )

    def snapshot(self) -> Snapshot:
        return Snapshot(tuple(self.pool.pending()), tuple(self.pool.queued()))

    def state_nonce(self, sender: Address) -> int:
        account = self.chain.state_at(self.chain.head()).account(sender)
        assert account is not None
        return account.nonce

    @property
    def base_fee(self) -> int:
        return self.pool._next.base_fee

    # --- what clients do ---

    @rule(key=accounts, ahead=st.integers(-1, 7), tip=tips, fee=fees, size=st.sampled_from([0, 0, 0, 200]))
    def add(self, key: int, ahead: int, tip: int, fee: int | None, size: int) -> None:
        sender = SENDERS[key]
        nonce = max(0, self.state_nonce(sender) + ahead)
        fields = {} if fee is None else {"fee": fee * GWEI}
        tx = signed(key, nonce, tip=tip * GWEI, data=b"\0" * size, gas_limit=30_000, **fields)
        before = self.snapshot()
        self.announced.clear()
        try:
            self.pool.add(tx.raw)
        except Reject as refusal:
            assert self.snapshot() == before
            self.check_refusal(tx, str(refusal), before)
        else:
            self.check_taken(tx, before)

    def check_refusal(self, tx: Transaction, words: str, before: Snapshot) -> None:
        """A refusal is never arbitrary: each text has its condition."""
        occupant = [other for other in before.of(tx.sender) if other.nonce == tx.nonce]
        if words == "already known":
            assert occupant == [tx]
        elif words.startswith("nonce too low"):
            assert tx.nonce < self.state_nonce(tx.sender)
        elif words.startswith("replacement transaction underpriced"):
            old = occupant[0]
            assert (
                tx.max_fee_per_gas * 10 < old.max_fee_per_gas * 11
                or tx.max_priority_fee_per_gas * 10 < old.max_priority_fee_per_gas * 11
                or tx.max_priority_fee_per_gas <= old.max_priority_fee_per_gas
            )
        elif words.startswith("account limit exceeded"):
            queued = [other for other in before.queued if other.sender == tx.sender]
            assert len(before.of(tx.sender)) == LIMITS.per_account or len(queued) == LIMITS.queued_per_account
            assert tx.nonce > before.of(tx.sender)[-1].nonce
        else:
            assert words == "transaction underpriced: the pool is full of transactions that pay more"
            size = sum(len(other.raw) for other in before.all) + len(tx.raw)
            assert len(before.all) == LIMITS.transactions or size > LIMITS.bytes

    def check_taken(self, tx: Transaction, before: Snapshot) -> None:
        """Nothing leaves but what is replaced, what is worse in a full pool, or the end of a full account."""
        after = self.snapshot()
        assert tx in after.all
        for lost in before.all - after.all:
            if (lost.sender, lost.nonce) == (tx.sender, tx.nonce):
                continue
            if lost.sender == tx.sender and lost == before.of(tx.sender)[-1] and lost.nonce > tx.nonce:
                continue  # the end of its own account
            merged = Snapshot(
                tuple({other for other in before.pending if (other.sender, other.nonce) != (tx.sender, tx.nonce)})
                + ((tx,) if tx in after.pending else ()),
                tuple({other for other in before.queued if (other.sender, other.nonce) != (tx.sender, tx.nonce)})
                + ((tx,) if tx in after.queued else ()),
            )
            assert before.rank(lost, self.base_fee) < merged.rank(tx, self.base_fee)
        assert set(self.announced) == {other.hash for other in after.pending if other not in before.pending}, (
            "announced is what became executable"
        )

    # --- what the block builder and the chain do ---

    @rule(count=st.integers(0, 6), gas_used=st.sampled_from([0, 15_000_000, 30_000_000]))
    def mine_the_best(self, count: int, gas_used: int) -> None:
        with self.pool.best(self.base_fee) as offers:
            chosen = [tx for tx in (offers.next() for _ in range(count)) if tx is not None]
        before = self.snapshot()
        self.pool.on_new_head((), (self.chain.mine(*chosen, gas_used=gas_used),))
        self.check_lost(before, set(chosen))

    @rule(key=accounts, count=st.integers(1, 3))
    def mine_what_the_pool_never_saw(self, key: int, count: int) -> None:
        first = self.state_nonce(SENDERS[key])
        foreign = [signed(key, first + index, tip=1, value=1) for index in range(count)]
        before = self.snapshot()
        self.pool.on_new_head((), (self.chain.mine(*foreign),))
        overtaken = {tx for tx in before.of(SENDERS[key]) if tx.nonce < first + count}
        self.check_lost(before, overtaken)

    @precondition(lambda self: len(self.chain.blocks) > 2)
    @rule(depth=st.integers(1, 4), keep_first=st.booleans())
    def reorganise(self, depth: int, keep_first: bool) -> None:
        before = self.snapshot()
        removed = self.chain.unwind(min(depth, len(self.chain.blocks) - 1))
        kept = removed[-1].transactions if keep_first else ()
        self.pool.on_new_head(removed, (self.chain.mine(*kept),))
        after = self.snapshot()
        returned = {tx for block in removed for tx in block.transactions} - set(kept)
        full = len(after.all) == LIMITS.transactions or sum(len(tx.raw) for tx in after.all) > LIMITS.bytes - 400
        for lost in (before.all | returned) - after.all - self.expired(before):
            of_sender = after.of(lost.sender)
            assert (
                full
                or lost.nonce < self.state_nonce(lost.sender)
                or lost.nonce in [tx.nonce for tx in of_sender]
                or len(of_sender) >= LIMITS.queued_per_account
            )

    @precondition(lambda self: self.pool.pending_count > 0)
    @rule(data=st.data())
    def drop(self, data: st.DataObject) -> None:
        before = self.snapshot()
        tx = data.draw(st.sampled_from(before.pending))
        self.pool.drop(tx.hash, "tried and failed")
        lost = before.all - self.snapshot().all
        assert tx in lost
        assert all(other.sender == tx.sender and other.nonce > tx.nonce for other in lost - {tx})

    @rule(seconds=st.sampled_from([1, 70, 500]))
    def wait(self, seconds: int) -> None:
        self.clock.seconds += seconds

    @rule()
    def restart(self) -> None:
        before = self.snapshot()
        self.pool = self.open_pool()
        assert self.pool.restore() == len(before.all)
        assert self.snapshot().all == before.all

    def check_lost(self, before: Snapshot, expected: set[Transaction]) -> None:
        lost = before.all - self.snapshot().all
        assert expected <= lost
        assert lost - expected <= self.expired(before)

    def expired(self, before: Snapshot) -> set[Transaction]:
        """What waited behind a gap and is gone, while time enough has passed."""
        return set(before.queued) - self.snapshot().all if self.clock.seconds > 1_600 else set()

    # --- what always holds ---

    @invariant()
    def no_limit_is_exceeded(self) -> None:
        held = self.snapshot()
        assert len(held.all) <= LIMITS.transactions
        assert sum(len(tx.raw) for tx in held.all) == self.pool.total_bytes <= LIMITS.bytes
        for sender in SENDERS[:ACCOUNTS]:
            assert len(held.of(sender)) <= LIMITS.per_account
            assert sum(tx.sender == sender for tx in held.queued) <= LIMITS.queued_per_account

    @invariant()
    def pending_runs_without_a_gap_from_the_state_on(self) -> None:
        held = self.snapshot()
        for sender in SENDERS[:ACCOUNTS]:
            first = self.state_nonce(sender)
            pending = [tx.nonce for tx in held.pending if tx.sender == sender]
            queued = [tx.nonce for tx in held.queued if tx.sender == sender]
            assert pending == list(range(first, first + len(pending)))
            assert queued == sorted(queued)
            assert all(nonce > first + len(pending) for nonce in queued)
            assert self.pool.next_nonce(sender) == (first + len(pending) if pending else None)

    @invariant()
    def every_account_can_pay_for_all_it_sent(self) -> None:
        state = self.chain.state_at(self.chain.head())
        for sender in SENDERS[:ACCOUNTS]:
            account = state.account(sender)
            assert account is not None
            assert sum(max_cost(tx) for tx in self.snapshot().of(sender)) <= account.balance

    @invariant()
    def counts_lookups_and_journal_agree(self) -> None:
        held = self.snapshot()
        assert (self.pool.pending_count, self.pool.queued_count) == (len(held.pending), len(held.queued))
        assert all(self.pool.get(tx.hash) == tx for tx in held.all)
        assert self.journal.kept == {tx.hash: tx.raw for tx in held.all}

    @invariant()
    def a_block_is_offered_the_best_that_may_come_next(self) -> None:
        held = self.snapshot()
        next_nonce = {sender: self.state_nonce(sender) for sender in SENDERS[:ACCOUNTS]}
        with self.pool.best(self.base_fee) as offers:
            while True:
                candidates = [
                    tx
                    for tx in held.pending
                    if tx.nonce == next_nonce[tx.sender] and tx.max_fee_per_gas >= self.base_fee
                ]
                tx = offers.next()
                if tx is None:
                    assert candidates == []
                    break
                assert tx in candidates
                assert self.tip(tx) == max(map(self.tip, candidates))
                next_nonce[tx.sender] += 1

    def tip(self, tx: Transaction) -> int:
        return min(tx.max_priority_fee_per_gas, tx.max_fee_per_gas - self.base_fee)


TestMempoolLaws = MempoolMachine.TestCase
TestMempoolLaws.settings = settings(max_examples=100, stateful_step_count=50)
