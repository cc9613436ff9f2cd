"""The tree of a chain's messages: an incremental Merkle tree of depth 32 over message ids, as in the Eth2 deposit
contract and Hyperlane's. `contracts/metalayer/mailbox.vy` keeps the same one.

Appending needs one word per level. A branch is 32 siblings, from the leaf upwards.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from protocol.crypto import keccak
from protocol.errors import Reject
from protocol.types import ZERO_HASH, Hash32

DEPTH = 32
MAX_LEAVES = 2**DEPTH - 1


class InvalidBranch(Reject):
    """A branch that is not 32 words, or an index that no leaf has."""


def _zero_hashes() -> tuple[Hash32, ...]:
    hashes = [ZERO_HASH]
    for _level in range(DEPTH):
        hashes.append(keccak(hashes[-1] + hashes[-1]))
    return tuple(hashes)


ZERO_HASHES = _zero_hashes()
"""The roots of empty trees of depths 0 to 32."""


@dataclass(frozen=True, slots=True)
class MerkleTree:
    """A tree that grows: where bit `level` of `count` is 1, `edge[level]` is that level's last complete subtree."""

    edge: tuple[Hash32, ...] = (ZERO_HASH,) * DEPTH
    count: int = 0

    def append(self, leaf: Hash32) -> "MerkleTree":
        """The tree with one more leaf.

        Raises:
            InvalidBranch: The tree is full.
        """
        if self.count >= MAX_LEAVES:
            raise InvalidBranch(f"tree: {self.count} leaves are all it holds")
        count = self.count + 1
        node = leaf
        level = 0
        while not count >> level & 1:
            node = keccak(self.edge[level] + node)
            level += 1
        return MerkleTree((*self.edge[:level], node, *self.edge[level + 1 :]), count)

    @property
    def root(self) -> Hash32:
        """The root, with zeros for the leaves that are not there yet."""
        node = ZERO_HASH
        for level in range(DEPTH):
            pair = self.edge[level] + node if self.count >> level & 1 else node + ZERO_HASHES[level]
            node = keccak(pair)
        return node


def branch(leaves: Sequence[Hash32], index: int) -> tuple[Hash32, ...]:
    """The siblings of leaf `index`, from the leaf upwards, in the tree of exactly these leaves.

    Raises:
        InvalidBranch: There is no such leaf.
    """
    if not 0 <= index < len(leaves):
        raise InvalidBranch(f"branch: no leaf {index} among {len(leaves)}")
    siblings: list[Hash32] = []
    level = list(leaves)
    for depth in range(DEPTH):
        sibling = index ^ 1
        siblings.append(level[sibling] if sibling < len(level) else ZERO_HASHES[depth])
        if len(level) % 2:
            level.append(ZERO_HASHES[depth])
        level = [keccak(level[at] + level[at + 1]) for at in range(0, len(level), 2)]
        index >>= 1
    return tuple(siblings)


def branch_root(leaf: Hash32, siblings: Sequence[Hash32], index: int) -> Hash32:
    """The root that this branch leads to.

    Raises:
        InvalidBranch: Not 32 siblings, or an index with bits that no level uses: one leaf has one index.
    """
    if len(siblings) != DEPTH or not 0 <= index < 2**DEPTH:
        raise InvalidBranch(f"branch: {len(siblings)} siblings, index {index}")
    node = leaf
    for level, sibling in enumerate(siblings):
        node = keccak(sibling + node if index >> level & 1 else node + sibling)
    return node
