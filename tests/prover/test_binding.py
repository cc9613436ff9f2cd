"""Every part of a state is committed to, and a fault changes nothing but the phase."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prover.commitments import layout as table
from prover.commitments.journal_tree import ACCOUNT, SLOT, journal_path
from prover.commitments.pages import pages_of
from prover.commitments.structures import AccountRecord, DirtyAccount, DirtySlot, LogLink, SlotRecord
from prover.machine.frame import Frame
from prover.machine.memory import PagedMemory
from prover.machine.step import step
from prover.machine.vm import DONE, EXECUTE, FAULT, VM
from tests.prover.corpus import examples
from tests.prover.programs import programs
from tests.prover.worlds import CONTRACT, OTHER, code, machine, push, running, signed, state_with
from vm.memory_state import Allocation

_WORK = code(push(9), push(1), 0x55, push(5), push(3), 0x52)
OUTER = _WORK + code(push(64), push(0), push(64), push(0), push(1), push(OTHER), 0x5A, 0xF1)
INNER = code(push(7), push(8), push(9), push(40), 0x52, push(1), push(2), 0x55, push(32), push(32), 0xA0, 0x5B, 0x5B)


def inside_a_call() -> tuple[VM, Frame]:
    """The machine two frames deep, with memory, stack, storage and a log."""
    vm = running(OUTER, {OTHER: Allocation(1, 1, INNER)})
    while not (isinstance(vm.frame, Frame) and vm.frame.depth == 1 and vm.frame.pc == len(INNER) - 1):
        step(vm)
    return vm, vm.frame


def changed(value):
    """Another value of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    assert isinstance(value, bytes)
    return bytes((value[0] ^ 1,)) + value[1:]


PLAIN_FRAME_FIELDS = [
    "depth", "kind", "static", "address", "code_address", "caller", "value", "code_hash", "calldata_offset",
    "calldata_length", "return_offset", "return_length", "pc", "gas", "words", "returndata_offset",
    "returndata_length",
]  # fmt: skip


@pytest.mark.parametrize("name", PLAIN_FRAME_FIELDS)
def test_each_number_and_address_of_a_frame_is_committed_to(name):
    vm, frame = inside_a_call()
    before = vm.digest()
    setattr(frame, name, changed(getattr(frame, name)))
    assert vm.digest() != before


def _other_memory(vm, frame):
    frame.memory.write(2_000_000, b"\x01", None)


def _another_parent(vm, frame):
    frame.parent.gas += 1
    frame.parent.waiting_digest = None


def _other_snapshot(vm, frame):
    frame.snapshot = replace(frame.snapshot, refund=frame.snapshot.refund + 1)


def _another_balance(vm, frame):
    path = journal_path(ACCOUNT, CONTRACT, 0)
    record = vm.journal.read(path, AccountRecord, None)
    vm.journal.write(path, replace(record, balance=record.balance + 1), None)


def _another_slot_value(vm, frame):
    path = journal_path(SLOT, OTHER, 2)
    vm.journal.write(path, replace(vm.journal.read(path, SlotRecord, None), current=77), None)


def _another_warm_slot(vm, frame):
    vm.journal.write(journal_path(SLOT, OTHER, 99), SlotRecord(False, False, 0, 0), None)


CHANGES = {
    "a deep stack item": lambda vm, frame: frame.stack.items.__setitem__(0, 1),
    "the top stack item": lambda vm, frame: frame.stack.items.__setitem__(-1, 1),
    "one more stack item": lambda vm, frame: frame.stack.items.append(0),
    "one fewer stack item": lambda vm, frame: frame.stack.items.pop(),
    "a byte of memory": _other_memory,
    "memory without its bytes": lambda vm, frame: setattr(frame, "memory", PagedMemory()),
    "the calldata": lambda vm, frame: setattr(frame, "calldata", pages_of(b"other")),
    "the returndata": lambda vm, frame: setattr(frame, "returndata", pages_of(b"other")),
    "the caller's frame": _another_parent,
    "the snapshot": _other_snapshot,
    "a balance": _another_balance,
    "a slot's value": _another_slot_value,
    "a warm slot": _another_warm_slot,
    "the refund": lambda vm, frame: setattr(vm, "refund", vm.refund + 1),
    "the fork": lambda vm, frame: setattr(vm, "fork", vm.fork + 1),
    "the phase": lambda vm, frame: setattr(vm, "phase", FAULT),
    "the start root": lambda vm, frame: setattr(vm, "start_root", changed(vm.start_root)),
    "the working root": lambda vm, frame: setattr(vm, "working_root", changed(vm.working_root)),
    "a dirty account": lambda vm, frame: setattr(vm, "dirty_accounts", DirtyAccount(vm.dirty_accounts, OTHER)),
    "a dirty slot": lambda vm, frame: setattr(vm, "dirty_slots", DirtySlot(vm.dirty_slots, OTHER, 5)),
    "the logs": lambda vm, frame: setattr(vm, "logs", vm.logs.below),
    "a log's data": lambda vm, frame: setattr(vm, "logs", replace(vm.logs, data=pages_of(b"other"))),
    "a log's topics": lambda vm, frame: setattr(vm, "logs", replace(vm.logs, topic_0=1)),
    "the logs' length": lambda vm, frame: setattr(vm, "logs_rlp_length", vm.logs_rlp_length + 1),
    "the transaction": lambda vm, frame: setattr(vm, "tx", replace(vm.tx, gas_price=vm.tx.gas_price + 1)),
    "the boundary": lambda vm, frame: setattr(vm, "boundary", replace(vm.boundary, tx_index=1)),
    "the cursor": lambda vm, frame: setattr(vm, "cursor", vm.tx),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
def test_each_part_of_a_state_is_committed_to(change):
    vm, frame = inside_a_call()
    assert isinstance(vm.logs, LogLink)
    before = vm.digest()
    change(vm, frame)
    assert vm.digest() != before


@settings(max_examples=60)
@given(st.sampled_from(table.LAYOUTS), st.data())
def test_each_word_of_a_structure_changes_its_digest(layout, data):
    if not layout.fields:
        return
    words = [bytes(32) for _ in layout.fields]
    index = data.draw(st.integers(0, len(words) - 1))
    other = [*words[:index], bytes(31) + b"\x01", *words[index + 1 :]]
    assert table.digest(layout, words) != table.digest(layout, other)


def faulting_steps(vm: VM):
    """(state before, state after) digests of frame and globals, for each opcode that faults."""
    while vm.phase != DONE:
        phase = vm.phase
        before = vm.frame.digest(), vm.globals_digest()
        step(vm)
        if phase == EXECUTE and vm.phase == FAULT:
            yield before, (vm.frame.digest(), vm.globals_digest())


def test_a_fault_changes_nothing_but_the_phase():
    kinds = 0
    for example in examples():
        for before, after in faulting_steps(example.begin()):
            assert after == before, example.name
            kinds += 1
    assert kinds > 300


@settings(max_examples=100)
@given(first=programs, second=programs, gas_limit=st.integers(21_000, 120_000))
def test_a_fault_of_a_random_program_changes_nothing_but_the_phase(first, second, gas_limit):
    state = state_with({CONTRACT: Allocation(10**6, 1, first, {1: 2}), OTHER: Allocation(50, 1, second)})
    for before, after in faulting_steps(machine(state, signed(gas_limit=gas_limit))):
        assert after == before
