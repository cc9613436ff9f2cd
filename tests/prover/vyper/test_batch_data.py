"""Batches outside of their commitments: what keccak256 names is shown whole, what lies in blobs element by element."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from da.adapter import BadCommitment, Commitment
from da.alt_da import _parse as alt_da_form
from da.blob import _parse as blob_form
from protocol.blobs import BLOB_BYTES, USABLE_BYTES, capacity, pack_blobs, unpack_blobs
from protocol.crypto import keccak
from protocol.kzg import BLS_MODULUS, FIELD_ELEMENTS_PER_BLOB, commitment_of, versioned_hash
from protocol.provable import MOST_HASHED_BYTES
from protocol.types import Hash32
from prover.calldata import step_calldata
from prover.commitments.chain_structures import BatchData, BatchLink, Boot, ChainBlock, L1Inputs
from prover.commitments.pages import pages_of
from prover.commitments.tape import InvalidWitness, Witness
from prover.machine.batch_data import ALT_DA_LAYER, BLOB_LAYER, FILE_LAYER, has_form
from prover.machine.oracle import FullOracle
from prover.machine.step import step
from prover.machine.vm import BATCH_DATA, BATCH_WALK, DEPOSIT_WALK, VM
from prover.referee import judge
from prover.witness import witnessed_step
from tests.prover.chains import fresh_chain
from tests.prover.test_referee import mutants

GAS_CEILING = 12_000_000
MAX_CALLDATA = 128 * 1024
ENVELOPE = 500
"""Bytes of a transaction around the call, and of the game's call around the witness."""


def machine_before(commitment: bytes, *content: bytes, layers: int = 0b1111) -> VM:
    """The machine when it comes to this commitment, the only one that L1 has for the chain."""
    chain = fresh_chain()
    chain.config = _with_layers(chain.config, layers)
    chain.feed(posted=[commitment])
    vm = chain.machine()
    assert isinstance(vm.oracle, FullOracle)
    if commitment[:1] == bytes((BLOB_LAYER,)):
        vm.oracle.blobs.update({_hash_of(blob): blob for blob in content})
    else:
        vm.oracle.transactions.update({keccak(data): data for data in content})
    while not (vm.phase == BATCH_WALK and isinstance(vm.cursor, Boot) and vm.cursor.count):
        step(vm)
    return vm


def _with_layers(config, layers):
    return replace(config, layers=layers)


@cache
def _hash_of(blob: bytes) -> bytes:
    return versioned_hash(commitment_of(blob))


def in_blobs(*blobs: bytes) -> bytes:
    return bytes((BLOB_LAYER,)) + b"".join(map(_hash_of, blobs))


def batch_of(vm: VM) -> bytes | None:
    """What the walk has found: the bytes of the batch, or None for no batch."""
    assert isinstance(vm.cursor, Boot)
    block = vm.cursor.block
    assert isinstance(block, ChainBlock)
    assert isinstance(block.inputs, L1Inputs)
    link = block.inputs.batches
    return link.data.read(0, link.length, None) if isinstance(link, BatchLink) else None


def run_to(vm: VM, pages: int) -> None:
    """Until so many pages of a batch have been read out of blobs."""
    while not (isinstance(vm.cursor, BatchData) and vm.cursor.length and vm.cursor.pages == pages):
        step(vm)


def judged(referee, vm: VM) -> Witness:
    """The next step, which machine and both referees take alike."""
    before = vm.digest()
    witness = witnessed_step(vm)
    assert judge(before, witness) == vm.digest() == referee.judge(before, witness)
    assert referee.gas_used < GAS_CEILING
    assert len(step_calldata(before, witness)) + ENVELOPE <= MAX_CALLDATA
    return witness


def to_the_end(referee, vm: VM) -> Iterator[int]:
    """Every step of the walk, judged: its phase."""
    while vm.phase != DEPOSIT_WALK:
        if vm.phase == BATCH_WALK and isinstance(vm.cursor, Boot) and vm.cursor.next == vm.cursor.stop:
            return
        yield vm.phase
        judged(referee, vm)


# --- behind a hash ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "head", [b"\1", b"\3\0", b"\3\1\xf0", b"\3\1" + b"k" * 1023], ids=["file", "alt-da", "generic", "longest"]
)
@pytest.mark.parametrize("size", [1, 1024, 1025, MOST_HASHED_BYTES])
def test_data_behind_a_hash_is_shown_in_one_step(referee, head, size):
    data = Random(size).randbytes(size)
    vm = machine_before(head + keccak(data), data)
    assert list(to_the_end(referee, vm)) == [BATCH_WALK, BATCH_DATA]
    assert batch_of(vm) == data


