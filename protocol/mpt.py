"""The Merkle-Patricia trie: update many keys at once, read, prove, verify. Pure functions over nodes by hash.

A batch walks each touched node once, and only the final form of a node is hashed: at ten thousand keys that is
several times fewer hashes than one insertion after another. How nodes look is in `protocol.mpt_node`.
Source: yellow paper, appendix D.
"""

from collections.abc import Iterator, Mapping, Sequence

from protocol.crypto import keccak
from protocol.errors import Reject
from protocol.mpt_node import (
    EMPTY_ITEM,
    HEX,
    NIBBLE,
    NodeSource,
    hash_in_branch,
    open_node,
    pack_path,
    resolve,
    rlp_payload,
    split_node,
    unpack_path,
)
from protocol.rlp_codec import InvalidRlp, rlp_list, rlp_string
from protocol.types import Hash32

__all__ = [
    "EMPTY_ROOT",
    "Changes",
    "InvalidProof",
    "NodeSource",
    "Subtree",
    "build",
    "get",
    "iterate",
    "prove",
    "update_trie",
    "verify_proof",
]

EMPTY_ROOT = keccak(EMPTY_ITEM)

Changes = list[tuple[str, bytes]]
"""(path from the root, value) in ascending order of path; an empty value deletes."""


class Subtree(bytes):
    """Among the items of a new trie: the top node of what lies below a path, built before and kept by its owner."""


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
                return rlp_payload(parts[16]) or None
            reference = parts[int(path[depth], 16)]
            depth += 1
        else:
            nibbles, is_leaf = unpack_path(parts[0])
            if is_leaf:
                return rlp_payload(parts[1]) if path[depth:] == nibbles else None
            if not path.startswith(nibbles, depth):
                return None
            reference = parts[1]
            depth += len(nibbles)
        if reference == EMPTY_ITEM:
            return None
        current = resolve(reference, node)


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
    children, value = open_node(current)
    if value is not None:
        yield bytes.fromhex(path + value[0]), value[1]
    for below, reference in children:
        yield from _iterate(resolve(reference, node), path + below, node)


# --- updating --------------------------------------------------------------------------------------------------------
# Each function returns the RLP of the subtree's top node, b"" for an empty one. The caller hashes it, since only the
# caller knows whether the node stays or merges with what is above it.


def _update(old: bytes, items: Changes, depth: int, node: NodeSource, created: dict[Hash32, bytes]) -> bytes:
    """Apply `items`, which all share the path above `depth`, to the subtree `old`."""
    if not old:
        return build([item for item in items if item[1]], depth, created)
    if len(items) == 1:
        packed = _path_of_leaf(old, items[0][0], depth)
        if packed is not None:
            value = items[0][1]
            return rlp_list(packed + rlp_string(value)) if value else b""
        patched = _patch_branch(old, items, depth, node, created)
        if patched is not None:
            return patched
    parts = split_node(old)
    if len(parts) == 17:
        return _update_branch(parts, {}, items, depth, node, created)
    nibbles, is_leaf = unpack_path(parts[0])
    if is_leaf:
        return _update_leaf(parts, nibbles, items, depth, created)
    return _update_extension(nibbles, parts[1], items, depth, node, created)


def _path_of_leaf(node_rlp: bytes, path: str, depth: int) -> bytes | None:
    """What the node begins with when it is the leaf of this path: its own path, packed. None when it is another.

    The commonest case of an update, told without splitting the node, and of most others by a single byte.
    """
    header = 2 if node_rlp[0] == 0xF8 else 1
    size = (len(path) - depth) // 2 + 1
    if node_rlp[0] > 0xF8 or (size > 1 and node_rlp[header] != 0x80 + size):
        return None
    packed = pack_path(path[depth:], leaf=True)
    if not node_rlp.startswith(packed, header):
        return None
    # A branch may start with the same bytes, but then more items follow.
    value = header + len(packed)
    prefix = node_rlp[value]
    if prefix < 0x80:
        end = value + 1
    elif prefix < 0xB8:
        end = value + prefix - 0x7F
    else:
        end = value + 2 + node_rlp[value + 1] if prefix == 0xB8 else 0
    return packed if end == len(node_rlp) else None


def _patch_branch(
    old: bytes, items: Changes, depth: int, node: NodeSource, created: dict[Hash32, bytes]
) -> bytes | None:
    """The commonest change of a branch, made where it stands: one child, referred to by hash, becomes another.

    In a large trie several such branches lie above each other: down through them all, then up again. None when `old` is
    anything else.
    """
    path = items[0][0]
    above: list[tuple[bytes, int]] = []
    lowest = old
    while depth < len(path) and (place := hash_in_branch(lowest, NIBBLE[path[depth]])) is not None:
        above.append((lowest, place))
        lowest = node(Hash32(lowest[place : place + 32]))
        depth += 1
    if not above:
        return None
    new = _update(lowest, items, depth, node, created)
    if new == lowest:
        return old
    for branch, place in reversed(above):
        depth -= 1
        if len(new) < 32:  # gone, or short enough to stand in the branch itself
            new = _update_branch(split_node(branch), {}, items, depth, node, created)
        else:
            new_hash = keccak(new)
            created[new_hash] = new
            new = branch[:place] + new_hash + branch[place + 32 :]
    return new


