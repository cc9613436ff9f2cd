"""Receipts and transactions of any length into a block's tries: machine, contracts, `protocol` make the same roots."""

from collections import Counter
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.crypto import keccak
from protocol.mpt import EMPTY_ROOT
from protocol.ordered_trie import ordered_root
from protocol.receipt import Log, logs_bloom
from protocol.receipt import Receipt as ReceiptFields
from protocol.rlp_codec import encode
from protocol.types import ZERO_HASH, Address, Hash32
from prover.calldata import step_calldata
from prover.commitments.chain_structures import Filling, Sealing
from prover.commitments.pages import NO_PAGES, pages_of
from prover.commitments.structures import NOTHING, Committed, LogLink, Receipt
from prover.commitments.tape import InvalidWitness, Witness
from prover.machine.frame import NO_FRAME
from prover.machine.journal import FullJournal
from prover.machine.oracle import FullOracle
from prover.machine.step import step
from prover.machine.vm import FILL, PHASE_NAMES, RECEIPT_HASH, RECEIPT_LOGS, SEAL, VM, is_end
from prover.referee import judge
from prover.witness import witnessed_step
from tests.prover.test_referee import mutants

CEILING = 12_000_000
MAX_CALLDATA = 128 * 1024
MAX_TX = 120 * 1024
OFFSET = 900
"""Where a log's data lies in its memory, so that most pieces lie on two pages."""
SMALL = [b"", b"\x00", b"\x7f", b"\x80", b"\xff"]


def log_of(random: Random, data: bytes) -> Log:
    topics = tuple(random.randbytes(32) for _ in range(random.randrange(5)))
    return Log(Address(random.randbytes(20)), topics, data)


def block_of(receipts: list[ReceiptFields], raws: list[bytes]) -> VM:
    """The machine when a block's transactions are over."""
    chain: Committed = NOTHING
    for receipt, raw in zip(receipts, raws, strict=True):
        logs: Committed = NOTHING
        for log in receipt.logs:
            first, second, third, fourth = [int.from_bytes(topic, "big") for topic in log.topics] + [0] * (
                4 - len(log.topics)
            )
            pages = pages_of(bytes(OFFSET) + log.data) if log.data else NO_PAGES
            offset, size = OFFSET if log.data else 0, len(log.data)
            logs = LogLink(logs, log.address, len(log.topics), first, second, third, fourth, pages, offset, size)
        length = sum(len(encode([log.address, list(log.topics), log.data])) for log in receipt.logs)
        status, gas = receipt.outcome == 1, receipt.cumulative_gas_used
        chain = Receipt(chain, keccak(raw), receipt.type, status, gas, logs, length)
    root, total = Hash32(EMPTY_ROOT), len(raws)
    return VM(
        phase=SEAL,
        cursor=Sealing(NOTHING, chain, total, total, root, root, *([0] * 8)),
        frame=NO_FRAME,
        fork=0,
        boundary=NOTHING,
        tx=NOTHING,
        start_root=ZERO_HASH,
        working_root=ZERO_HASH,
        journal=FullJournal(),
        oracle=FullOracle(lambda _: b"", lambda _: b"", {keccak(raw): raw for raw in raws}),
    )


def receipt_of(kind: int, outcome: int, gas: int, logs: list[Log]) -> ReceiptFields:
    return ReceiptFields(kind, outcome, gas, logs_bloom(logs), tuple(logs), 0)


def sealed(vm: VM) -> Sealing:
    assert isinstance(vm.cursor, Sealing)
    return vm.cursor


def is_filled(vm: VM) -> bool:
    return vm.phase == SEAL and is_end(sealed(vm).receipts)


def check(referee, receipts: list[ReceiptFields], raws: list[bytes]) -> Counter[str]:
    """Every step judged by both referees to the same state, in bounds; the roots and the bloom those of `protocol`."""
    vm = block_of(receipts, raws)
    plain = vm.copy()
    seen: Counter[str] = Counter()
    while not is_filled(vm):
        seen[PHASE_NAMES[vm.phase]] += 1
        before, phase = vm.digest(), PHASE_NAMES[vm.phase]
        witness = witnessed_step(vm)
        assert judge(before, witness) == vm.digest(), phase
        assert referee.judge(before, witness) == vm.digest(), phase
        assert referee.gas_used < CEILING
        assert len(step_calldata(before, witness)) < MAX_CALLDATA + 4096
    while not is_filled(plain):
        step(plain)
    assert plain.digest() == vm.digest()
    assert sealed(vm).transactions_root == ordered_root(raws)
    assert sealed(vm).receipts_root == ordered_root([receipt.encode() for receipt in receipts])
    assert sealed(vm).bloom() == logs_bloom(log for receipt in receipts for log in receipt.logs)
    return seen


