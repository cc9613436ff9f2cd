"""BN128's curve: group laws, py_ecc's results, and every input that stands for no point."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from py_ecc import optimized_bn128

from protocol.bn128 import INFINITY, N, P, Point, add, bn128_add, bn128_multiply, multiply, signed_digits

GENERATOR: Point = (1, 2)
AROUND = [
    *range(18),
    *(N // 2 + offset for offset in range(-9, 10)),
    *(N + offset for offset in range(-18, 18)),
    2**256 - 1,
]
scalars = st.sampled_from(AROUND) | st.integers(0, 2**256 - 1)


def word(value: int) -> bytes:
    return value.to_bytes(32, "big")


def encoded(point: Point) -> bytes:
    return word(point[0]) + word(point[1])


def by_py_ecc(scalar: int) -> Point:
    """A multiple of the generator."""
    if scalar % N == 0:
        return INFINITY
    x, y = optimized_bn128.normalize(optimized_bn128.multiply(optimized_bn128.G1, scalar % N))
    return int(x), int(y)


@pytest.mark.parametrize("scalar", AROUND)
def test_multiples_at_the_edges_are_py_eccs(scalar: int):
    assert multiply(GENERATOR, scalar) == by_py_ecc(scalar)


@settings(max_examples=15, deadline=None)
@given(scalars, scalars)
def test_the_precompiles_say_what_py_ecc_does(left: int, right: int):
    point = by_py_ecc(left)
    assert bn128_multiply(encoded(point) + word(right)) == encoded(by_py_ecc(left * right))
    assert bn128_add(encoded(point) + encoded(by_py_ecc(right))) == encoded(by_py_ecc(left + right))


@settings(max_examples=50, deadline=None)
@given(scalars, scalars)
def test_a_sum_of_multiples_is_the_multiple_of_the_sum(left: int, right: int):
    assert add(multiply(GENERATOR, left), multiply(GENERATOR, right)) == multiply(GENERATOR, left + right)


@settings(max_examples=30, deadline=None)
@given(scalars)
def test_a_point_its_opposite_and_infinity(scalar: int):
    point = multiply(GENERATOR, scalar)
    assert add(point, multiply(GENERATOR, -scalar)) == INFINITY
    assert add(point, INFINITY) == add(INFINITY, point) == point
    assert add(point, point) == multiply(point, 2)
    assert multiply(INFINITY, scalar) == multiply(point, 0) == multiply(point, N) == INFINITY


@pytest.mark.parametrize("data", [b"", bytes(63), bytes(128), bytes(300)])
def test_behind_the_inputs_end_there_are_zeros(data: bytes):
    assert bn128_add(data) == bn128_multiply(data) == bytes(64)
    assert bn128_add(encoded(GENERATOR) + data) == encoded(GENERATOR)
    assert bn128_multiply(encoded(GENERATOR) + word(7)[:31]) == bytes(64), "the last byte counts"


@settings(deadline=None)
@given(st.binary(max_size=20))
def test_what_is_behind_the_operands_does_not_matter(more: bytes):
    assert bn128_add(encoded(GENERATOR) + bytes(64) + more) == encoded(GENERATOR)
    assert bn128_multiply(encoded(GENERATOR) + word(1) + more) == encoded(GENERATOR)


@pytest.mark.parametrize(
    "point",
    [(1, 1), (0, 1), (1, 0), (P, 0), (0, P), (P, P), (1 + P, 2), (1, 2 + P), (2**256 - 1, 2**256 - 1)],
)
def test_what_is_no_point_is_refused_wherever_it_stands(point: Point):
    for call, data in (
        (bn128_multiply, encoded(point) + word(0)),
        (bn128_add, encoded(point)),
        (bn128_add, encoded(GENERATOR) + encoded(point)),
    ):
        with pytest.raises(ValueError, match=r"not (in the field|on the curve)"):
            call(data)


@given(st.integers(1, 2**256), st.integers(2, 6))
def test_signed_digits_are_the_number_few_odd_and_small(number: int, window: int):
    digits = signed_digits(number, window)
    assert sum(digit << place for place, digit in enumerate(reversed(digits))) == number
    assert digits[0] > 0
    assert all(digit == 0 or (digit % 2 and abs(digit) < 1 << (window - 1)) for digit in digits)
    places = [place for place, digit in enumerate(digits) if digit]
    assert all(after - before >= window for before, after in pairwise(places))
