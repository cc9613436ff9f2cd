"""Small transactions: every opcode well, out of gas by one, underflowing, static; and every phase."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from protocol.crypto import keccak
from protocol.forks import Fork
from protocol.transaction import AccessEntry
from protocol.types import Address
from prover.machine.codes import create2_address
from prover.machine.opcodes import Row, table_of
from prover.machine.step import running_code, step
from prover.machine.vm import DONE, EXECUTE, FAULT, VM
from tests.prover.worlds import CONTRACT, OTHER, code, machine, push, signed, state_with
from vm.memory_state import Allocation

GAS_LIMIT = 400_000
STACK_LIMIT = 1024
OVERFLOWING = ("PUSH0", "PUSH32", "DUP16", "PC", "SELFBALANCE")
"""A full stack takes a thousand steps to make; `machine/test_step.py` fills it by hand for every opcode."""
SELF = int.from_bytes(CONTRACT, "big")

_CALL_ARGUMENTS = {
    0xF1: (50_000, int.from_bytes(OTHER, "big"), 3, 5, 40, 70, 33),
    0xF2: (50_000, int.from_bytes(OTHER, "big"), 3, 5, 40, 70, 33),
    0xF4: (50_000, int.from_bytes(OTHER, "big"), 5, 40, 70, 33),
    0xFA: (50_000, int.from_bytes(OTHER, "big"), 5, 40, 70, 33),
}
ARGUMENTS: dict[int, tuple[int, ...]] = {
    **_CALL_ARGUMENTS,
    0x20: (3, 60),
    0x31: (int.from_bytes(OTHER, "big"),),
    0x37: (5, 2, 70),
    0x39: (1000, 1, 70),
    0x3B: (int.from_bytes(OTHER, "big"),),
    0x3C: (int.from_bytes(OTHER, "big"), 7, 1, 50),
    0x3E: (7, 0, 0),
    0x3F: (int.from_bytes(OTHER, "big"),),
    0x40: (299,),
    0x51: (1010,),
    0x52: (1010, 2**256 - 3),
    0x53: (1030, 0x1FF),
    0x54: (1,),
    0x55: (1, 9),
    0x5E: (40, 33, 2000),
    **{0xA0 + topics: (1010, 40, *range(1, topics + 1)) for topics in range(5)},
    0xF0: (1, 1016, 8),
    0xF5: (1, 1016, 8, 77),
    0xF3: (3, 60),
    0xFD: (3, 60),
    0xFF: (int.from_bytes(OTHER, "big"),),
}
"""What to push, the top of the stack first; elsewhere 7, 6, 5…"""

CALLEE = code(push(0x55), push(0), 0x52, 0x36, push(32), 0x52, push(40), push(3), 0xF3)
"""Returns 40 bytes."""
INITCODE = code(push(0x5B), push(0), 0x53, push(1), push(0), 0xF3)
"""8 bytes that install JUMPDEST."""
PREPARE = code(push(INITCODE.rjust(32, b"\x5b")), push(992), 0x52)
"""Puts the initcode at 1016."""


@dataclass(frozen=True)
class Example:
    """One transaction to prove."""

    name: str
    accounts: dict[Address, Allocation]
    tx: dict[str, object] = field(default_factory=dict)

    def begin(self) -> VM:
        """The machine before it."""
        return machine(state_with(self.accounts), signed(**{"gas_limit": GAS_LIMIT, "data": b"\1\2\3", **self.tx}))


def opcode_examples() -> Iterator[Example]:
    """Every opcode of the fork in every way that it can go."""
    for opcode, row in enumerate(table_of(Fork.CANCUN)):
        if row is not None:
            yield from _examples_of(opcode, row)
    yield _example("undefined opcode", b"\x0c")


def _examples_of(opcode: int, row: Row) -> Iterator[Example]:
    arguments = _arguments(opcode, row)
    program = PREPARE + code(*map(push, reversed(arguments)), opcode) + _after(opcode)
    fine = _example(row.name, program)
    yield fine
    limit = _gas_that_fails_by_one(fine, opcode)
    if limit is not None:
        yield Example(f"{row.name} out of gas by one", fine.accounts, {"gas_limit": limit})
    if row.takes:
        yield _example(f"{row.name} underflow", b"\x5f" * (row.takes - 1) + bytes((opcode,)))
    if row.name in OVERFLOWING:
        yield _example(f"{row.name} overflow", b"\x5f" * STACK_LIMIT + bytes((opcode,)))
    caller = code(push(0) * 4, push(OTHER), 0x5A, 0xFA, push(1), 0x55)
    accounts = {CONTRACT: Allocation(10**6, 1, caller), OTHER: Allocation(50, 1, program, {1: 5})}
    yield Example(f"{row.name} static", accounts)


def _arguments(opcode: int, row: Row) -> tuple[int, ...]:
    if opcode in ARGUMENTS:
        return ARGUMENTS[opcode]
    if opcode in (0x56, 0x57):
        takes = 1 if opcode == 0x56 else 2
        # Behind PREPARE, the pushes and the opcode comes one byte to jump over, then the JUMPDEST.
        return (len(PREPARE) + 2 * takes + 2, 1)[:takes]
    return tuple(range(7 + row.takes, 7, -1))


def _after(opcode: int) -> bytes:
    """Padding that makes PUSH read its data, and the JUMPDEST of jumps."""
    if opcode in (0x56, 0x57):
        return b"\xfe\x5b\x00"
    return bytes(range(1, 33)) if 0x60 <= opcode <= 0x7F else b"\x00"


def _example(name: str, program: bytes) -> Example:
    return Example(name, {CONTRACT: Allocation(10**6, 1, program, {1: 5}), OTHER: Allocation(50, 1, CALLEE)})


def _gas_that_fails_by_one(example: Example, opcode: int) -> int | None:
    """A gas limit with which the opcode's first execution lacks one gas; None if it is free."""
    vm = example.begin()
    while vm.phase != DONE:
        frame = vm.frame
        at_opcode = (
            vm.phase == EXECUTE
            and getattr(frame, "depth", 1) == 0
            and running_code(vm, frame)[frame.pc : frame.pc + 1] == bytes((opcode,))  # type: ignore[union-attr, arg-type]
        )
        before = frame.gas if at_opcode else 0  # type: ignore[union-attr]
        step(vm)
        if at_opcode:
            if vm.phase == FAULT:
                return None
            cost = before - frame.gas  # type: ignore[union-attr]
            if opcode in _CALL_ARGUMENTS:
                # What a call passes on adapts to what there is; only its own cost can be lacking.
                cost -= vm.cursor.gas - (2_300 if opcode in (0xF1, 0xF2) else 0)  # type: ignore[attr-defined]
            if opcode in (0xF0, 0xF5):
                cost -= vm.cursor.gas  # type: ignore[attr-defined]
            return GAS_LIMIT - before + cost - 1 if cost else None
    return None


