"""The fields over BN128's own that its pairing lives in, on plain integers.

Fp2 adds i with i² = -1; Fp6 adds v with v³ = 9 + i; Fp12 adds w with w² = v. A number of Fp6 is six integers, those of
1, i, v, iv, v², iv²; one of Fp12 two such tuples. Products are summed before they are reduced, once an integer.

Source: Devegili, Scott, Dahab, *Implementing cryptographic pairings over Barreto-Naehrig curves*, 2007 (the tower).
"""

from protocol.bn128 import P

Fp2 = tuple[int, int]
Fp6 = tuple[int, int, int, int, int, int]
Fp12 = tuple[Fp6, Fp6]

ONE: Fp12 = ((1, 0, 0, 0, 0, 0), (0, 0, 0, 0, 0, 0))


def multiply2(a: Fp2, b: Fp2) -> Fp2:
    """In Fp2."""
    return (a[0] * b[0] - a[1] * b[1]) % P, (a[0] * b[1] + a[1] * b[0]) % P


def invert2(a: Fp2) -> Fp2:
    """In Fp2; raises ValueError for 0."""
    inverse = pow(a[0] * a[0] + a[1] * a[1], -1, P)
    return a[0] * inverse % P, -a[1] * inverse % P


def multiply(a: Fp12, b: Fp12) -> Fp12:
    """In Fp12: (a₀ + a₁w)(b₀ + b₁w) by three products of Fp6."""
    (a0, a1), (b0, b1) = a, b
    low, high = _product(a0, b0), _product(a1, b1)
    both = _product(_sum(a0, a1), _sum(b0, b1))
    return _low_and_v_times(low, high), _reduced_difference(both, _sum(low, high))


def square(a: Fp12) -> Fp12:
    """In Fp12, by two products of Fp6."""
    a0, a1 = a
    mixed = _product(a0, a1)
    b = _product(_sum(a0, a1), _sum(a0, _times_v(a1)))
    d = _sum(mixed, _times_v(mixed))
    return _reduced_difference(b, d), _reduced(_sum(mixed, mixed))


def multiply_by_line(a: Fp12, b: Fp2, c: Fp2) -> Fp12:
    """`a` times 1 + bw + cw³, which is what a pairing mostly multiplies by."""
    a0, a1 = a
    low, high = _sparse_product(a1, b, c), _sparse_product(a0, b, c)
    return _low_and_v_times(a0, low), _reduced(_sum(a1, high))


def invert(a: Fp12) -> Fp12:
    """In Fp12; raises ValueError for 0."""
    a0, a1 = a
    norm = _inverse6(_reduced_difference(_product(a0, a0), _times_v(_product(a1, a1))))
    return _reduced(_product(a0, norm)), _reduced(_negative(_product(a1, norm)))


def conjugate(a: Fp12) -> Fp12:
    """a^(p⁶). Of a number whose power of p⁶ + 1 is 1 this is the inverse."""
    return a[0], _negative(a[1])


def frobenius(a: Fp12) -> Fp12:
    """a^p: conjugates of the coefficients of wᵏ, times (9 + i)^(k(p - 1)/6)."""
    (a0, a1, a2, a3, a4, a5), (b0, b1, b2, b3, b4, b5) = a
    return (
        (a0, -a1, *_twisted(a2, a3, 2), *_twisted(a4, a5, 4)),
        (*_twisted(b0, b1, 1), *_twisted(b2, b3, 3), *_twisted(b4, b5, 5)),
    )


def _twisted(real: int, imaginary: int, k: int) -> Fp2:
    return multiply2((real, -imaginary), FROBENIUS[k])


def square_unitary(a: Fp12) -> Fp12:
    """The square of a number whose power of p⁴ - p² + 1 is 1: such as Fp12's numbers are after the easy powers.

    Source: Granger, Scott, *Faster squaring in the cyclotomic subgroup of sixth degree extensions*, 2010.
    """
    (a0, a1, a2, a3, a4, a5), (b0, b1, b2, b3, b4, b5) = a
    s0, s1, t0, t1 = _square4(a0, a1, b2, b3)
    u0, u1, v0, v1 = _square4(b0, b1, a4, a5)
    x0, x1, y0, y1 = _square4(a2, a3, b4, b5)
    return (
        (
            (3 * s0 - 2 * a0) % P,
            (3 * s1 - 2 * a1) % P,
            (3 * u0 - 2 * a2) % P,
            (3 * u1 - 2 * a3) % P,
            (3 * x0 - 2 * a4) % P,
            (3 * x1 - 2 * a5) % P,
        ),
        (
            (3 * (9 * y0 - y1) + 2 * b0) % P,
            (3 * (9 * y1 + y0) + 2 * b1) % P,
            (3 * t0 + 2 * b2) % P,
            (3 * t1 + 2 * b3) % P,
            (3 * v0 + 2 * b4) % P,
            (3 * v1 + 2 * b5) % P,
        ),
    )


