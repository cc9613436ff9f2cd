"""The mempool by example: what it takes, what it says when it does not, what a block gets, and what a new head does."""

import asyncio
import threading
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.mempool import FileJournal, Mempool, PoolLimits, PoolPolicy, PoolRefusal
from protocol.block import Block, Header
from protocol.crypto import keccak
from protocol.errors import InvalidTransaction, Reject
from protocol.extra_data import BaseFeeRules, extra_data_of_origin
from protocol.fee_terms import FeeKnobs, FeeTerms, terms_transaction
from protocol.forks import Fork, constant_schedule
from protocol.state import Account
from protocol.transaction import ACCESS_LIST, BLOB, LEGACY, SET_CODE, Transaction, deposit_transaction
from protocol.types import ZERO_HASH, Address, Hash32
from rpc.backend import PoolView
from tests.node.hand_clock import HandClock
from tests.node.pool_chain import (
    CONFIG,
    ETHER,
    GWEI,
    SENDERS,
    DictJournal,
    PoolChain,
    State,
    signed,
)


class World:
    """A chain, a pool on it, and what the pool announced."""

    def __init__(self, chain: PoolChain | None = None, **options: Any) -> None:
        self.chain = chain or PoolChain()
        self.clock = HandClock()
        self.announced: list[Transaction] = []
        self.pool = Mempool(
            self.chain, options.pop("config", CONFIG), self.clock, on_pending=self.announced.append, **options
        )

    def add(self, *transactions: Transaction) -> None:
        for tx in transactions:
            self.pool.add(tx.raw)

    def refusal(self, tx: Transaction | bytes) -> str:
        """The words with which the pool refuses `tx`, leaving everything as it was."""
        before = (self.pool.pending(), self.pool.queued(), self.pool.total_bytes)
        with pytest.raises(Reject) as refused:
            self.pool.add(tx if isinstance(tx, bytes) else tx.raw)
        assert (self.pool.pending(), self.pool.queued(), self.pool.total_bytes) == before
        return str(refused.value)

    def mine(self, *transactions: Transaction, **fields: int) -> None:
        self.pool.on_new_head((), (self.chain.mine(*transactions, **fields),))

    def offered(self, base_fee: int = GWEI) -> list[Transaction]:
        """Everything that a block with this base fee would be offered, in order."""
        with self.pool.best(base_fee) as offers:
            return list(iter(offers.next, None))


@pytest.fixture
def world() -> World:
    return World()


# --- taking in ---


def test_the_pool_is_what_json_rpc_asks_for(world: World):
    view: PoolView = world.pool
    tx = signed(0, 0)
    assert view.add(tx.raw) == tx
    assert view.get(tx.hash) == tx
    assert view.next_nonce(tx.sender) == 1
    assert list(view.pending()) == [tx]
    assert list(view.queued()) == []


def test_a_gap_queues_and_filling_it_makes_everything_behind_it_executable(world: World):
    first, second, third = (signed(0, nonce) for nonce in range(3))
    world.add(third, second)
    assert world.pool.pending() == []
    assert world.pool.queued() == [second, third]
    assert world.pool.next_nonce(first.sender) is None
    assert world.announced == []
    world.add(first)
    assert world.pool.pending() == [first, second, third]
    assert world.pool.next_nonce(first.sender) == 3
    assert world.announced == [first, second, third]
    assert (world.pool.pending_count, world.pool.queued_count) == (3, 0)


REFUSALS = [
    (signed(0, 0, chain_id=1), "invalid chain id for signer: have 1, want 71717"),
    (signed(0, 0, gas_limit=20_999), "intrinsic gas too low: gas 20999, minimum needed 21000"),
    (signed(0, 0, gas_limit=30_000_001), "exceeds block gas limit: tx 30000001, limit 30000000"),
    (signed(0, 0, data=b"\1" * 131_072), "oversized data: transaction size 131190, limit 131072"),
    (
        signed(0, 0, tip=2, fee=1),
        "max priority fee per gas higher than max fee per gas: maxPriorityFeePerGas 2, maxFeePerGas 1",
    ),
    (
        signed(0, 0, value=1_000 * ETHER, tip=0, fee=GWEI),
        "insufficient funds for gas * price + value: balance 1000000000000000000000, queued cost 0, "
        "tx cost 1000000021000000000000, overshot 21000000000000",
    ),
    (signed(0, 0, type=LEGACY, chain_id=None), "only replay-protected (EIP-155) transactions allowed over RPC"),
    (
        signed(0, 0, type=BLOB, max_fee_per_blob_gas=1, blob_hashes=(b"\1" * 32,)),
        "transaction type not supported: type 0x03",
    ),
    (signed(0, 2**64 - 1), "nonce has max value: tx nonce 18446744073709551615"),
    (signed(0, 0, type=SET_CODE), "transaction type 4 not supported: since PRAGUE, fork CANCUN"),
]


