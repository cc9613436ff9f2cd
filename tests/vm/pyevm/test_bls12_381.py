"""BLS12-381's precompiles beside py-evm's: results, prices, and what both refuse."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import pytest
from eth.exceptions import VMError
from eth.precompiles import bls12_381 as py_evm
from eth.precompiles.bls12_381 import constants
from hypothesis import given, settings
from hypothesis import strategies as st
from py_ecc import optimized_bls12_381 as curve

from vm.pyevm.bls12_381 import _G1_DISCOUNTS, _G2_DISCOUNTS, bls12_381_precompiles

ADD_G1, SUM_G1, ADD_G2, SUM_G2, PAIRING, MAP_G1, MAP_G2 = range(0x0B, 0x12)
THEIRS: dict[int, Callable[..., object]] = {
    ADD_G1: py_evm.bls12_g1_add,
    SUM_G1: py_evm.bls12_g1_msm,
    ADD_G2: py_evm.bls12_g2_add,
    SUM_G2: py_evm.bls12_g2_msm,
    PAIRING: py_evm.bls12_pairing_check,
    MAP_G1: py_evm.bls12_map_fp_to_g1,
    MAP_G2: py_evm.bls12_map_fp2_to_g2,
}
P, N = curve.field_modulus, curve.curve_order
FAULT = (None, 0)
YES, NO = (1).to_bytes(32, "big"), bytes(32)
small = st.integers(0, 6)
scalars = st.sampled_from([0, 1, N - 1, N, N + 1, 2**256 - 1]) | st.integers(0, 2**256 - 1)
field = st.sampled_from([0, 1, P - 1]) | st.integers(0, P - 1)


@dataclass
class Call:
    """What a precompile works on: here and in py-evm."""

    data: bytes
    gas: int = 0
    output: bytes = b""

    @property
    def msg(self) -> "Call":
        return self

    def consume_gas(self, amount: int, reason: str = "") -> None:
        self.gas += amount


def called(function: Callable[..., object], data: bytes) -> tuple[bytes | None, int]:
    """Output and gas; of a fault neither."""
    call = Call(data)
    try:
        function(call)
    except VMError:
        return FAULT
    return call.output, call.gas


def ours(number: int, data: bytes) -> tuple[bytes | None, int]:
    return called(bls12_381_precompiles()[number], data)


def both(number: int, data: bytes) -> tuple[bytes | None, int]:
    """Ours, which must be theirs."""
    found = ours(number, data)
    assert found == called(THEIRS[number], data)
    return found


def numbers(*values: int) -> bytes:
    return b"".join(int(value).to_bytes(64, "big") for value in values)


@cache
def g1(scalar: int) -> bytes:
    if scalar % N == 0:
        return bytes(128)
    return numbers(*curve.normalize(curve.multiply(curve.G1, scalar % N)))


@cache
def g2(scalar: int) -> bytes:
    if scalar % N == 0:
        return bytes(256)
    x, y = curve.normalize(curve.multiply(curve.G2, scalar % N))
    return numbers(*x.coeffs, *y.coeffs)


@settings(max_examples=4, deadline=None)
@given(small, small)
def test_sums_of_two_points(left: int, right: int):
    for number, point in ((ADD_G1, g1), (ADD_G2, g2)):
        assert both(number, point(left) + point(right))[0] == point(left + right)
        assert ours(number, point(left) + point(-left))[0] == point(0)


@settings(max_examples=3, deadline=None)
@given(st.lists(st.tuples(small, scalars), min_size=1, max_size=2))
def test_sums_of_multiples(terms: list[tuple[int, int]]):
    total = sum(left * right for left, right in terms)
    for number, point in ((SUM_G1, g1), (SUM_G2, g2)):
        data = b"".join(point(left) + right.to_bytes(32, "big") for left, right in terms)
        assert both(number, data)[0] == point(total)


@settings(max_examples=2, deadline=None)
@given(field, field)
def test_numbers_are_mapped_to_points(real: int, imaginary: int):
    assert both(MAP_G1, numbers(real)) != FAULT
    assert both(MAP_G2, numbers(real, imaginary)) != FAULT


@settings(max_examples=10, deadline=None)
@given(st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=1, max_size=4))
def test_pairings_are_bilinear(pairs: list[tuple[int, int]]):
    data = b"".join(g1(left) + g2(right) for left, right in pairs)
    expected = YES if sum(left * right for left, right in pairs) == 0 else NO
    assert ours(PAIRING, data) == (expected, 37_700 + 32_600 * len(pairs))


def test_a_pairing_is_py_evms():
    assert both(PAIRING, g1(2) + g2(3) + g1(-2) + g2(3))[0] == YES


def test_prices_of_sums_are_py_evms():
    assert both(SUM_G1, bytes(160 * 3)) == (bytes(128), 3 * 12_000 * 848 // 1000)
    assert both(SUM_G2, bytes(288 * 3)) == (bytes(256), 3 * 22_500 * 923 // 1000)


@pytest.mark.parametrize("count", [1, 2, 127, 128, 129, 300])
def test_beyond_128_terms_the_discount_stays(count: int):
    row = min(count, 128) - 1
    assert ours(SUM_G1, bytes(160 * count))[1] == count * 12_000 * constants.G1_MSM_DISCOUNTS[row] // 1000
    assert ours(SUM_G2, bytes(288 * count))[1] == count * 22_500 * constants.G2_MSM_DISCOUNTS[row] // 1000


def test_the_tables_are_py_evms():
    assert list(_G1_DISCOUNTS) == constants.G1_MSM_DISCOUNTS
    assert list(_G2_DISCOUNTS) == constants.G2_MSM_DISCOUNTS
    assert (_G1_DISCOUNTS[-1], _G2_DISCOUNTS[-1]) == (constants.G1_MSM_MAX_DISCOUNT, constants.G2_MSM_MAX_DISCOUNT)


def outside_g1() -> bytes:
    """A point of the curve outside the subgroup."""
    x = next(x for x in range(1, 99) if pow(x**3 + 4, (P - 1) // 2, P) == 1)
    point = numbers(x, pow(x**3 + 4, (P + 1) // 4, P))
    as_point = (curve.FQ(x), curve.FQ(int.from_bytes(point[64:], "big")), curve.FQ(1))
    assert curve.is_on_curve(as_point, curve.b)
    assert not curve.is_inf(curve.multiply(as_point, N))
    return point


def outside_g2() -> bytes:
    """A point of the twist, y² = x³ + 4 + 4i, outside the subgroup."""
    for real in range(1, 99):
        x = curve.FQ2([real, 0])
        a, b = (int(part) for part in (x**3 + curve.b2).coeffs)
        root = pow(a * a + b * b, (P + 1) // 4, P)
        half = (a + root) * pow(2, -1, P) % P
        first = pow(half, (P + 1) // 4, P)
        y = curve.FQ2([first, b * pow(2 * first, -1, P) % P])
        if y * y == x**3 + curve.b2:
            assert not curve.is_inf(curve.multiply((x, y, curve.FQ2.one()), N))
            return numbers(*x.coeffs, *y.coeffs)
    raise AssertionError("a root is there for every second number")


def test_outside_the_subgroup_points_are_added_and_nothing_else():
    left, right = outside_g1(), outside_g2()
    assert both(ADD_G1, left + bytes(128))[0] == left
    assert both(ADD_G2, right + bytes(256))[0] == right
    assert both(ADD_G1, left + left) != FAULT
    assert both(ADD_G2, right + right) != FAULT
    assert both(SUM_G1, left + bytes(32)) == FAULT
    assert both(SUM_G2, right + bytes(32)) == FAULT
    assert both(PAIRING, left + bytes(256)) == FAULT
    assert both(PAIRING, bytes(128) + right) == FAULT


GOOD = {
    ADD_G1: g1(1) + g1(2),
    SUM_G1: g1(1) + bytes(32),
    ADD_G2: g2(1) + g2(2),
    SUM_G2: g2(1) + bytes(32),
    PAIRING: bytes(128) + g2(1),
    MAP_G1: numbers(1),
    MAP_G2: numbers(1, 2),
}


@pytest.mark.parametrize("number", GOOD)
def test_lengths_that_are_none_of_a_list_are_refused(number: int):
    data = GOOD[number]
    assert ours(number, data) != FAULT
    for wrong in (b"", data[:-1], data + b"\0", bytes(len(data) // 2)):
        assert both(number, wrong) == FAULT


@pytest.mark.parametrize("number", GOOD)
@pytest.mark.parametrize("value", [P, 2**383, 2**381 + 1, 2**384, 2**511])
def test_numbers_beyond_the_field_are_refused_wherever_they_stand(number: int, value: int):
    """Bits above the field are flags in other encodings; here they are part of a number that is too large."""
    data = GOOD[number]
    for start in range(0, len(data) - len(data) % 64, 64):
        assert both(number, data[:start] + numbers(value) + data[start + 64 :]) == FAULT


@pytest.mark.parametrize("number", [ADD_G1, SUM_G1, ADD_G2, SUM_G2, PAIRING])
def test_points_off_the_curve_are_refused(number: int):
    data = bytearray(GOOD[number])
    data[127 if number != PAIRING else 383] ^= 1
    assert both(number, bytes(data)) == FAULT
