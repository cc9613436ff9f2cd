"""Random programs: mostly sensible, so that they get far, with noise in between."""

from hypothesis import strategies as st

from protocol.crypto import private_key_address
from protocol.types import Address
from tests.prover.worlds import COINBASE, CONTRACT, OTHER, SENDER, code, push

EMPTY = Address(b"\xe0" * 20)
STRANGER = private_key_address(bytes(31) + b"\x02")
PRECOMPILES = tuple(Address(bytes(19) + bytes((number,))) for number in range(1, 12))

small = st.integers(0, 3)
# What ends a program early, by its price or as a fault, is rare: a program should get far.
_near = [0, 1, 31, 32, 1000, 1023, 1024, 2047]
sizes = st.sampled_from([0, *[0, 1, 31, 32, 33, 64, 100, 1023, 1024, 1025, 2000] * 3, 40_000])
places = st.sampled_from([*_near * 6, 2**16, 2**64, 2**255])
words = st.one_of(
    small, st.integers(0, 2**256 - 1), st.sampled_from([2**255, 2**256 - 1, 31, 32, 255, 256, 2**64, 2**160])
)
targets = st.sampled_from((CONTRACT, CONTRACT, OTHER, OTHER, EMPTY, STRANGER, SENDER, COINBASE, *PRECOMPILES))
gas = st.sampled_from([0, 700, 2_299, 2_300, 5_000, 30_000, 2**40])
salts = st.one_of(st.none(), small)
values = st.sampled_from([0, 0, 0, 1, 5, 10**30])

arithmetic = st.sampled_from([*range(1, 0x0C), *range(0x10, 0x1E)])
environment = st.sampled_from(
    [0x30, 0x32, 0x33, 0x34, 0x36, 0x38, 0x3A, 0x3D, *range(0x41, 0x49), 0x4A, 0x58, 0x59, 0x5A]
)
asks = st.sampled_from([0x31, 0x3B, 0x3F])

INITCODES = (
    b"",
    code(push(5), push(1), 0x55, 0x00),
    code(push(1), push(31), 0xF3),
    code(push(SENDER), 0xFF),
    code(push(0), push(0), 0xFD),
    code(push(64), push(0), 0xFD),
    code(push(0xEF), push(0), 0x53, push(1), push(0), 0xF3),
    code(push(0x33FF), push(0), 0x52, push(2), push(30), 0xF3),
    code(push(7), push(0), 0x55, push(0x30FF), push(0), 0x52, push(2), push(30), 0xF3),
    code(push(30_000), push(0), 0xF3),
    code(0xFE),
)


def _create(initcode: bytes, value: int, salt: int | None, then_call: bool) -> bytes:
    store = code(push(initcode.ljust(32, b"\0")), push(0), 0x52)
    arguments = [] if salt is None else [push(salt)]
    made = code(*arguments, push(len(initcode)), push(0), push(value), 0xF0 if salt is None else 0xF5)
    called = code(push(0) * 5, 0x85, 0x5A, 0xF1, 0x50, 0x50)
    return store + made + (called if then_call else code(push(2), 0x55))


def _jump_over(rest: bytes, condition: int | None) -> bytes:
    """A jump over some bytes, counted from PC, to a JUMPDEST; without a condition an INVALID is jumped over too."""
    if condition is None:
        return code(push(len(rest) + 4), 0x58, 0x01, 0x56) + b"\xfe" + rest + b"\x5b"
    return code(push(condition), push(len(rest) + 3), 0x58, 0x01, 0x57) + rest + b"\x5b"


parts = st.one_of(
    st.builds(lambda slot, value: code(push(value), push(slot), 0x55), small, st.one_of(small, words)),
    st.builds(lambda slot: code(push(slot), 0x54, 0x50), small),
    st.builds(lambda slot, value: code(push(value), push(slot), 0x5D), small, small),
    st.builds(lambda slot, to: code(push(slot), 0x5C, push(to), 0x55), small, small),
    st.builds(lambda a, b, c, op: code(push(c), push(b), push(a), op, push(3), 0x55), words, words, words, arithmetic),
    st.builds(lambda at, value: code(push(value), push(at), 0x52), places, words),
    st.builds(lambda at, value: code(push(value), push(at), 0x53), places, words),
    st.builds(lambda at: code(push(at), 0x51, push(1), 0x55), places),
    st.builds(lambda to, at, size: code(push(size), push(at), push(to), 0x5E), places, places, sizes),
    st.builds(lambda at, size: code(push(size), push(at), 0x20, push(1), 0x55), places, sizes),
    st.builds(lambda op: code(op, push(1), 0x55), environment),
    st.builds(lambda at: code(push(at), 0x35, push(1), 0x55), places),
    st.builds(lambda number: code(push(number), 0x40, push(1), 0x55), st.sampled_from([0, 43, 44, 299, 300, 2**70])),
    st.builds(lambda index: code(push(index), 0x49, push(1), 0x55), words),
    st.builds(lambda op, target: code(push(target), op, push(1), 0x55), asks, targets),
    st.builds(
        lambda op, to, at, size: code(push(size), push(at), push(to), op),
        st.sampled_from([0x37, 0x39, 0x3E]),
        places,
        places,
        sizes,
    ),
    st.builds(
        lambda target, to, at, size: code(push(size), push(at), push(to), push(target), 0x3C),
        targets,
        places,
        places,
        sizes,
    ),
    st.builds(
        lambda topics, at, size: code(*map(push, topics), push(size), push(at), 0xA0 + len(topics)),
        st.lists(words, max_size=4),
        places,
        sizes,
    ),
    st.builds(
        lambda op, amount, value, target, data, output: code(
            push(output), push(0), push(data), push(0), push(value), push(target), push(amount), op, push(0), 0x55
        ),
        st.sampled_from([0xF1, 0xF1, 0xF2]),
        gas,
        values,
        targets,
        sizes,
        sizes,
    ),
    st.builds(
        lambda op, amount, target, data, output: code(
            push(output), push(0), push(data), push(0), push(target), push(amount), op, push(0), 0x55
        ),
        st.sampled_from([0xF4, 0xFA]),
        gas,
        targets,
        sizes,
        sizes,
    ),
    st.builds(
        _create, st.sampled_from(INITCODES), st.sampled_from([0, 0, 1]), st.one_of(st.none(), small), st.booleans()
    ),
    st.builds(_jump_over, st.sampled_from([b"", b"\x00", b"\x61\x5b", b"\xfe"]), st.sampled_from([None, 0, 1])),
    st.builds(lambda depth: b"\x58" * 17 + bytes((0x80 + depth,)) + b"\x50" * 15, st.integers(0, 31)),
)
noise = st.one_of(st.binary(min_size=1, max_size=3), st.integers(0, 255).map(lambda opcode: bytes((opcode,))))
endings = st.one_of(
    st.just(b""),
    st.just(b"\x00"),
    st.builds(lambda op, at, size: code(push(size), push(at), op), st.sampled_from([0xF3, 0xFD]), places, sizes),
    st.just(b"\xfe"),
    targets.map(lambda target: code(push(target), 0xFF)),
    st.just(b"\x7f\x01"),
)
programs = st.builds(
    lambda body, ending: b"".join(body) + ending,
    st.lists(st.one_of(*[parts] * 20, noise), min_size=2, max_size=12),
    endings,
)