@pytest.mark.parametrize(("tx", "words"), REFUSALS, ids=lambda value: value[:30] if isinstance(value, str) else "")
def test_a_refusal_says_what_clients_match_on(world: World, tx: Transaction, words: str):
    assert world.refusal(tx) == words


def test_known_stale_and_malformed_transactions_are_refused(world: World):
    tx = signed(0, 0)
    world.add(tx)
    assert world.refusal(tx) == "already known"
    world.mine(tx)
    assert world.refusal(tx) == "nonce too low: next nonce 1, tx nonce 0"
    assert world.refusal(b"") == "malformed transaction: no bytes"
    assert world.refusal(tx.raw[:-1]).startswith("malformed transaction: ")
    assert world.refusal(b"\x05" + tx.raw[1:]) == "transaction type not supported: type 0x05"


def test_a_deposit_cannot_come_from_a_client(world: World):
    deposit = deposit_transaction(ZERO_HASH, SENDERS[0], SENDERS[1], mint=ETHER, value=0, gas_limit=21_000, data=b"")
    assert world.refusal(deposit.raw) == "transaction type not supported: deposits come from L1 alone"


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_rejected_and_nothing_else(raw: bytes):
    world = World()
    with pytest.raises(Reject):
        world.pool.add(raw)
    assert world.pool.pending() == world.pool.queued() == []


def test_every_type_that_the_chain_has_is_taken():
    world = World(policy=PoolPolicy(allow_unprotected=True))
    world.add(signed(0, 0, type=LEGACY, chain_id=None), signed(0, 1, type=LEGACY), signed(0, 2, type=ACCESS_LIST))
    assert world.pool.pending_count == 3


def test_a_tip_below_the_minimum_is_underpriced():
    world = World(policy=PoolPolicy(min_tip_wei=5))
    assert world.refusal(signed(0, 0, tip=4)) == "transaction underpriced: gas tip cap 4, minimum needed 5"
    world.add(signed(0, 0, tip=5))


def test_all_that_an_account_sends_must_fit_its_balance(world: World):
    world.add(signed(0, 0, value=600 * ETHER), signed(0, 1, value=399 * ETHER))
    assert world.refusal(signed(0, 2, value=ETHER)).startswith(
        "insufficient funds for gas * price + value: balance 1000000000000000000000, queued cost 999"
    )
    world.add(signed(0, 0, tip=2 * GWEI, fee=120 * GWEI, value=ETHER))  # the replaced one no longer counts
    world.add(signed(0, 2, value=ETHER))


def test_an_account_with_code_cannot_send(world: World):
    code = b"\x60\x00"
    world.chain.change(SENDERS[0], replace(_account(world, 0), code_hash=keccak(code)), code)
    world.pool.on_new_head((), (world.chain.blocks[-1],))
    assert world.refusal(signed(0, 0)).startswith("sender not an eoa: address 0x")


def test_a_delegated_account_has_one_transaction_at_a_time(world: World):
    code = b"\xef\x01\x00" + SENDERS[1]
    world.chain.change(SENDERS[0], replace(_account(world, 0), code_hash=keccak(code)), code)
    world.pool.on_new_head((), (world.chain.blocks[-1],))
    world.add(signed(0, 0))
    assert world.refusal(signed(0, 1)) == "in-flight transaction limit reached for delegated accounts"
    world.add(signed(0, 0, tip=2 * GWEI, fee=200 * GWEI))


def _account(world: World, index: int) -> Account:
    account = world.chain.state_at(world.chain.head()).account(SENDERS[index])
    assert account is not None
    return account


# --- replacement ---