@settings(max_examples=40, deadline=None)
@given(data=st.data(), seed=st.integers(0, 2**32))
def test_random_blocks_have_the_roots_of_protocol(referee, data, seed):
    random = Random(seed)
    lengths = st.sampled_from([2, 31, 32, 54, 55, 56, 124, 255, 256, 951, 952, 953, 1023, 1024, 1025, 2000, 5000])
    contents = st.one_of(st.sampled_from(SMALL), lengths.map(random.randbytes))
    receipts = []
    for index in range(data.draw(st.integers(1, 4))):
        logs = [log_of(random, content) for content in data.draw(st.lists(contents, max_size=4))]
        kind, outcome = data.draw(st.sampled_from([0, 1, 2, 0x7E])), data.draw(st.integers(0, 1))
        receipts.append(receipt_of(kind, outcome, random.choice([100, 21000, 2**40]) * (index + 1), logs))
    # From 10 bytes on, as nine fields have; in a block of one, 26 are the most that a leaf below 32 bytes can hold.
    raws = [random.randbytes(data.draw(st.sampled_from([10, 25, 26, 27, 28, 29, 30, 56, 300]))) for _ in receipts]
    check(referee, receipts, raws)


def test_a_block_of_more_than_256_transactions_has_the_roots_of_protocol(referee):
    random = Random(5)
    receipts = [receipt_of(2, 1, 21000 * (index + 1), []) for index in range(280)]
    seen = check(referee, receipts, [random.randbytes(random.choice([20, 110])) for _ in receipts])
    assert seen["fill"] == seen["seal"] == 280


def test_a_log_longer_than_a_transaction_on_l1_is_hashed_in_pieces(referee):
    random = Random(6)
    logs = [log_of(random, b"\x01"), log_of(random, random.randbytes(140_000)), log_of(random, b"")]
    seen = check(referee, [receipt_of(2, 1, 5_000_000, logs)], [random.randbytes(100)])
    assert seen["receipt hash"] == 148 + 3 + 1


def test_the_longest_transaction_that_can_begin_can_be_filled_in(referee):
    random = Random(7)
    check(referee, [receipt_of(0, 1, 4_000_000, [])] * 2, [random.randbytes(100), random.randbytes(MAX_TX)])


@settings(max_examples=60, deadline=None)
@given(data=st.data(), count=st.sampled_from([2, 17, 129, 145, 257, 4097, 5000, 2**16]) | st.integers(1, 2**16))
def test_any_place_in_a_trie_of_any_size_is_the_machines(referee, data, count):
    """Some leaves of a block that has many more: the roots are of tries that are not full."""
    edges = [index for index in (0, 1, 15, 16, 127, 128, 255, 256, 511, 512, 4095, 4096, count - 1) if index < count]
    places = data.draw(st.lists(st.sampled_from(edges) | st.integers(0, count - 1), max_size=6, unique=True))
    raw = b"\x05" * 40
    vm = block_of([receipt_of(2, 1, 21000, [])], [raw])
    receipts = sealed(vm).receipts
    for index in places:
        sealing = replace(sealed(vm), receipts=receipts, left=index + 1, count=count)
        vm.go(FILL, Filling(sealing, keccak(bytes((index % 251,)))))
        before = vm.digest()
        witness = witnessed_step(vm)
        assert judge(before, witness) == referee.judge(before, witness) == vm.digest()


def steps_of_a_block():
    random = Random(8)
    logs = [log_of(random, content) for content in (b"\x81", b"", random.randbytes(1500))]
    vm = block_of([receipt_of(2, 1, 21000, logs[:2]), receipt_of(0, 0, 42000, logs)] * 9, [b"\x05" * 30] * 18)
    found: dict[object, tuple[int, Hash32, Witness, Hash32]] = {}
    while not is_filled(vm):
        before, phase = vm.digest(), vm.phase
        witness = witnessed_step(vm)
        sizes = len(witness.pages), tuple(map(len, witness.preimages))
        found.setdefault((phase, sizes), (phase, before, witness, vm.digest()))
    return list(found.values())


STEPS = steps_of_a_block()


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_a_changed_witness_never_leads_to_another_state(referee, data):
    phase, before, witness, after = data.draw(st.sampled_from(STEPS))
    try:
        judged = referee.judge(before, mutants(witness, data.draw))
    except (InvalidWitness, OverflowError):
        return
    assert judged == after, PHASE_NAMES[phase]


@pytest.mark.parametrize("phase", [SEAL, RECEIPT_LOGS, RECEIPT_HASH, FILL])
def test_each_of_these_phases_is_attacked(phase):
    assert any(found == phase for found, *_ in STEPS)
