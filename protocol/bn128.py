"""The curve y² = x³ + 3 over a field of 254 bits, on plain integers (EIP-196): bytes to bytes.

Known as alt_bn128, BN254 or bn256. Python's integers multiply and reduce faster than objects around them are made, so
points are tuples of integers and formulas reduce only where a product would grow.
"""

P = 21888242871839275222246405745257275088696311157297823662689037894645226208583
"""The field's size."""
N = 21888242871839275222246405745257275088548364400416034343698204186575808495617
"""How many points there are, a prime: every point but the one at infinity generates all."""

Point = tuple[int, int]
INFINITY: Point = (0, 0)
"""Not on the curve, so free to stand for the point at infinity, as it does in the bytes."""

_WINDOW = 4


def bn128_add(data: bytes) -> bytes:
    """0x06: the sum of two points, 64 bytes; behind the input's end there are zeros.

    Raises:
        ValueError: A point is not on the curve, or a coordinate not in the field.
    """
    return _bytes_of(add(read_g1(data, 0), read_g1(data, 64)))


def bn128_multiply(data: bytes) -> bytes:
    """0x07: a point times a number of 256 bits, 64 bytes; behind the input's end there are zeros.

    Raises:
        ValueError: The point is not on the curve, or a coordinate not in the field.
    """
    return _bytes_of(multiply(read_g1(data, 0), _number(data, 64)))


def read_g1(data: bytes, start: int) -> Point:
    """The point that 64 bytes stand for; raises ValueError if there is none."""
    x, y = _number(data, start), _number(data, start + 32)
    if x >= P or y >= P:
        raise ValueError("a coordinate is not in the field")
    if (x or y) and (y * y - x * x * x - 3) % P:
        raise ValueError("the point is not on the curve")
    return x, y


def _number(data: bytes, start: int) -> int:
    return int.from_bytes(data[start : start + 32].ljust(32, b"\0"), "big")


def _bytes_of(point: Point) -> bytes:
    return point[0].to_bytes(32, "big") + point[1].to_bytes(32, "big")


def add(left: Point, right: Point) -> Point:
    """The sum of two points of the curve."""
    if left == INFINITY:
        return right
    if right == INFINITY:
        return left
    (x1, y1), (x2, y2) = left, right
    if x1 != x2:
        slope = (y2 - y1) * pow(x2 - x1, -1, P) % P
    elif y1 == y2:  # never 0: the number of points is odd, so none is its own opposite
        slope = 3 * x1 * x1 * pow(2 * y1, -1, P) % P
    else:
        return INFINITY
    x = (slope * slope - x1 - x2) % P
    return x, (slope * (x1 - x) - y1) % P


def multiply(point: Point, scalar: int) -> Point:
    """`scalar` times a point of the curve.

    By digits that are odd or zero, in Jacobian coordinates: (X, Y, Z) is (X/Z², Y/Z³), so only the end divides.
    """
    scalar %= N
    if scalar > N // 2:
        scalar, point = N - scalar, (point[0], -point[1] % P)
    if not scalar or point == INFINITY:
        return INFINITY
    multiples = _odd_multiples(point)
    top, *digits = signed_digits(scalar, _WINDOW)
    (x, y), z = multiples[top], 1
    for digit in digits:
        xx, yy = x * x % P, y * y % P
        s, m = 4 * x * yy % P, 3 * xx
        z = 2 * y * z % P
        x = (m * m - 2 * s) % P
        y = (m * (s - x) - 8 * yy * yy) % P
        if digit:
            # What is added is never the sum so far nor its opposite: that is an even number of points, from two to half
            # of all of them and a few, and this an odd number of less than eight.
            other_x, other_y = multiples[digit]
            zz = z * z % P
            h = (other_x * zz - x) % P
            r = (other_y * zz * z - y) % P
            hh = h * h % P
            v = x * hh % P
            hhh = h * hh % P
            z = z * h % P
            x = (r * r - hhh - 2 * v) % P
            y = (r * (v - x) - y * hhh) % P
    inverse = pow(z, -1, P)
    square = inverse * inverse % P
    return x * square % P, y * square * inverse % P


def _odd_multiples(point: Point) -> dict[int, Point]:
    """The point times each digit."""
    double = add(point, point)
    found = {}
    for digit in range(1, 1 << (_WINDOW - 1), 2):
        found[digit] = point
        found[-digit] = (point[0], P - point[1])
        point = add(point, double)
    return found


def signed_digits(number: int, window: int = 2) -> list[int]:
    """A positive number in base two, highest digit first: each is 0 or odd and below 2^(window - 1) either way.

    Of `window` digits in a row one at most is not 0.
    """
    digits = []
    while number:
        digit = 0
        if number & 1:
            digit = number & ((1 << window) - 1)
            digit -= (digit >> (window - 1)) << window
            number -= digit
        digits.append(digit)
        number >>= 1
    return digits[::-1]