@pytest.mark.parametrize(
    ("tip", "fee", "taken"),
    [
        (110, 1_100, True),
        (109, 1_100, False),
        (110, 1_099, False),
        (200, 1_000, False),
        (100, 2_000, False),
    ],
)
def test_a_replacement_raises_both_fees_by_a_tenth(world: World, tip: int, fee: int, taken: bool):
    old = signed(0, 0, tip=100 * GWEI, fee=1_000 * GWEI)
    new = signed(0, 0, tip=tip * GWEI, fee=fee * GWEI)
    world.add(old)
    if taken:
        world.add(new)
        assert world.pool.pending() == [new]
        assert world.pool.get(old.hash) is None
        assert world.announced == [old, new]
    else:
        words = "replacement transaction underpriced: every fee must rise by 10%"
        assert world.refusal(new) == words


def test_a_free_transaction_is_not_replaced_by_another_free_one(world: World):
    world.add(signed(0, 0, tip=0, fee=0))
    assert world.refusal(signed(0, 0, tip=0, fee=0, value=1)).startswith("replacement transaction underpriced")


def test_a_replacement_behind_a_gap_stays_behind_it(world: World):
    world.add(signed(0, 5))
    world.add(signed(0, 5, tip=2 * GWEI, fee=200 * GWEI))
    assert (world.pool.pending_count, world.pool.queued_count) == (0, 1)
    assert world.announced == []


# --- limits ---


def test_a_full_pool_lets_the_cheapest_go_for_a_better_one():
    world = World(limits=PoolLimits(transactions=3))
    cheap, middle, dear = signed(0, 0, tip=1), signed(1, 0, tip=2), signed(2, 0, tip=3)
    world.add(cheap, middle, dear)
    words = "transaction underpriced: the pool is full of transactions that pay more"
    assert world.refusal(signed(3, 0, tip=1)) == words
    better = signed(3, 0, tip=2)
    world.add(better)
    assert set(world.pool.pending()) == {middle, dear, better}
    assert world.refusal(signed(4, 0, tip=2)) == words


def test_what_counts_is_the_fee_at_the_present_base_fee():
    world = World(limits=PoolLimits(transactions=2))
    stuck = signed(0, 0, tip=50 * GWEI, fee=50 * GWEI)  # generous, yet below a base fee of 60 gwei
    plain = signed(1, 0, tip=2 * GWEI, fee=200 * GWEI)
    while world.pool._next.base_fee < 60 * GWEI:
        world.mine(gas_used=30_000_000)
    world.add(stuck, plain, signed(2, 0, tip=GWEI, fee=200 * GWEI))
    assert stuck not in world.pool.pending()
    assert plain in world.pool.pending()


def test_what_waits_behind_a_gap_goes_before_what_can_be_mined():
    world = World(limits=PoolLimits(transactions=2))
    generous_but_queued, modest = signed(0, 5, tip=50 * GWEI), signed(1, 0, tip=GWEI)
    world.add(generous_but_queued, modest)
    assert world.refusal(signed(2, 5, tip=GWEI)).startswith("transaction underpriced")
    world.add(signed(2, 0, tip=1))
    assert world.pool.queued() == []
    assert modest in world.pool.pending()


def test_an_expensive_last_transaction_does_not_shield_the_cheap_ones_before_it():
    world = World(limits=PoolLimits(transactions=3))
    cheap_then_dear = [signed(0, 0, tip=1), signed(0, 1, tip=90 * GWEI)]
    world.add(*cheap_then_dear, signed(1, 0, tip=5))
    world.add(signed(2, 0, tip=4))
    assert cheap_then_dear[1] not in world.pool.pending()
    world.add(signed(3, 0, tip=4))
    assert {tx.sender for tx in world.pool.pending()} == {SENDERS[1], SENDERS[2], SENDERS[3]}


def test_a_large_transaction_makes_room_only_at_the_cost_of_cheaper_ones():
    world = World(limits=PoolLimits(bytes=1_000))
    world.add(*(signed(index, 0, tip=index) for index in range(8)))
    before = world.pool.pending()
    large = {"data": b"\1" * 300, "gas_limit": 100_000}
    assert world.refusal(signed(9, 0, tip=2, **large)).startswith("transaction underpriced")
    assert world.pool.pending() == before
    world.add(signed(9, 0, tip=7, **large))
    assert world.pool.total_bytes <= 1_000
    assert signed(7, 0, tip=7) in world.pool.pending()
    assert signed(0, 0, tip=0) not in world.pool.pending()


