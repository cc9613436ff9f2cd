"""MLOAD, MSTORE, MSTORE8."""

from prover.machine import gas
from prover.machine.frame import Frame
from prover.machine.gas import charge, expanded, expansion_cost
from prover.machine.vm import VM


def mload(vm: VM, frame: Frame) -> None:
    """Push 32 bytes of memory."""
    # Stack
    stack = frame.stack.items
    offset = stack.pop()
    # Gas
    words = expanded(frame, offset, 32)
    charge(frame, gas.VERY_LOW + expansion_cost(frame, words))
    # Operation
    frame.words = words
    stack.append(int.from_bytes(frame.memory.read(offset, 32, vm.recorder), "big"))
    # Program counter
    frame.pc += 1


def mstore(vm: VM, frame: Frame) -> None:
    """Write 32 bytes to memory, at any alignment."""
    # Stack
    stack = frame.stack.items
    offset, value = stack.pop(), stack.pop()
    # Gas
    words = expanded(frame, offset, 32)
    charge(frame, gas.VERY_LOW + expansion_cost(frame, words))
    # Operation
    frame.words = words
    frame.memory.write(offset, value.to_bytes(32, "big"), vm.recorder)
    # Program counter
    frame.pc += 1


def mstore8(vm: VM, frame: Frame) -> None:
    """Write the lowest byte of the item to memory."""
    # Stack
    stack = frame.stack.items
    offset, value = stack.pop(), stack.pop()
    # Gas
    words = expanded(frame, offset, 1)
    charge(frame, gas.VERY_LOW + expansion_cost(frame, words))
    # Operation
    frame.words = words
    frame.memory.write(offset, bytes((value & 0xFF,)), vm.recorder)
    # Program counter
    frame.pc += 1
