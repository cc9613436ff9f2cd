"""Forgetting the trie nodes of old states, right under reorganisations.

A node is stored once by its hash, though it may stand in many places and outlive many blocks. So each node has a count:
of the places in which it appeared and has not been forgotten. A block's journal lists the nodes that it added and those
that it removed from the state before it.

    block joins          added nodes: count + 1, stored when new
    block is taken back  added nodes: count - 1
    state before a block
    is forgotten         nodes that the block removed: count - 1

A node whose count reaches 0 is deleted. Only states below the finalized head are ever forgotten, so no block is taken
back once its journal has been used. A store that keeps everything has neither counts nor journals and pays nothing.
"""

from collections.abc import Callable, Iterable, Iterator

from node.store import tables
from node.store.codec import encode_node
from node.store.database import Database
from node.store.trie_diff import TrieDiff
from protocol.types import Hash32

OLDEST = b"oldest state"
"""Meta: number of the oldest block whose state is complete; absent means 0."""
COUNTED = b"nodes are counted"
"""Meta: present when every node has its count."""

MAX_FORGOTTEN_PER_BATCH = 64
"""States, so that no single write grows without bound; the rest follows with the next blocks."""


class NodeCounts:
    """The counts as a batch changes them. A count of 1 is not stored: the node is."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._before: dict[Hash32, int] = {}
        self._counts: dict[Hash32, int] = {}

    def add(self, hashes: Iterable[Hash32]) -> None:
        """One more place for each."""
        for node_hash in hashes:
            self._counts[node_hash] = self._count(node_hash) + 1

    def drop(self, hashes: Iterable[Hash32]) -> None:
        """One place less for each."""
        for node_hash in hashes:
            count = self._count(node_hash)
            if count == 0:
                raise ValueError(f"trie node 0x{node_hash.hex()} is dropped more often than it was added")
            self._counts[node_hash] = count - 1

    def _count(self, node_hash: Hash32) -> int:
        count = self._counts.get(node_hash)
        if count is None:
            stored = self._database.get(tables.node_count(node_hash))
            if stored is not None:
                count = int.from_bytes(stored, "big")
            else:
                count = 0 if self._database.get(tables.node(node_hash)) is None else 1
            self._before[node_hash] = self._counts[node_hash] = count
        return count

    def changes(self, node: Callable[[Hash32], bytes]) -> Iterator[tuple[bytes, bytes | None]]:
        """The writes that make the counts so; `node` gives the nodes that are new."""
        for node_hash, count in self._counts.items():
            before = self._before[node_hash]
            if count == before:
                continue
            if count == 0:
                yield tables.node(node_hash), None
            elif before == 0:
                yield tables.node(node_hash), encode_node(node(node_hash))
            if count > 1:
                yield tables.node_count(node_hash), count.to_bytes(8, "big")
            elif before > 1:
                yield tables.node_count(node_hash), None

    def deleted(self) -> list[Hash32]:
        """Nodes that are gone after the batch."""
        return [node_hash for node_hash, count in self._counts.items() if count == 0]


def encode_journal(diff: TrieDiff) -> bytes:
    """How many were added (8 bytes), then all hashes: the added ones first."""
    return len(diff.added).to_bytes(8, "big") + b"".join(diff.added) + b"".join(diff.removed)


def decode_journal(data: bytes) -> TrieDiff:
    """The inverse."""
    hashes = [Hash32(data[start : start + 32]) for start in range(8, len(data), 32)]
    added = int.from_bytes(data[:8], "big")
    return TrieDiff(hashes[:added], hashes[added:])
