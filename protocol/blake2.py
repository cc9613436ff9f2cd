"""BLAKE2b's compression function with a free number of rounds (EIP-152): bytes to bytes. Source: RFC 7693.

A round costs one gas, and takes Python 6 µs where it takes machine code 17 ns: a block of 30M gas three minutes instead
of half a second. So the blake2b-py package does it where it is installed.
"""

from collections.abc import Callable
from importlib import import_module
from struct import Struct
from typing import cast

INPUT_BYTES = 213
_MASK = 2**64 - 1
_INPUT = Struct("<8Q16Q2Q")
_STATE = Struct("<8Q")
_IV = (
    0x6A09E667F3BCC908,
    0xBB67AE8584CAA73B,
    0x3C6EF372FE94F82B,
    0xA54FF53A5F1D36F1,
    0x510E527FADE682D1,
    0x9B05688C2B3E6C1F,
    0x1F83D9ABFB41BD6B,
    0x5BE0CD19137E2179,
)
_SIGMA = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
    (14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3),
    (11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4),
    (7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8),
    (9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13),
    (2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9),
    (12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11),
    (13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10),
    (6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5),
    (10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0),
)
_COLUMNS_AND_DIAGONALS = (
    (0, 4, 8, 12),
    (1, 5, 9, 13),
    (2, 6, 10, 14),
    (3, 7, 11, 15),
    (0, 5, 10, 15),
    (1, 6, 11, 12),
    (2, 7, 8, 13),
    (3, 4, 9, 14),
)


def blake2_f(data: bytes) -> bytes:
    """0x09: 64 bytes of state after as many rounds as the input's first four bytes say.

    The input: 4 bytes of rounds, 64 of state, 128 of message, 16 of offset counters, and 1 for whether this is the last
    block.

    Raises:
        ValueError: The input is not of 213 bytes, or the last of them neither 0 nor 1.
    """
    if len(data) != INPUT_BYTES or data[212] > 1:
        raise ValueError(f"{len(data)} bytes are no input of BLAKE2 F")
    return _fastest(data)


def in_python(data: bytes) -> bytes:
    """The same of an input that is one, wherever Python runs."""
    words = _INPUT.unpack_from(data, 4)
    h, m = words[:8], words[8:24]
    v = [*h, *_IV]
    v[12] ^= words[24]
    v[13] ^= words[25]
    if data[212]:
        v[14] ^= _MASK
    for index in range(int.from_bytes(data[:4], "big")):
        schedule = _SIGMA[index % 10]
        for place, (a, b, c, d) in enumerate(_COLUMNS_AND_DIAGONALS):
            x, y = m[schedule[2 * place]], m[schedule[2 * place + 1]]
            va = (v[a] + v[b] + x) & _MASK
            vd = _rotate(v[d] ^ va, 32)
            vc = (v[c] + vd) & _MASK
            vb = _rotate(v[b] ^ vc, 24)
            va = (va + vb + y) & _MASK
            vd = _rotate(vd ^ va, 16)
            vc = (vc + vd) & _MASK
            v[a], v[b], v[c], v[d] = va, _rotate(vb ^ vc, 63), vc, vd
    return _STATE.pack(*(h[i] ^ v[i] ^ v[i + 8] for i in range(8)))


def _rotate(word: int, count: int) -> int:
    return (word >> count | word << (64 - count)) & _MASK


def _native_or(otherwise: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """blake2b-py's function where the package is installed: there are no wheels for some machines."""
    try:
        return cast(Callable[[bytes], bytes], import_module("blake2b").decode_and_compress)
    except ImportError:
        return otherwise


_fastest = _native_or(in_python)
