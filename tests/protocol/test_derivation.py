"""Derivation is total, ordered, and decides the same for everybody."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.batch import Batch, BlockClaim, encode_batch
from protocol.chain_config import ChainConfig
from protocol.config_changes import ChainSettings
from protocol.crypto import keccak
from protocol.derivation import Derivation, Tip, next_payload
from protocol.extra_data import BaseFeeRules, is_plain, origin_of_extra_data, rules_of_extra_data
from protocol.fee_terms import NO_FEES, FeeKnobs, FeeTerms, terms_of
from protocol.forks import Fork, constant_schedule
from protocol.l1 import L1Block, L1BlockRef, L1Window
from protocol.payload import PayloadAttributes
from protocol.rollup import RollupConfig
from protocol.transaction import decode_transaction
from protocol.types import ZERO_ADDRESS, ZERO_HASH, Hash32

L1_GENESIS = 100
L1_TIME = 1_000_000
WINDOW = 10
DRIFT = 60


def l1_hash(number: int) -> Hash32:
    return keccak(b"l1" + number.to_bytes(8, "big")) if number >= L1_GENESIS else ZERO_HASH


def l1_block(number: int, deposits: tuple[bytes, ...] = ()) -> L1Block:
    time = L1_TIME + 12 * (number - L1_GENESIS)
    return L1Block(L1BlockRef(number, l1_hash(number), l1_hash(number - 1), time, keccak(b"randao")), deposits)


CONFIG = RollupConfig(
    chain=ChainConfig(chain_id=71717, forks=constant_schedule(Fork.CANCUN), allow_deposits=True, allow_blobs=False),
    l1_chain_id=71716,
    l1_genesis=l1_block(L1_GENESIS).ref,
    inbox_address=ZERO_ADDRESS,
    genesis_hash=ZERO_HASH,
    max_sequencer_drift_seconds=DRIFT,
    sequencing_window=WINDOW,
)


def fresh() -> Derivation:
    return Derivation(CONFIG, Tip(0, L1_TIME, L1_GENESIS), L1Window([l1_block(L1_GENESIS)]))


def batch(first: int, *claims: BlockClaim) -> bytes:
    return encode_batch(Batch(first, claims))


def origin(payload: PayloadAttributes) -> int:
    return origin_of_extra_data(payload.block.extra_data)


def test_an_honest_batch_derives_exactly_its_claims() -> None:
    derivation = fresh()
    claims = (BlockClaim(L1_TIME + 2, 100, (b"a",)), BlockClaim(L1_TIME + 12, 101, (b"b", b"c")))
    payloads = derivation.feed(l1_block(101), [batch(1, *claims)])
    assert [(p.number, p.block.timestamp, origin(p), p.transactions) for p in payloads] == [
        (1, L1_TIME + 2, 100, (b"a",)),
        (2, L1_TIME + 12, 101, (b"b", b"c")),
    ]
    assert payloads[1].block.parent_beacon_block_root == l1_hash(101)
    assert derivation.tip == Tip(2, L1_TIME + 12, 101)


def test_a_duplicate_batch_has_no_effect_and_an_overlap_adds_only_what_is_new() -> None:
    derivation = fresh()
    one, two = BlockClaim(L1_TIME + 2, 100, (b"a",)), BlockClaim(L1_TIME + 4, 100, (b"b",))
    derivation.feed(l1_block(101), [batch(1, one)])
    assert derivation.feed(l1_block(102), [batch(1, one)]) == []
    assert [p.transactions for p in derivation.feed(l1_block(103), [batch(1, two, two)])] == [(b"b",)]


def test_a_batch_after_a_gap_is_dropped_even_if_the_gap_is_filled_later() -> None:
    derivation = fresh()
    late, early = batch(2, BlockClaim(L1_TIME + 4, 100)), batch(1, BlockClaim(L1_TIME + 2, 100))
    assert derivation.feed(l1_block(101), [late]) == []
    assert [p.number for p in derivation.feed(l1_block(102), [early])] == [1]
    assert [p.number for p in derivation.feed(l1_block(103), [late])] == [2]


@pytest.mark.parametrize(
    ("claimed", "derived"),
    [(0, 100), (100, 100), (103, 103), (104, 104), (105, 104), (2**64 - 1, 104)],
)
def test_the_origin_is_clamped_between_the_tips_and_the_batchs_own_l1_block(claimed: int, derived: int) -> None:
    derivation = fresh()
    for number in (101, 102, 103):
        derivation.feed(l1_block(number), [])
    (payload,) = derivation.feed(l1_block(104), [batch(1, BlockClaim(L1_TIME + 48, claimed))])
    assert origin(payload) == derived


def test_an_origin_older_than_the_window_is_moved_up_to_it() -> None:
    derivation = fresh()
    for number in range(101, 120):
        derivation.feed(l1_block(number), [])
    (payload,) = derivation.feed(l1_block(120), [batch(1, BlockClaim(L1_TIME, 100))])
    assert origin(payload) == 120 - WINDOW


@pytest.mark.parametrize(
    ("claimed", "derived"),
    [(0, 1), (1, 1), (2, 2), (DRIFT, DRIFT), (DRIFT + 1, DRIFT), (2**64 - 1 - L1_TIME, DRIFT)],
)
def test_the_timestamp_is_clamped_between_the_next_step_and_the_drift(claimed: int, derived: int) -> None:
    (payload,) = fresh().feed(l1_block(101), [batch(1, BlockClaim(L1_TIME + claimed, 100))])
    assert payload.block.timestamp == L1_TIME + derived


def test_a_timestamp_never_lies_before_its_origins() -> None:
    (payload,) = fresh().feed(l1_block(101), [batch(1, BlockClaim(0, 101))])
    assert payload.block.timestamp == L1_TIME + 12


def test_time_cannot_be_run_ahead_of_l1_by_more_than_the_drift() -> None:
    derivation = fresh()
    claims = [BlockClaim(2**60, 100)] * 1000
    payloads = derivation.feed(l1_block(101), [batch(1, *claims)])
    assert [p.block.timestamp - L1_TIME for p in payloads] == [DRIFT]


def test_sub_second_blocks_may_share_a_timestamp() -> None:
    config = replace(CONFIG, block_time_milliseconds=250)
    derivation = Derivation(config, Tip(0, L1_TIME, L1_GENESIS), L1Window([l1_block(L1_GENESIS)]))
    payloads = derivation.feed(l1_block(101), [batch(1, *[BlockClaim(L1_TIME + 1, 100)] * 4)])
    assert [p.block.timestamp - L1_TIME for p in payloads] == [1, 1, 1, 1]


def test_deposits_come_first_in_the_block_that_first_names_their_l1_block() -> None:
    derivation = fresh()
    derivation.feed(l1_block(101, (b"d1", b"d2")), [])
    claims = (BlockClaim(L1_TIME + 12, 100, (b"x",)), BlockClaim(L1_TIME + 14, 101, (b"y",)), BlockClaim(0, 101))
    payloads = derivation.feed(l1_block(102), [batch(1, *claims)])
    assert [(p.forced, p.transactions) for p in payloads] == [((), (b"x",)), ((b"d1", b"d2"), (b"y",)), ((), ())]


def test_an_origin_cannot_jump_over_deposits() -> None:
    derivation = fresh()
    derivation.feed(l1_block(101, (b"d1",)), [])
    derivation.feed(l1_block(102, (b"d2",)), [])
    payloads = derivation.feed(l1_block(103), [batch(1, *[BlockClaim(L1_TIME + 40, 103)] * 3)])
    assert [(origin(p), p.forced) for p in payloads] == [(101, (b"d1",)), (102, (b"d2",)), (103, ())]


def test_deposits_left_out_past_the_window_are_forced_and_the_rest_of_time_is_not_filled() -> None:
    derivation = fresh()
    derivation.feed(l1_block(101, (b"d",)), [])
    for number in range(102, 101 + WINDOW):
        assert derivation.feed(l1_block(number), []) == []
    (payload,) = derivation.feed(l1_block(101 + WINDOW), [])
    assert (payload.number, payload.forced, payload.transactions, origin(payload)) == (1, (b"d",), (), 101)
    assert derivation.feed(l1_block(102 + WINDOW), []) == []


def test_a_batch_in_the_last_l1_block_of_the_window_still_beats_the_forced_block() -> None:
    derivation = fresh()
    derivation.feed(l1_block(101, (b"d",)), [])
    for number in range(102, 101 + WINDOW):
        derivation.feed(l1_block(number), [])
    (payload,) = derivation.feed(l1_block(101 + WINDOW), [batch(1, BlockClaim(L1_TIME + 12, 101, (b"x",)))])
    assert (payload.forced, payload.transactions) == ((b"d",), (b"x",))


def test_the_sequencer_and_everybody_else_agree() -> None:
    """What `next_payload` gives the sequencer at build time is what its batch derives to later."""
    window = L1Window([l1_block(100), l1_block(101, (b"d",)), l1_block(102)])
    tip, built = Tip(0, L1_TIME, L1_GENESIS), []
    for step in range(1, 6):
        payload = next_payload(CONFIG, tip, BlockClaim(L1_TIME + 2 * step, 102, (b"%d" % step,)), window, 102)
        assert payload is not None
        tip = Tip(payload.number, payload.block.timestamp, origin(payload))
        built.append(payload)
    derivation = fresh()
    derivation.feed(l1_block(101, (b"d",)), [])
    derivation.feed(l1_block(102), [])
    claims = [BlockClaim(p.block.timestamp, origin(p), p.transactions) for p in built]
    assert derivation.feed(l1_block(103), [batch(1, *claims)]) == built


uint64 = st.one_of(
    st.integers(0, 2**64 - 1), st.integers(95, 140), st.integers(L1_TIME - 100, L1_TIME + 1000), st.integers(0, 20)
)
claim_strategy = st.builds(BlockClaim, uint64, uint64, st.lists(st.binary(max_size=8), max_size=3).map(tuple))
honest_or_not = st.builds(Batch, uint64, st.lists(claim_strategy, min_size=1, max_size=8).map(tuple)).map(encode_batch)


@st.composite
def mangled(draw: st.DrawFn) -> bytes:
    data = bytearray(draw(honest_or_not))
    for _ in range(draw(st.integers(0, 6))):
        data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    return bytes(data[: draw(st.integers(0, len(data)))] if draw(st.booleans()) else data)


any_batch = st.one_of(honest_or_not, mangled(), st.binary(max_size=200))
l1_steps = st.lists(
    st.tuples(st.lists(any_batch, max_size=3), st.lists(st.binary(min_size=1, max_size=4), max_size=2).map(tuple)),
    min_size=1,
    max_size=40,
)


@settings(max_examples=300)
@given(l1_steps)
def test_whatever_is_posted_derives_one_well_formed_chain(steps: list[tuple[list[bytes], tuple[bytes, ...]]]) -> None:
    derivation = fresh()
    chain: list[PayloadAttributes] = []
    posted: list[bytes] = []
    for number, (batches, deposits) in enumerate(steps, start=L1_GENESIS + 1):
        chain.extend(derivation.feed(l1_block(number, deposits), batches))
        posted.extend(deposits)
        overdue = derivation.l1.first_with_deposits(derivation.tip.l1_origin, number - WINDOW)
        assert overdue is None, "no deposit outlives the window"
        assert derivation.l1.oldest >= min(derivation.tip.l1_origin, number)

    assert [p.number for p in chain] == list(range(1, len(chain) + 1))
    for before, after in pairwise(chain):
        assert after.block.timestamp > before.block.timestamp
        assert origin(after) >= origin(before)
    for payload in chain:
        assert payload.block.parent_beacon_block_root == l1_hash(origin(payload))
        assert payload.block.timestamp >= L1_TIME + 12 * (origin(payload) - L1_GENESIS)
    included = [deposit for payload in chain for deposit in payload.forced]
    assert included == posted[: len(included)], "deposits keep L1's order, none twice, none invented"


@given(l1_steps, st.data())
def test_a_node_that_restarts_from_its_tip_derives_the_same(
    steps: list[tuple[list[bytes], tuple[bytes, ...]]], data: st.DataObject
) -> None:
    blocks = [(l1_block(L1_GENESIS + 1 + i, deposits), batches) for i, (batches, deposits) in enumerate(steps)]
    straight = fresh()
    expected = [payload for block, batches in blocks for payload in straight.feed(block, batches)]

    cut = data.draw(st.integers(0, len(blocks)))
    first = fresh()
    derived = [payload for block, batches in blocks[:cut] for payload in first.feed(block, batches)]
    seen = [l1_block(L1_GENESIS), *(block for block, _ in blocks[:cut])]
    held = [block for block in seen if block.ref.number >= min(first.tip.l1_origin, seen[-1].ref.number)]
    second = Derivation(CONFIG, first.tip, L1Window(held))
    derived += [payload for block, batches in blocks[cut:] for payload in second.feed(block, batches)]
    assert derived == expected


# --- settings ---------------------------------------------------------------------------------------------------------

FEES = FeeKnobs(operator_fee_constant=7, l1_base_fee_scalar=1_000_000)


def changed(
    number: int, settings: ChainSettings | None, deposits: tuple[bytes, ...] = (), base_fee: int = 9
) -> L1Block:
    plain = l1_block(number, deposits)
    return L1Block(replace(plain.ref, base_fee=base_fee), deposits, settings)


def test_settings_hold_from_the_block_that_first_names_their_l1_block() -> None:
    derivation = fresh()
    settings = ChainSettings(10_000_000, 50, 6, 5)
    derivation.feed(changed(101, settings), [])
    claims = [BlockClaim(L1_TIME + 2, 100), BlockClaim(L1_TIME + 12, 101), BlockClaim(L1_TIME + 24, 102)]
    payloads = derivation.feed(changed(102, settings), [batch(1, *claims)])
    assert [(origin(p), p.block.gas_limit) for p in payloads] == [
        (100, 30_000_000),
        (101, 10_000_000),
        (102, 10_000_000),
    ]
    said = [rules_of_extra_data(p.block.extra_data) for p in payloads]
    assert said == [None, BaseFeeRules(50, 6, 5), BaseFeeRules(50, 6, 5)]
    assert [p.forced for p in payloads] == [(), (), ()]


def test_fees_are_said_by_the_first_transaction_of_every_block_before_its_deposits() -> None:
    derivation = fresh()
    deposit = b"d1"
    settings = replace(CONFIG.settings, fees=FEES)
    derivation.feed(changed(101, settings, (deposit,)), [])
    claims = [BlockClaim(L1_TIME + 12, 101, (b"x",)), BlockClaim(L1_TIME + 14, 101, (b"y",))]
    one, two = derivation.feed(l1_block(102), [batch(1, *claims)])
    terms = [terms_of([decode_transaction(p.forced[0])]) for p in (one, two)]
    assert terms == [FeeTerms(FEES, 9, 1)] * 2
    assert (one.forced[1:], two.forced[1:]) == ((deposit,), ())
    assert one.forced[0] != two.forced[0]
    assert not is_plain(one.block.extra_data)


def test_a_chain_may_charge_from_its_first_block_on_and_stop() -> None:
    config = replace(CONFIG, fees=FEES)
    derivation = Derivation(config, Tip(0, L1_TIME, L1_GENESIS), L1Window([l1_block(L1_GENESIS)]))
    [first] = derivation.feed(l1_block(101), [batch(1, BlockClaim(L1_TIME + 2, 100))])
    assert terms_of([decode_transaction(first.forced[0])]) == FeeTerms(FEES, 0, 1)
    free = replace(config.settings, fees=NO_FEES)
    [second] = derivation.feed(changed(102, free), [batch(2, BlockClaim(L1_TIME + 24, 102))])
    assert (second.forced, is_plain(second.block.extra_data)) == ((), True)


def test_terms_do_not_carry_a_block_past_the_drift_as_due_deposits_do() -> None:
    config = replace(CONFIG, fees=FEES)
    late = Tip(5, L1_TIME + DRIFT, L1_GENESIS)
    window = L1Window([l1_block(L1_GENESIS)])
    assert next_payload(config, late, BlockClaim(L1_TIME + DRIFT + 2, L1_GENESIS), window, L1_GENESIS) is None


def test_a_forced_block_has_its_terms_too() -> None:
    derivation = fresh()
    settings = replace(CONFIG.settings, fees=FEES)
    derivation.feed(changed(101, settings, (b"d",)), [])
    payloads = [p for number in range(102, 112) for p in derivation.feed(changed(number, settings), [])]
    [forced] = payloads
    assert terms_of([decode_transaction(forced.forced[0])]) == FeeTerms(FEES, 9, 1)
    assert forced.forced[1:] == (b"d",)
