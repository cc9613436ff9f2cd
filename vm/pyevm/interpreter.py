"""The loop that runs a frame's code, one opcode after another.

Stack heights and constant gas are checked here, from the fork's instruction table, before an opcode starts; opcodes
that only move the stack or the program counter are done here as well, because they are half of all that run.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, Protocol

from eth.exceptions import Halt

from vm.pyevm.faults import InvalidJump, OutOfGas, StackOverflow, StackUnderflow

if TYPE_CHECKING:
    from vm.pyevm.frame import Frame

POP, JUMP, JUMPI, JUMPDEST = 0x50, 0x56, 0x57, 0x5B
PUSH0, PUSH1, PUSH32, DUP1, DUP16, SWAP1, SWAP16 = 0x5F, 0x60, 0x7F, 0x80, 0x8F, 0x90, 0x9F

PADDING = bytes(33)
"""Code reads as STOP behind its end, and a PUSH32 in its last byte still has its operand."""


class Operation(Protocol):
    """What an opcode does beyond its constant gas."""

    def __call__(self, frame: "Frame", /) -> None:
        """Work on the frame; raise a VMError to fail it, Halt to end it well."""


class Instruction(NamedTuple):
    """One row of a fork's table: `least` and `most` are the stack heights it may start from."""

    operation: Operation
    gas: int
    least: int
    most: int


InstructionTable = Sequence[Instruction]


def run(frame: "Frame", table: InstructionTable) -> None:  # noqa: PLR0912 - the hot loop pays for every call it makes
    """Run the frame's code until it halts; raises VMError on a fault."""
    code = frame.code + PADDING
    stack = frame.stack
    gas = frame.gas
    counter = 0
    while True:
        opcode = code[counter]
        operation, cost, least, most = table[opcode]
        height = len(stack)
        if not least <= height <= most:
            raise StackUnderflow(height, least) if height < least else StackOverflow(height, most)
        if cost > gas:
            raise OutOfGas
        gas -= cost
        counter += 1
        if PUSH1 <= opcode <= PUSH32:
            end = counter + opcode - PUSH0
            stack.append(int.from_bytes(code[counter:end], "big"))
            counter = end
        elif DUP1 <= opcode <= DUP16:
            stack.append(stack[PUSH32 - opcode])
        elif SWAP1 <= opcode <= SWAP16:
            other = PUSH32 + 15 - opcode
            stack[-1], stack[other] = stack[other], stack[-1]
        elif opcode == JUMPI:
            target, condition = stack.pop(), stack.pop()
            if condition:
                if target not in jump_destinations(frame.code):
                    raise InvalidJump
                counter = target
        elif opcode == JUMP:
            counter = stack.pop()
            if counter not in jump_destinations(frame.code):
                raise InvalidJump
        elif opcode == POP:
            stack.pop()
        elif opcode != JUMPDEST:
            frame.gas = gas
            frame.program_counter = counter
            try:
                operation(frame)
            except Halt:
                return
            gas = frame.gas


@lru_cache(maxsize=1024)
def jump_destinations(code: bytes) -> frozenset[int]:
    """The positions of JUMPDEST that are not the operand of a PUSH."""
    found = set()
    position = 0
    while position < len(code):
        opcode = code[position]
        if opcode == JUMPDEST:
            found.add(position)
        elif PUSH1 <= opcode <= PUSH32:
            position += opcode - PUSH0
        position += 1
    return frozenset(found)
