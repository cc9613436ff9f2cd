"""keccak256 in pieces, for ranges too long to be shown to a referee at once.

The 25 lanes between two blocks are part of the state. Source: FIPS 202, with Keccak's original padding.
"""

from protocol.types import Hash32

RATE = 136
"""Bytes that one permutation absorbs."""
LANES = 25
_MASK = 2**64 - 1


def _round_constants() -> tuple[int, ...]:
    constants = []
    state = 1
    for _ in range(24):
        constant = 0
        for power in range(7):
            if state & 1:
                constant |= 1 << (2**power - 1)
            state = (state << 1) ^ (0x171 if state & 0x80 else 0)
        constants.append(constant)
    return tuple(constants)


def _rotations() -> tuple[int, ...]:
    offsets = [0] * LANES
    x, y = 1, 0
    for step in range(24):
        offsets[x + 5 * y] = (step + 1) * (step + 2) // 2 % 64
        x, y = y, (2 * x + 3 * y) % 5
    return tuple(offsets)


ROUND_CONSTANTS = _round_constants()
ROTATIONS = _rotations()


def permute(lanes: tuple[int, ...]) -> tuple[int, ...]:
    """keccak-f[1600]: lane x, y is at x + 5y."""
    a = list(lanes)
    for constant in ROUND_CONSTANTS:
        # theta
        c = [a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20] for x in range(5)]
        d = [c[(x + 4) % 5] ^ _rotate(c[(x + 1) % 5], 1) for x in range(5)]
        # rho and pi
        b = [0] * LANES
        for x in range(5):
            for y in range(5):
                b[y + 5 * ((2 * x + 3 * y) % 5)] = _rotate(a[x + 5 * y] ^ d[x], ROTATIONS[x + 5 * y])
        # chi
        for y in range(0, LANES, 5):
            for x in range(5):
                a[y + x] = b[y + x] ^ (~b[y + (x + 1) % 5] & b[y + (x + 2) % 5])
        # iota
        a[0] ^= constant
    return tuple(a)


def _rotate(lane: int, count: int) -> int:
    return (lane << count | lane >> (64 - count)) & _MASK


def absorb(lanes: tuple[int, ...], block: bytes) -> tuple[int, ...]:
    """The lanes after one block of 136 bytes."""
    mixed = list(lanes)
    for index in range(RATE // 8):
        mixed[index] ^= int.from_bytes(block[8 * index : 8 * index + 8], "little")
    return permute(tuple(mixed))


def pad(tail: bytes) -> bytes:
    """The last block: fewer than 136 bytes of data, then the padding."""
    block = bytearray(tail.ljust(RATE, b"\0"))
    block[len(tail)] ^= 0x01
    block[RATE - 1] ^= 0x80
    return bytes(block)


def squeeze(lanes: tuple[int, ...]) -> Hash32:
    """The digest."""
    return Hash32(b"".join(lane.to_bytes(8, "little") for lane in lanes[:4]))
