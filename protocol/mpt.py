"""The Merkle-Patricia trie: update many keys at once, read, prove, verify. Pure functions over nodes by hash.

A node is its RLP; `node(hash)` fetches one. Paths are strings of hexadecimal digits, one per nibble, because slicing,
comparing and packing those is C code. Inside a branch a child is kept *encoded*, as it stands in the parent: `0x80`
for none, `0xa0 ‖ hash`, or the node itself when it is shorter than 32 bytes.

A batch walks each touched node once, and only the final form of a node is hashed: at ten thousand keys that is
several times fewer hashes than one insertion after another.
Source: yellow paper, appendix D.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from protocol.crypto import keccak
from protocol.errors import Reject
from protocol.rlp_codec import InvalidRlp, encode, uint_bytes
from protocol.types import Hash32

NodeSource = Callable[[Hash32], bytes]
"""Fetches the RLP of a node by its hash; raises whatever its owner raises for one that is missing."""

EMPTY_ITEM = b"\x80"
EMPTY_ROOT = keccak(EMPTY_ITEM)

_Changes = list[tuple[str, bytes]]
"""(path from the root, value) in ascending order of path; an empty value deletes."""


class InvalidProof(Reject):
    """Proof nodes that do not lead from the root to the key."""


def update_trie(
    root: Hash32, changes: Mapping[bytes, bytes | None], node: NodeSource
) -> tuple[Hash32, dict[Hash32, bytes]]:
    """Set and delete keys together; returns the new root and the nodes that were not in the old trie's changed paths.

    A value of None or b"" deletes; deleting an absent key is allowed. Keys may have any lengths.
    """
    if not changes:
        return root, {}
    created: dict[Hash32, bytes] = {}
    items = sorted([(key.hex(), value or b"") for key, value in changes.items()])
    old = b"" if root == EMPTY_ROOT else node(root)
    new = _update(old, items, 0, node, created)
    if new == old:
        return root, {}
    if not new:
        return EMPTY_ROOT, {}
    new_root = keccak(new)
    created[new_root] = new
    return new_root, created


def ordered_root(items: Sequence[bytes]) -> Hash32:
    """The root of the trie that maps rlp(index) to each item: a block's transactions, receipts or withdrawals."""
    entries = sorted([(encode(uint_bytes(index)).hex(), item) for index, item in enumerate(items)])
    return keccak(_build(entries, 0, {}) or EMPTY_ITEM)


def get(root: Hash32, key: bytes, node: NodeSource) -> bytes | None:
    """The value of `key`, or None."""
    if root == EMPTY_ROOT:
        return None
    path = key.hex()
    depth = 0
    current = node(root)
    while True:
        parts = split_node(current)
        if len(parts) == 17:
            if depth == len(path):
                return _payload(parts[16]) or None
            reference = parts[int(path[depth], 16)]
            depth += 1
        else:
            nibbles, is_leaf = _unpack(parts[0])
            if is_leaf:
                return _payload(parts[1]) if path[depth:] == nibbles else None
            if not path.startswith(nibbles, depth):
                return None
            reference = parts[1]
            depth += len(nibbles)
        if reference == EMPTY_ITEM:
            return None
        current = _resolve(reference, node)


def prove(root: Hash32, key: bytes, node: NodeSource) -> list[bytes]:
    """The nodes from the root towards `key`, for eth_getProof; they prove absence as well. [] for the empty trie.

    A node shorter than 32 bytes is part of its parent and not listed.
    """
    proof: list[bytes] = []

    def recording(node_hash: Hash32) -> bytes:
        proof.append(node(node_hash))
        return proof[-1]

    get(root, key, recording)
    return proof


def verify_proof(root: Hash32, key: bytes, proof: Sequence[bytes]) -> bytes | None:
    """The value that `proof` shows for `key` under `root`; None when it shows that there is none.

    Raises:
        InvalidProof: A node is missing, malformed or not part of the path.
    """
    remaining = iter(proof)

    def next_node(node_hash: Hash32) -> bytes:
        candidate = next(remaining, None)
        if candidate is None:
            raise InvalidProof(f"proof ends before node 0x{node_hash.hex()}")
        if keccak(candidate) != node_hash:
            raise InvalidProof(f"proof node hashes to 0x{keccak(candidate).hex()}, expected 0x{node_hash.hex()}")
        return candidate

    try:
        value = get(root, key, next_node)
    except InvalidRlp as error:
        raise InvalidProof(f"proof node: {error}") from error
    if next(remaining, None) is not None:
        raise InvalidProof("proof goes on after its end")
    return value


def iterate(root: Hash32, node: NodeSource) -> Iterator[tuple[bytes, bytes]]:
    """Every (key, value) in ascending order of key. Keys must have whole bytes, as all keys given to us do."""
    if root != EMPTY_ROOT:
        yield from _iterate(node(root), "", node)


