"""The opcode table: one row per opcode, with the fork that introduced it."""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from protocol.forks import Fork
from prover.machine import (
    arithmetic,
    calls,
    control,
    copies,
    creates,
    environment,
    halts,
    hashing,
    logs,
    memory_opcodes,
    stack_opcodes,
    storage,
)
from prover.machine.frame import Frame
from prover.machine.vm import VM


class Row(NamedTuple):
    """One opcode: how many items it looks at, by how many the stack grows, and what it does."""

    name: str
    takes: int
    grows: int
    run: Callable[[VM, Frame], None]
    since: Fork = Fork.FRONTIER


def _row(name: str, takes: int, gives: int, run: Callable[[VM, Frame], None], since: Fork = Fork.FRONTIER) -> Row:
    return Row(name, takes, gives - takes, run, since)


_ROWS: dict[int, Row] = {
    0x00: _row("STOP", 0, 0, halts.stop),
    0x01: _row("ADD", 2, 1, arithmetic.add),
    0x02: _row("MUL", 2, 1, arithmetic.mul),
    0x03: _row("SUB", 2, 1, arithmetic.sub),
    0x04: _row("DIV", 2, 1, arithmetic.div),
    0x05: _row("SDIV", 2, 1, arithmetic.sdiv),
    0x06: _row("MOD", 2, 1, arithmetic.mod),
    0x07: _row("SMOD", 2, 1, arithmetic.smod),
    0x08: _row("ADDMOD", 3, 1, arithmetic.addmod),
    0x09: _row("MULMOD", 3, 1, arithmetic.mulmod),
    0x0A: _row("EXP", 2, 1, arithmetic.exp),
    0x0B: _row("SIGNEXTEND", 2, 1, arithmetic.signextend),
    0x10: _row("LT", 2, 1, arithmetic.lt),
    0x11: _row("GT", 2, 1, arithmetic.gt),
    0x12: _row("SLT", 2, 1, arithmetic.slt),
    0x13: _row("SGT", 2, 1, arithmetic.sgt),
    0x14: _row("EQ", 2, 1, arithmetic.eq),
    0x15: _row("ISZERO", 1, 1, arithmetic.iszero),
    0x16: _row("AND", 2, 1, arithmetic.and_),
    0x17: _row("OR", 2, 1, arithmetic.or_),
    0x18: _row("XOR", 2, 1, arithmetic.xor),
    0x19: _row("NOT", 1, 1, arithmetic.not_),
    0x1A: _row("BYTE", 2, 1, arithmetic.byte),
    0x1B: _row("SHL", 2, 1, arithmetic.shl, Fork.CONSTANTINOPLE),
    0x1C: _row("SHR", 2, 1, arithmetic.shr, Fork.CONSTANTINOPLE),
    0x1D: _row("SAR", 2, 1, arithmetic.sar, Fork.CONSTANTINOPLE),
    0x20: _row("KECCAK256", 2, 1, hashing.keccak256),
    0x30: _row("ADDRESS", 0, 1, environment.address),
    0x31: _row("BALANCE", 1, 1, environment.balance),
    0x32: _row("ORIGIN", 0, 1, environment.origin),
    0x33: _row("CALLER", 0, 1, environment.caller),
    0x34: _row("CALLVALUE", 0, 1, environment.callvalue),
    0x35: _row("CALLDATALOAD", 1, 1, environment.calldataload),
    0x36: _row("CALLDATASIZE", 0, 1, environment.calldatasize),
    0x37: _row("CALLDATACOPY", 3, 0, copies.calldatacopy),
    0x38: _row("CODESIZE", 0, 1, environment.codesize),
    0x39: _row("CODECOPY", 3, 0, copies.codecopy),
    0x3A: _row("GASPRICE", 0, 1, environment.gasprice),
    0x3B: _row("EXTCODESIZE", 1, 1, environment.extcodesize),
    0x3C: _row("EXTCODECOPY", 4, 0, copies.extcodecopy),
    0x3D: _row("RETURNDATASIZE", 0, 1, environment.returndatasize, Fork.BYZANTIUM),
    0x3E: _row("RETURNDATACOPY", 3, 0, copies.returndatacopy, Fork.BYZANTIUM),
    0x3F: _row("EXTCODEHASH", 1, 1, environment.extcodehash, Fork.CONSTANTINOPLE),
    0x40: _row("BLOCKHASH", 1, 1, environment.blockhash),
    0x41: _row("COINBASE", 0, 1, environment.coinbase),
    0x42: _row("TIMESTAMP", 0, 1, environment.timestamp),
    0x43: _row("NUMBER", 0, 1, environment.number),
    0x44: _row("PREVRANDAO", 0, 1, environment.prevrandao),
    0x45: _row("GASLIMIT", 0, 1, environment.gaslimit),
    0x46: _row("CHAINID", 0, 1, environment.chainid, Fork.ISTANBUL),
    0x47: _row("SELFBALANCE", 0, 1, environment.selfbalance, Fork.ISTANBUL),
    0x48: _row("BASEFEE", 0, 1, environment.basefee, Fork.LONDON),
    0x49: _row("BLOBHASH", 1, 1, environment.blobhash, Fork.CANCUN),
    0x4A: _row("BLOBBASEFEE", 0, 1, environment.blobbasefee, Fork.CANCUN),
    0x50: _row("POP", 1, 0, stack_opcodes.pop),
    0x51: _row("MLOAD", 1, 1, memory_opcodes.mload),
    0x52: _row("MSTORE", 2, 0, memory_opcodes.mstore),
    0x53: _row("MSTORE8", 2, 0, memory_opcodes.mstore8),
    0x54: _row("SLOAD", 1, 1, storage.sload),
    0x55: _row("SSTORE", 2, 0, storage.sstore),
    0x56: _row("JUMP", 1, 0, control.jump),
    0x57: _row("JUMPI", 2, 0, control.jumpi),
    0x58: _row("PC", 0, 1, control.pc),
    0x59: _row("MSIZE", 0, 1, control.msize),
    0x5A: _row("GAS", 0, 1, control.gas_left),
    0x5B: _row("JUMPDEST", 0, 0, control.jumpdest),
    0x5C: _row("TLOAD", 1, 1, storage.tload, Fork.CANCUN),
    0x5D: _row("TSTORE", 2, 0, storage.tstore, Fork.CANCUN),
    0x5E: _row("MCOPY", 3, 0, copies.mcopy, Fork.CANCUN),
    0x5F: _row("PUSH0", 0, 1, stack_opcodes.push0, Fork.SHANGHAI),
    **{0x5F + size: _row(f"PUSH{size}", 0, 1, stack_opcodes.push) for size in range(1, 33)},
    **{0x7F + depth: _row(f"DUP{depth}", depth, depth + 1, stack_opcodes.dup) for depth in range(1, 17)},
    **{0x8F + depth: _row(f"SWAP{depth}", depth + 1, depth + 1, stack_opcodes.swap) for depth in range(1, 17)},
    **{0xA0 + topics: _row(f"LOG{topics}", 2 + topics, 0, logs.log) for topics in range(5)},
    0xF0: _row("CREATE", 3, 1, creates.create),
    # The result of a call or create is pushed by a later step, yet the room for it is counted here.
    0xF1: _row("CALL", 7, 1, calls.call),
    0xF2: _row("CALLCODE", 7, 1, calls.callcode),
    0xF3: _row("RETURN", 2, 0, halts.return_),
    0xF4: _row("DELEGATECALL", 6, 1, calls.delegatecall, Fork.HOMESTEAD),
    0xF5: _row("CREATE2", 4, 1, creates.create2, Fork.CONSTANTINOPLE),
    0xFA: _row("STATICCALL", 6, 1, calls.staticcall, Fork.BYZANTIUM),
    0xFD: _row("REVERT", 2, 0, halts.revert, Fork.BYZANTIUM),
    0xFE: _row("INVALID", 0, 0, halts.invalid),
    0xFF: _row("SELFDESTRUCT", 1, 0, halts.selfdestruct),
}


@cache
def table_of(fork: int) -> tuple[Row | None, ...]:
    """The fork's 256 rows; None where it has no such opcode."""
    rows = (_ROWS.get(opcode) for opcode in range(256))
    return tuple(row if row is not None and row.since <= fork else None for row in rows)
