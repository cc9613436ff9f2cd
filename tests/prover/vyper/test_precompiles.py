"""Precompiles through L1's own: every input of every one, and callers who give too little gas."""

import shutil
from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from py_ecc import optimized_bn128 as bn128

from node.artifacts import SOURCES, load_artifact
from protocol.crypto import keccak, sign
from protocol.types import Address, Hash32
from prover.calldata import step_calldata
from prover.commitments.structures import BlockContext
from prover.commitments.tape import Witness
from prover.machine.step import step
from prover.machine.vm import FAULT, HASH, PRECOMPILE, RETURN
from prover.vyper_referee import VyperReferee
from prover.witness import witnessed_step
from tests.prover.vyper.conftest import init_code
from tests.prover.worlds import BLOCK, KEY, machine, signed, state_with

STATE = state_with({})
ETHEREUM, ROLLUP = (replace(BLOCK, allow_deposits=is_rollup) for is_rollup in (False, True))
"""A rollup has limits of its own (decision 109)."""


@pytest.fixture(scope="module")
def library():
    return VyperReferee.of_library(init_code, "l1/proof/precompiles")


def precompile_step(
    number: int, data: bytes, gas: int, block: BlockContext = ETHEREUM
) -> tuple[Hash32, Witness, Hash32, int]:
    """A call of a precompile by the transaction itself: state, witness, next state and its phase."""
    zeros = data.count(0)
    intrinsic = 21_000 + 4 * zeros + 16 * (len(data) - zeros)
    to = Address(number.to_bytes(20, "big"))
    vm = machine(STATE, signed(to=to, data=data, gas_limit=intrinsic + gas), block)
    while vm.phase != PRECOMPILE:
        step(vm)
    before = vm.digest()
    witness = witnessed_step(vm)
    return before, witness, vm.digest(), vm.phase


def judged(library, number: int, data: bytes, gas: int = 400_000, block: BlockContext = ETHEREUM) -> int:
    """Judge the step; the phase that follows."""
    before, witness, after, phase = precompile_step(number, data, gas, block)
    assert library.judge(before, witness) == after
    return phase


def word(value: int) -> bytes:
    return value.to_bytes(32, "big")


SIGNED = keccak(b"message")
PARITY, R, S = sign(SIGNED, KEY)
G1 = word(1) + word(2)
DOUBLED = b"".join(word(int(each)) for each in bn128.normalize(bn128.double(bn128.G1)))
NEGATED = word(1) + word(bn128.field_modulus - 2)
G2 = b"".join(word(bn128.G2[axis].coeffs[part]) for axis in (0, 1) for part in (1, 0))
BLAKE2B = bytes.fromhex(
    "48c9bdf267e6096a3ba7ca8485ae67bb2bf894fe72f36e3cf1361d5f3af54fa5"
    "d182e6ad7f520e511f6c3e2b8c68059b6bbd41fbabd9831f79217e1319cde05b"
)
EIP_152 = word(12)[28:] + BLAKE2B + b"abc".ljust(128, b"\0") + b"\3".ljust(16, b"\0") + b"\1"
INFINITY = b"\xc0" + bytes(47)
POINT = b"\x01" + sha256(INFINITY).digest()[1:] + word(5) + word(0) + INFINITY + INFINITY
"""The polynomial 0, which is 0 at 5."""


def modexp(base: bytes, exponent: bytes, modulus: bytes) -> bytes:
    lengths = word(len(base)) + word(len(exponent)) + word(len(modulus))
    return lengths + base + exponent + modulus


GOOD = {
    "a signature": (1, SIGNED + word(27 + PARITY) + word(R) + word(S)),
    "SHA-256 of nothing": (2, b""),
    "SHA-256 of 32 KiB": (2, b"\1" * 32_768),
    "RIPEMD-160": (3, b"abc" * 700),
    "a copy of nothing": (4, b""),
    "a copy": (4, bytes(range(256)) * 20),
    "a power": (5, modexp(b"\3", word(2**255), b"\xff" * 40)),
    "a power with a modulus of 3,000 bytes": (5, modexp(b"\3" * 9, b"\2", b"\xff" * 3_000)),
    "a power modulo 0": (5, modexp(b"\3", b"\2", bytes(7))),
    "a power modulo nothing": (5, modexp(b"", b"", b"")),
    "a sum": (6, G1 + DOUBLED),
    "a sum with nothing": (6, b""),
    "a product": (7, G1 + word(2**256 - 1)),
    "a pairing": (8, G1 + G2 + NEGATED + G2),
    "a pairing that is not one": (8, G1 + G2 + G1 + G2),
    "a pairing of nothing": (8, b""),
    "BLAKE2": (9, EIP_152),
    "a point evaluation": (10, POINT),
}
REFUSED = {
    "a sum off the curve": (6, G1 + word(1) + word(1)),
    "a product off the field": (7, word(bn128.field_modulus) + word(2) + word(1)),
    "a pairing of the wrong length": (8, G1 + G2 + b"\0"),
    "a pairing off the subgroup": (8, G1 + word(1) * 4),
    "BLAKE2 of the wrong length": (9, EIP_152[:-1]),
    "BLAKE2 with a flag of 2": (9, EIP_152[:-1] + b"\2"),
    "BLAKE2 with a byte too many": (9, EIP_152 + b"\1"),
    "a point evaluation to another value": (10, POINT[:95] + b"\1" + POINT[96:]),
    "a point evaluation of the wrong length": (10, POINT + b"\0"),
    "a power that nobody can pay": (5, word(2**255) + word(1) + word(1)),
    "a power with an exponent that nobody can pay": (5, word(1) + word(2**200) + word(1)),
}


