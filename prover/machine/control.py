"""Jumps, and what an opcode can learn about the frame's progress: PC, GAS, MSIZE."""

from functools import lru_cache

from prover.machine import gas
from prover.machine.faults import InvalidJump
from prover.machine.frame import Frame
from prover.machine.gas import charge
from prover.machine.vm import VM

JUMPDEST, PUSH1, PUSH32 = 0x5B, 0x60, 0x7F


@lru_cache(maxsize=256)
def jump_destinations(code: bytes) -> frozenset[int]:
    """Every JUMPDEST of the code that is not push data."""
    found = set()
    pc = 0
    while pc < len(code):
        opcode = code[pc]
        if opcode == JUMPDEST:
            found.add(pc)
        elif PUSH1 <= opcode <= PUSH32:
            pc += opcode - PUSH1 + 1
        pc += 1
    return frozenset(found)


def jump(_vm: VM, frame: Frame) -> None:
    """Go to a JUMPDEST."""
    # Stack
    target = frame.stack.items.pop()
    # Gas
    charge(frame, gas.MID)
    # Operation
    if target not in jump_destinations(frame.code):
        raise InvalidJump
    # Program counter
    frame.pc = target


def jumpi(_vm: VM, frame: Frame) -> None:
    """Go to a JUMPDEST if the second item is not 0; otherwise the target may be anything."""
    # Stack
    stack = frame.stack.items
    target, condition = stack.pop(), stack.pop()
    # Gas
    charge(frame, gas.HIGH)
    # Operation
    if condition and target not in jump_destinations(frame.code):
        raise InvalidJump
    # Program counter
    frame.pc = target if condition else frame.pc + 1


def jumpdest(_vm: VM, frame: Frame) -> None:
    """Mark a place to jump to."""
    # Gas
    charge(frame, gas.JUMPDEST)
    # Program counter
    frame.pc += 1


def pc(_vm: VM, frame: Frame) -> None:
    """The position of this opcode."""
    # Gas
    charge(frame, gas.BASE)
    # Operation
    frame.stack.items.append(frame.pc)
    # Program counter
    frame.pc += 1


def gas_left(_vm: VM, frame: Frame) -> None:
    """Gas after this opcode."""
    # Gas
    charge(frame, gas.BASE)
    # Operation
    frame.stack.items.append(frame.gas)
    # Program counter
    frame.pc += 1


def msize(_vm: VM, frame: Frame) -> None:
    """The memory's size in bytes."""
    # Gas
    charge(frame, gas.BASE)
    # Operation
    frame.stack.items.append(frame.words * 32)
    # Program counter
    frame.pc += 1
