"""Inputs for each precompile that are right, or nearly: points of the curves and beside them, edges of the fields."""

from collections.abc import Callable
from random import Random

from py_ecc.bls.point_compression import modular_squareroot_in_FQ2
from py_ecc.optimized_bls12_381 import FQ as BLS_FQ
from py_ecc.optimized_bls12_381 import FQ2 as BLS_FQ2
from py_ecc.optimized_bls12_381 import G1 as BLS_G1
from py_ecc.optimized_bls12_381 import G2 as BLS_G2
from py_ecc.optimized_bls12_381 import b as BLS_B
from py_ecc.optimized_bls12_381 import b2 as BLS_B2
from py_ecc.optimized_bls12_381 import curve_order as BLS_ORDER
from py_ecc.optimized_bls12_381 import field_modulus as BLS_FIELD
from py_ecc.optimized_bls12_381 import multiply as bls_multiply
from py_ecc.optimized_bls12_381 import normalize as bls_normalize
from py_ecc.optimized_bn128 import G1 as BN_G1
from py_ecc.optimized_bn128 import G2 as BN_G2
from py_ecc.optimized_bn128 import curve_order as BN_ORDER
from py_ecc.optimized_bn128 import field_modulus as BN_FIELD
from py_ecc.optimized_bn128 import multiply as bn_multiply
from py_ecc.optimized_bn128 import normalize as bn_normalize

from protocol.crypto import SECP256K1_N, sign
from tests.vm.conftest import KEYS
from tests.vm.eels.programs import BLAKE2, HASH, P256_N

PAIRINGS = (0x08, 0x0F)
"""EELS needs a second or so for a pairing."""


def precompile_input(number: int, random: Random) -> bytes:
    """For precompile `number`; now and then cut, made longer, or with a byte changed."""
    data = _INPUTS[number](random)
    flaw = random.randrange(8)
    at = random.randrange(len(data) + 1)
    if flaw == 0:
        return data[:at]
    if flaw == 1:
        return data + bytes(random.randrange(1, 40))
    if flaw == 2:
        return data[:at] + random.randbytes(1) + data[at + 1 :]
    return data


def _word(value: int) -> bytes:
    return value.to_bytes(32, "big")


def _scalar(random: Random, order: int) -> int:
    return random.choice((0, 1, 2, order - 1, order, order + 1, 2**256 - 1, random.getrandbits(256)))


def _ecrecover(random: Random) -> bytes:
    digest = random.choice((HASH, bytes(32), random.randbytes(32)))
    parity, r, s = sign(digest, random.choice(KEYS))
    flaw = random.randrange(6)
    if flaw == 0:
        parity, s = 1 - parity, SECP256K1_N - s
    elif flaw == 1:
        r, s = random.choice(((0, s), (r, 0), (SECP256K1_N, s), (r, SECP256K1_N), (r + 1, s), (5, s)))
    v = random.choice((27 + parity, 27 + parity, 27 + parity, parity, 29, 2**255))
    return digest + _word(v) + _word(r) + _word(s)


def _modexp(random: Random) -> bytes:
    sizes = [random.choice((0, 1, 2, 31, 32, 33, 64, 65)) for _ in range(3)]
    if random.random() < 0.2:
        sizes[random.randrange(3)] = random.choice((255, 1024, 1025, 2**32))
    base, exponent, modulus = (
        random.choice(
            (random.randbytes(min(size, 1_100)), bytes(min(size, 1_100)), b"\1".rjust(min(size, 1_100), b"\0"))
        )
        for size in sizes
    )
    return b"".join(map(_word, sizes)) + base + exponent[:40] + modulus


def _bn_g1(random: Random) -> bytes:
    how = random.randrange(8)
    if how == 0:
        return bytes(64)
    if how == 1:
        return _word(random.choice((0, 1, BN_FIELD, BN_FIELD - 1))) + _word(
            random.choice((0, 2, BN_FIELD, BN_FIELD + 2))
        )
    x, y = (int(part) for part in bn_normalize(bn_multiply(BN_G1, random.choice((1, 2, 3, BN_ORDER - 1)))))
    return _word(x + (BN_FIELD if how == 2 else 0)) + _word(BN_FIELD - y if how == 3 else y)


def _bn_g2(random: Random) -> bytes:
    how = random.randrange(8)
    if how == 0:
        return bytes(128)
    if how == 1:
        return b"".join(_word(random.choice((0, 1, BN_FIELD, BN_FIELD - 1))) for _ in range(4))
    x, y = bn_normalize(bn_multiply(BN_G2, random.choice((1, 2, BN_ORDER - 1))))
    parts = [int(part) for part in (x.coeffs[1], x.coeffs[0], y.coeffs[1], y.coeffs[0])]
    if how == 2:
        parts.reverse()
    return b"".join(map(_word, parts))


