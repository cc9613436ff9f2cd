import asyncio
import logging

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from da.adapter import Commitment, DataAvailability
from da.blob import Blobs
from da.calldata import Calldata
from node.batch_plan import BatcherConfig, OpenBatch, Refusal, bumped, claim_of, classify_refusal
from node.batcher import Batcher, BatcherStatus
from node.l1.client import Fees
from node.l1.transport import L1Refused
from protocol.batch import Batch, decode_batch
from protocol.blobs import unpack_blobs
from protocol.errors import Halt, Retry
from protocol.inbox import append_calldata
from protocol.kzg import versioned_hash
from protocol.l1 import L1BlockRef
from protocol.transaction import BLOB
from tests.node.hand_clock import HandClock
from tests.node.simulated import (
    BATCHER,
    GWEI,
    INBOX,
    KEY,
    Derived,
    SimulatedChain,
    SimulatedL1,
    l2_transaction,
)

CONFIG = BatcherConfig(interval_seconds=10, max_pending=3, resubmit_after_blocks=3, poll_seconds=1)


class World:
    """A batcher with everything around it."""

    def __init__(self, config: BatcherConfig = CONFIG) -> None:
        self.config = config
        self.l1 = SimulatedL1()
        self.chain = SimulatedChain()
        self.layer: DataAvailability = Calldata()
        self.clock = HandClock()
        self.derived = Derived(self.l1, self.chain, self.layer)
        self.batcher = self.new_batcher()

    def new_batcher(self) -> Batcher:
        return Batcher(self.chain, self.derived.progress, self.layer, self.l1, INBOX, KEY, self.clock, self.config)

    async def post(self, blocks: int) -> None:
        """Let the chain grow, and the batcher send it to L1's pool."""
        self.chain.build(blocks)
        self.clock.seconds += self.config.interval_seconds
        await self.batcher.step()

    async def mine(self, blocks: int = 1) -> None:
        self.l1.mine(blocks)
        await self.derived.follow()

    @property
    def safe(self) -> int:
        return self.derived.progress().safe_number

    def posted_blocks(self) -> list[tuple[int, int]]:
        """First and last block of each batch that was sent."""
        batches = [decode_batch(tx.data[69:]) for tx in self.l1.sent]
        return [(batch.first_number, batch.first_number + len(batch.blocks) - 1) for batch in batches]

    def posted_fees(self) -> list[tuple[int, int, int]]:
        return [(tx.nonce, tx.max_fee_per_gas, tx.max_priority_fee_per_gas) for tx in self.l1.sent]


@pytest.fixture
def world() -> World:
    return World()


async def test_unsafe_blocks_become_safe(world: World) -> None:
    await world.post(5)
    await world.mine()
    assert world.safe == 5
    assert world.derived.claims == [claim_of(block) for block in world.chain.blocks[1:]]


async def test_a_batch_waits_for_its_interval(world: World) -> None:
    await world.post(1)
    await world.mine()
    world.chain.build(1)
    world.clock.seconds += 9
    await world.batcher.step()
    assert len(world.l1.sent) == 1
    world.clock.seconds += 1
    await world.batcher.step()
    assert len(world.l1.sent) == 2


async def test_a_full_batch_does_not_wait() -> None:
    world = World(BatcherConfig(interval_seconds=1000, max_batch_bytes=2000, max_pending=10))
    await world.batcher.step()
    world.chain.build(10, [l2_transaction(500)])
    for _step in range(10):
        await world.batcher.step()
    # Three blocks of some 620 bytes fit in 2,000; the first batch waited for nothing, the last one is not full.
    assert [len(tx.data) for tx in world.l1.sent][1:] == [len(world.l1.sent[0].data)] * 2
    assert world.batcher.status().next_block == 11
    await world.mine()
    assert world.safe == 9


async def test_deposits_are_left_to_l1(world: World) -> None:
    raw = l2_transaction(10)
    world.chain.build(1, [raw])
    await world.batcher.step()
    await world.mine()
    assert [claim.transactions for claim in world.derived.claims] == [(raw,)]


async def test_nothing_is_posted_when_there_is_nothing_new(world: World) -> None:
    await world.post(1)
    await world.mine()
    for _step in range(5):
        await world.post(0)
    assert len(world.l1.sent) == 1


