"""Instruction tables: py-evm's opcodes of one fork with their stack heights, and ours laid over them."""

from collections.abc import Mapping
from typing import Any

from vm.pyevm import opcodes, words
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

GAS_ZERO, GAS_BASE, GAS_VERY_LOW, GAS_LOW, GAS_SHA3 = 0, 2, 3, 5, 30

Ours = Mapping[int, tuple[Operation, int]]
"""opcode -> (what it does, its constant gas)."""

OURS: Ours = {
    0x00: (opcodes.stop, GAS_ZERO),
    0x01: (words.add, GAS_VERY_LOW),
    0x02: (words.mul, GAS_LOW),
    0x03: (words.sub, GAS_VERY_LOW),
    0x04: (words.div, GAS_LOW),
    0x06: (words.mod, GAS_LOW),
    0x10: (words.less, GAS_VERY_LOW),
    0x11: (words.greater, GAS_VERY_LOW),
    0x14: (words.equal, GAS_VERY_LOW),
    0x15: (words.is_zero, GAS_VERY_LOW),
    0x16: (words.bitwise_and, GAS_VERY_LOW),
    0x17: (words.bitwise_or, GAS_VERY_LOW),
    0x18: (words.bitwise_xor, GAS_VERY_LOW),
    0x19: (words.bitwise_not, GAS_VERY_LOW),
    0x1B: (words.shift_left, GAS_VERY_LOW),
    0x1C: (words.shift_right, GAS_VERY_LOW),
    0x20: (words.sha3, GAS_SHA3),
    0x34: (words.call_value, GAS_BASE),
    0x35: (words.call_data_load, GAS_VERY_LOW),
    0x36: (words.call_data_size, GAS_BASE),
    0x38: (opcodes.code_size, GAS_BASE),
    0x39: (opcodes.code_copy, GAS_VERY_LOW),
    0x51: (words.memory_load, GAS_VERY_LOW),
    0x52: (words.memory_store, GAS_VERY_LOW),
    0x58: (opcodes.program_counter, GAS_BASE),
    0x5F: (opcodes.push_zero, GAS_BASE),
}
"""What replaces py-evm's opcode in every fork that has it."""


def build_table(pyevm_opcodes: Mapping[int, Any], ours: Ours) -> InstructionTable:
    """The table of one fork: py-evm's opcodes, `OURS` over them, and `ours`, which may also add some, over those."""
    rows = [_undefined(opcode) for opcode in range(256)]
    for opcode in (pyevm_opcodes.keys() | ours.keys()) & _STACK_EFFECTS.keys():
        operation, gas = ours.get(opcode) or OURS.get(opcode) or _unwrap(pyevm_opcodes[opcode])
        taken, given = _STACK_EFFECTS[opcode]
        rows[opcode] = Instruction(operation, gas, taken, STACK_LIMIT + taken - given)
    return tuple(rows)


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