def test_a_replacement_moves_its_account_up():
    world = World(limits=PoolLimits(transactions=2))
    world.add(signed(0, 0, tip=1), signed(1, 0, tip=2))
    assert world.refusal(signed(2, 0, tip=1)).startswith("transaction underpriced")  # ranks are known from here on
    world.add(signed(0, 0, tip=3, fee=200 * GWEI))
    world.add(signed(2, 0, tip=3))
    assert {tx.sender for tx in world.pool.pending()} == {SENDERS[0], SENDERS[2]}


def test_the_end_of_a_full_account_is_counted_once_when_it_leaves_a_full_pool():
    near, far = signed(0, 0, tip=5), signed(0, 5, tip=1)
    others = [signed(1, 0, tip=2), signed(2, 0, tip=9)]
    limits = PoolLimits(per_account=2, bytes=sum(len(tx.raw) for tx in (near, far, *others)))
    world = World(limits=limits)
    world.add(near, far, *others)
    large = signed(0, 1, tip=5, data=b"\1" * 20, gas_limit=22_000)
    world.add(large)
    assert world.pool.pending() == [near, large, others[1]]
    assert world.pool.queued() == []


def test_one_account_has_a_limit_and_what_is_nearer_to_its_turn_counts_more():
    world = World(limits=PoolLimits(per_account=3, queued_per_account=2))
    world.add(signed(0, 4), signed(0, 7))
    assert world.refusal(signed(0, 8)) == "account limit exceeded: 2 transactions wait"
    world.add(signed(0, 3))
    assert [tx.nonce for tx in world.pool.queued()] == [3, 4]
    world.add(signed(0, 0))
    assert world.refusal(signed(0, 5)) == "account limit exceeded: 3 transactions wait"
    world.add(signed(0, 1))
    assert [tx.nonce for tx in world.pool.pending()] == [0, 1]
    assert [tx.nonce for tx in world.pool.queued()] == [3]


def test_a_flood_never_takes_the_pool_over_its_limits():
    limits = PoolLimits(transactions=50, bytes=6_000, per_account=8, queued_per_account=4)
    journal = DictJournal()
    world = World(limits=limits, journal=journal)
    refused = 0
    for round_ in range(20):
        for key in range(40):
            tx = signed(key, round_ * 7 % 11, tip=round_ * key % 13 + round_)
            try:
                world.pool.add(tx.raw)
            except Reject:
                refused += 1
            assert len(world.pool.pending()) + len(world.pool.queued()) <= limits.transactions
            assert world.pool.total_bytes <= limits.bytes
    assert refused > 100
    assert set(journal.kept) == {tx.hash for tx in [*world.pool.pending(), *world.pool.queued()]}
    assert len(world.pool._book._worst._notes or ()) <= 4 * 50 + 65


def test_what_waits_behind_a_gap_for_too_long_is_forgotten():
    world = World(limits=PoolLimits(queued_seconds=100))
    world.add(signed(0, 0), signed(0, 2), signed(1, 1))
    world.clock.seconds += 90
    world.add(signed(1, 2))  # its account is alive
    world.clock.seconds += 20
    world.mine()
    assert world.pool.pending() == [signed(0, 0)]
    assert world.pool.queued() == [signed(1, 1), signed(1, 2)]


# --- what a block gets ---


def test_a_block_gets_the_best_tip_first_with_nonces_in_order(world: World):
    a = [signed(0, 0, tip=1), signed(0, 1, tip=100)]
    b = [signed(1, 0, tip=50), signed(1, 1, tip=2)]
    world.add(*a, *b)
    assert world.offered() == [b[0], b[1], a[0], a[1]]


def test_equal_tips_go_in_order_of_arrival(world: World):
    transactions = [signed(key, 0, tip=7) for key in (3, 1, 2)]
    world.add(*transactions)
    assert world.offered() == transactions


def test_a_tip_counts_only_as_far_as_the_fee_reaches_above_the_base_fee(world: World):
    capped = signed(0, 0, tip=10 * GWEI, fee=11 * GWEI)
    plain = signed(1, 0, tip=5 * GWEI, fee=100 * GWEI)
    world.add(capped, plain)
    assert world.offered(base_fee=GWEI) == [capped, plain]
    assert world.offered(base_fee=8 * GWEI) == [plain, capped]
    assert world.offered(base_fee=12 * GWEI) == [plain]


def test_nothing_is_offered_behind_a_transaction_that_cannot_pay_the_base_fee(world: World):
    world.add(signed(0, 0, tip=0, fee=GWEI), signed(0, 1))
    world.add(signed(1, 0), signed(1, 1, tip=0, fee=GWEI), signed(1, 2))
    assert world.offered(base_fee=2 * GWEI) == [signed(1, 0)]
    assert world.pool.pending_count == 5


