"""BN128's pairing: bilinear, py_ecc's, L1's, and no way around the subgroup."""

from functools import cache
from math import gcd

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from py_ecc import optimized_bn128
from pyrevm import EVM

from protocol.bn128 import N, P, multiply
from protocol.bn128_pairing import _WALK, _X_DIGITS, X, bn128_pairing, multiply_to_one
from protocol.bn128_tower import (
    ONE,
    Fp12,
    conjugate,
    frobenius,
    invert,
    multiply_by_line,
    square,
    square_unitary,
)
from protocol.bn128_tower import multiply as multiply12

TRACE = P + 1 - N
"""The Frobenius map F of the twist satisfies F² - TRACE·F + P = 0."""
COFACTOR = 2 * P - N
"""The twist over Fp2 has N times as many points."""
YES, NO = (1).to_bytes(32, "big"), bytes(32)

numbers = st.integers(0, P - 1)
sixths = st.tuples(*[numbers] * 6)
twelfths = st.tuples(sixths, sixths)
small = st.integers(1, 1_000)


def word(value: int) -> bytes:
    return value.to_bytes(32, "big")


@cache
def g1(scalar: int) -> bytes:
    x, y = multiply((1, 2), scalar)
    return word(x) + word(y)


@cache
def g2(scalar: int) -> bytes:
    """A multiple of py_ecc's generator of the subgroup."""
    return encoded_twist(optimized_bn128.multiply(optimized_bn128.G2, scalar % N)) if scalar % N else bytes(128)


def encoded_twist(point) -> bytes:
    x, y = optimized_bn128.normalize(point)
    return b"".join(word(int(part)) for pair in (x, y) for part in reversed(pair.coeffs))


def power(base: Fp12, exponent: int) -> Fp12:
    result = ONE
    for bit in f"{exponent:b}":
        result = square(result)
        if bit == "1":
            result = multiply12(result, base)
    return result


def reduced(value: Fp12) -> Fp12:
    return multiply12(value, ONE)


def by_l1(data: bytes) -> bytes:
    """revm's answer; raises RuntimeError where it refuses."""
    return bytes(EVM().message_call(caller=f"0x{1:040x}", to=f"0x{8:040x}", calldata=data, gas=100_000_000))


# -- the field -- #


@settings(max_examples=20, deadline=None)
@given(twelfths, twelfths, twelfths)
def test_the_tower_is_a_ring_and_its_shortcuts_are_products(a: Fp12, b: Fp12, c: Fp12):
    assert multiply12(a, b) == multiply12(b, a)
    assert multiply12(a, multiply12(b, c)) == multiply12(multiply12(a, b), c)
    assert multiply12(a, ONE) == a
    assert square(a) == multiply12(a, a)
    line = (b[0][:2], b[0][2:4])
    assert multiply_by_line(a, *line) == multiply12(a, ((1, 0, 0, 0, 0, 0), (*line[0], *line[1], 0, 0)))


@settings(max_examples=10, deadline=None)
@given(twelfths)
def test_powers_of_p_inverses_and_unitary_squares(a: Fp12):
    assert reduced(frobenius(a)) == power(a, P)
    sixth = a
    for _ in range(6):
        sixth = frobenius(sixth)
    assert reduced(conjugate(a)) == reduced(sixth)
    if a != ((0,) * 6, (0,) * 6):
        assert multiply12(a, invert(a)) == ONE
        unitary = multiply12(conjugate(a), invert(a))
        unitary = multiply12(frobenius(frobenius(unitary)), unitary)
        assert square_unitary(unitary) == square(unitary)
        assert multiply12(unitary, conjugate(unitary)) == ONE


def test_nothing_divides_by_zero():
    with pytest.raises(ValueError, match="not invertible"):
        invert(((0,) * 6, (0,) * 6))


def test_the_constants_belong_together():
    """What the comments of the pairing say of numbers."""
    assert P == 36 * X**4 + 36 * X**3 + 24 * X**2 + 6 * X + 1
    assert N == 36 * X**4 + 36 * X**3 + 18 * X**2 + 6 * X + 1
    for digits, number in ((_WALK, 6 * X + 2), (_X_DIGITS, X)):
        assert sum(digit << place for place, digit in enumerate(reversed([1, *digits]))) == number
    # The last power: a multiple of (p⁴ - p² + 1)/N, by powers of p.
    parts = (
        12 * X**3 + 12 * X**2 + 6 * X + 1,
        12 * X**3 + 6 * X**2 + 4 * X,
        12 * X**3 + 6 * X**2 + 6 * X,
        12 * X**3 + 6 * X**2 + 4 * X - 1,
    )
    extra = 2 * X * (6 * X**2 + 3 * X + 1)
    assert sum(part * P**place for place, part in enumerate(parts)) * N == extra * (P**4 - P**2 + 1)
    assert gcd(extra, N) == 1


def test_the_walk_tells_the_subgroup_from_everything_else():
    """6X + 2 + F - F² + F³ is a + bF by F² = TRACE·F - P; its norm counts the points that it takes to infinity."""
    a = 6 * X + 2 + P - TRACE * P
    b = 1 - TRACE + TRACE**2 - P
    norm = a * a + a * b * TRACE + b * b * P
    assert norm % N == 0
    assert gcd(norm, COFACTOR) == 1
    assert COFACTOR % N != 0
    # On the subgroup F is P, and no step there adds a point to itself or to its opposite.
    reached = [6 * X + 2, 6 * X + 2 + P]
    assert all((at - sign * added) % N for at, added in zip(reached, (P, P * P), strict=True) for sign in (1, -1))