def _bn_pairing(random: Random) -> bytes:
    if random.random() < 0.3:  # e(P, Q) e(-P, Q) = 1
        g2 = _bn_g2(random)
        x, y = (int(part) for part in bn_normalize(BN_G1))
        return _word(x) + _word(y) + g2 + _word(x) + _word(BN_FIELD - y) + g2
    return b"".join(_bn_g1(random) + _bn_g2(random) for _ in range(random.choice((0, 1, 2))))


def _blake2(random: Random) -> bytes:
    rounds = random.choice((0, 1, 10, 12, 300))
    return rounds.to_bytes(4, "big") + random.randbytes(208) + random.choice((b"\0", b"\1", b"\1", b"\2"))


def _bls_number(random: Random, value: int) -> bytes:
    if random.random() < 0.03:
        value += BLS_FIELD
    padding = bytes(16) if random.random() < 0.98 else bytes(15) + b"\1"
    return padding + value.to_bytes(48, "big")


def _bls_g1(random: Random) -> bytes:
    how = random.randrange(8)
    if how == 0:
        return bytes(128)
    if how == 1:  # on the curve, most likely outside the subgroup
        x, root = BLS_FQ(random.getrandbits(300)), None
        while root is None:
            x += 1
            square = x * x * x + BLS_B
            found = square ** ((BLS_FIELD + 1) // 4)
            root = found if found * found == square else None
        return _bls_number(random, int(x)) + _bls_number(random, int(root))
    x, y = bls_normalize(bls_multiply(BLS_G1, random.choice((1, 2, 3, BLS_ORDER - 1))))
    return _bls_number(random, int(x)) + _bls_number(random, int(y) + (how == 2))


def _bls_g2(random: Random) -> bytes:
    how = random.randrange(8)
    if how == 0:
        return bytes(256)
    if how == 1:
        x, root = BLS_FQ2((random.getrandbits(300), random.getrandbits(300))), None
        while root is None:
            x += BLS_FQ2((1, 0))
            root = modular_squareroot_in_FQ2(x * x * x + BLS_B2)
        y = root
    else:
        x, y = bls_normalize(bls_multiply(BLS_G2, random.choice((1, 2, 3, BLS_ORDER - 1))))
    parts = [int(part) for part in (*x.coeffs, *y.coeffs)]
    if how == 2:
        parts[random.randrange(4)] += 1
    return b"".join(_bls_number(random, part) for part in parts)


def _bls_pairing(random: Random) -> bytes:
    if random.random() < 0.3:
        g2 = _bls_g2(random)
        x, y = (int(part) for part in bls_normalize(BLS_G1))
        left, right = (
            bytes(16) + x.to_bytes(48, "big") + bytes(16) + at.to_bytes(48, "big") for at in (y, BLS_FIELD - y)
        )
        return left + g2 + right + g2
    return b"".join(_bls_g1(random) + _bls_g2(random) for _ in range(random.choice((0, 1, 1, 2))))


def _bls_element(random: Random) -> bytes:
    value = random.choice((0, 1, BLS_FIELD - 1, BLS_FIELD, 2**384 - 1, random.randrange(BLS_FIELD)))
    return bytes(16) + value.to_bytes(48, "big")


def _msm(point: Callable[[Random], bytes]) -> Callable[[Random], bytes]:
    def terms(random: Random) -> bytes:
        count = random.choice((0, 1, 1, 2, 3))
        return b"".join(point(random) + _word(_scalar(random, BLS_ORDER)) for _ in range(count))

    return terms


def _p256(random: Random) -> bytes:
    numbers = [random.choice((0, 1, P256_N - 1, P256_N, random.getrandbits(255))) for _ in range(4)]
    return random.randbytes(32) + b"".join(map(_word, numbers))


def _bytes(random: Random) -> bytes:
    return random.randbytes(random.choice((0, 1, 31, 32, 33, 64, 200)))


_INPUTS: dict[int, Callable[[Random], bytes]] = {
    0x01: _ecrecover,
    0x02: _bytes,
    0x03: _bytes,
    0x04: _bytes,
    0x05: _modexp,
    0x06: lambda random: _bn_g1(random) + _bn_g1(random),
    0x07: lambda random: _bn_g1(random) + _word(_scalar(random, BN_ORDER)),
    0x08: _bn_pairing,
    0x09: lambda random: random.choice((BLAKE2, _blake2(random))),
    0x0A: lambda random: random.randbytes(192),
    0x0B: lambda random: _bls_g1(random) + _bls_g1(random),
    0x0C: _msm(_bls_g1),
    0x0D: lambda random: _bls_g2(random) + _bls_g2(random),
    0x0E: _msm(_bls_g2),
    0x0F: _bls_pairing,
    0x10: _bls_element,
    0x11: lambda random: _bls_element(random) + _bls_element(random),
    0x100: _p256,
}
NUMBERS = tuple(_INPUTS)
