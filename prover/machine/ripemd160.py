"""RIPEMD-160's compression function. Source: Dobbertin, Bosselaers, Preneel, 1996."""

_MASK = 2**32 - 1
INITIAL = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0)

_LEFT_CONSTANTS = (0x00000000, 0x5A827999, 0x6ED9EBA1, 0x8F1BBCDC, 0xA953FD4E)
_RIGHT_CONSTANTS = (0x50A28BE6, 0x5C4DD124, 0x6D703EF3, 0x7A6D76E9, 0x00000000)
_LEFT_WORDS = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
    (7, 4, 13, 1, 10, 6, 15, 3, 12, 0, 9, 5, 2, 14, 11, 8),
    (3, 10, 14, 4, 9, 15, 8, 1, 2, 7, 0, 6, 13, 11, 5, 12),
    (1, 9, 11, 10, 0, 8, 12, 4, 13, 3, 7, 15, 14, 5, 6, 2),
    (4, 0, 5, 9, 7, 12, 2, 10, 14, 1, 3, 8, 11, 6, 15, 13),
)
_RIGHT_WORDS = (
    (5, 14, 7, 0, 9, 2, 11, 4, 13, 6, 15, 8, 1, 10, 3, 12),
    (6, 11, 3, 7, 0, 13, 5, 10, 14, 15, 8, 12, 4, 9, 1, 2),
    (15, 5, 1, 3, 7, 14, 6, 9, 11, 8, 12, 2, 10, 0, 4, 13),
    (8, 6, 4, 1, 3, 11, 15, 0, 5, 12, 2, 13, 9, 7, 10, 14),
    (12, 15, 10, 4, 1, 5, 8, 7, 6, 2, 13, 14, 0, 3, 9, 11),
)
_LEFT_SHIFTS = (
    (11, 14, 15, 12, 5, 8, 7, 9, 11, 13, 14, 15, 6, 7, 9, 8),
    (7, 6, 8, 13, 11, 9, 7, 15, 7, 12, 15, 9, 11, 7, 13, 12),
    (11, 13, 6, 7, 14, 9, 13, 15, 14, 8, 13, 6, 5, 12, 7, 5),
    (11, 12, 14, 15, 14, 15, 9, 8, 9, 14, 5, 6, 8, 6, 5, 12),
    (9, 15, 5, 11, 6, 8, 13, 12, 5, 12, 13, 14, 11, 8, 5, 6),
)
_RIGHT_SHIFTS = (
    (8, 9, 9, 11, 13, 15, 15, 5, 7, 7, 8, 11, 14, 14, 12, 6),
    (9, 13, 15, 7, 12, 8, 9, 11, 7, 7, 12, 7, 6, 15, 13, 11),
    (9, 7, 15, 11, 8, 6, 6, 14, 12, 13, 5, 14, 13, 13, 7, 5),
    (15, 5, 8, 11, 14, 14, 6, 14, 6, 9, 12, 9, 12, 5, 15, 8),
    (8, 5, 12, 9, 12, 5, 14, 6, 8, 13, 6, 5, 15, 13, 11, 11),
)


def compress(lanes: tuple[int, ...], block: bytes) -> tuple[int, ...]:
    """The five words after one block of 64 bytes."""
    x = [int.from_bytes(block[start : start + 4], "little") for start in range(0, 64, 4)]
    left = right = lanes[:5]
    for turn in range(5):
        for word, shift in zip(_LEFT_WORDS[turn], _LEFT_SHIFTS[turn], strict=True):
            left = _round(left, _mix(turn, *left[1:4]) + x[word] + _LEFT_CONSTANTS[turn], shift)
        for word, shift in zip(_RIGHT_WORDS[turn], _RIGHT_SHIFTS[turn], strict=True):
            right = _round(right, _mix(4 - turn, *right[1:4]) + x[word] + _RIGHT_CONSTANTS[turn], shift)
    h = lanes[:5]
    return tuple((h[(i + 1) % 5] + left[(i + 2) % 5] + right[(i + 3) % 5]) & _MASK for i in range(5))


def _round(words: tuple[int, ...], added: int, shift: int) -> tuple[int, ...]:
    a, b, c, d, e = words
    return e, (_rotate((a + added) & _MASK, shift) + e) & _MASK, b, _rotate(c, 10), d


def _mix(turn: int, b: int, c: int, d: int) -> int:
    """The five boolean functions."""
    if turn == 0:
        return b ^ c ^ d
    if turn == 1:
        return b & c | ~b & _MASK & d
    if turn == 2:
        return (b | ~c & _MASK) ^ d
    if turn == 3:
        return b & d | c & ~d & _MASK
    return b ^ (c | ~d & _MASK)


def squeeze(lanes: tuple[int, ...]) -> bytes:
    """The digest, 20 bytes."""
    return b"".join(lane.to_bytes(4, "little") for lane in lanes[:5])


def _rotate(word: int, count: int) -> int:
    return (word << count | word >> (32 - count)) & _MASK
