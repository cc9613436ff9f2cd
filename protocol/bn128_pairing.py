"""Whether pairings on BN128 multiply to one (EIP-197): the optimal ate pairing, on plain integers.

A pair is a point of the curve and one of its twist y² = x³ + 3/(9 + i) over Fp2, of the subgroup of order N. The points
of all pairs walk together, so that a step divides once, however many there are; and the walk itself tells who is not of
the subgroup. Whether the product is one shows after the last power, which leaves of each number only its class.

Sources: Vercauteren, *Optimal pairings*, 2008 (the loop); Fuentes-Castañeda, Knapp, Rodríguez-Henríquez, *Faster
hashing to G2*, 2011 (the last power).
"""

from collections.abc import Sequence

from protocol.bn128 import INFINITY, P, Point, read_g1, signed_digits
from protocol.bn128_tower import (
    FROBENIUS,
    ONE,
    Fp2,
    Fp12,
    conjugate,
    frobenius,
    invert,
    multiply,
    multiply2,
    multiply_by_line,
    square,
    square_unitary,
)

PAIR_BYTES = 192
X = 4965661367192848881
"""What the curve's parameters are polynomials of."""
_WALK, _X_DIGITS = signed_digits(6 * X + 2)[1:], signed_digits(X)[1:]
"""Without the first, which is 1."""
_TWIST_B: Fp2 = multiply2((3, 0), (9 * pow(82, -1, P) % P, -pow(82, -1, P) % P))
"""3/(9 + i)."""

TwistPoint = tuple[Fp2, Fp2]


def bn128_pairing(data: bytes) -> bytes:
    """0x08: 32 bytes, 1 if the pairings of all pairs multiply to one and 0 if not.

    Raises:
        ValueError: The length is none of a list of pairs, or one of them is not of two points of their groups.
    """
    if len(data) % PAIR_BYTES:
        raise ValueError(f"{len(data)} bytes are not pairs of {PAIR_BYTES}")
    starts = range(0, len(data), PAIR_BYTES)
    pairs = [(read_g1(data, start), _read_g2(data, start + 64)) for start in starts]
    return int(multiply_to_one([(p, q) for p, q in pairs if q is not None])).to_bytes(32, "big")


def _read_g2(data: bytes, start: int) -> TwistPoint | None:
    """A point of the twist, imaginary parts first; None is the one at infinity. It may be outside the subgroup."""
    numbers = [int.from_bytes(data[at : at + 32], "big") for at in range(start, start + 128, 32)]
    if any(number >= P for number in numbers):
        raise ValueError("a coordinate is not in the field")
    if not any(numbers):
        return None
    x, y = (numbers[1], numbers[0]), (numbers[3], numbers[2])
    square_y, cube = multiply2(y, y), multiply2(multiply2(x, x), x)
    if any((square_y[part] - cube[part] - _TWIST_B[part]) % P for part in (0, 1)):
        raise ValueError("the point is not on the twist")
    return x, y


def multiply_to_one(pairs: Sequence[tuple[Point, TwistPoint]]) -> bool:
    """Whether the product of all pairings is one; raises ValueError for a point of the twist outside the subgroup."""
    return _last_power(_lines(pairs)) == ONE


def _lines(pairs: Sequence[tuple[Point, TwistPoint]]) -> Fp12:
    """The product of the lines that the twist's points walk along, each at its partner: Miller's loop.

    A point Q of the subgroup goes to (6x + 2)Q, then by its images under the Frobenius map F to
    (6x + 2)Q + F(Q) - F²(Q), which is -F³(Q). No other point of the twist comes there: the factors that its number of
    points has beside N have none in common with those of the norm of 6x + 2 + F - F² + F³.
    """
    views = [_view(p) for p, _ in pairs]
    starts = [q for _, q in pairs]
    opposites = [_opposite(q) for q in starts]
    points, result = starts, ONE
    for digit in _WALK:
        points, result = _step(points, points, views, square(result))
        if digit:
            points, result = _step(points, starts if digit > 0 else opposites, views, result)
    first = [_frobenius(q) for q in starts]
    second = [_frobenius(q) for q in first]
    points, result = _step(points, first, views, result)
    points, result = _step(points, [_opposite(q) for q in second], views, result)
    if points != [_opposite(_frobenius(q)) for q in second]:
        raise ValueError("a point of the twist is outside the subgroup")
    return result


def _view(point: Point) -> Fp2:
    """(-x/y, 1/y), which is (0, 0) at infinity.

    A line through T with the slope s is y - s·x·w + (s·x_T - y_T)w³ at a point (x, y) of the curve. Divided by y, which
    the last power forgets, it begins with 1, and at infinity it is 1.
    """
    if point == INFINITY:
        return 0, 0
    inverse = pow(point[1], -1, P)
    return -point[0] * inverse % P, inverse


