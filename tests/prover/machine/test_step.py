"""Limits that every opcode shares."""

import pytest

from protocol.forks import Fork
from prover.machine.frame import Frame
from prover.machine.opcodes import Row, table_of
from prover.machine.stack import LIMIT
from prover.machine.step import step
from prover.machine.vm import ENTER, EXECUTE, FAULT, RETURN, VM
from prover.referee import judge
from prover.witness import witnessed_step
from tests.prover.worlds import running

ROWS = [(opcode, row) for opcode, row in enumerate(table_of(Fork.CANCUN)) if row is not None]


def row_name(value: object) -> str:
    """A test's name must be the same in every process."""
    return value.name if isinstance(value, Row) else str(value)


def before_opcode(opcode: int, items: list[int]) -> tuple[VM, Frame]:
    """The machine before the first opcode of a frame with this stack."""
    vm = running(bytes((opcode,)) + bytes(32))
    while vm.phase != EXECUTE:
        step(vm)
    assert isinstance(vm.frame, Frame)
    vm.frame.stack.items = items
    return vm, vm.frame


def after_judged_step(vm: VM) -> VM:
    before = vm.digest()
    witness = witnessed_step(vm)
    assert judge(before, witness) == vm.digest()
    return vm


@pytest.mark.parametrize(("opcode", "row"), [each for each in ROWS if each[1].grows > 0], ids=row_name)
def test_a_full_stack_takes_no_more(opcode, row):
    vm, frame = before_opcode(opcode, [1] * LIMIT)
    assert (after_judged_step(vm).phase, vm.fault) == (FAULT, "StackOverflow")
    assert frame.stack.items == [1] * LIMIT
    vm, frame = before_opcode(opcode, [1] * (LIMIT - 1))
    assert after_judged_step(vm).phase == EXECUTE
    assert frame.stack.size == LIMIT


@pytest.mark.parametrize(("opcode", "row"), [each for each in ROWS if each[1].takes > 0], ids=row_name)
def test_one_item_too_few_is_a_fault_that_leaves_the_frame_as_it_was(opcode, row):
    items = [1] * (row.takes - 1)
    vm, frame = before_opcode(opcode, list(items))
    gas = frame.gas
    assert (after_judged_step(vm).phase, vm.fault) == (FAULT, "StackUnderflow")
    assert (frame.stack.items, frame.gas, frame.pc, frame.words) == (items, gas, 0, 0)


@pytest.mark.parametrize("opcode", [opcode for opcode, row in enumerate(table_of(Fork.CANCUN)) if row is None])
def test_an_undefined_opcode_is_a_fault(opcode):
    vm, _frame = before_opcode(opcode, [1] * 17)
    assert (after_judged_step(vm).phase, vm.fault) == (FAULT, "InvalidOpcode")


@pytest.mark.parametrize("pc", [33, 34, 2**63])
def test_behind_the_code_there_is_stop(pc):
    vm, frame = before_opcode(0x01, [])
    frame.pc = pc
    assert after_judged_step(vm).phase == RETURN


@pytest.mark.parametrize(("depth", "enters"), [(1023, True), (1024, False)])
@pytest.mark.parametrize("opcode", [0xF0, 0xF1, 0xF2, 0xF4, 0xF5, 0xFA])
def test_the_1024th_nested_frame_is_the_last(opcode, depth, enters):
    vm, frame = before_opcode(opcode, [0] * 7)
    frame.depth = depth
    after_judged_step(vm)
    assert vm.phase == (ENTER if enters else EXECUTE)
    if not enters:
        assert frame.stack.items[-1] == 0