def test_an_empty_batch_behind_a_hash_has_no_effect(referee):
    vm = machine_before(b"\1" + keccak(b""), b"")
    assert list(to_the_end(referee, vm)) == [BATCH_WALK, BATCH_DATA]
    assert batch_of(vm) is None


def test_data_that_one_transaction_cannot_show_is_refused_by_all(referee):
    """No node reads so much from such a layer either: `file.max-bytes`, `alt-da.max-bytes`."""
    data = bytes(MOST_HASHED_BYTES + 1)
    vm = machine_before(b"\1" + keccak(data), data)
    step(vm)
    before = vm.digest()
    commitment = b"\1" + keccak(data)
    with pytest.raises(InvalidWitness, match="cannot be shown at once"):
        witnessed_step(vm)
    short = witnessed_of_short(vm)
    witness = Witness(short.preimages, codes=(commitment, data))
    for referee_of_kind in (judge, referee.judge):
        with pytest.raises(InvalidWitness):
            referee_of_kind(before, witness)


def witnessed_of_short(vm: VM) -> Witness:
    """The witness of the same step for short data: but for the data it is the same."""
    other = machine_before(b"\1" + keccak(b"short"), b"short")
    step(other)
    return witnessed_step(other)


def test_other_data_than_the_hash_names_is_refused_by_all(referee):
    vm = machine_before(b"\3\0" + keccak(b"right"), b"right")
    step(vm)
    before = vm.digest()
    witness = witnessed_step(vm)
    wrong = Witness(witness.preimages, codes=(witness.codes[0], b"wrong"))
    for referee_of_kind in (judge, referee.judge):
        with pytest.raises(InvalidWitness):
            referee_of_kind(before, wrong)


