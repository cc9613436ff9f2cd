# pragma version 0.4.3
# pragma evm-version cancun
"""
@title keccak256 in pieces
@license MIT
@notice The permutation, and blocks of 136 bytes absorbed into its 25 lanes. A module of the library for hashes.
@dev Follows `prover/machine/keccak_sponge.py`. L1 hashes natively, but only whole inputs; an input that does not fit into
     one transaction is hashed here. The rounds are written out: a loop over the lanes costs sixteen times as much.
     Source: FIPS 202, with Keccak's original padding.
"""

RATE: constant(uint256) = 136  # bytes that one permutation absorbs
MASK: constant(uint256) = 2**64 - 1

# Bytes 1, 3, 5 … of a word, and the like for pairs and fours of bytes.
ODD_BYTES: constant(uint256) = max_value(uint256) // (2**16 - 1) * (2**8 - 1)
ODD_PAIRS: constant(uint256) = max_value(uint256) // (2**32 - 1) * (2**16 - 1)
ODD_FOURS: constant(uint256) = max_value(uint256) // (2**64 - 1) * (2**32 - 1)

ROUND_CONSTANTS: constant(uint256[24]) = [
    1,
    32898,
    9223372036854808714,
    9223372039002292224,
    32907,
    2147483649,
    9223372039002292353,
    9223372036854808585,
    138,
    136,
    2147516425,
    2147483658,
    2147516555,
    9223372036854775947,
    9223372036854808713,
    9223372036854808579,
    9223372036854808578,
    9223372036854775936,
    32778,
    9223372039002259466,
    9223372039002292353,
    9223372036854808704,
    2147483649,
    9223372039002292232,
]