def other_examples() -> Iterator[Example]:
    """Phases and kinds of transactions that no single opcode shows."""
    call = code(push(0) * 5, push(OTHER), 0x5A, 0xF1)
    balance = {CONTRACT: Allocation(10**6, 1, code(push(1), push(1), 0x55, call, push(0), push(1), 0x55))}
    yield Example("a call that faults", {**balance, OTHER: Allocation(0, 1, b"\xfe")})
    yield Example("a call that reverts with data", {**balance, OTHER: Allocation(0, 1, code(push(40), push(0), 0xFD))})
    yield Example(
        "effects of a call that reverts",
        {
            **balance,
            OTHER: Allocation(9, 1, code(push(1), push(2), 0x55, push(0) * 2, 0xA0, 0x30, 0xFF)),
            CONTRACT: Allocation(10**6, 1, code(call, push(0) * 2, 0xFD)),
        },
    )
    yield Example("a transfer", {}, {"to": OTHER, "value": 5, "data": b""})
    yield Example("a create", {}, {"to": None, "data": INITCODE})
    yield Example(
        "a create of reserved code", {}, {"to": None, "data": code(push(0xEF), push(0), 0x53, push(1), push(0), 0xF3)}
    )
    yield Example("a create of too much code", {}, {"to": None, "data": code(push(24_577), push(0), 0xF3)})
    yield Example("a create that cannot pay for its code", {}, {"to": None, "data": code(push(20_000), push(0), 0xF3)})
    yield _example("a jump to no jumpdest", code(push(0), 0x56))
    yield _example("a jump into push data", code(push(4), 0x56, push(0x5B), 0x00))
    yield _example("a jump whose target is right in its lower 64 bits", code(push(2**64 + 11), 0x56, 0x5B, 0x00))
    yield _example("an untaken jump to no jumpdest", code(push(0), push(2**255), 0x57, 0x00))
    yield _example("a copy of nothing from behind the returndata", code(push(0), push(1), push(0), 0x3E))
    yield _example("initcode of 49,153 bytes", code(push(49_153), push(0), push(0), 0xF0))
    yield Example("an access list", balance, {"access_list": (AccessEntry(OTHER, (1, 2)), AccessEntry(CONTRACT, (1,)))})
    yield Example("a wrong nonce", balance, {"nonce": 5})
    yield Example("too little gas", balance, {"gas_limit": 21_000})
    yield Example("a clearing of storage", {CONTRACT: Allocation(0, 1, code(push(0), push(1), 0x55), {1: 5, 2: 6})})
    long_hash = code(push(40_000), push(3), 0x20, push(1), 0x55)
    yield Example("a hash of 40,000 bytes", {CONTRACT: Allocation(0, 1, long_hash)})
    for number in (2, 3):
        long_input = code(push(32), push(0), push(40_000), push(7), push(number), push(300_000), 0xFA, push(0), 0x51)
        yield Example(
            f"precompile {number} of 40,000 bytes", {CONTRACT: Allocation(0, 1, long_input + push(1) + b"\x55")}
        )
    whole = 7 * 136 * 35  # ends with a full step, so that the last one has only the padding
    yield Example(
        f"a hash of {whole} bytes", {CONTRACT: Allocation(0, 1, code(push(whole), push(0), 0x20, push(1), 0x55))}
    )
    copy = code(push(32), push(0), 0x52, push(3000), push(10), push(500), 0x5E, push(3000), push(700), push(10), 0x5E)
    yield Example("copies that overlap", {CONTRACT: Allocation(0, 1, copy)})
    for number in range(1, 11):
        to_precompile = code(
            push(1), push(0), 0x52, push(64), push(64), push(192), push(0), push(number), push(100_000), 0xFA
        )
        output = code(0x3D, push(0), push(0), 0x3E)
        yield Example(f"precompile {number}", {CONTRACT: Allocation(0, 1, to_precompile + output)})
    yield from state_examples()
    suicide = code(push(0x30FF), push(0), 0x52, push(2), push(30), push(1), 0xF0, push(0) * 5, 0x85, 0x5A, 0xF1)
    yield Example("a contract made and destroyed", {CONTRACT: Allocation(5, 1, suicide)})


