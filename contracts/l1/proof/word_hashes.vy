# pragma version 0.4.3
# pragma evm-version cancun
"""
@title SHA-256 and RIPEMD-160 in pieces
@license MIT
@notice Blocks of 64 bytes absorbed into what the functions remember between two of them. A module of the library for
        hashes.
@dev Follows `prover/machine/sha256.py` and `ripemd160.py`. Lanes are the words of 32 bits; those that a function does not
     have stay zero. Sources: FIPS 180-4; Dobbertin, Bosselaers, Preneel, 1996.
"""

BLOCK: constant(uint256) = 64
MASK: constant(uint256) = 2**32 - 1

SHA256_CONSTANTS: constant(uint256[64]) = [
    1116352408, 1899447441, 3049323471, 3921009573, 961987163, 1508970993, 2453635748, 2870763221,
    3624381080, 310598401, 607225278, 1426881987, 1925078388, 2162078206, 2614888103, 3248222580,
    3835390401, 4022224774, 264347078, 604807628, 770255983, 1249150122, 1555081692, 1996064986,
    2554220882, 2821834349, 2952996808, 3210313671, 3336571891, 3584528711, 113926993, 338241895,
    666307205, 773529912, 1294757372, 1396182291, 1695183700, 1986661051, 2177026350, 2456956037,
    2730485921, 2820302411, 3259730800, 3345764771, 3516065817, 3600352804, 4094571909, 275423344,
    430227734, 506948616, 659060556, 883997877, 958139571, 1322822218, 1537002063, 1747873779,
    1955562222, 2024104815, 2227730452, 2361852424, 2428436474, 2756734187, 3204031479, 3329325298,
]

# Of each turn of RIPEMD-160: what is added, and by round, from the lowest four bits up, the word and the rotation.
LEFT_CONSTANTS: constant(uint256[5]) = [0, 1518500249, 1859775393, 2400959708, 2840853838]
LEFT_WORDS: constant(uint256[5]) = [
    18364758544493064720,
    10079716825146989895,
    14248650839231647395,
    2764919063900629905,
    16099105460569216260,
]
LEFT_ROTATIONS: constant(uint256[5]) = [
    9905384649541406699,
    14806603881112131687,
    6324581712619534043,
    14224731476766686923,
    7317203453406000633,
]
RIGHT_CONSTANTS: constant(uint256[5]) = [1352829926, 1548603684, 1836072691, 2053994217, 0]
RIGHT_WORDS: constant(uint256[5]) = [
    14096706008221550565,
    2419779895833949110,
    15279073663851639135,
    16895767220870911080,
    13344426445381913340,
]
RIGHT_ROTATIONS: constant(uint256[5]) = [
    7849414023404435864,
    13688264971095146457,
    6331469388073975673,
    10330303817214507103,
    13537634492463488088,
]