def test_skipping_an_account_leaves_the_others(world: World):
    world.add(signed(0, 0, tip=9), signed(0, 1, tip=9), signed(1, 0, tip=1))
    with world.pool.best(GWEI) as offers:
        first = offers.next()
        assert first is not None
        offers.skip(first.sender)
        assert offers.next() == signed(1, 0, tip=1)
        assert offers.next() is None


def test_what_arrives_while_a_block_is_open_is_offered_too(world: World):
    world.add(signed(0, 0))
    with world.pool.best(GWEI) as offers:
        assert offers.next() == signed(0, 0)
        assert offers.next() is None
        world.add(signed(1, 1), signed(0, 1), signed(1, 0, tip=3))
        rest = list(iter(offers.next, None))
        assert rest == [signed(1, 0, tip=3), signed(0, 1), signed(1, 1)] or rest == [
            signed(0, 1),
            signed(1, 0, tip=3),
            signed(1, 1),
        ]
        world.add(signed(1, 2, tip=1))
        assert offers.next() == signed(1, 2, tip=1)


def test_a_replacement_is_offered_once_and_in_place_of_the_old(world: World):
    old, new = signed(0, 0, tip=GWEI), signed(0, 0, tip=3 * GWEI, fee=300 * GWEI)
    world.add(old, signed(0, 1))
    with world.pool.best(GWEI) as offers:
        world.add(new)
        assert list(iter(offers.next, None)) == [new, signed(0, 1)]


def test_replacing_what_was_offered_already_offers_nothing(world: World):
    world.add(signed(0, 0))
    with world.pool.best(GWEI) as offers:
        assert offers.next() == signed(0, 0)
        world.add(signed(0, 0, tip=3 * GWEI, fee=300 * GWEI))
        assert offers.next() is None


def test_what_left_the_pool_is_not_offered_and_what_came_back_is_offered_once(world: World):
    transactions = [signed(0, nonce) for nonce in range(3)]
    world.add(*transactions)
    with world.pool.best(GWEI) as offers:
        assert offers.next() == transactions[0]
        world.pool.drop(transactions[1].hash, "gone")
        assert offers.next() is None
        world.add(transactions[1])
        world.pool.drop(transactions[0].hash, "gone")
        world.add(transactions[0])
        assert list(iter(offers.next, None)) == transactions[1:]


def test_a_new_head_ends_the_offers_for_the_old_one(world: World):
    world.add(signed(0, 0), signed(0, 1))
    with world.pool.best(GWEI) as offers:
        world.mine(signed(0, 0))
        world.add(signed(1, 0))
        assert offers.next() is None


def test_a_block_on_another_parent_than_the_pools_head_is_offered_nothing(world: World):
    world.add(signed(0, 0))
    old = world.chain.head().hash
    world.mine()
    with world.pool.best(GWEI, parent=old) as offers:
        world.add(signed(1, 0))
        assert offers.next() is None
    with world.pool.best(GWEI, parent=world.chain.head().hash) as offers:
        assert offers.next() == signed(0, 0)


def test_what_a_block_could_not_contain_is_dropped_and_the_rest_waits_behind_the_gap(world: World):
    transactions = [signed(0, nonce) for nonce in range(3)]
    world.add(*transactions)
    world.pool.drop(transactions[1].hash, "why not")
    assert world.pool.pending() == [transactions[0]]
    assert world.pool.queued() == [transactions[2]]
    world.pool.drop(transactions[1].hash, "again")


async def test_waiting_ends_when_something_can_be_offered(world: World):
    with world.pool.best(GWEI) as offers:
        await offers.wait(0.001)  # nothing comes: the timeout ends it
        waiting = asyncio.create_task(offers.wait(3600))
        await asyncio.sleep(0)
        world.add(signed(0, 1))
        await asyncio.sleep(0)
        assert not waiting.done()
        await asyncio.to_thread(world.add, signed(0, 0))
        await waiting
        assert offers.next() == signed(0, 0)
        await offers.wait(3600)  # the second one is there: no waiting at all


