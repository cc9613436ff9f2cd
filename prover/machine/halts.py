"""STOP, RETURN, REVERT, SELFDESTRUCT, INVALID: what ends a frame from inside."""

from dataclasses import replace

from prover.commitments.pages import NO_PAGES
from prover.commitments.structures import Return
from prover.machine import gas
from prover.machine.accounts import add_balance, is_dead, load_account, store_account
from prover.machine.codes import to_address
from prover.machine.faults import InvalidOpcode, StaticViolation
from prover.machine.frame import CREATE, Frame
from prover.machine.gas import charge, expanded, expansion_cost
from prover.machine.vm import CREATE_FINISH, RETURN, VM


def stop(vm: VM, frame: Frame) -> None:
    """End well, without output. The end of the code means the same."""
    # Operation
    _halt(vm, frame, Return(True, NO_PAGES, 0, 0))


def return_(vm: VM, frame: Frame) -> None:
    """End well; the output is a range of memory."""
    # Stack
    stack = frame.stack.items
    offset, length = stack.pop(), stack.pop()
    # Gas
    words = expanded(frame, offset, length)
    charge(frame, expansion_cost(frame, words))
    # Operation
    frame.words = words
    _halt(vm, frame, _output(frame, True, offset, length))


def revert(vm: VM, frame: Frame) -> None:
    """End with everything undone, but keep the gas; the output is a range of memory."""
    # Stack
    stack = frame.stack.items
    offset, length = stack.pop(), stack.pop()
    # Gas
    words = expanded(frame, offset, length)
    charge(frame, expansion_cost(frame, words))
    # Operation
    frame.words = words
    vm.go(RETURN, _output(frame, False, offset, length))


def selfdestruct(vm: VM, frame: Frame) -> None:
    """Send all wei away and end; the account goes only if this transaction made it (EIP-6780)."""
    # Stack
    beneficiary = to_address(frame.stack.items.pop())
    # Gas
    if frame.static:
        raise StaticViolation
    heir, cold = load_account(vm, beneficiary)
    own, _ = load_account(vm, frame.address)
    cost = gas.SELFDESTRUCT
    if cold:
        cost += gas.COLD_ACCOUNT
    if own.balance and is_dead(heir):
        cost += gas.NEW_ACCOUNT
    charge(frame, cost)
    # Operation
    if own.created:
        store_account(vm, frame.address, replace(own, balance=0, destructed=True))
    elif beneficiary != frame.address and own.balance:
        store_account(vm, frame.address, replace(own, balance=0))
    if beneficiary != frame.address:
        add_balance(vm, beneficiary, own.balance)
    _halt(vm, frame, Return(True, NO_PAGES, 0, 0))


def invalid(_vm: VM, _frame: Frame) -> None:
    """The designated invalid opcode (EIP-141)."""
    raise InvalidOpcode


def _output(frame: Frame, success: bool, offset: int, length: int) -> Return:
    if not length:
        return Return(success, NO_PAGES, 0, 0)
    return Return(success, frame.memory.freeze(), offset, length)


def _halt(vm: VM, frame: Frame, result: Return) -> None:
    vm.go(CREATE_FINISH if frame.kind == CREATE else RETURN, result)
