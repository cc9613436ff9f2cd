"""The referee believes hashes alone: a changed witness is refused, or changes nothing."""

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.types import ZERO_HASH, Hash32
from prover.commitments.tape import InvalidWitness, JournalOpening, PageOpening, Witness
from prover.referee import judge
from tests.prover.corpus import examples
from tests.prover.programs import programs
from tests.prover.worlds import CONTRACT, OTHER, judged_steps, machine, signed, state_with
from vm.memory_state import Allocation

Step = tuple[Hash32, Witness, Hash32]


@pytest.fixture(scope="module")
def steps() -> list[Step]:
    """One step of each shape that the corpus has: the numbers of its preimages, pages, openings and stack items."""
    shapes: dict[object, Step] = {}
    for example in examples():
        for step in judged_steps(example.begin()):
            witness = step[1]
            sizes = (
                tuple(map(len, witness.preimages + witness.codes)),
                tuple(len(each.siblings) for each in witness.openings),
            )
            shapes.setdefault((sizes, len(witness.pages), len(witness.stack)), step)
    return list(shapes.values())


@settings(max_examples=40)
@given(first=programs, second=programs, gas_limit=st.sampled_from([60_000, 300_000]))
def test_every_step_of_a_random_program_is_judged_to_the_machines_next_state(first, second, gas_limit):
    state = state_with({CONTRACT: Allocation(10**6, 1, first, {1: 2}), OTHER: Allocation(50, 1, second)})
    for before, witness, after in judged_steps(machine(state, signed(gas_limit=gas_limit, data=b"\x01" * 40))):
        assert judge(before, witness) == after


def test_a_witness_names_neither_opcode_nor_phase_nor_outcome():
    assert {field.name for field in fields(Witness)} == {
        "preimages",
        "codes",
        "pages",
        "openings",
        "stack",
        "stack_tail",
    }


def changed(data: bytes, at: int, flip: int) -> bytes:
    position = at % len(data)
    return data[:position] + bytes((data[position] ^ flip,)) + data[position + 1 :]


def mutants(witness: Witness, draw) -> Witness:
    """The witness with one thing changed, dropped, doubled, swapped or cut short."""
    parts = [name for name in ("preimages", "codes", "pages", "openings", "stack") if getattr(witness, name)]
    part = draw(st.sampled_from([*parts, "stack_tail"]))
    at, flip = draw(st.integers(0, 40_000)), draw(st.integers(1, 255))
    if part == "stack_tail":
        return replace(witness, stack_tail=changed(witness.stack_tail, at, flip))
    entries = list(getattr(witness, part))
    index = draw(st.integers(0, len(entries) - 1))
    how = draw(st.sampled_from(["change", "drop", "double", "swap", "cut", "extend"]))
    if how == "drop":
        del entries[index]
    elif how == "double":
        entries.insert(index, entries[index])
    elif how == "swap":
        entries[0], entries[index] = entries[index], entries[0]
    else:
        entries[index] = _changed_entry(entries[index], how, at, flip)
    changes: dict[str, Any] = {part: tuple(entries)}
    return replace(witness, **changes)


def _changed_entry(entry, how, at, flip):
    if isinstance(entry, int):
        return entry ^ (1 << (at % 256)) if how == "change" else entry + 2**256
    if isinstance(entry, bytes):
        return _changed_bytes(entry, how, at, flip)
    if isinstance(entry, PageOpening):
        if at % 3 == 0:
            return replace(entry, page=_changed_bytes(entry.page, how, at, flip))
        return replace(entry, siblings=_changed_siblings(entry.siblings, how, at, flip))
    assert isinstance(entry, JournalOpening)
    if entry.record and at % 3 == 0:
        return replace(entry, record=_changed_bytes(entry.record, how, at, flip) if how != "cut" else b"")
    if entry.other_path and at % 3:
        name = ("other_path", "other_record")[at % 2]
        return replace(entry, **{name: _changed_bytes(getattr(entry, name), how, at, flip)})
    if entry.siblings:
        return replace(entry, siblings=_changed_siblings(entry.siblings, how, at, flip))
    return replace(entry, other_path=bytes(31) + bytes((flip,)), other_record=bytes(32))


def _changed_bytes(data, how, at, flip):
    if how == "extend" or not data:
        return data + bytes((flip,))
    return data[:-1] if how == "cut" else changed(data, at, flip)


def _changed_siblings(siblings, how, at, flip):
    if how == "cut":
        return siblings[:-1]
    if how == "extend":
        return (*siblings, ZERO_HASH)
    index = at % len(siblings)
    return (*siblings[:index], changed(siblings[index], at, flip), *siblings[index + 1 :])


@settings(max_examples=3000)
@given(st.data())
def test_a_changed_witness_never_leads_to_another_state(steps, data):
    before, witness, after = data.draw(st.sampled_from(steps))
    mutant = mutants(witness, data.draw)
    try:
        judged = judge(before, mutant)
    except InvalidWitness:
        return
    assert judged == after


@settings(max_examples=200)
@given(st.data())
def test_the_witness_of_another_step_is_refused(steps, data):
    one, other = data.draw(st.lists(st.sampled_from(steps), min_size=2, max_size=2, unique_by=lambda step: step[0]))
    with pytest.raises(InvalidWitness):
        judge(one[0], other[1])


@settings(max_examples=300)
@given(st.data())
def test_a_missing_piece_is_named_as_missing_and_never_read_as_absent(steps, data):
    before, witness, _after = data.draw(st.sampled_from(steps))
    part = data.draw(
        st.sampled_from([name for name in ("preimages", "codes", "pages", "openings") if getattr(witness, name)])
    )
    with pytest.raises(InvalidWitness, match="is missing"):
        judge(before, replace(witness, **{part: getattr(witness, part)[:-1]}))


def test_what_the_step_does_not_need_is_refused(steps):
    before, witness, _after = steps[0]
    with pytest.raises(InvalidWitness, match="more than the step needs"):
        judge(before, replace(witness, preimages=(*witness.preimages, b"more")))


def test_a_finished_transaction_stays_as_it_is():
    vm = examples()[0].begin()
    *_, (_before, _witness, last) = judged_steps(vm)
    assert judge(last, Witness((vm.encode(),))) == last
