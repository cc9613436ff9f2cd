"""The Merkle-Patricia trie, one key at a time and without recursion: how a referee reads and writes it.

`protocol.mpt` does many keys at once and is what the node uses; this is the same trie in the shape that a contract can
follow: walk down noting each branch and extension, change what lies at the end, walk up again. On the way up there is
one kind of value, a subtree that is empty, short (a leaf or an extension) or a branch; a deletion that leaves a branch
with one child makes it short, and what is above an extension or a short subtree merges with it.

Keys are 32 bytes, so no key ends inside a branch. Source: yellow paper, appendix D.
"""

from collections.abc import Callable
from dataclasses import dataclass

from protocol.crypto import keccak
from protocol.mpt import EMPTY_ROOT
from protocol.mpt_node import EMPTY_ITEM, split_node
from protocol.rlp_codec import InvalidRlp, as_bytes, decode, encode
from protocol.types import Hash32

NodeSource = Callable[[Hash32], bytes]
"""The node with a hash; a referee checks that it has it."""

Nibbles = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Short:
    """A leaf or an extension: its path, and the encoded value or child."""

    path: Nibbles
    item: bytes
    leaf: bool


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch: sixteen encoded children, and an empty value."""

    items: tuple[bytes, ...]


Subtree = Short | Branch | None
"""None is the empty subtree."""


@dataclass(frozen=True, slots=True)
class _Turn:
    """A node that the walk went through: in a branch by `nibble`, in an extension along all of its path."""

    node: Short | Branch
    nibble: int


def get(root: Hash32, key: bytes, node: NodeSource) -> bytes:
    """The value of a key; b"" if there is none."""
    _turns, end, rest = _walk(root, nibbles_of(key), node)
    if isinstance(end, Short) and end.leaf and end.path == rest:
        return as_bytes(decode(end.item), "trie value")
    return b""


def put(root: Hash32, key: bytes, value: bytes, node: NodeSource) -> tuple[Hash32, list[bytes]]:
    """Set a key, or delete it when `value` is empty; returns the new root and the new nodes."""
    turns, end, rest = _walk(root, nibbles_of(key), node)
    created: list[bytes] = []
    if value:
        subtree: Subtree = _with_leaf(end, rest, encode(value), created)
    elif isinstance(end, Short) and end.leaf and end.path == rest:
        subtree = None
    else:
        return root, []
    for turn in reversed(turns):
        subtree = _above(turn, subtree, node, created)
    if subtree is None:
        return EMPTY_ROOT, created
    encoded = encode_subtree(subtree)
    created.append(encoded)
    return keccak(encoded), created


def _walk(root: Hash32, rest: Nibbles, node: NodeSource) -> tuple[list[_Turn], Subtree, Nibbles]:
    """Follow a path as far as it goes: the turns taken, what lies at the end, and what is left of the path."""
    turns: list[_Turn] = []
    current: Subtree = None if root == EMPTY_ROOT else parse(node(root))
    while current is not None:
        if isinstance(current, Branch):
            if not rest:
                raise InvalidRlp("trie: a path ends in a branch")
            nibble, rest = rest[0], rest[1:]
            child = current.items[nibble]
        elif not current.leaf and rest[: len(current.path)] == current.path:
            nibble, rest = 0, rest[len(current.path) :]
            child = current.item
        else:
            break
        turns.append(_Turn(current, nibble))
        current = None if child == EMPTY_ITEM else parse(resolve(child, node))
    return turns, current, rest


def _with_leaf(end: Subtree, rest: Nibbles, item: bytes, created: list[bytes]) -> Subtree:
    """The end of the walk with a leaf in it: alone, in place of the old one, or beside what was there."""
    if end is None or (isinstance(end, Short) and end.leaf and end.path == rest):
        return Short(rest, item, leaf=True)
    if isinstance(end, Branch):
        raise InvalidRlp("trie: a walk ends in a branch")
    shared = 0
    while end.path[shared] == rest[shared]:
        shared += 1
    items = [EMPTY_ITEM] * 17
    below = end.path[shared + 1 :]
    if end.leaf or below:
        items[end.path[shared]] = refer(Short(below, end.item, end.leaf), created)
    else:
        items[end.path[shared]] = end.item
    items[rest[shared]] = refer(Short(rest[shared + 1 :], item, leaf=True), created)
    return _extended(rest[:shared], Branch(tuple(items)), created)


def _above(turn: _Turn, subtree: Subtree, node: NodeSource, created: list[bytes]) -> Subtree:
    """One level up: the node of the turn with its child changed."""
    if isinstance(turn.node, Short):
        if subtree is None:
            raise InvalidRlp("trie: an extension to nothing")
        return _extended(turn.node.path, subtree, created)
    items = list(turn.node.items)
    items[turn.nibble] = EMPTY_ITEM if subtree is None else refer(subtree, created)
    left = [nibble for nibble in range(16) if items[nibble] != EMPTY_ITEM]
    if len(left) > 1:
        return Branch(tuple(items))
    # Only a deletion gets here. What the last child is decides how it merges, so its preimage is needed.
    last = parse(resolve(items[left[0]], node))
    if isinstance(last, Branch):
        return Short((left[0],), items[left[0]], leaf=False)
    return Short((left[0], *last.path), last.item, last.leaf)


def _extended(path: Nibbles, subtree: Short | Branch, created: list[bytes]) -> Short | Branch:
    """A subtree behind a path."""
    if not path:
        return subtree
    if isinstance(subtree, Short):
        return Short(path + subtree.path, subtree.item, subtree.leaf)
    return Short(path, refer(subtree, created), leaf=False)


# --- nodes as bytes ---------------------------------------------------------------------------------------------------


def parse(data: bytes) -> Short | Branch:
    """A node from its RLP."""
    items = split_node(data)
    if len(items) == 17:
        if items[16] != EMPTY_ITEM:
            raise InvalidRlp("trie: a branch with a value")
        return Branch(tuple(items))
    packed = as_bytes(decode(items[0]), "trie path")
    flag = packed[0] >> 4 if packed else 4
    if flag > 3 or (flag & 1 == 0 and packed[0] & 15):
        raise InvalidRlp(f"trie: path 0x{packed.hex()} is not in hex-prefix form")
    path = nibbles_of(packed)[1 if flag & 1 else 2 :]
    return Short(path, items[1], leaf=flag >= 2)


def encode_subtree(subtree: Short | Branch) -> bytes:
    """A node's RLP."""
    items = (
        subtree.items
        if isinstance(subtree, Branch)
        else (encode(packed_path(subtree.path, subtree.leaf)), subtree.item)
    )
    payload = b"".join(items)
    if len(payload) < 56:
        return bytes((0xC0 + len(payload),)) + payload
    size = len(payload).to_bytes((len(payload).bit_length() + 7) // 8, "big")
    return bytes((0xF7 + len(size),)) + size + payload


def packed_path(path: Nibbles, leaf: bool) -> bytes:
    """A path in hex-prefix form."""
    flag = 2 if leaf else 0
    nibbles = (flag + 1, *path) if len(path) % 2 else (flag, 0, *path)
    return bytes(16 * nibbles[index] + nibbles[index + 1] for index in range(0, len(nibbles), 2))


def refer(subtree: Short | Branch, created: list[bytes]) -> bytes:
    """How a parent holds a node: itself when shorter than 32 bytes, else its hash."""
    encoded = encode_subtree(subtree)
    if len(encoded) < 32:
        return encoded
    created.append(encoded)
    return b"\xa0" + keccak(encoded)


def resolve(item: bytes, node: NodeSource) -> bytes:
    """The node that a parent's item stands for."""
    return node(Hash32(item[1:])) if len(item) == 33 and item[0] == 0xA0 else item


def nibbles_of(data: bytes) -> Nibbles:
    """The hexadecimal digits of some bytes."""
    return tuple(nibble for byte in data for nibble in (byte >> 4, byte & 15))
