"""Programs made at random: every step leaves the stack as it found it, so that most run to their end."""

from hypothesis import strategies as st

from protocol.types import Address
from tests.vm.conftest import MINER, SENDERS

CONTRACTS = tuple(Address(bytes(18) + b"\xc0" + bytes((index,))) for index in range(1, 5))
EMPTY = Address(bytes(18) + b"\xe0\x01")
PRECOMPILES = tuple(Address(bytes(19) + bytes((index,))) for index in (1, 2, 3, 4, 5))
TARGETS = (*CONTRACTS, EMPTY, *PRECOMPILES, SENDERS[0], MINER)


def push(value: int | bytes) -> bytes:
    data = value if isinstance(value, bytes) else value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big")
    return bytes((0x5F + len(data),)) + data


def program(*parts: int | bytes) -> bytes:
    """Opcodes as integers, everything to push as bytes that `push` made."""
    return b"".join(bytes((part,)) if isinstance(part, int) else part for part in parts)


small = st.integers(0, 3)
words = st.one_of(small, st.integers(0, 2**256 - 1), st.sampled_from([2**255, 2**256 - 1, 31, 32, 256]))
gas = st.sampled_from([0, 700, 2_300, 5_000, 30_000, 100_000, 2**40])
values = st.sampled_from([0, 0, 1, 5, 10**30])
targets = st.sampled_from(TARGETS)

# Each step leaves the stack as it found it, so that programs of any steps run to their end unless a step ends them.
BINARY = [*range(1, 8), 0x0A, 0x0B, *range(0x10, 0x15), *range(0x16, 0x19), *range(0x1A, 0x1E)]
CONTEXT = [0x30, 0x32, 0x33, 0x34, 0x36, 0x38, 0x3A, 0x3D, *range(0x41, 0x49), 0x58, 0x59, 0x5A]
offsets = st.integers(0, 100)


def call_step(opcode: int, amount: int, value: int | None, target: Address) -> bytes:
    """A call of any kind with 64 bytes of input; `value` is None for those without one. Stores whether it succeeded."""
    arguments = [push(32), push(0), push(64), push(0), *([] if value is None else [push(value)])]
    return program(*arguments, push(target), push(amount), opcode, push(0), 0x55)


def log_step(topics: list[int], size: int) -> bytes:
    return program(*map(push, topics), push(size), push(0), 0xA0 + len(topics))


steps = st.one_of(
    st.builds(lambda slot, value: program(push(value), push(slot), 0x55), small, st.one_of(small, words)),  # SSTORE
    st.builds(lambda slot: program(push(slot), 0x54, 0x50), small),  # SLOAD
    st.builds(lambda slot, value: program(push(value), push(slot), 0x5D), small, small),  # TSTORE
    st.builds(lambda slot, to: program(push(slot), 0x5C, push(to), 0x55), small, small),  # TLOAD, SSTORE
    st.builds(lambda a, b, op: program(push(a), push(b), op, push(3), 0x55), words, words, st.sampled_from(BINARY)),
    st.builds(
        lambda a, b, m, op: program(push(m), push(b), push(a), op, push(2), 0x55),
        words,
        words,
        words,
        st.sampled_from([0x08, 0x09]),  # ADDMOD, MULMOD
    ),
    st.builds(lambda at, value, op: program(push(value), push(at), op), offsets, words, st.sampled_from([0x52, 0x53])),
    st.builds(lambda at: program(push(at), 0x51, push(1), 0x55), offsets),  # MLOAD
    st.builds(lambda to, at, size: program(push(size), push(at), push(to), 0x5E), offsets, offsets, offsets),  # MCOPY
    st.builds(lambda at, size: program(push(size), push(at), 0x20, push(1), 0x55), offsets, offsets),  # SHA3
    st.builds(lambda at: program(push(at), 0x35, push(1), 0x55), offsets),  # CALLDATALOAD
    st.builds(lambda op: program(op, push(1), 0x55), st.sampled_from(CONTEXT)),
    st.builds(  # BALANCE, EXTCODESIZE, EXTCODEHASH
        lambda op, target: program(push(target), op, push(1), 0x55), st.sampled_from([0x31, 0x3B, 0x3F]), targets
    ),
    st.builds(  # CALLDATACOPY, CODECOPY, RETURNDATACOPY
        lambda op, to, at, size: program(push(size), push(at), push(to), op),
        st.sampled_from([0x37, 0x39, 0x3E]),
        offsets,
        offsets,
        offsets,
    ),
    st.builds(lambda target, size: program(push(size), push(0), push(0), push(target), 0x3C), targets, offsets),
    st.builds(log_step, st.lists(words, max_size=4), offsets),
    st.builds(call_step, st.sampled_from([0xF1, 0xF2]), gas, values, targets),  # CALL, CALLCODE
    st.builds(call_step, st.sampled_from([0xF4, 0xFA]), gas, st.none(), targets),  # DELEGATECALL, STATICCALL
)

endings = st.one_of(
    st.just(program(0x00)),
    st.just(program(push(32), push(0), 0xF3)),
    st.just(program(push(32), push(0), 0xFD)),
    st.just(program(0xFE)),
    targets.map(lambda target: program(push(target), 0xFF)),
)


def create_step(initcode: bytes, value: int, salt: int | None, then_call: bool) -> bytes:
    """CREATE, or CREATE2 with a salt, of at most 32 bytes of initcode, and perhaps a call of what was made."""
    store = program(push(initcode.ljust(32, b"\0")), push(0), 0x52)
    arguments = [] if salt is None else [push(salt)]
    create = program(*arguments, push(len(initcode)), push(0), push(value), 0xF0 if salt is None else 0xF5)
    zeros = push(0) * 5
    after = program(zeros, 0x85, 0x5A, 0xF1, 0x50, 0x50) if then_call else program(push(2), 0x55)
    return store + create + after


INITCODES = (
    b"",
    program(push(5), push(1), 0x55, 0x00),
    program(push(1), push(31), 0xF3),
    program(push(SENDERS[0]), 0xFF),
    program(push(0), push(0), 0xFD),
    program(push(0xEF), push(0), 0x53, push(1), push(0), 0xF3),
    # Installs two bytes: CALLER SELFDESTRUCT.
    program(push(0x33FF), push(0), 0x52, push(2), push(30), 0xF3),
)
creates = st.builds(
    create_step, st.sampled_from(INITCODES), st.sampled_from([0, 0, 1]), st.one_of(st.none(), small), st.booleans()
)


def codes_of(*more: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """Whole programs of the steps here and `more`."""
    bodies = st.lists(st.one_of(steps, steps, creates, *more), max_size=7)
    return st.builds(lambda body, ending: b"".join(body) + ending, bodies, endings)


codes = codes_of()
