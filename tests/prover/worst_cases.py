"""The dearest steps for L1 that are known: long codes, long jumps, long hashes, pages far up, wide tries."""

from collections.abc import Iterator

from protocol.types import Address
from tests.prover.corpus import Example
from tests.prover.worlds import CONTRACT, OTHER, code, push
from vm.memory_state import Allocation

CODE_SIZE = 24_576
INITCODE_SIZE = 49_152
_PUSHES = {"PUSH1": b"\x60\xff", "JUMPDEST PUSH1": b"\x5b\x60\xff", "31 JUMPDEST PUSH1": b"\x5b" * 31 + b"\x60\xff"}


def long_jump(size: int, filler: bytes) -> bytes:
    """Code of `size` bytes that jumps over almost all of itself."""
    start = code(push((size - 1).to_bytes(2, "big")), 0x56)
    body = size - 1 - len(start)
    return (
        start + (filler * (body // len(filler) + 1))[: body // len(filler) * len(filler)].ljust(body, b"\x5b") + b"\x5b"
    )


def _with_code(program: bytes, name: str, **tx: object) -> Example:
    return Example(name, {CONTRACT: Allocation(10**6, 1, program, {1: 5}), OTHER: Allocation(50, 1, b"\xfe")}, tx)


def worst_cases() -> Iterator[Example]:
    """Transactions with such steps; what else they do is short."""
    for name, filler in _PUSHES.items():
        yield _with_code(long_jump(CODE_SIZE, filler), f"a jump over 24 kB of {name}")
        yield Example(
            f"a jump over 48 kB of initcode of {name}",
            {},
            {"to": None, "data": long_jump(INITCODE_SIZE, filler), "gas_limit": 3_000_000},
        )
    noise = bytes((7 * index + 3) % 256 or 1 for index in range(CODE_SIZE))
    far = code(push(32 * 1024), push(1), 0x20)
    fill = code(push(len(noise)), push(0), push(100), 0x39)
    yield _with_code(code(fill, far).ljust(100, b"\0") + noise[100:], "a hash of 32 kB beside 24 kB of code")
    yield _with_code(
        code(push(1), push(2**20 - 3), 0x52, push(2**20 - 3), 0x51),
        "a word across two pages far up",
        gas_limit=3_000_000,
    )
    yield _with_code(code(fill, push(5000), push(33), push(1), 0x5E).ljust(100, b"\0") + noise[100:], "copies of 24 kB")
    yield _with_code(code(*[push(2**256 - index) for index in range(1, 18)], 0x9F, 0x8F), "SWAP16 and DUP16")
    for number in (2, 3):
        called = code(push(0) * 2, push(CODE_SIZE), push(3), push(number), push(300_000), 0xFA)
        yield _with_code(code(fill, called).ljust(100, b"\0") + noise[100:], f"precompile {number} of 24 kB")
    installed = code(push(CODE_SIZE), push(0), 0xF3)
    yield Example("24 kB of code installed", {}, {"to": None, "data": installed, "gas_limit": 6_000_000})
    crowd = {Address(index.to_bytes(20, "big")): Allocation(index, 1) for index in range(2**20, 2**20 + 1500)}
    slots = {slot: slot + 1 for slot in range(600)}
    writes = code(push(0), push(7), 0x55, push(1), push(2**200), 0x55, push(2**20 + 3), 0x31)
    world = {**crowd, CONTRACT: Allocation(10**6, 1, writes, slots), OTHER: Allocation(50, 1, b"\xfe")}
    yield Example("tries of some thousand leaves", world)
