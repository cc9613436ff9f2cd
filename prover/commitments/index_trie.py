"""A block's tries, which have the indices 0, 1, 2 … in RLP for keys: filled leaf by leaf, each at its final place.

How many leaves there will be is known before the first one. So the path of a leaf and the branches above it follow from
its index and that count, whatever is in the trie already: a leaf never moves, and need not be shown again. Until all
leaves are in, a branch may have one child only and the root is nobody's; then both are Ethereum's. The order is free.
Source: yellow paper, 4.4.3 and appendix D.
"""

from protocol.crypto import keccak
from protocol.mpt import EMPTY_ROOT
from protocol.mpt_node import EMPTY_ITEM
from protocol.rlp_codec import encode, uint_bytes
from protocol.types import Hash32
from prover.commitments.trie import Branch, Nibbles, NodeSource, Short, encode_subtree, nibbles_of, parse

MAX_COUNT = 2**16
"""Of the keys whose form is known here; a block has no gas for more."""


def path_of(index: int) -> Nibbles:
    """The key's nibbles."""
    return nibbles_of(encode(uint_bytes(index)))


def branch_depths(index: int, count: int) -> list[int]:
    """At which depths the path of `index` goes through a branch, in the trie of the indices below `count`.

    A branch is where two indices part. Those that share the path so far are an interval, so they part if it reaches
    beyond the ones with the lowest next nibble.
    """
    if index == 0:
        return [0] * (count > 1) + [1] * (count > 128)
    first, fixed = (1, 1) if index < 128 else (128, 2) if index < 256 else (256, 2)
    # Index 0 parts from the others: 0x80 from 1 to 127 in the first nibble, from longer keys in the second.
    depths = list(range(fixed))
    length = len(path_of(index))
    for depth in range(fixed, length):
        shift = 4 * (length - 1 - depth)
        low = max(index >> shift + 4 << shift + 4, first)
        if count > ((low >> shift) + 1) << shift:
            depths.append(depth)
    return depths


def leaf_path(index: int, count: int) -> Nibbles:
    """What the leaf itself says of its key."""
    depths = branch_depths(index, count)
    return path_of(index)[depths[-1] + 1 if depths else 0 :]


def with_leaf(root: Hash32, index: int, count: int, leaf: bytes, node: NodeSource) -> tuple[Hash32, list[bytes]]:
    """The root with one more leaf, and the new nodes. `leaf` is its item in a branch: itself, or 0xa0 and its hash."""
    path = path_of(index)
    levels: list[tuple[int, int, list[bytes]]] = []
    expected = None if root == EMPTY_ROOT else root
    start = 0
    for depth in branch_depths(index, count):
        items = [EMPTY_ITEM] * 17
        if expected is not None:
            below = parse(node(expected))
            if depth > start and isinstance(below, Short):
                below = parse(node(Hash32(below.item[1:])))
            if not isinstance(below, Branch):
                raise ValueError("a block's trie has no branch where it must have one")
            items = list(below.items)
        levels.append((start, depth, items))
        child = items[path[depth]]
        expected = None if child == EMPTY_ITEM else Hash32(child[1:])
        start = depth + 1
    created: list[bytes] = []
    item = leaf
    for start, depth, items in reversed(levels):
        items[path[depth]] = item
        item = _kept(Branch(tuple(items)), created)
        if depth > start:
            item = _kept(Short(path[start:depth], item, leaf=False), created)
    return (Hash32(item[1:]) if len(item) == 33 else keccak(item)), created


def _kept(subtree: Short | Branch, created: list[bytes]) -> bytes:
    """A node as its parent's item: by its hash, however short a branch still is."""
    encoded = encode_subtree(subtree)
    created.append(encoded)
    return b"\xa0" + keccak(encoded)
