"""SHA-256's compression function. Source: FIPS 180-4."""

from math import isqrt

_MASK = 2**32 - 1


def _primes(count: int) -> list[int]:
    found: list[int] = []
    candidate = 2
    while len(found) < count:
        if all(candidate % prime for prime in found):
            found.append(candidate)
        candidate += 1
    return found


def _cube_root(value: int) -> int:
    """The integer part of the cube root."""
    low, high = 0, 1 << (value.bit_length() // 3 + 1)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle**3 <= value else (low, middle - 1)
    return low


# The first 32 bits of the fractional parts of the square and cube roots of the first primes.
INITIAL = tuple(isqrt(prime << 64) & _MASK for prime in _primes(8))
CONSTANTS = tuple(_cube_root(prime << 96) & _MASK for prime in _primes(64))


def compress(lanes: tuple[int, ...], block: bytes) -> tuple[int, ...]:
    """The eight words after one block of 64 bytes."""
    w = [int.from_bytes(block[start : start + 4], "big") for start in range(0, 64, 4)]
    for index in range(16, 64):
        x, y = w[index - 15], w[index - 2]
        low = _rotate(x, 7) ^ _rotate(x, 18) ^ x >> 3
        high = _rotate(y, 17) ^ _rotate(y, 19) ^ y >> 10
        w.append((w[index - 16] + low + w[index - 7] + high) & _MASK)
    a, b, c, d, e, f, g, h = lanes[:8]
    for constant, word in zip(CONSTANTS, w, strict=True):
        choice = e & f ^ ~e & g
        majority = a & b ^ a & c ^ b & c
        first = h + (_rotate(e, 6) ^ _rotate(e, 11) ^ _rotate(e, 25)) + choice + constant + word
        second = (_rotate(a, 2) ^ _rotate(a, 13) ^ _rotate(a, 22)) + majority
        a, b, c, d, e, f, g, h = (first + second) & _MASK, a, b, c, (d + first) & _MASK, e, f, g
    return tuple((old + new) & _MASK for old, new in zip(lanes[:8], (a, b, c, d, e, f, g, h), strict=True))


def squeeze(lanes: tuple[int, ...]) -> bytes:
    """The digest."""
    return b"".join(lane.to_bytes(4, "big") for lane in lanes[:8])


def _rotate(word: int, count: int) -> int:
    return (word >> count | word << (32 - count)) & _MASK