@pytest.mark.parametrize("name", GOOD)
def test_a_precompile_returns_what_the_machines_does(library, name):
    number, data = GOOD[name]
    assert judged(library, number, data, gas=3_000_000) == RETURN
    assert library.gas_used < 12_000_000


@pytest.mark.parametrize("name", REFUSED)
def test_a_precompile_that_refuses_its_input_is_a_fault(library, name):
    assert judged(library, *REFUSED[name]) == FAULT
    assert library.gas_used < 2_000_000


@pytest.mark.parametrize("number", [2, 3])
def test_a_long_hash_goes_block_by_block(library, number):
    assert judged(library, number, b"\1" * 32_769, gas=10_000_000) == HASH


@pytest.mark.parametrize("name", [name for name, (_number, data) in GOOD.items() if data])
def test_a_call_that_lacks_one_gas_is_a_fault(library, name):
    number, data = GOOD[name]
    low, high = 0, 3_000_000
    while low + 1 < high:
        middle = (low + high) // 2
        low, high = (low, middle) if precompile_step(number, data, middle)[3] == RETURN else (middle, high)
    assert judged(library, number, data, high) == RETURN
    assert judged(library, number, data, low) == FAULT


@settings(max_examples=300)
@given(number=st.integers(1, 10), data=st.binary(max_size=300), gas=st.sampled_from([0, 149, 3_000, 50_000]))
def test_any_input_gives_what_the_machine_gives(library, number, data, gas):
    assert judged(library, number, data, gas) in (RETURN, FAULT)


lengths = st.one_of(st.integers(0, 40), st.sampled_from([32, 33, 100, 1024, 1025, 2**32, 2**64, 2**256 - 1]))


@settings(max_examples=400)
@given(
    heads=st.tuples(lengths, lengths, lengths),
    body=st.binary(max_size=120),
    cut=st.integers(0, 96),
    gas=st.sampled_from([200, 5_000, 3_000_000]),
    block=st.sampled_from([ETHEREUM, ROLLUP]),
)
def test_a_power_of_any_lengths_costs_and_gives_what_the_machine_says(library, heads, body, cut, gas, block):
    data = b"".join(map(word, heads)) + body
    assert judged(library, 5, data[: len(data) - cut], gas, block) in (RETURN, FAULT)


@settings(max_examples=100)
@given(name=st.sampled_from(sorted(GOOD)), at=st.integers(0, 400), flip=st.integers(1, 255), cut=st.integers(0, 2))
def test_a_good_input_with_one_byte_changed_gives_what_the_machine_gives(library, name, at, flip, cut):
    number, good = GOOD[name]
    data = bytearray(good)
    if data:
        data[at % len(data)] ^= flip
    assert judged(library, number, bytes(data[: len(data) - cut]), 3_000_000) in (RETURN, FAULT)


@pytest.mark.parametrize("name", ["a signature", "a sum", "a pairing", "BLAKE2", "a point evaluation", "a power"])
def test_no_caller_makes_a_precompile_fail_by_giving_it_too_little_gas(library, name):
    before, witness, after, phase = precompile_step(*GOOD[name], 3_000_000)
    assert phase == RETURN
    calldata = step_calldata(before, witness)
    library.judge(before, witness)
    enough = 2 * library.gas_used
    answers = {judged_with(library, calldata, gas) for gas in range(30_000, enough, enough // 400)}
    assert answers == {None, after}


def test_without_the_check_the_caller_decides(tmp_path):
    shutil.copytree(SOURCES / "l1" / "proof", tmp_path / "l1" / "proof")
    source = tmp_path / "l1" / "proof" / "precompiles.vy"
    text = source.read_text()
    check = 'assert msg.gas > cost // 63 + 1, "proof: too little gas for the precompile"'
    assert text.count(check) == 1
    source.write_text(text.replace(check, "pass"))
    library = VyperReferee.of_library(
        lambda each: load_artifact(each, tmp_path, None).init_code, "l1/proof/precompiles"
    )
    before, witness, after, _phase = precompile_step(*GOOD["a pairing"], 3_000_000)
    calldata = step_calldata(before, witness)
    answers = {judged_with(library, calldata, gas) for gas in range(300_000, 1_500_000, 2_000)}
    assert len(answers - {None, after}) == 1


def judged_with(library, calldata: bytes, gas: int) -> bytes | None:
    """The verdict when the call gets so much gas; None if it reverts."""
    try:
        return bytes(
            library._evm.message_call("0x" + "ca" * 20, library._address, calldata=calldata, gas=gas, is_static=True)
        )
    except RuntimeError:
        return None
