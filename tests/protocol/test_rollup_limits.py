"""The limits that a rollup adds to Ethereum's rules, at their edges."""

import pytest

from protocol.provable import MOST_GAS
from protocol.rollup_limits import BLAKE2, MAX_MODEXP_OPERAND, MAX_PRECOMPILE_GAS, MODEXP, PAIRING, exceeds_limits


def word(value: int) -> bytes:
    return value.to_bytes(32, "big")


def power(base: int, exponent: bytes, modulus: int) -> bytes:
    return word(base) + word(len(exponent)) + word(modulus) + bytes(base) + exponent + b"\xff" * modulus


@pytest.mark.parametrize("operands", [(1025, 0, 0), (0, 1025, 0), (0, 0, 1025), (2**255, 0, 0), (0, 2**255, 0)])
def test_an_operand_of_more_than_1024_bytes_is_too_long(operands):
    data = b"".join(map(word, operands))
    assert exceeds_limits(MODEXP, data, len(data))


@pytest.mark.parametrize("operands", [(1024, 1, 0), (1, 1024, 0), (0, 1, 1024), (0, 0, 0)])
def test_an_operand_of_1024_bytes_is_not(operands):
    data = b"".join(map(word, operands))
    assert not exceeds_limits(MODEXP, data, len(data))


def test_a_power_may_cost_what_osaka_takes_ten_million_for():
    # 2·128² for each of 255 bits and 16 for each byte behind the first 32.
    at_most = power(MAX_MODEXP_OPERAND, b"\xff" * 35, 9)
    assert 2 * 128**2 * (255 + 16 * 3) <= MAX_PRECOMPILE_GAS < 2 * 128**2 * (255 + 16 * 4)
    assert not exceeds_limits(MODEXP, at_most, len(at_most))
    more = power(MAX_MODEXP_OPERAND, b"\xff" * 36, 9)
    assert exceeds_limits(MODEXP, more, len(more))


def test_a_pairing_takes_292_pairs():
    assert not exceeds_limits(PAIRING, b"", 292 * 192 + 191)
    assert exceeds_limits(PAIRING, b"", 293 * 192)


def test_blake2_takes_ten_million_rounds():
    assert not exceeds_limits(BLAKE2, (10_000_000).to_bytes(4, "big"), 213)
    assert exceeds_limits(BLAKE2, (10_000_001).to_bytes(4, "big"), 213)
    assert not exceeds_limits(BLAKE2, b"\xff" * 4, 212), "what has another length fails anyway"


@pytest.mark.parametrize("number", [1, 2, 3, 4, 6, 7, 10])
def test_the_others_have_no_limit(number):
    assert not exceeds_limits(number, b"\xff" * 4000, 10**9)


def test_no_provable_chain_has_gas_for_more_memory_than_the_machine_holds():
    words = 64 * 1024 * 1024 // 32
    assert 3 * words + words**2 // 512 > 200 * MOST_GAS
