"""The nodes of a Merkle-Patricia trie as bytes: taking them apart and putting them together.

A node is its RLP. Paths are strings of hexadecimal digits, one per nibble, because slicing, comparing and packing
those is C code. A child is kept *encoded*, as it stands in its parent: `0x80` for none, `0xa0 ‖ hash`, or the node
itself when it is shorter than 32 bytes.
Source: yellow paper, appendix D.
"""

import re
from collections.abc import Callable

from protocol.rlp_codec import InvalidRlp, rlp_string
from protocol.types import Hash32

NodeSource = Callable[[Hash32], bytes]
"""Fetches the RLP of a node by its hash; raises whatever its owner raises for one that is missing."""

EMPTY_ITEM = b"\x80"

HEX = "0123456789abcdef"
NIBBLE = {digit: value for value, digit in enumerate(HEX)}
_FULL_BRANCH_PREFIX = b"\xf9\x02\x11"
_SIXTEEN_HASHES = b"\xa0" * 16
_CHILDREN = rb"(?:\xa0.{32}|\x80){%d}"
_BRANCH_WITH_CHILD = [
    re.compile(_CHILDREN % nibble + rb"\xa0(.{32})" + _CHILDREN % (15 - nibble) + rb"\x80", re.DOTALL)
    for nibble in range(16)
]
"""The items of a branch without a value whose child of this nibble is a hash; walking them in Python takes twice as
long."""


def resolve(reference: bytes, node: NodeSource) -> bytes:
    """The node that a reference stands for; it must not be the empty one."""
    return node(Hash32(reference[1:])) if len(reference) == 33 and reference[0] == 0xA0 else reference


def pack_path(nibbles: str, *, leaf: bool) -> bytes:
    """A path in hex-prefix form, as an RLP item."""
    if len(nibbles) % 2:
        packed = bytes.fromhex(("3" if leaf else "1") + nibbles)
    else:
        packed = bytes.fromhex(("20" if leaf else "00") + nibbles)
    return packed if len(packed) == 1 else rlp_string(packed)


def unpack_path(item: bytes) -> tuple[str, bool]:
    """The path of a hex-prefix RLP item, and whether it ends at a leaf."""
    digits = rlp_payload(item).hex()
    flag = digits[:1]
    if flag == "3":
        return digits[1:], True
    if flag == "1":
        return digits[1:], False
    if digits.startswith("20"):
        return digits[2:], True
    if digits.startswith("00"):
        return digits[2:], False
    raise InvalidRlp(f"trie node: path 0x{digits} is not in hex-prefix form")


def rlp_payload(item: bytes) -> bytes:
    """The byte string in an RLP item that was split off a node."""
    prefix = item[0]
    if prefix < 0x80:
        return item
    if prefix < 0xB8:
        return item[1:]
    if prefix < 0xC0:
        return item[1 + prefix - 0xB7 :]
    raise InvalidRlp("trie node: a list where a value belongs")


def hash_in_branch(node_rlp: bytes, nibble: int) -> int | None:
    """Where in a branch without a value, of children that are hashes or absent, the hash of this child begins.

    None when there is none, or the node is anything else.
    """
    if len(node_rlp) == 532 and node_rlp[:3] == _FULL_BRANCH_PREFIX and node_rlp[3:531:33] == _SIXTEEN_HASHES:
        return 4 + 33 * nibble if node_rlp[531] == 0x80 else None
    if node_rlp[0] not in (0xF8, 0xF9):
        return None
    # To the end: a leaf's path may look like a hash, but no leaf looks like sixteen children.
    found = _BRANCH_WITH_CHILD[nibble].fullmatch(node_rlp, node_rlp[0] - 0xF6)
    return found.start(1) if found else None


def split_node(node_rlp: bytes) -> list[bytes]:
    """The node's 2 or 17 items, each still encoded; a new list.

    Raises:
        InvalidRlp: The bytes are no trie node.
    """
    if len(node_rlp) == 532 and node_rlp[:3] == _FULL_BRANCH_PREFIX and node_rlp[3:531:33] == _SIXTEEN_HASHES:
        items = [node_rlp[start : start + 33] for start in range(3, 531, 33)]
        items.append(node_rlp[531:])
        return items
    position, end = _list_bounds(node_rlp)
    items = []
    while position < end:
        prefix = node_rlp[position]
        if prefix < 0x80:
            stop = position + 1
        elif prefix < 0xB8:
            stop = position + prefix - 0x7F
        elif prefix < 0xC0:
            body = position + 1 + prefix - 0xB7
            stop = body + int.from_bytes(node_rlp[position + 1 : body], "big")
        elif prefix < 0xF8:
            stop = position + prefix - 0xBF
        else:
            raise InvalidRlp("trie node: an embedded node over 32 bytes")
        items.append(node_rlp[position:stop])
        position = stop
    if position != end or len(items) not in (2, 17):
        raise InvalidRlp(f"trie node: {len(items)} items in {len(node_rlp)} bytes")
    return items


def _list_bounds(node_rlp: bytes) -> tuple[int, int]:
    prefix = node_rlp[0] if node_rlp else 0
    if prefix < 0xC0:
        raise InvalidRlp("trie node: not a list")
    if prefix < 0xF8:
        start = 1
        end = 1 + prefix - 0xC0
    else:
        start = 1 + prefix - 0xF7
        end = start + int.from_bytes(node_rlp[1:start], "big")
    if end != len(node_rlp):
        raise InvalidRlp(f"trie node: list of {end} bytes in {len(node_rlp)}")
    return start, end


def open_node(node_rlp: bytes) -> tuple[list[tuple[str, bytes]], tuple[str, bytes] | None]:
    """What hangs on a node: (path below it, reference) of each child in order, and (path below it, value) if any."""
    parts = split_node(node_rlp)
    if len(parts) == 17:
        children = [(digit, part) for digit, part in zip(HEX, parts, strict=False) if part != EMPTY_ITEM]
        return children, ("", rlp_payload(parts[16])) if parts[16] != EMPTY_ITEM else None
    nibbles, is_leaf = unpack_path(parts[0])
    return ([], (nibbles, rlp_payload(parts[1]))) if is_leaf else ([(nibbles, parts[1])], None)