def _iterate(current: bytes, path: str, node: NodeSource) -> Iterator[tuple[bytes, bytes]]:
    parts = split_node(current)
    if len(parts) == 2:
        nibbles, is_leaf = _unpack(parts[0])
        if is_leaf:
            yield bytes.fromhex(path + nibbles), _payload(parts[1])
        else:
            yield from _iterate(_resolve(parts[1], node), path + nibbles, node)
        return
    if parts[16] != EMPTY_ITEM:
        yield bytes.fromhex(path), _payload(parts[16])
    for nibble in range(16):
        if parts[nibble] != EMPTY_ITEM:
            yield from _iterate(_resolve(parts[nibble], node), path + _HEX[nibble], node)


# --- updating --------------------------------------------------------------------------------------------------------
# Each function returns the RLP of the subtree's top node, b"" for an empty one. The caller hashes it, since only the
# caller knows whether the node stays or merges with what is above it.


def _update(old: bytes, items: _Changes, depth: int, node: NodeSource, created: dict[Hash32, bytes]) -> bytes:
    """Apply `items`, which all share the path above `depth`, to the subtree `old`."""
    if not old:
        return _build([item for item in items if item[1]], depth, created)
    if len(items) == 1:
        packed = _pack(items[0][0][depth:], leaf=True)
        if _is_leaf_of(old, packed):
            value = items[0][1]
            return _list(packed + _string(value)) if value else b""
    parts = split_node(old)
    if len(parts) == 17:
        return _update_branch(parts, {}, items, depth, node, created)
    nibbles, is_leaf = _unpack(parts[0])
    if is_leaf:
        return _update_leaf(parts, nibbles, items, depth, created)
    return _update_extension(nibbles, parts[1], items, depth, node, created)


def _is_leaf_of(node_rlp: bytes, packed: bytes) -> bool:
    """Whether the node is the leaf with this path: the commonest case of an update, told without splitting the node."""
    header = 2 if node_rlp[0] == 0xF8 else 1
    if node_rlp[0] > 0xF8 or not node_rlp.startswith(packed, header):
        return False
    # A branch may start with the same bytes, but then more items follow.
    value = header + len(packed)
    prefix = node_rlp[value]
    if prefix < 0x80:
        return value + 1 == len(node_rlp)
    if prefix < 0xB8:
        return value + prefix - 0x7F == len(node_rlp)
    return prefix == 0xB8 and value + 2 + node_rlp[value + 1] == len(node_rlp)


def _update_leaf(parts: list[bytes], nibbles: str, items: _Changes, depth: int, created: dict[Hash32, bytes]) -> bytes:
    merged = dict(items)
    merged.setdefault(items[0][0][:depth] + nibbles, _payload(parts[1]))
    return _build(sorted([item for item in merged.items() if item[1]]), depth, created)


def _update_extension(
    nibbles: str, child: bytes, items: _Changes, depth: int, node: NodeSource, created: dict[Hash32, bytes]
) -> bytes:
    # Items are sorted, so the first and the last bound what all of them share.
    shared = min(_shared(nibbles, items[0][0][depth:]), _shared(nibbles, items[-1][0][depth:]))
    if shared == len(nibbles):
        old = _resolve(child, node)
        new = _update(old, items, depth + shared, node, created)
        if new == old:
            return _list(_pack(nibbles, leaf=False) + child)
        return _prefixed(nibbles, new, created)
    branch = [EMPTY_ITEM] * 17
    pending: dict[int, bytes] = {}
    below = nibbles[shared + 1 :]
    if below:
        pending[int(nibbles[shared], 16)] = _list(_pack(below, leaf=False) + child)
    else:
        branch[int(nibbles[shared], 16)] = child
    return _prefixed(nibbles[:shared], _update_branch(branch, pending, items, depth + shared, node, created), created)


def _update_branch(
    parts: list[bytes],
    pending: dict[int, bytes],
    items: _Changes,
    depth: int,
    node: NodeSource,
    created: dict[Hash32, bytes],
) -> bytes:
    """`pending` are children by nibble that exist as nodes but are not referred to in `parts` yet."""
    start = 0
    end = len(items)
    if len(items[0][0]) == depth:
        parts[16] = _string(items[0][1])
        start = 1
    while start < end:
        digit = items[start][0][depth]
        stop = start + 1
        while stop < end and items[stop][0][depth] == digit:
            stop += 1
        nibble = _NIBBLE[digit]
        reference = parts[nibble]
        if nibble in pending:
            old = pending[nibble]
        elif reference == EMPTY_ITEM:
            old = b""
        elif len(reference) == 33:
            old = node(Hash32(reference[1:]))
        else:
            old = reference
        new = _update(old, items[start:stop], depth + 1, node, created)
        if new != old:
            parts[nibble] = EMPTY_ITEM
            pending[nibble] = new
        start = stop
    present = 17 - parts.count(EMPTY_ITEM) + sum(1 for new in pending.values() if new)
    if present <= 1:
        return _collapse(parts, pending, node, created)
    for nibble, new in pending.items():
        if new:
            parts[nibble] = _refer(new, created)
    return _list(b"".join(parts))


