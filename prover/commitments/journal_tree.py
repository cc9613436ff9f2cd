"""The journal as a compact sparse Merkle tree: a subtree with one leaf is that leaf, an empty one is zero.

`JournalTree` is persistent: a write makes a new path and shares the rest, so a snapshot is a reference and a revert
costs nothing; digests are computed on demand. `opened_root` and `written_root` are what a referee does instead.
Keys never leave a journal within a transaction, so there is no deletion.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from protocol.crypto import keccak
from protocol.types import ZERO_HASH, Address, Hash32
from prover.commitments.layout import JOURNAL_KEY, JOURNAL_LEAF, JOURNAL_NODE, digest
from prover.commitments.tape import InvalidWitness, JournalOpening

MAX_DEPTH = 256

ACCOUNT, SLOT, TRANSIENT = 0, 1, 2
"""Key spaces."""


@lru_cache(maxsize=1 << 17)
def journal_path(space: int, address: Address, slot: int) -> int:
    """Where a record lies: 256 bits, the first one decides at the root."""
    return int.from_bytes(digest(JOURNAL_KEY, (space, address, slot)), "big")


class Record(Protocol):
    """What a leaf holds."""

    def encode(self) -> bytes:
        """The preimage of its digest."""


class Leaf:
    """One record."""

    __slots__ = ("_digest", "path", "record")

    def __init__(self, path: int, record: Record) -> None:
        self.path = path
        self.record = record
        self._digest: Hash32 | None = None

    def digest(self) -> Hash32:
        """The leaf's digest."""
        if self._digest is None:
            self._digest = leaf_digest(self.path, keccak(self.record.encode()))
        return self._digest


class Branch:
    """Two subtrees, at least one of them a branch or both leaves."""

    __slots__ = ("_digest", "left", "right")

    def __init__(self, left: "Node", right: "Node") -> None:
        self.left = left
        self.right = right
        self._digest: Hash32 | None = None

    def digest(self) -> Hash32:
        """The node's digest."""
        if self._digest is None:
            self._digest = node_digest(root_digest(self.left), root_digest(self.right))
        return self._digest


Node = Leaf | Branch | None


def root_digest(node: Node) -> Hash32:
    """The digest of a subtree."""
    return ZERO_HASH if node is None else node.digest()


def leaf_digest(path: int, record: bytes) -> Hash32:
    """The digest of a leaf from its record's."""
    return keccak(JOURNAL_LEAF.tag + path.to_bytes(32, "big") + record)


def node_digest(left: bytes, right: bytes) -> Hash32:
    """The digest of a branch."""
    return keccak(JOURNAL_NODE.tag + left + right)


def find(node: Node, path: int) -> Record | None:
    """The record at `path`."""
    bit = 255
    while node.__class__ is Branch:
        node = node.right if path >> bit & 1 else node.left
        bit -= 1
    if node is not None and node.path == path:  # type: ignore[union-attr]
        return node.record  # type: ignore[union-attr]
    return None


def insert(node: Node, path: int, record: Record, depth: int = 0) -> Node:
    """The tree with `record` at `path`."""
    if node is None:
        return Leaf(path, record)
    if isinstance(node, Leaf):
        if node.path == path:
            return Leaf(path, record)
        return _fork(node, Leaf(path, record), depth)
    if path >> (255 - depth) & 1:
        return Branch(node.left, insert(node.right, path, record, depth + 1))
    return Branch(insert(node.left, path, record, depth + 1), node.right)


def _fork(old: Leaf, new: Leaf, depth: int) -> Branch:
    split = 256 - (old.path ^ new.path).bit_length()
    node = Branch(old, new) if new.path >> (255 - split) & 1 else Branch(new, old)
    for level in range(split - 1, depth - 1, -1):
        node = Branch(None, node) if new.path >> (255 - level) & 1 else Branch(node, None)
    return node


def opening(node: Node, path: int) -> JournalOpening:
    """Where `path` ends in this tree."""
    siblings = []
    bit = 255
    while isinstance(node, Branch):
        right = path >> bit & 1
        siblings.append(root_digest(node.left if right else node.right))
        node = node.right if right else node.left
        bit -= 1
    if node is None:
        return JournalOpening(tuple(siblings))
    if node.path == path:
        return JournalOpening(tuple(siblings), record=node.record.encode())
    return JournalOpening(
        tuple(siblings), other_path=node.path.to_bytes(32, "big"), other_record=keccak(node.record.encode())
    )


# --- the referee's side -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _End:
    """What an opening says lies at the end of a path."""

    digest: Hash32
    other_path: int | None


def _end_of(path: int, shown: JournalOpening) -> _End:
    if len(shown.siblings) > MAX_DEPTH or any(len(sibling) != 32 for sibling in shown.siblings):
        raise InvalidWitness("journal opening: siblings are not words")
    if shown.record:
        if shown.other_path or shown.other_record:
            raise InvalidWitness("journal opening: two ends")
        return _End(leaf_digest(path, keccak(shown.record)), None)
    if shown.other_path or shown.other_record:
        if len(shown.other_path) != 32 or len(shown.other_record) != 32:
            raise InvalidWitness("journal opening: the other leaf is not two words")
        other = int.from_bytes(shown.other_path, "big")
        depth = len(shown.siblings)
        if other == path or (other ^ path) >> (256 - depth):
            raise InvalidWitness("journal opening: the other leaf is not on this path")
        return _End(leaf_digest(other, shown.other_record), other)
    return _End(ZERO_HASH, None)


def _fold(path: int, depth: int, node: Hash32, siblings: tuple[bytes, ...]) -> Hash32:
    for level in range(depth - 1, -1, -1):
        sibling = siblings[level]
        node = node_digest(sibling, node) if path >> (255 - level) & 1 else node_digest(node, sibling)
    return node


def opened_root(path: int, shown: JournalOpening) -> Hash32:
    """The root under which the opening is right.

    Raises:
        InvalidWitness: It is not well formed.
    """
    return _fold(path, len(shown.siblings), _end_of(path, shown).digest, shown.siblings)


def written_root(path: int, shown: JournalOpening, record: Hash32) -> Hash32:
    """The root after the record with this digest is written where the opening ends."""
    end = _end_of(path, shown)
    depth = len(shown.siblings)
    node = leaf_digest(path, record)
    if end.other_path is not None:
        split = 256 - (end.other_path ^ path).bit_length()
        node = node_digest(end.digest, node) if path >> (255 - split) & 1 else node_digest(node, end.digest)
        for level in range(split - 1, depth - 1, -1):
            node = node_digest(ZERO_HASH, node) if path >> (255 - level) & 1 else node_digest(node, ZERO_HASH)
    return _fold(path, depth, node, shown.siblings)