@internal
@pure
def _sha256_absorb(lanes: uint256[25], data: Bytes[1152]) -> uint256[25]:
    """
    @dev The lanes after some whole blocks.
    """
    h: uint256[25] = lanes
    constants: uint256[64] = SHA256_CONSTANTS
    for number: uint256 in range(len(data) // BLOCK, bound=18):
        w: uint256[64] = self._words(data, BLOCK * number)
        for i: uint256 in range(16, 64):
            x: uint256 = w[i - 15]
            y: uint256 = w[i - 2]
            low: uint256 = self._right(x, 7) ^ self._right(x, 18) ^ (x >> 3)
            high: uint256 = self._right(y, 17) ^ self._right(y, 19) ^ (y >> 10)
            w[i] = (w[i - 16] + low + w[i - 7] + high) & MASK
        a: uint256 = h[0]
        b: uint256 = h[1]
        c: uint256 = h[2]
        d: uint256 = h[3]
        e: uint256 = h[4]
        f: uint256 = h[5]
        g: uint256 = h[6]
        k: uint256 = h[7]
        for i: uint256 in range(64):
            choice: uint256 = (e & f) ^ ((e ^ MASK) & g)
            majority: uint256 = (a & b) ^ (a & c) ^ (b & c)
            mixed: uint256 = self._right(e, 6) ^ self._right(e, 11) ^ self._right(e, 25)
            first: uint256 = k + mixed + choice + constants[i] + w[i]
            second: uint256 = (self._right(a, 2) ^ self._right(a, 13) ^ self._right(a, 22)) + majority
            k = g
            g = f
            f = e
            e = (d + first) & MASK
            d = c
            c = b
            b = a
            a = (first + second) & MASK
        added: uint256[8] = [a, b, c, d, e, f, g, k]
        for i: uint256 in range(8):
            h[i] = (h[i] + added[i]) & MASK
    return h


@internal
@pure
def _sha256_squeezed(h: uint256[25]) -> uint256:
    """
    @dev The digest.
    """
    digest: uint256 = 0
    for i: uint256 in range(8):
        digest = (digest << 32) | h[i]
    return digest


@internal
@pure
def _ripemd160_absorb(lanes: uint256[25], data: Bytes[1152]) -> uint256[25]:
    """
    @dev The lanes after some whole blocks.
    """
    h: uint256[25] = lanes
    for number: uint256 in range(len(data) // BLOCK, bound=18):
        x: uint256[64] = self._words(data, BLOCK * number)
        for i: uint256 in range(16):
            x[i] = self._swapped(x[i])
        left: uint256[5] = [h[0], h[1], h[2], h[3], h[4]]
        left = self._ripemd160_line(left, x, LEFT_CONSTANTS, LEFT_WORDS, LEFT_ROTATIONS, False)
        right: uint256[5] = [h[0], h[1], h[2], h[3], h[4]]
        right = self._ripemd160_line(right, x, RIGHT_CONSTANTS, RIGHT_WORDS, RIGHT_ROTATIONS, True)
        before: uint256[25] = h
        for i: uint256 in range(5):
            h[i] = (before[(i + 1) % 5] + left[(i + 2) % 5] + right[(i + 3) % 5]) & MASK
    return h


@internal
@pure
def _ripemd160_line(
    begin: uint256[5], x: uint256[64], added: uint256[5], words: uint256[5], rotations: uint256[5], backwards: bool
) -> uint256[5]:
    """
    @dev One of the two lines of 80 rounds; the right one takes the functions from the last to the first.
    """
    a: uint256 = begin[0]
    b: uint256 = begin[1]
    c: uint256 = begin[2]
    d: uint256 = begin[3]
    e: uint256 = begin[4]
    for turn: uint256 in range(5):
        mix: uint256 = turn
        if backwards:
            mix = 4 - turn
        word: uint256 = words[turn]
        rotation: uint256 = rotations[turn]
        for _: uint256 in range(16):
            mixed: uint256 = 0
            if mix == 0:
                mixed = b ^ c ^ d
            elif mix == 1:
                mixed = (b & c) | ((b ^ MASK) & d)
            elif mix == 2:
                mixed = (b | (c ^ MASK)) ^ d
            elif mix == 3:
                mixed = (b & d) | (c & (d ^ MASK))
            else:
                mixed = b ^ (c | (d ^ MASK))
            sum: uint256 = (a + mixed + x[word & 15] + added[turn]) & MASK
            a = e
            e = d
            d = self._right(c, 22)
            c = b
            b = (self._right(sum, 32 - (rotation & 15)) + a) & MASK
            word >>= 4
            rotation >>= 4
    return [a, b, c, d, e]


@internal
@pure
def _ripemd160_squeezed(h: uint256[25]) -> uint256:
    """
    @dev The digest, 20 bytes.
    """
    digest: uint256 = 0
    for i: uint256 in range(5):
        digest = (digest << 32) | self._swapped(h[i])
    return digest


@internal
@pure
def _words(data: Bytes[1152], start: uint256) -> uint256[64]:
    """
    @dev A block's sixteen words.
    """
    words: uint256[64] = empty(uint256[64])
    for half: uint256 in range(2):
        eight: uint256 = extract32(data, start + 32 * half, output_type=uint256)
        for i: uint256 in range(8):
            words[8 * half + i] = (eight >> (32 * (7 - i))) & MASK
    return words


@internal
@pure
def _right(word: uint256, count: uint256) -> uint256:
    """
    @dev Rotated right by up to 32 bits.
    """
    return ((word >> count) | (word << (32 - count))) & MASK


@internal
@pure
def _swapped(word: uint256) -> uint256:
    """
    @dev Four bytes in the opposite order.
    """
    return (word >> 24) | ((word >> 8) & 65280) | ((word << 8) & 16711680) | ((word & 255) << 24)