def _collapse(parts: list[bytes], pending: dict[int, bytes], node: NodeSource, created: dict[Hash32, bytes]) -> bytes:
    """A branch with one child or only a value is not allowed: merge it with what is left."""
    if parts[16] != EMPTY_ITEM:
        return _list(_pack("", leaf=True) + parts[16])
    for nibble in range(16):
        child = pending.get(nibble) or (_resolve(parts[nibble], node) if parts[nibble] != EMPTY_ITEM else b"")
        if child:
            return _prefixed(_HEX[nibble], child, created)
    return b""


def _prefixed(nibbles: str, child: bytes, created: dict[Hash32, bytes]) -> bytes:
    """Put a path in front of a subtree: a leaf or extension takes it into its own, a branch gets an extension."""
    if not child or not nibbles:
        return child
    parts = split_node(child)
    if len(parts) == 17:
        return _list(_pack(nibbles, leaf=False) + _refer(child, created))
    below, is_leaf = _unpack(parts[0])
    return _list(_pack(nibbles + below, leaf=is_leaf) + parts[1])


def _build(items: _Changes, depth: int, created: dict[Hash32, bytes]) -> bytes:
    """A new subtree of `items`, none of which deletes."""
    if not items:
        return b""
    first = items[0][0]
    if len(items) == 1:
        return _list(_pack(first[depth:], leaf=True) + _string(items[0][1]))
    shared = depth + _shared(first[depth:], items[-1][0][depth:])
    parts = [EMPTY_ITEM] * 17
    start = 0
    end = len(items)
    if len(first) == shared:
        parts[16] = _string(items[0][1])
        start = 1
    while start < end:
        digit = items[start][0][shared]
        stop = start + 1
        while stop < end and items[stop][0][shared] == digit:
            stop += 1
        parts[_NIBBLE[digit]] = _refer(_build(items[start:stop], shared + 1, created), created)
        start = stop
    branch = _list(b"".join(parts))
    if shared == depth:
        return branch
    return _list(_pack(first[depth:shared], leaf=False) + _refer(branch, created))


def _shared(left: str, right: str) -> int:
    """How many digits two paths have in common at their start."""
    count = 0
    for one, other in zip(left, right, strict=False):
        if one != other:
            break
        count += 1
    return count


# --- nodes as bytes --------------------------------------------------------------------------------------------------

_HEX = "0123456789abcdef"
_NIBBLE = {digit: value for value, digit in enumerate(_HEX)}
_FULL_BRANCH_PREFIX = b"\xf9\x02\x11"
_SIXTEEN_HASHES = b"\xa0" * 16


def _refer(node_rlp: bytes, created: dict[Hash32, bytes]) -> bytes:
    """How a parent refers to this node: by itself when short, else by hash, and then it is kept."""
    if len(node_rlp) < 32:
        return node_rlp
    node_hash = keccak(node_rlp)
    created[node_hash] = node_rlp
    return b"\xa0" + node_hash


def _resolve(reference: bytes, node: NodeSource) -> bytes:
    """The node that a reference stands for; it must not be the empty one."""
    return node(Hash32(reference[1:])) if len(reference) == 33 and reference[0] == 0xA0 else reference


def _pack(nibbles: str, *, leaf: bool) -> bytes:
    """A path in hex-prefix form, as an RLP item."""
    if len(nibbles) % 2:
        packed = bytes.fromhex(("3" if leaf else "1") + nibbles)
    else:
        packed = bytes.fromhex(("20" if leaf else "00") + nibbles)
    return packed if len(packed) == 1 else _string(packed)


def _unpack(item: bytes) -> tuple[str, bool]:
    """The path of a hex-prefix RLP item, and whether it ends at a leaf."""
    digits = _payload(item).hex()
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


def _string(value: bytes) -> bytes:
    """A byte string as an RLP item."""
    length = len(value)
    if length == 1 and value[0] < 0x80:
        return value
    if length < 56:
        return bytes((0x80 + length,)) + value
    if length < 256:
        return bytes((0xB8, length)) + value
    size = uint_bytes(length)
    return bytes((0xB7 + len(size),)) + size + value


def _payload(item: bytes) -> bytes:
    """The byte string in an RLP item that was split off a node."""
    prefix = item[0]
    if prefix < 0x80:
        return item
    if prefix < 0xB8:
        return item[1:]
    if prefix < 0xC0:
        return item[1 + prefix - 0xB7 :]
    raise InvalidRlp("trie node: a list where a value belongs")


def _list(payload: bytes) -> bytes:
    """Encoded items as one RLP list."""
    length = len(payload)
    if length < 56:
        return bytes((0xC0 + length,)) + payload
    if length < 256:
        return bytes((0xF8, length)) + payload
    size = uint_bytes(length)
    return bytes((0xF7 + len(size),)) + size + payload


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
