"""Instruction tables: py-evm's opcodes of one fork with their stack heights, and ours laid over them."""

from collections.abc import Mapping
from typing import Any

from vm.pyevm import opcodes
from vm.pyevm.faults import InvalidOpcode
from vm.pyevm.frame import Frame
from vm.pyevm.interpreter import Instruction, InstructionTable, Operation

STACK_LIMIT = 1024

_STACK_EFFECTS: dict[int, tuple[int, int]] = {
    0x00: (0, 0),  # STOP
    **dict.fromkeys(
        (*range(0x01, 0x08), 0x0A, 0x0B, *range(0x10, 0x15), *range(0x16, 0x19), *range(0x1A, 0x1E)), (2, 1)
    ),
    **dict.fromkeys((0x08, 0x09), (3, 1)),  # ADDMOD, MULMOD
    **dict.fromkeys((0x15, 0x19, 0x1E), (1, 1)),  # ISZERO, NOT, CLZ
    0x20: (2, 1),  # SHA3
    **dict.fromkeys((0x30, 0x32, 0x33, 0x34, 0x36, 0x38, 0x3A, 0x3D), (0, 1)),
    **dict.fromkeys((0x31, 0x35, 0x3B, 0x3F), (1, 1)),  # BALANCE, CALLDATALOAD, EXTCODESIZE, EXTCODEHASH
    **dict.fromkeys((0x37, 0x39, 0x3E), (3, 0)),  # CALLDATACOPY, CODECOPY, RETURNDATACOPY
    0x3C: (4, 0),  # EXTCODECOPY
    **dict.fromkeys((0x40, 0x49), (1, 1)),  # BLOCKHASH, BLOBHASH
    **dict.fromkeys((*range(0x41, 0x49), 0x4A), (0, 1)),
    0x50: (1, 0),  # POP
    **dict.fromkeys((0x51, 0x54, 0x5C), (1, 1)),  # MLOAD, SLOAD, TLOAD
    **dict.fromkeys((0x52, 0x53, 0x55, 0x5D), (2, 0)),  # MSTORE, MSTORE8, SSTORE, TSTORE
    0x56: (1, 0),  # JUMP
    0x57: (2, 0),  # JUMPI
    **dict.fromkeys((0x58, 0x59, 0x5A), (0, 1)),  # PC, MSIZE, GAS
    0x5B: (0, 0),  # JUMPDEST
    0x5E: (3, 0),  # MCOPY
    **dict.fromkeys(range(0x5F, 0x80), (0, 1)),  # PUSH0 to PUSH32
    **{0x7F + depth: (depth, depth + 1) for depth in range(1, 17)},  # DUP
    **{0x8F + depth: (depth + 1, depth + 1) for depth in range(1, 17)},  # SWAP
    **{0xA0 + topics: (topics + 2, 0) for topics in range(5)},  # LOG
    0xF0: (3, 1),  # CREATE
    0xF1: (7, 1),  # CALL
    0xF2: (7, 1),  # CALLCODE
    0xF3: (2, 0),  # RETURN
    0xF4: (6, 1),  # DELEGATECALL
    0xF5: (4, 1),  # CREATE2
    0xFA: (6, 1),  # STATICCALL
    0xFD: (2, 0),  # REVERT
    0xFF: (1, 0),  # SELFDESTRUCT
}
"""opcode -> (items taken, items given)."""

OURS: dict[int, Operation] = {
    0x00: opcodes.stop,
    0x38: opcodes.code_size,
    0x39: opcodes.code_copy,
    0x58: opcodes.program_counter,
    0x5F: opcodes.push_zero,
}
"""What replaces py-evm's opcode in every fork that has it."""


def build_table(pyevm_opcodes: Mapping[int, Any], ours: Mapping[int, Operation]) -> InstructionTable:
    """The table of one fork. An entry of `ours` replaces py-evm's opcode and keeps its constant gas."""
    rows = [_undefined(opcode) for opcode in range(256)]
    for opcode, pyevm_opcode in pyevm_opcodes.items():
        if opcode in _STACK_EFFECTS:
            operation, gas = _unwrap(pyevm_opcode)
            rows[opcode] = instruction(opcode, ours.get(opcode) or OURS.get(opcode) or operation, gas)
    return tuple(rows)


def instruction(opcode: int, operation: Operation, gas: int) -> Instruction:
    """One row, with the stack heights that the opcode allows."""
    taken, given = _STACK_EFFECTS[opcode]
    return Instruction(operation, gas, taken, STACK_LIMIT + taken - given)


def _undefined(opcode: int) -> Instruction:
    def fail(frame: Frame) -> None:
        raise InvalidOpcode(opcode)

    return Instruction(fail, 0, 0, STACK_LIMIT)


def _unwrap(pyevm_opcode: Any) -> tuple[Operation, int]:
    """What a py-evm opcode does and its constant gas. Calls and creates charge that themselves, so theirs is 0."""
    # SELFDESTRUCT comes wrapped in a function that warns about deprecation at every use.
    inner = getattr(pyevm_opcode, "__wrapped__", pyevm_opcode)
    logic = getattr(inner, "logic_fn", None)
    return (inner, 0) if logic is None else (logic, inner.gas_cost)