async def test_a_block_larger_than_the_layer_takes_stops_the_role(world: World) -> None:
    world.chain.build(1, [l2_transaction(Calldata.max_bytes)])
    with pytest.raises(Halt, match=r"block 1 takes 120\d\d\d bytes, a batch at most 120000: build smaller blocks"):
        await world.batcher.step()


async def test_submissions_under_way_are_bounded(world: World) -> None:
    for _batch in range(10):
        await world.post(1)
    assert [tx.nonce for tx in world.l1.sent] == [0, 1, 2]
    await world.mine()
    await world.post(0)
    await world.mine()
    assert world.safe == 10


async def test_a_transaction_that_l1_dropped_is_sent_again_as_it_was(world: World) -> None:
    await world.post(2)
    world.l1.drop_pool()
    await world.batcher.step()
    first, second = world.l1.sent
    assert first.raw == second.raw
    await world.mine()
    assert world.safe == 2


async def test_a_transaction_that_waits_too_long_is_replaced_by_a_dearer_one(world: World) -> None:
    await world.post(2)
    world.l1.base_fee = 100 * GWEI
    world.l1.mine(2)
    await world.batcher.step()
    assert world.posted_fees() == [(0, 3 * GWEI, GWEI)]
    world.l1.mine(1)
    await world.batcher.step()
    assert world.posted_fees() == [(0, 3 * GWEI, GWEI), (0, 201 * GWEI, 9 * GWEI // 8)]
    await world.batcher.step()
    assert len(world.l1.sent) == 2  # the replacement, too, has its time
    await world.mine()
    assert world.safe == 2


async def test_a_replacement_is_at_least_an_eighth_dearer_even_when_l1_is_cheap(world: World) -> None:
    await world.post(1)
    world.l1.base_fee = 4 * GWEI  # too dear for what was sent
    world.l1.mine(3)
    world.l1.base_fee = GWEI // 2
    await world.batcher.step()
    [(_nonce, max_fee, tip), (_same, higher_fee, higher_tip)] = world.posted_fees()
    assert (higher_fee, higher_tip) == (max_fee * 9 // 8, tip * 9 // 8)


async def test_fees_stay_under_the_cap(world: World) -> None:
    world = World(BatcherConfig(max_fee_per_gas=4 * GWEI, resubmit_after_blocks=1))
    world.l1.base_fee = 50 * GWEI
    await world.post(1)
    for _block in range(6):
        world.l1.mine()
        await world.batcher.step()
    assert {fee for _nonce, fee, _tip in world.posted_fees()} == {4 * GWEI}
    assert world.batcher.status().complaint == (
        "the batch of blocks 1 to 1 (nonce 0) waits on L1, and dearer would pass 4000000000 wei per gas"
    )
    world.l1.base_fee = GWEI
    await world.batcher.step()
    await world.mine()
    assert world.safe == 1


async def test_either_attempt_may_be_the_one_that_is_mined(world: World, caplog: pytest.LogCaptureFixture) -> None:
    await world.post(1)
    first = world.l1.sent[0]
    world.l1.base_fee = 100 * GWEI
    world.l1.mine(3)
    await world.batcher.step()
    world.l1.pool[0] = first  # the miner has not seen the replacement
    world.l1.base_fee = GWEI
    await world.mine()
    await world.batcher.step()
    assert world.batcher.status().pending == 0
    assert world.safe == 1
    assert "starts again" not in caplog.text


async def test_a_transaction_mined_while_it_was_sent_again_is_no_failure(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.post(1)

    async def mined_just_now(_l1: SimulatedL1, _hash: bytes) -> None:
        world.l1.mine()

    with monkeypatch.context() as patch:
        patch.setattr(SimulatedL1, "transaction", mined_just_now)
        await world.batcher.step()
    assert world.batcher.status() == BatcherStatus(next_block=2, pending=1, complaint=None)
    await world.derived.follow()
    await world.batcher.step()
    assert world.batcher.status() == BatcherStatus(next_block=2, pending=0, complaint=None)


async def test_a_nonce_used_elsewhere_is_stepped_over(world: World, caplog: pytest.LogCaptureFixture) -> None:
    await world.post(1)
    world.l1.mine()
    world.l1.take_nonce()
    await world.post(1)
    assert [tx.nonce for tx in world.l1.sent] == [0, 2]
    assert "starts again" not in caplog.text


async def test_an_answer_that_was_lost_is_no_second_batch(world: World) -> None:
    world.chain.build(1)
    world.l1.loses_answers = True
    with pytest.raises(Retry):
        await world.batcher.step()
    world.l1.loses_answers = False
    await world.post(0)
    await world.mine()
    await world.post(0)
    assert len(world.l1.sent) == 1
    assert world.safe == 1


async def test_an_outage_of_l1_loses_nothing_and_queues_nothing(world: World) -> None:
    await world.post(1)
    world.l1.is_down = True
    for _step in range(20):
        with pytest.raises(Retry):
            await world.post(1)
    world.l1.is_down = False
    await world.mine()
    await world.post(0)
    await world.mine()
    assert len(world.l1.sent) == 2
    assert world.safe == 21


async def test_a_data_layer_in_trouble_is_asked_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def unavailable(_layer: Calldata, _data: bytes) -> Commitment:
        raise Retry("the layer is full")

    with monkeypatch.context() as patch:
        patch.setattr(Calldata, "submit", unavailable)
        with pytest.raises(Retry, match="the layer is full"):
            await world.post(3)
    await world.post(1)
    await world.mine()
    assert world.safe == 4


@pytest.mark.parametrize("keep_transactions", [True, False])
async def test_a_reorg_of_mined_batches_is_survived(world: World, keep_transactions: bool) -> None:
    for _batch in range(3):
        await world.post(2)
        await world.mine()
    assert world.safe == 6
    await world.batcher.step()
    world.l1.reorganise(3, keep_transactions=keep_transactions)
    await world.derived.follow()
    assert world.safe == 0
    for _round in range(8):
        await world.post(0)
        await world.mine()
    assert world.safe == 6
    assert len(world.l1.sent) == (3 if keep_transactions else 4)


async def test_a_reorg_before_derivation_saw_the_batch_sends_it_again(world: World) -> None:
    await world.post(2)
    world.l1.mine()
    await world.batcher.step()
    world.l1.reorganise(1, keep_transactions=False)
    await world.derived.follow()
    await world.batcher.step()
    assert len(world.l1.sent) == 2
    await world.mine()
    assert world.safe == 2


async def test_a_nonce_that_a_reorg_freed_is_filled_again(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.l1.take_nonce()
    await world.derived.follow()
    await world.post(1)
    assert [tx.nonce for tx in world.l1.sent] == [1]
    world.l1.reorganise(1, keep_transactions=False)
    await world.derived.follow()
    await world.batcher.step()
    assert "nothing fills L1's nonces from 0 to that of the batch of blocks 1 to 1 (nonce 1)" in caplog.text
    await world.post(0)
    await world.mine()
    assert [tx.nonce for tx in world.l1.sent] == [1, 0]
    assert world.safe == 1


async def test_a_batch_that_derivation_passed_over_is_posted_anew(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    await world.post(2)
    # A gap: the batcher's second transaction is mined without its first.
    world.l1.pool[0] = world.l1.pool[0]
    lost = world.l1.pool.pop(0)
    world.l1.take_nonce()
    assert lost.nonce == 0
    await world.derived.follow()
    with caplog.at_level(logging.WARNING):
        await world.batcher.step()
    assert "another transaction took the nonce of the batch of blocks 1 to 2 (nonce 0)" in caplog.text
    for _round in range(3):
        await world.post(0)
        await world.mine()
    assert world.safe == 2


async def test_restarts_that_do_not_help_become_rarer(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def useless(_layer: Calldata, _data: bytes) -> Commitment:
        return Commitment(b"\0nothing that derives")

    monkeypatch.setattr("tests.node.simulated.decode_batch", lambda _data: Batch(1, ()))
    world.chain.build(1)
    monkeypatch.setattr(Calldata, "submit", useless)
    for _block in range(60):
        world.clock.seconds += 10
        await world.batcher.step()
        await world.mine()
    assert 3 <= len(world.l1.sent) <= 8


async def test_after_a_crash_what_is_under_way_is_not_paid_twice(world: World) -> None:
    await world.post(2)
    await world.post(2)
    world.batcher = world.new_batcher()
    for _step in range(3):
        await world.post(0)
    assert len(world.l1.sent) == 2
    await world.mine()
    await world.post(1)
    await world.mine()
    assert len(world.l1.sent) == 3
    assert world.safe == 5


async def test_after_a_crash_what_is_mined_but_not_derived_is_not_paid_twice(world: World) -> None:
    await world.post(2)
    world.l1.mine()
    world.batcher = world.new_batcher()
    await world.post(1)
    await world.post(0)
    assert world.posted_blocks() == [(1, 2)]
    await world.derived.follow()
    await world.post(0)
    assert world.posted_blocks() == [(1, 2), (3, 3)]


async def test_a_pool_that_holds_a_dearer_stranger_is_outbid_at_once(world: World) -> None:
    await world.post(1)
    world.l1.base_fee = 100 * GWEI
    world.batcher = world.new_batcher()
    await world.batcher.step()
    world.l1.mine(3)
    await world.derived.follow()
    world.l1.base_fee = GWEI
    await world.post(1)
    for _step in range(2):
        await world.post(0)
    # Its first offer is refused, being no higher than what waits in the pool; no block passes until the next.
    assert world.posted_fees() == [(0, 3 * GWEI, GWEI), (0, 27 * GWEI // 8, 9 * GWEI // 8)]


async def test_after_a_crash_stuck_transactions_are_replaced(world: World) -> None:
    await world.post(2)
    world.l1.base_fee = 3 * GWEI + 1
    world.batcher = world.new_batcher()
    for _block in range(10):
        await world.post(1)
        await world.mine()
    assert world.safe == 12
    assert {tx.nonce for tx in world.l1.sent} == set(range(len({tx.nonce for tx in world.l1.sent})))


async def test_too_little_money_is_one_clear_line(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.l1.is_poor = True
    with caplog.at_level(logging.INFO):
        for _step in range(5):
            await world.post(1)
        assert world.batcher.status().pending == 1
        world.l1.is_poor = False
        await world.post(0)
    complaint = f"0x{BATCHER.hex()} has 7 wei on L1, too little for a batch: fund it"
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert warnings == [f"batcher: {complaint}"]
    assert caplog.messages[-1] == "batcher goes on"
    await world.mine()
    await world.post(0)
    await world.mine()
    assert world.safe == 5


async def test_a_refused_account_is_named_and_costs_nothing(world: World) -> None:
    world.l1.refusal = "execution reverted: inbox: not the batcher"
    for _step in range(3):
        await world.post(1)
    assert world.batcher.status().complaint == (
        f"L1 would not take a batch from 0x{BATCHER.hex()}: execution reverted: inbox: not the batcher"
    )
    assert world.l1.sent == []
    world.l1.refusal = None
    await world.post(0)
    assert world.batcher.status().complaint is None
    assert len(world.l1.sent) == 1


async def test_an_address_without_an_inbox_costs_nothing(world: World) -> None:
    world.l1.has_inbox = False
    await world.post(1)
    assert world.batcher.status().complaint == (f"there is no contract at the inbox's address 0x{INBOX.hex()} on L1")
    assert world.l1.sent == []


async def test_blocks_rebuilt_under_the_batcher_are_posted_as_they_are_now(world: World) -> None:
    world = World(BatcherConfig(interval_seconds=10))
    await world.post(1)
    await world.mine()
    world.chain.build(2)
    await world.batcher.step()  # gathers, and waits for its interval
    assert world.batcher.status().next_block == 4
    world.chain.rewind(1)
    world.chain.build(3)
    for _round in range(3):
        await world.post(0)
        await world.mine()
    assert world.derived.claims == [claim_of(block) for block in world.chain.blocks[1:]]
    assert world.safe == 4


async def test_it_begins_after_what_others_made_safe(world: World) -> None:
    other = world.new_batcher()
    await world.batcher.step()
    world.chain.build(3)
    await other.step()
    await world.mine()
    await world.batcher.step()
    for _round in range(2):
        await world.post(1)
        await world.mine()
    assert world.safe == 5
    assert world.posted_blocks() == [(1, 3), (4, 4), (5, 5)]


async def test_it_runs_until_cancelled(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(_l1: SimulatedL1) -> None:
        raise L1Refused("eth_getBlockByNumber", -32000, "not in your plan")

    world.chain.build(1)
    world.l1.is_down = True
    task = asyncio.create_task(world.batcher.run())
    for _turn in range(10):
        await asyncio.sleep(0)
    assert world.batcher.status().complaint == "L1 does not answer"
    world.l1.is_down = False
    for _turn in range(10):
        await asyncio.sleep(0)
    assert len(world.l1.sent) == 1
    with monkeypatch.context() as patch:
        patch.setattr(SimulatedL1, "head", refuse)
        for _turn in range(10):
            await asyncio.sleep(0)
        assert world.batcher.status().complaint == "L1 refused eth_getBlockByNumber: not in your plan (code -32000)"
    for _turn in range(10):
        await asyncio.sleep(0)
    assert world.batcher.status().complaint is None
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_a_block_that_does_not_follow_is_not_taken() -> None:
    chain, other = SimulatedChain(), SimulatedChain()
    chain.build(2)
    other.built = 10
    other.build(2)
    opened = OpenBatch(1, chain.blocks[0].hash, 10_000)
    assert opened.add(chain.blocks[1])
    assert not opened.add(other.blocks[2])
    assert not opened.add(chain.blocks[1])
    assert (opened.next, opened.full) == (2, False)
    assert opened.batch() == Batch(1, (claim_of(chain.blocks[1]),))


@pytest.mark.parametrize(
    ("message", "refusal"),
    [
        ("nonce too low: next nonce 5, tx nonce 3", Refusal.NONCE_TOO_LOW),
        ("replacement transaction underpriced", Refusal.UNDERPRICED),
        ("transaction underpriced: gas tip cap 1, minimum needed 100", Refusal.UNDERPRICED),
        ("max fee per gas less than block base fee: address 0x0, maxFeePerGas: 1", Refusal.UNDERPRICED),
        ("insufficient funds for gas * price + value: balance 0", Refusal.INSUFFICIENT_FUNDS),
        ("Insufficient funds for gas * price + value", Refusal.INSUFFICIENT_FUNDS),
        ("txpool is full", Refusal.OTHER),
    ],
)
def test_a_nodes_words_are_understood(message: str, refusal: Refusal) -> None:
    assert classify_refusal(message) == refusal


fees = st.builds(Fees, max_fee=st.integers(0, 10**13), tip=st.integers(0, 10**13)).map(
    lambda fees: Fees(max(fees.max_fee, fees.tip), fees.tip)
)


@given(last=fees, suggested=fees, most=st.integers(0, 10**13))
def test_a_replacement_is_an_eighth_dearer_within_the_cap_or_not_made(last: Fees, suggested: Fees, most: int) -> None:
    replacement = bumped(last, suggested, most)
    if replacement is None:
        assert last.max_fee * 9 > most * 8 or last.max_fee >= most
        return
    assert replacement.max_fee <= most
    assert replacement.max_fee * 8 >= last.max_fee * 9
    assert replacement.tip * 8 >= last.tip * 9
    assert replacement.tip <= replacement.max_fee
    assert replacement.max_fee >= min(suggested.max_fee, most)


blob_fees = st.builds(
    Fees, max_fee=st.integers(1, 10**13), tip=st.integers(0, 10**13), blob_fee=st.integers(1, 10**13)
).map(lambda fees: Fees(max(fees.max_fee, fees.tip), fees.tip, fees.blob_fee))


@given(last=blob_fees, suggested=blob_fees, most=st.integers(0, 10**13))
def test_a_replacement_with_blobs_pays_twice_of_everything_or_is_not_made(
    last: Fees, suggested: Fees, most: int
) -> None:
    replacement = bumped(last, suggested, most)
    if replacement is None:
        assert 2 * max(last.max_fee, last.blob_fee) > most
        return
    assert max(replacement.max_fee, replacement.blob_fee) <= most
    assert replacement.max_fee >= 2 * last.max_fee
    assert replacement.tip >= 2 * last.tip
    assert replacement.blob_fee >= 2 * last.blob_fee
    assert replacement.tip <= replacement.max_fee


class KeptBlobs(Blobs):
    """The blob layer, with a memory in the beacon node's place."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:1", max_blobs=1, has_cell_proofs=False)
        self.data: dict[Commitment, bytes] = {}

    async def submit(self, data: bytes) -> Commitment:
        commitment = await super().submit(data)
        self.data[commitment] = data
        return commitment

    async def fetch(self, commitment: Commitment, posted: L1BlockRef) -> bytes:
        return self.data[commitment]


class BlobWorld(World):
    """A world whose batches travel in blobs."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = self.derived._layer = KeptBlobs()
        self.batcher = self.new_batcher()


async def test_a_batch_in_blobs_is_one_transaction_that_carries_them() -> None:
    world = BlobWorld()
    await world.post(5)
    (sent,) = world.l1.sent
    blobs, commitments, _proofs = world.l1.carried
    assert (sent.type, sent.to, sent.max_fee_per_blob_gas) == (BLOB, INBOX, GWEI)
    assert sent.blob_hashes == tuple(map(versioned_hash, commitments))
    assert sent.data == append_calldata(b"\x02" + b"".join(sent.blob_hashes))
    assert [number for number, _claim in enumerate(decode_batch(unpack_blobs(blobs)).blocks, 1)] == [1, 2, 3, 4, 5]
    await world.mine()
    assert world.safe == 5


async def test_a_batch_in_blobs_that_waits_too_long_is_offered_at_twice_the_fees_with_the_same_blobs() -> None:
    world = BlobWorld()
    await world.post(2)
    blobs = world.l1.carried[0]
    world.l1.base_fee = 100 * GWEI
    for _block in range(world.config.resubmit_after_blocks + 1):
        await world.mine()
        await world.batcher.step()
    first, *_same, last = world.l1.sent
    assert first.nonce == last.nonce
    assert first.blob_hashes == last.blob_hashes
    assert world.l1.carried[0] == blobs
    assert last.max_fee_per_gas >= 2 * first.max_fee_per_gas
    assert last.max_priority_fee_per_gas >= 2 * first.max_priority_fee_per_gas
    assert last.max_fee_per_blob_gas >= 2 * first.max_fee_per_blob_gas
    world.l1.base_fee = GWEI
    await world.mine()
    assert world.safe == 2


class Storm(RuleBasedStateMachine):
    """Whatever happens, in whatever order: once it is over, every block becomes safe, in bounded time and number."""

    @initialize()
    def calm(self) -> None:
        self.world = World()

    def step(self) -> None:
        self.world.clock.seconds += 4
        try:
            asyncio.run(self.world.batcher.step())
        except Retry:
            assert self.world.l1.is_down or self.world.l1.loses_answers

    @rule(blocks=st.integers(1, 4))
    def build(self, blocks: int) -> None:
        self.world.chain.build(blocks)

    @rule(times=st.integers(1, 3))
    def act(self, times: int) -> None:
        for _time in range(times):
            self.step()

    @rule(blocks=st.integers(1, 3))
    def mine(self, blocks: int) -> None:
        self.world.l1.mine(blocks)

    @rule()
    def derive(self) -> None:
        asyncio.run(self.world.derived.follow())

    @rule()
    def drop(self) -> None:
        self.world.l1.drop_pool()

    @rule(depth=st.integers(1, 5), keep_transactions=st.booleans())
    def reorganise(self, depth: int, keep_transactions: bool) -> None:
        self.world.l1.reorganise(depth, keep_transactions=keep_transactions)

    @rule(base_fee=st.sampled_from([1, GWEI, 20 * GWEI, 300 * GWEI]))
    def price(self, base_fee: int) -> None:
        self.world.l1.base_fee = base_fee

    @rule(is_down=st.booleans())
    def connect(self, is_down: bool) -> None:
        self.world.l1.is_down = is_down

    @rule(loses_answers=st.booleans())
    def answer(self, loses_answers: bool) -> None:
        self.world.l1.loses_answers = loses_answers

    @rule(is_poor=st.booleans())
    def fund(self, is_poor: bool) -> None:
        self.world.l1.is_poor = is_poor

    @rule()
    def take_nonce(self) -> None:
        self.world.l1.take_nonce()

    @rule()
    def crash(self) -> None:
        self.world.batcher = self.world.new_batcher()

    @precondition(lambda self: self.world.chain.head > self.world.safe)
    @rule()
    def rebuild(self) -> None:
        self.world.chain.rewind(self.world.safe)
        self.world.chain.build(2)

    @invariant()
    def bounded(self) -> None:
        assert self.world.batcher.status().pending <= CONFIG.max_pending

    def teardown(self) -> None:
        world = self.world
        world.l1.is_down = world.l1.loses_answers = world.l1.is_poor = False
        world.l1.base_fee = GWEI
        for _round in range(150):
            self.step()
            world.l1.mine()
            asyncio.run(world.derived.follow())
        assert world.derived.claims == [claim_of(block) for block in world.chain.blocks[1:]]
        assert world.batcher.status().complaint is None
        assert all(tx.max_fee_per_gas <= CONFIG.max_fee_per_gas for tx in world.l1.sent)


TestStorm = Storm.TestCase
TestStorm.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