def test_another_thread_may_take_while_clients_add(world: World):
    transactions = [signed(key, nonce, tip=key) for nonce in range(10) for key in range(20)]
    taken: list[Transaction] = []
    with world.pool.best(GWEI) as offers:

        def take() -> None:
            while len(taken) < len(transactions):
                tx = offers.next()
                if tx is not None:
                    taken.append(tx)

        thread = threading.Thread(target=take)
        thread.start()
        world.add(*transactions)
        thread.join()
        assert offers.next() is None
    assert sorted(tx.hash for tx in taken) == sorted(tx.hash for tx in transactions)
    for sender in SENDERS:
        nonces = [tx.nonce for tx in taken if tx.sender == sender]
        assert nonces == sorted(nonces)


# --- a new head ---


def test_a_block_takes_out_what_it_holds_and_what_it_overtakes(world: World):
    mine, same_nonce, next_one = signed(0, 0), signed(1, 0), signed(1, 1)
    world.add(mine, same_nonce, next_one)
    world.mine(mine, signed(1, 0, tip=5 * GWEI, value=1))
    assert world.pool.pending() == [next_one]
    assert world.pool.get(same_nonce.hash) is None


def test_a_block_that_fills_a_gap_makes_what_waits_behind_it_executable(world: World):
    world.add(signed(0, 1))
    world.mine(signed(0, 0))
    assert world.pool.pending() == world.announced == [signed(0, 1)]


def test_what_an_account_can_no_longer_pay_leaves_from_its_end(world: World):
    transactions = [signed(0, nonce, value=300 * ETHER) for nonce in range(3)]
    world.add(*transactions)
    account = replace(_account(world, 0), nonce=1, balance=400 * ETHER)
    block = world.chain.change(SENDERS[0], account)
    world.pool.on_new_head((), (replace(block, transactions=(signed(0, 0, value=1),)),))
    assert world.pool.pending() == [transactions[1]]


def test_a_lower_gas_limit_takes_out_what_no_longer_fits(world: World):
    world.add(signed(0, 0, gas_limit=20_000_000), signed(0, 1))
    world.mine(gas_limit=10_000_000)
    assert world.pool.pending() == []
    assert world.pool.queued() == [signed(0, 1)]


def test_transactions_of_a_block_that_left_the_chain_wait_again(world: World):
    first, second, third = (signed(0, nonce) for nonce in range(3))
    world.add(first, second, third)
    world.mine(first)
    world.mine(second)
    removed = world.chain.unwind(2)
    added = (world.chain.mine(signed(1, 0)),)
    world.pool.on_new_head(removed, added)
    assert world.pool.pending() == [first, second, third]


def test_what_the_new_branch_holds_too_does_not_come_back(world: World):
    first, second = signed(0, 0), signed(0, 1)
    world.mine(first)
    world.mine(second)
    removed = world.chain.unwind(2)
    world.pool.on_new_head(removed, (world.chain.mine(first),))
    assert world.pool.pending() == [second]


def test_a_reorg_does_not_lose_an_account_that_is_briefly_all_behind_a_gap():
    world = World(limits=PoolLimits(queued_per_account=2))
    transactions = [signed(0, nonce) for nonce in range(10)]
    world.add(*transactions)
    world.mine(*transactions[:3])
    removed = world.chain.unwind(1)
    world.pool.on_new_head(removed, ())
    assert world.pool.pending() == transactions


def test_what_a_reorg_leaves_behind_a_gap_is_trimmed_to_the_limit():
    world = World(limits=PoolLimits(queued_per_account=2))
    unprotected = signed(0, 0, type=LEGACY, chain_id=None)  # the pool would not take it from a client
    world.mine(unprotected)
    world.add(*(signed(0, nonce) for nonce in range(1, 6)))
    world.pool.on_new_head(world.chain.unwind(1), ())
    assert world.pool.pending() == []
    assert world.pool.queued() == [signed(0, 1), signed(0, 2)]


# --- a restart ---


def test_the_pool_survives_a_restart(tmp_path):
    chain = PoolChain()
    kept = [signed(0, 0), signed(0, 1), signed(1, 3)]
    with closing(FileJournal(tmp_path / "journal")) as journal:
        pool = Mempool(chain, CONFIG, HandClock(), journal=journal)
        for tx in reversed([*kept, signed(2, 0)]):
            pool.add(tx.raw)
        pool.on_new_head((), (chain.mine(signed(2, 0)),))
        pool.add(signed(3, 0).raw)
        pool.drop(signed(3, 0).hash, "invalid")
    with closing(FileJournal(tmp_path / "journal")) as journal:
        again = Mempool(chain, CONFIG, HandClock(), journal=journal)
        assert again.restore() == 3
        assert again.pending() == kept[:2]
        assert again.queued() == kept[2:]