def _step(
    points: Sequence[TwistPoint], others: Sequence[TwistPoint], views: Sequence[Fp2], result: Fp12
) -> tuple[list[TwistPoint], Fp12]:
    """Each point plus its other one, or twice itself if `others` are `points`; the product with their lines' values.

    Raises:
        ValueError: Two are equal or opposite, where points of the subgroup never are.
    """
    slopes = _tangents(points) if others is points else _chords(points, others)
    sums = []
    for (x, y), (other_x, _), slope, (minus_x, inverse_y) in zip(points, others, slopes, views, strict=True):
        (x0, x1), (y0, y1), (s0, s1) = x, y, slope
        z0 = (s0 * s0 - s1 * s1 - x0 - other_x[0]) % P
        z1 = (2 * s0 * s1 - x1 - other_x[1]) % P
        # The line's distance from the origin serves the sum, too: y is s(x - z) - y_T.
        c0, c1 = (s0 * x0 - s1 * x1 - y0) % P, (s0 * x1 + s1 * x0 - y1) % P
        sums.append(((z0, z1), ((c0 - s0 * z0 + s1 * z1) % P, (c1 - s0 * z1 - s1 * z0) % P)))
        line = (s0 * minus_x % P, s1 * minus_x % P), (c0 * inverse_y % P, c1 * inverse_y % P)
        result = multiply_by_line(result, *line)
    return sums, result


def _tangents(points: Sequence[TwistPoint]) -> list[Fp2]:
    """3x²/2y of each."""
    rises = [(3 * (x[0] + x[1]) * (x[0] - x[1]), 6 * x[0] * x[1]) for x, _ in points]
    return _quotients(rises, [(2 * y[0], 2 * y[1]) for _, y in points])


def _chords(points: Sequence[TwistPoint], others: Sequence[TwistPoint]) -> list[Fp2]:
    """The slope between each and its other one."""
    both = list(zip(points, others, strict=True))
    rises = [(v[0] - y[0], v[1] - y[1]) for (_, y), (_, v) in both]
    return _quotients(rises, [(u[0] - x[0], u[1] - x[1]) for (x, _), (u, _) in both])


def _quotients(numerators: Sequence[Fp2], denominators: Sequence[Fp2]) -> list[Fp2]:
    """Of each two; the denominators are inverted together, which takes one inversion and three products for each."""
    products = [1]
    for d0, d1 in denominators:
        products.append(products[-1] * (d0 * d0 + d1 * d1) % P)
    rest = pow(products.pop(), -1, P)
    found = []
    for (n0, n1), (d0, d1) in zip(reversed(numerators), reversed(denominators), strict=True):
        inverse = rest * products.pop() % P
        rest = rest * (d0 * d0 + d1 * d1) % P
        found.append(((n0 * d0 + n1 * d1) * inverse % P, (n1 * d0 - n0 * d1) * inverse % P))
    return found[::-1]


def _opposite(point: TwistPoint) -> TwistPoint:
    x, (y0, y1) = point
    return x, (-y0 % P, -y1 % P)


def _frobenius(point: TwistPoint) -> TwistPoint:
    """The power of p, seen from the twist; on the subgroup it multiplies by p."""
    (x0, x1), (y0, y1) = point
    return multiply2((x0, -x1), FROBENIUS[2]), multiply2((y0, -y1), FROBENIUS[3])


def _last_power(a: Fp12) -> Fp12:
    """a to the power of (p¹² - 1)/N, and of 2x(6x² + 3x + 1), which has no factor of N, so that one means the same."""
    a = multiply(conjugate(a), invert(a))
    a = multiply(frobenius(frobenius(a)), a)
    # Now the inverse is the conjugate; of (p⁴ - p² + 1)/N the parts by powers of p are polynomials of x.
    ax = _power_x(a)
    axx = _power_x(ax)
    axxx = _power_x(axx)
    a6xx = square_unitary(multiply(square_unitary(axx), axx))
    a12xxx = square_unitary(square_unitary(multiply(square_unitary(axxx), axxx)))
    of_p = multiply(multiply(a12xxx, a6xx), square_unitary(square_unitary(ax)))
    of_pp = multiply(of_p, square_unitary(ax))
    of_ppp = multiply(of_p, conjugate(a))
    rest = multiply(multiply(of_pp, a6xx), a)
    return multiply(rest, frobenius(multiply(of_p, frobenius(multiply(of_pp, frobenius(of_ppp))))))


def _power_x(a: Fp12) -> Fp12:
    """a to the power of x, for a number whose inverse is its conjugate."""
    inverse, result = conjugate(a), a
    for digit in _X_DIGITS:
        result = square_unitary(result)
        if digit:
            result = multiply(result, a if digit > 0 else inverse)
    return result
