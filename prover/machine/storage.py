"""SLOAD, SSTORE, TLOAD, TSTORE."""

from dataclasses import replace

from prover.commitments.structures import SlotRecord
from prover.machine import gas
from prover.machine.accounts import load_slot, load_transient, store_slot, store_transient
from prover.machine.faults import OutOfGas, StaticViolation
from prover.machine.frame import Frame
from prover.machine.gas import charge
from prover.machine.vm import VM


def sload(vm: VM, frame: Frame) -> None:
    """Push a storage slot."""
    # Stack
    stack = frame.stack.items
    slot = stack.pop()
    # Gas
    record, cold = load_slot(vm, frame.address, slot)
    charge(frame, gas.COLD_SLOT if cold else gas.WARM_ACCESS)
    # Operation
    stack.append(record.current)
    # Program counter
    frame.pc += 1


def sstore(vm: VM, frame: Frame) -> None:
    """Write a storage slot (EIP-2200, EIP-2929, EIP-3529)."""
    # Stack
    stack = frame.stack.items
    slot, value = stack.pop(), stack.pop()
    # Gas
    if frame.static:
        raise StaticViolation
    if frame.gas <= gas.STORAGE_SENTRY:
        raise OutOfGas
    record, cold = load_slot(vm, frame.address, slot)
    charge(frame, (gas.COLD_SLOT if cold else 0) + _write_cost(record, value))
    # Operation
    vm.refund += _refund(record, value)
    if value != record.current:
        store_slot(vm, frame.address, slot, replace(record, current=value))
    # Program counter
    frame.pc += 1


def _write_cost(record: SlotRecord, value: int) -> int:
    if record.original == record.current and record.current != value:
        return gas.STORAGE_SET if record.original == 0 else gas.STORAGE_UPDATE
    return gas.WARM_ACCESS


def _refund(record: SlotRecord, value: int) -> int:
    """What the refund counter changes by; it never falls below 0, since only what was added is taken away."""
    original, current = record.original, record.current
    change = 0
    if current == value:
        return change
    if original and current and not value:
        change += gas.STORAGE_CLEAR_REFUND
    if original and not current:
        change -= gas.STORAGE_CLEAR_REFUND
    if original == value:
        first_write = gas.STORAGE_UPDATE if original else gas.STORAGE_SET
        change += first_write - gas.WARM_ACCESS
    return change


def tload(vm: VM, frame: Frame) -> None:
    """Push a transient slot (EIP-1153)."""
    # Stack
    stack = frame.stack.items
    slot = stack.pop()
    # Gas
    charge(frame, gas.WARM_ACCESS)
    # Operation
    stack.append(load_transient(vm, frame.address, slot))
    # Program counter
    frame.pc += 1


def tstore(vm: VM, frame: Frame) -> None:
    """Write a transient slot (EIP-1153)."""
    # Stack
    stack = frame.stack.items
    slot, value = stack.pop(), stack.pop()
    # Gas
    if frame.static:
        raise StaticViolation
    charge(frame, gas.WARM_ACCESS)
    # Operation
    store_transient(vm, frame.address, slot, value)
    # Program counter
    frame.pc += 1