def _update_leaf(parts: list[bytes], nibbles: str, items: Changes, depth: int, created: dict[Hash32, bytes]) -> bytes:
    merged = dict(items)
    merged.setdefault(items[0][0][:depth] + nibbles, rlp_payload(parts[1]))
    return build(sorted([item for item in merged.items() if item[1]]), depth, created)


def _update_extension(
    nibbles: str, child: bytes, items: Changes, depth: int, node: NodeSource, created: dict[Hash32, bytes]
) -> bytes:
    # Items are sorted, so the first and the last bound what all of them share.
    shared = min(_shared(nibbles, items[0][0][depth:]), _shared(nibbles, items[-1][0][depth:]))
    if shared == len(nibbles):
        old = resolve(child, node)
        new = _update(old, items, depth + shared, node, created)
        if new == old:
            return rlp_list(pack_path(nibbles, leaf=False) + child)
        return _prefixed(nibbles, new, created)
    branch = [EMPTY_ITEM] * 17
    pending: dict[int, bytes] = {}
    below = nibbles[shared + 1 :]
    if below:
        pending[int(nibbles[shared], 16)] = rlp_list(pack_path(below, leaf=False) + child)
    else:
        branch[int(nibbles[shared], 16)] = child
    return _prefixed(nibbles[:shared], _update_branch(branch, pending, items, depth + shared, node, created), created)


def _update_branch(
    parts: list[bytes],
    pending: dict[int, bytes],
    items: Changes,
    depth: int,
    node: NodeSource,
    created: dict[Hash32, bytes],
) -> bytes:
    """`pending` are children by nibble that exist as nodes but are not referred to in `parts` yet."""
    start = 0
    end = len(items)
    if len(items[0][0]) == depth:
        parts[16] = rlp_string(items[0][1])
        start = 1
    while start < end:
        digit = items[start][0][depth]
        stop = start + 1
        while stop < end and items[stop][0][depth] == digit:
            stop += 1
        nibble = NIBBLE[digit]
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
    return rlp_list(b"".join(parts))


def _collapse(parts: list[bytes], pending: dict[int, bytes], node: NodeSource, created: dict[Hash32, bytes]) -> bytes:
    """A branch with one child or only a value is not allowed: merge it with what is left."""
    if parts[16] != EMPTY_ITEM:
        return rlp_list(pack_path("", leaf=True) + parts[16])
    for nibble in range(16):
        child = pending.get(nibble) or (resolve(parts[nibble], node) if parts[nibble] != EMPTY_ITEM else b"")
        if child:
            return _prefixed(HEX[nibble], child, created)
    return b""


def _prefixed(nibbles: str, child: bytes, created: dict[Hash32, bytes]) -> bytes:
    """Put a path in front of a subtree: a leaf or extension takes it into its own, a branch gets an extension."""
    if not child or not nibbles:
        return child
    parts = split_node(child)
    if len(parts) == 17:
        return rlp_list(pack_path(nibbles, leaf=False) + _refer(child, created))
    below, is_leaf = unpack_path(parts[0])
    return rlp_list(pack_path(nibbles + below, leaf=is_leaf) + parts[1])


def build(items: Changes, depth: int, created: dict[Hash32, bytes]) -> bytes:
    """A new subtree of `items`, none of which deletes; they share the path above `depth`."""
    if not items:
        return b""
    first, value = items[0]
    if len(items) == 1:
        if type(value) is Subtree:
            return _prefixed(first[depth:], value, created)
        return rlp_list(pack_path(first[depth:], leaf=True) + rlp_string(value))
    shared = depth + _shared(first[depth:], items[-1][0][depth:])
    parts = [EMPTY_ITEM] * 17
    start = 0
    end = len(items)
    if len(first) == shared:
        parts[16] = rlp_string(value)
        start = 1
    while start < end:
        digit = items[start][0][shared]
        stop = start + 1
        while stop < end and items[stop][0][shared] == digit:
            stop += 1
        parts[NIBBLE[digit]] = _refer(build(items[start:stop], shared + 1, created), created)
        start = stop
    branch = rlp_list(b"".join(parts))
    if shared == depth:
        return branch
    return rlp_list(pack_path(first[depth:shared], leaf=False) + _refer(branch, created))


def _shared(left: str, right: str) -> int:
    """How many digits two paths have in common at their start."""
    count = 0
    for one, other in zip(left, right, strict=False):
        if one != other:
            break
        count += 1
    return count


def _refer(node_rlp: bytes, created: dict[Hash32, bytes]) -> bytes:
    """How a parent refers to this node: by itself when short, else by hash, and then it is kept."""
    if len(node_rlp) < 32:
        return node_rlp
    node_hash = keccak(node_rlp)
    created[node_hash] = node_rlp
    return b"\xa0" + node_hash
