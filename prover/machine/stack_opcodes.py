"""POP, PUSH, DUP and SWAP."""

from prover.machine import gas
from prover.machine.frame import Frame
from prover.machine.gas import charge
from prover.machine.vm import VM

PUSH0, DUP1, SWAP1 = 0x5F, 0x80, 0x90


def pop(_vm: VM, frame: Frame) -> None:
    """Drop the top item."""
    # Stack
    frame.stack.items.pop()
    # Gas
    charge(frame, gas.BASE)
    # Program counter
    frame.pc += 1


def push0(_vm: VM, frame: Frame) -> None:
    """Push 0 (EIP-3855)."""
    # Gas
    charge(frame, gas.BASE)
    # Operation
    frame.stack.items.append(0)
    # Program counter
    frame.pc += 1


def push(_vm: VM, frame: Frame) -> None:
    """Push the bytes that follow in the code; past its end they are zero."""
    pc = frame.pc
    code = frame.code
    size = code[pc] - PUSH0
    # Gas
    charge(frame, gas.VERY_LOW)
    # Operation
    data = code[pc + 1 : pc + 1 + size]
    frame.stack.items.append(int.from_bytes(data, "big") << 8 * (size - len(data)))
    # Program counter
    frame.pc = pc + 1 + size


def dup(_vm: VM, frame: Frame) -> None:
    """Push a copy of an item further down."""
    # Gas
    charge(frame, gas.VERY_LOW)
    # Operation
    stack = frame.stack.items
    stack.append(stack[DUP1 - 1 - frame.code[frame.pc]])
    # Program counter
    frame.pc += 1


def swap(_vm: VM, frame: Frame) -> None:
    """Exchange the top item with one further down."""
    # Gas
    charge(frame, gas.VERY_LOW)
    # Operation
    stack = frame.stack.items
    other = SWAP1 - 2 - frame.code[frame.pc]
    stack[-1], stack[other] = stack[other], stack[-1]
    # Program counter
    frame.pc += 1