def test_a_restart_forgets_what_has_become_stale_or_too_large():
    journal = DictJournal()
    world = World(journal=journal)
    world.add(signed(0, 0), signed(0, 1), signed(1, 0, data=b"\0" * 500, gas_limit=90_000))
    world.chain.mine(signed(0, 0))
    again = World(world.chain, journal=journal, limits=PoolLimits(transaction_bytes=300))
    assert again.pool.restore() == 1
    assert again.pool.pending() == [signed(0, 1)]
    assert set(journal.kept) == {signed(0, 1).hash}


def test_a_pool_without_a_journal_restores_nothing(world: World):
    assert world.pool.restore() == 0


def test_a_transaction_is_on_disk_before_anyone_hears_of_it():
    journal = DictJournal()
    seen: list[bool] = []
    pool = Mempool(
        PoolChain(), CONFIG, HandClock(), journal=journal, on_pending=lambda tx: seen.append(tx.hash in journal.kept)
    )
    pool.add(signed(0, 0).raw)
    assert seen == [True]


def test_a_fork_that_forbids_a_waiting_transaction_takes_it_out():
    schedule = constant_schedule(Fork.CANCUN)
    config = replace(CONFIG, forks=replace(schedule, by_time=((0, Fork.CANCUN), (1_003, Fork.OSAKA))))
    world = World(config=config)
    world.add(signed(0, 0, gas_limit=2**24 + 1), signed(1, 0))
    world.mine()
    assert world.pool.pending() == [signed(1, 0)]


def test_a_refusal_and_an_invalid_transaction_are_told_apart(world: World):
    world.add(signed(0, 0))
    with pytest.raises(PoolRefusal):
        world.add(signed(0, 0))
    with pytest.raises(InvalidTransaction):
        world.add(signed(0, 1, chain_id=5))


def test_an_unknown_account_has_nothing(world: World):
    assert world.pool.next_nonce(Address(b"\x99" * 20)) is None


class SayingChain(PoolChain):
    """A rollup whose newest block says what transactions pay beside gas."""

    terms = FeeTerms(FeeKnobs(operator_fee_constant=5, l1_base_fee_scalar=1_000_000), GWEI, 0)

    def head(self) -> Header:
        return replace(super().head(), extra_data=extra_data_of_origin(1, BaseFeeRules(8, 2, 0)))

    def state_at(self, header: Header) -> State:
        return super().state_at(super().head())

    def block(self, block_hash: Hash32) -> Block | None:
        said = terms_transaction(self.terms, ZERO_HASH, 1)
        return Block(self.head(), (said,)) if block_hash == self.head().hash else None


def test_a_sender_must_afford_what_is_charged_beside_gas() -> None:
    config = replace(CONFIG, allow_deposits=True)
    tx = signed(0, 0)
    plain_cost = tx.value + tx.gas_limit * tx.max_fee_per_gas
    charges = SayingChain.terms.most(tx)
    assert charges > GWEI
    for balance, fits in ((plain_cost, False), (plain_cost + charges - 1, False), (plain_cost + charges, True)):
        world = World(SayingChain(balance=balance, config=config), config=config)
        if fits:
            world.add(tx)
            continue
        assert world.refusal(tx) == (
            f"insufficient funds for gas * price + value: balance {balance}, queued cost 0, "
            f"tx cost {plain_cost + charges}, overshot {plain_cost + charges - balance}"
        )


def test_charges_of_several_transactions_add_up() -> None:
    config = replace(CONFIG, allow_deposits=True)
    first, second = signed(0, 0), signed(0, 1)
    costs = [tx.value + tx.gas_limit * tx.max_fee_per_gas + SayingChain.terms.most(tx) for tx in (first, second)]
    world = World(SayingChain(balance=sum(costs) - 1, config=config), config=config)
    world.add(first)
    assert f"queued cost {costs[0]}, tx cost {costs[1]}, overshot 1" in world.refusal(second)


def test_a_pool_takes_transactions_that_pay_nothing_where_gas_is_free() -> None:
    config = replace(CONFIG, allow_deposits=True, fixed_base_fee=True)
    world = World(PoolChain(balance=1, config=config), config=config)
    world.mine()
    free = signed(0, 0, 0, fee=0, value=1)
    world.add(free)
    assert world.offered(base_fee=0) == [free]