# -- the pairing -- #


@settings(max_examples=8, deadline=None)
@given(small, small, small, small)
def test_it_is_bilinear(a: int, b: int, c: int, d: int):
    assert bn128_pairing(g1(a * b) + g2(c) + g1(-a) + g2(b * c)) == YES
    assert bn128_pairing(g1(a) + g2(c) + g1(b) + g2(d)) == NO
    assert bn128_pairing(g1(a) + g2(b) + g1(c) + g2(d) + g1(-a * b - c * d) + g2(1)) == YES


@settings(max_examples=2, deadline=None)
@given(st.lists(st.tuples(st.integers(-2, 2), st.integers(-2, 2)), min_size=1, max_size=2))
def test_it_is_py_eccs(scalars: list[tuple[int, int]]):
    product = optimized_bn128.FQ12.one()
    for left, right in scalars:
        p = optimized_bn128.multiply(optimized_bn128.G1, left % N)
        q = optimized_bn128.multiply(optimized_bn128.G2, right % N)
        product *= optimized_bn128.pairing(q, p)
    expected = YES if product == optimized_bn128.FQ12.one() else NO
    assert bn128_pairing(b"".join(g1(left) + g2(right) for left, right in scalars)) == expected


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), max_size=4))
def test_it_is_l1s(scalars: list[tuple[int, int]]):
    data = b"".join(g1(left) + g2(right) for left, right in scalars)
    assert bn128_pairing(data) == by_l1(data) == (YES if sum(a * b for a, b in scalars) == 0 else NO)


@pytest.mark.parametrize("data", [b"", bytes(192), g1(3) + bytes(128), bytes(64) + g2(3), bytes(192 * 5)])
def test_infinity_pairs_to_one(data: bytes):
    assert bn128_pairing(data) == by_l1(data) == YES
    other = g1(1) + g2(1)
    assert bn128_pairing(data + other) == bn128_pairing(other + data) == NO


def test_an_empty_product_is_one():
    assert multiply_to_one([])


# -- what is refused -- #


def twist_point(x0: int):
    """A point of the twist whose x begins with x0 or a bit more; of its whole group, so hardly of the subgroup."""
    field = optimized_bn128.FQ2
    while True:
        x = field([x0, 1])
        square_y = x * x * x + optimized_bn128.b2
        # A root by p² = 9 modulo 16 would be long; the norm's root and a half do in Fp2, as p is 3 modulo 4.
        a, b = (int(part) for part in square_y.coeffs)
        root = pow(a * a + b * b, (P + 1) // 4, P)
        for sign in (1, -1):
            half = (a + sign * root) * pow(2, -1, P) % P
            real = pow(half, (P + 1) // 4, P)
            if real and real * real % P == half:
                y = field([real, b * pow(2 * real, -1, P) % P])
                if y * y == square_y:
                    return (x, y, field.one())
        x0 += 1


SMALL_FACTORS = (10_069, 5_864_401)


def of_order(order: int):
    """A point of this small order."""
    x0 = 1
    while True:
        found = optimized_bn128.multiply(twist_point(x0), N * COFACTOR // order)
        if not optimized_bn128.is_inf(found):
            return found
        x0 += 1


@pytest.mark.parametrize("order", SMALL_FACTORS)
def test_points_of_small_order_are_refused(order: int):
    assert COFACTOR % order == 0
    point = of_order(order)
    assert optimized_bn128.is_inf(optimized_bn128.multiply(point, order))
    _refused(g1(1) + encoded_twist(point))
    _refused(g1(1) + encoded_twist(optimized_bn128.add(point, optimized_bn128.G2)))


@pytest.mark.parametrize("x0", range(1, 6))
def test_points_outside_the_subgroup_are_refused_wherever_they_stand(x0: int):
    point = encoded_twist(twist_point(x0))
    good = g1(1) + g2(1)
    for data in (g1(1) + point, bytes(64) + point, good + g1(2) + point, g1(2) + point + good):
        _refused(data)


@pytest.mark.parametrize("place", range(4))
def test_coordinates_beyond_the_field_are_refused(place: int):
    parts = [g2(1)[at : at + 32] for at in range(0, 128, 32)]
    parts[place] = word(int.from_bytes(parts[place], "big") + P)
    _refused(g1(1) + b"".join(parts))
    zeros = [bytes(32)] * 4
    zeros[place] = word(P)
    _refused(bytes(64) + b"".join(zeros))


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(g1(1) + word(1) * 4, id="off the twist"),
        pytest.param(word(1) * 2 + g2(1), id="off the curve"),
        pytest.param(word(1) * 2 + bytes(128), id="off the curve, beside infinity"),
        pytest.param(bytes(64) + word(1) * 4, id="off the twist, beside infinity"),
        pytest.param(g1(1) + g2(1)[32:64] + g2(1)[:32] + g2(1)[96:] + g2(1)[64:96], id="parts in the other order"),
        pytest.param((g1(1) + g2(1))[:-1], id="a byte less"),
        pytest.param(g1(1) + g2(1) + b"\0", id="a byte more"),
    ],
)
def test_what_is_no_pair_is_refused(data: bytes):
    _refused(data)


def _refused(data: bytes) -> None:
    """By us and by L1."""
    with pytest.raises(
        ValueError, match=r"not (in the field|on the curve|on the twist|pairs|invertible)|outside the sub"
    ):
        bn128_pairing(data)
    with pytest.raises(RuntimeError):
        by_l1(data)
