"""How Celestia lays a blob out in shares, and the commitment that it knows the blob by.

The blob is cut into shares of 512 bytes (sparse shares, share version 0). Runs of shares make namespaced Merkle trees
whose sizes are fixed by the blob's length alone, so that the roots stand in every square that holds the blob; the
commitment is the plain Merkle root over those roots.
Sources: https://celestiaorg.github.io/celestia-app/shares.html and data_square_layout.html (ADR 013,
SubtreeRootThreshold 64).
"""

import hashlib
from collections.abc import Iterator, Sequence
from math import isqrt

NAMESPACE_BYTES = 29
SHARE_BYTES = 512
SHARE_VERSION = 0
SUBTREE_ROOT_THRESHOLD = 64
_INFO_FIRST = bytes((SHARE_VERSION << 1 | 1,))
_INFO_LATER = bytes((SHARE_VERSION << 1,))
_FIRST_CONTENT = SHARE_BYTES - NAMESPACE_BYTES - 1 - 4
_LATER_CONTENT = SHARE_BYTES - NAMESPACE_BYTES - 1


def check_namespace(namespace: bytes) -> bytes:
    """Let through what a user may write to: version 0, then 18 zero bytes and 10 free ones, not reserved.

    Raises:
        ValueError: It is something else.
    """
    if len(namespace) != NAMESPACE_BYTES:
        raise ValueError(f"a Celestia namespace has {NAMESPACE_BYTES} bytes, not {len(namespace)}")
    if namespace[:19] != bytes(19):
        raise ValueError("a Celestia namespace of version 0 begins with 19 zero bytes; 10 are free")
    if namespace[:28] == bytes(28):
        raise ValueError("Celestia reserves the namespaces up to 0x00…ff for itself")
    return namespace


def share_commitment(namespace: bytes, data: bytes) -> bytes:
    """The 32 bytes by which Celestia names the blob of these bytes (at least one) in this namespace."""
    shares = list(split_shares(namespace, data))
    roots = []
    start = 0
    for size in mountain_sizes(len(shares), subtree_width(len(shares))):
        roots.append(_namespaced_root(namespace, shares[start : start + size]))
        start += size
    return _merkle_root(roots)


def split_shares(namespace: bytes, data: bytes) -> Iterator[bytes]:
    """The blob's shares: namespace, info byte, in the first one the length (u32), then content and zeros."""
    first, rest = data[:_FIRST_CONTENT], data[_FIRST_CONTENT:]
    yield (namespace + _INFO_FIRST + len(data).to_bytes(4, "big") + first).ljust(SHARE_BYTES, b"\0")
    for at in range(0, len(rest), _LATER_CONTENT):
        yield (namespace + _INFO_LATER + rest[at : at + _LATER_CONTENT]).ljust(SHARE_BYTES, b"\0")


def subtree_width(shares: int) -> int:
    """The most leaves of one subtree: so that there are about 64, each no wider than the smallest square."""
    by_threshold = _next_power_of_two(-(-shares // SUBTREE_ROOT_THRESHOLD))
    smallest_square = _next_power_of_two(isqrt(shares - 1) + 1)
    return min(by_threshold, smallest_square)


def mountain_sizes(total: int, largest: int) -> Iterator[int]:
    """The sizes of a Merkle mountain range over `total` leaves with trees of at most `largest`, a power of two."""
    while total:
        size = min(largest, 1 << (total.bit_length() - 1))
        yield size
        total -= size


def _namespaced_root(namespace: bytes, shares: Sequence[bytes]) -> bytes:
    """The root of a namespaced Merkle tree whose leaves share one namespace: minimum ‖ maximum ‖ hash."""
    span = namespace * 2
    level = [span + hashlib.sha256(b"\0" + namespace + share).digest() for share in shares]
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=True)
        level = [span + hashlib.sha256(b"\1" + left + right).digest() for left, right in pairs]
    return level[0]


def _merkle_root(leaves: Sequence[bytes]) -> bytes:
    """RFC 6962: the left subtree is the largest full one."""
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    return hashlib.sha256(b"\1" + _merkle_root(leaves[:split]) + _merkle_root(leaves[split:])).digest()


def _next_power_of_two(number: int) -> int:
    return 1 << (number - 1).bit_length()