def _square4(a: int, b: int, c: int, d: int) -> tuple[int, int, int, int]:
    """The square of (a + bi) + (c + di)s, where s² = 9 + i; not reduced."""
    real, imaginary = (c + d) * (c - d), 2 * c * d
    return (
        (a + b) * (a - b) + 9 * real - imaginary,
        2 * a * b + real + 9 * imaginary,
        2 * (a * c - b * d),
        2 * (a * d + b * c),
    )


# -- Fp6: what is not called reduced may be larger than the field -- #


def _product(a: Fp6, b: Fp6) -> Fp6:
    """Not reduced."""
    a0, a1, a2, a3, a4, a5 = a
    b0, b1, b2, b3, b4, b5 = b
    # What has v³ and v⁴ comes back times 9 + i.
    r3, i3 = a2 * b4 - a3 * b5 + a4 * b2 - a5 * b3, a2 * b5 + a3 * b4 + a4 * b3 + a5 * b2
    r4, i4 = a4 * b4 - a5 * b5, a4 * b5 + a5 * b4
    return (
        a0 * b0 - a1 * b1 + 9 * r3 - i3,
        a0 * b1 + a1 * b0 + 9 * i3 + r3,
        a0 * b2 - a1 * b3 + a2 * b0 - a3 * b1 + 9 * r4 - i4,
        a0 * b3 + a1 * b2 + a2 * b1 + a3 * b0 + 9 * i4 + r4,
        a0 * b4 - a1 * b5 + a2 * b2 - a3 * b3 + a4 * b0 - a5 * b1,
        a0 * b5 + a1 * b4 + a2 * b3 + a3 * b2 + a4 * b1 + a5 * b0,
    )


def _sparse_product(a: Fp6, b: Fp2, c: Fp2) -> Fp6:
    """`a` times b + cv, not reduced."""
    a0, a1, a2, a3, a4, a5 = a
    b0, b1 = b
    c0, c1 = c
    r3, i3 = a4 * c0 - a5 * c1, a4 * c1 + a5 * c0
    return (
        a0 * b0 - a1 * b1 + 9 * r3 - i3,
        a0 * b1 + a1 * b0 + 9 * i3 + r3,
        a2 * b0 - a3 * b1 + a0 * c0 - a1 * c1,
        a2 * b1 + a3 * b0 + a0 * c1 + a1 * c0,
        a4 * b0 - a5 * b1 + a2 * c0 - a3 * c1,
        a4 * b1 + a5 * b0 + a2 * c1 + a3 * c0,
    )


def _inverse6(a: Fp6) -> Fp6:
    """Reduced, of a reduced one; raises ValueError for 0."""
    x, y, z = (a[0], a[1]), (a[2], a[3]), (a[4], a[5])
    xx, yy, zz = multiply2(x, x), multiply2(y, y), multiply2(z, z)
    xy, xz, yz = multiply2(x, y), multiply2(x, z), multiply2(y, z)
    s = (xx[0] - (9 * yz[0] - yz[1]), xx[1] - (9 * yz[1] + yz[0]))
    t = (9 * zz[0] - zz[1] - xy[0], 9 * zz[1] + zz[0] - xy[1])
    u = (yy[0] - xz[0], yy[1] - xz[1])
    adjoint = (*s, *t, *u)
    norm = _product(a, adjoint)
    inverse = invert2((norm[0] % P, norm[1] % P))
    return (*multiply2(s, inverse), *multiply2(t, inverse), *multiply2(u, inverse))


def _times_v(a: Fp6) -> Fp6:
    return 9 * a[4] - a[5], 9 * a[5] + a[4], a[0], a[1], a[2], a[3]


def _low_and_v_times(low: Fp6, high: Fp6) -> Fp6:
    """low + v·high, reduced."""
    a0, a1, a2, a3, a4, a5 = low
    b0, b1, b2, b3, b4, b5 = high
    return (a0 + 9 * b4 - b5) % P, (a1 + 9 * b5 + b4) % P, (a2 + b0) % P, (a3 + b1) % P, (a4 + b2) % P, (a5 + b3) % P


def _sum(a: Fp6, b: Fp6) -> Fp6:
    return a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3], a[4] + b[4], a[5] + b[5]


def _reduced_difference(a: Fp6, b: Fp6) -> Fp6:
    a0, a1, a2, a3, a4, a5 = a
    b0, b1, b2, b3, b4, b5 = b
    return (a0 - b0) % P, (a1 - b1) % P, (a2 - b2) % P, (a3 - b3) % P, (a4 - b4) % P, (a5 - b5) % P


def _reduced(a: Fp6) -> Fp6:
    return a[0] % P, a[1] % P, a[2] % P, a[3] % P, a[4] % P, a[5] % P


def _negative(a: Fp6) -> Fp6:
    return -a[0], -a[1], -a[2], -a[3], -a[4], -a[5]


def _power2(base: Fp2, exponent: int) -> Fp2:
    result = (1, 0)
    for bit in f"{exponent:b}":
        result = multiply2(result, result)
        if bit == "1":
            result = multiply2(result, base)
    return result


FROBENIUS = tuple(_power2((9, 1), k * (P - 1) // 6) for k in range(6))
"""(9 + i)^(k(p - 1)/6): what wᵏ gains by the power of p."""