def state_examples() -> Iterator[Example]:
    """What accounts and storage do at their edges."""
    writes = code(*(push(value) + push(1) + b"\x55" for value in (9, 5, 0, 7, 0, 5, 5)))
    yield _example("a slot written again and again", writes + code(push(0), push(2), 0x55, push(3), push(2), 0x55))
    for gas in (2_306, 2_307):
        caller = code(push(0) * 5, push(OTHER), push(gas), 0xF1)
        accounts = {CONTRACT: Allocation(0, 1, caller), OTHER: Allocation(0, 1, code(push(5), push(1), 0x55), {1: 5})}
        yield Example(f"SSTORE with {gas - 6} gas", accounts, {"access_list": (AccessEntry(OTHER, (1,)),)})
    program = PREPARE + code(push(77), push(8), push(1016), push(1), 0xF5, push(0), 0x52)
    target = create2_address(CONTRACT, 77, keccak(INITCODE))
    for what, there in {
        "storage": Allocation(0, 0, b"", {1: 1}),
        "a nonce": Allocation(0, 1),
        "code": Allocation(0, 0, b"\x00"),
        "a balance": Allocation(3),
    }.items():
        yield Example(f"a create onto {what}", {CONTRACT: Allocation(10, 1, program), target: there})
    yield Example("a create by who is out of nonces", {CONTRACT: Allocation(10, 2**64 - 1, program)})
    yield Example("a create by who is too poor", {CONTRACT: Allocation(0, 1, program)})
    for to in (OTHER, CONTRACT, Address(bytes(18) + b"\x0b\xad"), Address(bytes(19) + b"\4")):
        for value in (0, 6, 11):
            call = code(push(0) * 4, push(value), push(to), push(30_000), 0xF1, push(1), 0x55)
            # Whoever calls itself does so once.
            once = code(0x33, 0x30, 0x14, push(7 + len(call)), 0x57)
            accounts = {CONTRACT: Allocation(10, 1, once + call + b"\x00\x5b"), OTHER: Allocation(0, 1, b"\x00")}
            yield Example(f"a call of 0x{to.hex()[-4:]} with {value} wei", accounts)
    for heir in (OTHER, CONTRACT, Address(bytes(18) + b"\x0b\xad")):
        yield Example(f"a legacy to 0x{heir.hex()[-4:]}", {CONTRACT: Allocation(10, 1, code(push(heir), 0xFF))})
    yield Example("a transfer to nobody", {}, {"to": Address(bytes(18) + b"\x0b\xad"), "value": 0, "data": b""})
    yield Example("a create with value", {}, {"to": None, "data": INITCODE, "value": 7})


def examples() -> list[Example]:
    """The whole corpus."""
    return [*opcode_examples(), *other_examples()]