# --- in blobs --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [20, *(pytest.param(size, marks=pytest.mark.slow) for size in (1, 1020, 1024, 1025))])
def test_a_small_batch_in_a_blob_is_read_page_by_page(referee, size):
    data = Random(size).randbytes(size)
    vm = machine_before(in_blobs(*pack_blobs(data)), *pack_blobs(data))
    assert list(to_the_end(referee, vm)) == [BATCH_WALK, BATCH_DATA, *[BATCH_DATA] * -(-size // 1024)]
    assert batch_of(vm) == data


def test_a_page_that_two_blobs_share_is_read_from_both(referee):
    data = Random(1).randbytes(USABLE_BYTES + 300)
    blobs = pack_blobs(data)
    vm = machine_before(in_blobs(*blobs), *blobs)
    run_to(vm, (USABLE_BYTES - 4) // 1024)
    [_commitment, openings] = judged(referee, vm).codes
    assert {openings[at : at + 48] for at in range(0, len(openings), 128)} == {commitment_of(blob) for blob in blobs}
    step(vm)
    assert batch_of(vm) == data


def test_the_pages_of_a_batch_are_those_of_its_bytes():
    """As if it had been in calldata: what comes after the walk does not know where the batch lay."""
    data = Random(2).randbytes(3 * USABLE_BYTES - 4)
    blobs = pack_blobs(data)
    vm = machine_before(in_blobs(*blobs), *blobs)
    while not batch_of_link(vm):
        step(vm)
    assert batch_of_link(vm) == (pages_of(data).digest(), len(data))


def batch_of_link(vm: VM) -> tuple[Hash32, int] | None:
    if not isinstance(vm.cursor, Boot):
        return None
    assert isinstance(vm.cursor.block, ChainBlock)
    assert isinstance(vm.cursor.block.inputs, L1Inputs)
    link = vm.cursor.block.inputs.batches
    return (link.data.digest(), link.length) if isinstance(link, BatchLink) else None


def strange_blob(length: int, seed: int) -> bytes:
    """Field elements with anything in the byte that means nothing, and a length that may be too much."""
    random = Random(seed)
    elements = [random.randrange(BLS_MODULUS).to_bytes(32, "big") for _ in range(FIELD_ELEMENTS_PER_BLOB)]
    elements[0] = elements[0][:1] + length.to_bytes(4, "big") + elements[0][5:]
    if elements[0] >= BLS_MODULUS.to_bytes(32, "big"):
        elements[0] = b"\0" + elements[0][1:]
    return b"".join(elements)


@pytest.mark.parametrize(
    "length",
    [0, capacity(1) + 1, *(pytest.param(size, marks=pytest.mark.slow) for size in (900, capacity(1), 2**32 - 1))],
)
def test_any_blob_is_some_bytes(referee, length):
    blob = strange_blob(length, length)
    assert len(blob) == BLOB_BYTES
    vm = machine_before(in_blobs(blob), blob)
    step(vm)
    judged(referee, vm)
    expected = unpack_blobs([blob])
    if not expected:
        assert (vm.phase, batch_of(vm)) == (BATCH_WALK, None)
        return
    assert isinstance(vm.cursor, BatchData)
    assert vm.cursor.length == len(expected)
    run_to(vm, (len(expected) - 1) // 1024)
    judged(referee, vm)
    assert batch_of(vm) == expected


# --- what counts -----------------------------------------------------------------------------------------------------


COMMITMENTS = {
    "a layer that there is not": b"\x09" + bytes(32),
    "another layer than the chain's": b"\1" + keccak(b"data"),
    "blobs on a chain without": b"\2" + b"\1" + bytes(31),
    "a server on a chain without": b"\3\0" + bytes(32),
    "no hash": b"\1" + bytes(31),
    "more than a hash": b"\1" + bytes(33),
    "a large one of no form": b"\1" + bytes(100_000),
    "no blob": b"\2",
    "seven blobs": b"\2" + (b"\1" + bytes(31)) * 7,
    "half a blob's hash": b"\2" + b"\1" + bytes(30),
    "a hash of another version": b"\2" + b"\1" + bytes(31) + b"\2" + bytes(31),
    "a key of another kind": b"\3\2" + bytes(64),
    "a key without data's hash": b"\3\1" + bytes(32),
    "too long a key": b"\3\1" + bytes(1024 + 32),
    "calldata without data": b"\0",
    "one byte": b"\3",
}


@pytest.mark.parametrize("name", COMMITMENTS)
def test_a_commitment_that_stands_for_nothing_is_passed_over(referee, name):
    layers = 0b0001 if "chain" in name else 0b1111
    vm = machine_before(COMMITMENTS[name], layers=layers)
    assert list(to_the_end(referee, vm)) == [BATCH_WALK]
    assert batch_of(vm) is None


shapes = st.one_of(
    st.binary(max_size=80),
    st.builds(
        lambda head, size: head + bytes((1,)) + bytes(max(0, size - len(head) - 1)),
        st.sampled_from([b"\1", b"\2", b"\3\0", b"\3\1", b"\3\2"]),
        st.sampled_from([1, 32, 33, 34, 35, 36, 65, 193, 225, 1056, 1057, 1058]),
    ),
)


@settings(max_examples=400)
@given(shapes)
def test_what_has_a_form_is_what_the_layers_themselves_would_fetch(commitment):
    """But for the bytes of unknown layers, which `has_form` refuses as nodes do."""
    parse = {ALT_DA_LAYER: alt_da_form, BLOB_LAYER: blob_form}.get(commitment[0] if commitment else 0)
    if parse is None:
        assert has_form(commitment) == (commitment[:1] == bytes((FILE_LAYER,)) and len(commitment) == 33)
        return
    try:
        parse(Commitment(commitment))
    except BadCommitment:
        assert not has_form(commitment)
    else:
        assert has_form(commitment)


# --- changed witnesses -----------------------------------------------------------------------------------------------


@cache
def shapes_of_steps() -> list[tuple[Hash32, Witness, Hash32]]:
    """One step of each shape: the walk to a commitment, data behind a hash, a blob's length, a page."""
    data = Random(3).randbytes(200)
    blobs = pack_blobs(data)
    found = []
    for vm in (machine_before(b"\1" + keccak(data), data), machine_before(in_blobs(*blobs), *blobs)):
        while not batch_of_link(vm):
            before = vm.digest()
            witness = witnessed_step(vm)
            found.append((before, witness, vm.digest()))
    return found


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_changed_witness_never_leads_to_another_state(referee, data):
    before, witness, after = data.draw(st.sampled_from(shapes_of_steps()))
    mutant = mutants(witness, data.draw)
    for referee_of_kind in (judge, referee.judge):
        try:
            found = referee_of_kind(before, mutant)
        except (InvalidWitness, OverflowError):
            continue
        assert found == after