@internal
@pure
def _absorb(lanes: uint256[25], data: Bytes[1088]) -> uint256[25]:
    """
    @dev The lanes after some whole blocks.
    """
    a: uint256[25] = lanes
    for number: uint256 in range(len(data) // RATE, bound=8):
        start: uint256 = RATE * number
        for i: uint256 in range(4):
            four: uint256 = self._swapped(extract32(data, start + 32 * i, output_type=uint256))
            a[4 * i] ^= four >> 192
            a[4 * i + 1] ^= (four >> 128) & MASK
            a[4 * i + 2] ^= (four >> 64) & MASK
            a[4 * i + 3] ^= four & MASK
        a[16] ^= self._swapped(extract32(data, start + RATE - 32, output_type=uint256)) & MASK
        a = self._permuted(a)
    return a


@internal
@pure
def _squeezed(a: uint256[25]) -> uint256:
    """
    @dev The digest.
    """
    return self._swapped((a[0] << 192) | (a[1] << 128) | (a[2] << 64) | a[3])


@internal
@pure
def _swapped(word: uint256) -> uint256:
    """
    @dev Four numbers of eight bytes, each with its bytes in the opposite order.
    """
    v: uint256 = ((word >> 8) & ODD_BYTES) | ((word & ODD_BYTES) << 8)
    v = ((v >> 16) & ODD_PAIRS) | ((v & ODD_PAIRS) << 16)
    return ((v >> 32) & ODD_FOURS) | ((v & ODD_FOURS) << 32)


@internal
@pure
def _permuted(lanes: uint256[25]) -> uint256[25]:
    """
    @dev keccak-f[1600]; lane x, y is at x + 5y.
    """
    a: uint256[25] = lanes
    b: uint256[25] = empty(uint256[25])
    c: uint256[5] = empty(uint256[5])
    d: uint256[5] = empty(uint256[5])
    constants: uint256[24] = ROUND_CONSTANTS
    for constant_: uint256 in constants:
        # theta
        c[0] = a[0] ^ a[5] ^ a[10] ^ a[15] ^ a[20]
        c[1] = a[1] ^ a[6] ^ a[11] ^ a[16] ^ a[21]
        c[2] = a[2] ^ a[7] ^ a[12] ^ a[17] ^ a[22]
        c[3] = a[3] ^ a[8] ^ a[13] ^ a[18] ^ a[23]
        c[4] = a[4] ^ a[9] ^ a[14] ^ a[19] ^ a[24]
        d[0] = c[4] ^ (((c[1] << 1) | (c[1] >> 63)) & MASK)
        d[1] = c[0] ^ (((c[2] << 1) | (c[2] >> 63)) & MASK)
        d[2] = c[1] ^ (((c[3] << 1) | (c[3] >> 63)) & MASK)
        d[3] = c[2] ^ (((c[4] << 1) | (c[4] >> 63)) & MASK)
        d[4] = c[3] ^ (((c[0] << 1) | (c[0] >> 63)) & MASK)
        # rho and pi
        b[0] = a[0] ^ d[0]
        b[1] = (((a[6] ^ d[1]) << 44) | ((a[6] ^ d[1]) >> 20)) & MASK
        b[2] = (((a[12] ^ d[2]) << 43) | ((a[12] ^ d[2]) >> 21)) & MASK
        b[3] = (((a[18] ^ d[3]) << 21) | ((a[18] ^ d[3]) >> 43)) & MASK
        b[4] = (((a[24] ^ d[4]) << 14) | ((a[24] ^ d[4]) >> 50)) & MASK
        b[5] = (((a[3] ^ d[3]) << 28) | ((a[3] ^ d[3]) >> 36)) & MASK
        b[6] = (((a[9] ^ d[4]) << 20) | ((a[9] ^ d[4]) >> 44)) & MASK
        b[7] = (((a[10] ^ d[0]) << 3) | ((a[10] ^ d[0]) >> 61)) & MASK
        b[8] = (((a[16] ^ d[1]) << 45) | ((a[16] ^ d[1]) >> 19)) & MASK
        b[9] = (((a[22] ^ d[2]) << 61) | ((a[22] ^ d[2]) >> 3)) & MASK
        b[10] = (((a[1] ^ d[1]) << 1) | ((a[1] ^ d[1]) >> 63)) & MASK
        b[11] = (((a[7] ^ d[2]) << 6) | ((a[7] ^ d[2]) >> 58)) & MASK
        b[12] = (((a[13] ^ d[3]) << 25) | ((a[13] ^ d[3]) >> 39)) & MASK
        b[13] = (((a[19] ^ d[4]) << 8) | ((a[19] ^ d[4]) >> 56)) & MASK
        b[14] = (((a[20] ^ d[0]) << 18) | ((a[20] ^ d[0]) >> 46)) & MASK
        b[15] = (((a[4] ^ d[4]) << 27) | ((a[4] ^ d[4]) >> 37)) & MASK
        b[16] = (((a[5] ^ d[0]) << 36) | ((a[5] ^ d[0]) >> 28)) & MASK
        b[17] = (((a[11] ^ d[1]) << 10) | ((a[11] ^ d[1]) >> 54)) & MASK
        b[18] = (((a[17] ^ d[2]) << 15) | ((a[17] ^ d[2]) >> 49)) & MASK
        b[19] = (((a[23] ^ d[3]) << 56) | ((a[23] ^ d[3]) >> 8)) & MASK
        b[20] = (((a[2] ^ d[2]) << 62) | ((a[2] ^ d[2]) >> 2)) & MASK
        b[21] = (((a[8] ^ d[3]) << 55) | ((a[8] ^ d[3]) >> 9)) & MASK
        b[22] = (((a[14] ^ d[4]) << 39) | ((a[14] ^ d[4]) >> 25)) & MASK
        b[23] = (((a[15] ^ d[0]) << 41) | ((a[15] ^ d[0]) >> 23)) & MASK
        b[24] = (((a[21] ^ d[1]) << 2) | ((a[21] ^ d[1]) >> 62)) & MASK
        # chi
        a[0] = b[0] ^ (~b[1] & b[2])
        a[1] = b[1] ^ (~b[2] & b[3])
        a[2] = b[2] ^ (~b[3] & b[4])
        a[3] = b[3] ^ (~b[4] & b[0])
        a[4] = b[4] ^ (~b[0] & b[1])
        a[5] = b[5] ^ (~b[6] & b[7])
        a[6] = b[6] ^ (~b[7] & b[8])
        a[7] = b[7] ^ (~b[8] & b[9])
        a[8] = b[8] ^ (~b[9] & b[5])
        a[9] = b[9] ^ (~b[5] & b[6])
        a[10] = b[10] ^ (~b[11] & b[12])
        a[11] = b[11] ^ (~b[12] & b[13])
        a[12] = b[12] ^ (~b[13] & b[14])
        a[13] = b[13] ^ (~b[14] & b[10])
        a[14] = b[14] ^ (~b[10] & b[11])
        a[15] = b[15] ^ (~b[16] & b[17])
        a[16] = b[16] ^ (~b[17] & b[18])
        a[17] = b[17] ^ (~b[18] & b[19])
        a[18] = b[18] ^ (~b[19] & b[15])
        a[19] = b[19] ^ (~b[15] & b[16])
        a[20] = b[20] ^ (~b[21] & b[22])
        a[21] = b[21] ^ (~b[22] & b[23])
        a[22] = b[22] ^ (~b[23] & b[24])
        a[23] = b[23] ^ (~b[24] & b[20])
        a[24] = b[24] ^ (~b[20] & b[21])
        # iota
        a[0] ^= constant_
    return a
