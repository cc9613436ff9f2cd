"""What the machine knows by hash: codes, trie nodes, transactions, blobs, ancestors, from whoever keeps the state."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from protocol.blobs import MAX_BLOBS
from protocol.crypto import keccak
from protocol.kzg import FIELD_ELEMENTS_PER_BLOB, commitment_of, is_element_of, opening, versioned_hash
from protocol.mpt_node import split_node
from protocol.types import ZERO_HASH, Hash32
from prover.commitments.layout import RING_DEPTH, RING_NODE
from prover.commitments.tape import Recorder

RING_SIZE = 1 << RING_DEPTH
HASH_ITEM = 33
"""Bytes of a hash in a node, with its length before it."""


@dataclass(slots=True, eq=False)
class FullOracle:
    """Everything by hash. What a transaction makes itself is kept beside what its state had."""

    codes: Callable[[Hash32], bytes]
    nodes: Callable[[Hash32], bytes]
    transactions: dict[Hash32, bytes] = field(default_factory=dict)
    ring: "Ring | None" = None
    new_codes: dict[Hash32, bytes] = field(default_factory=dict)
    new_nodes: dict[Hash32, bytes] = field(default_factory=dict)
    new_rings: "dict[Hash32, Ring]" = field(default_factory=dict)
    blobs: dict[bytes, bytes] = field(default_factory=dict)
    """By versioned hash."""
    old_nodes: dict[Hash32, bytes] = field(default_factory=dict)
    """Those of the states between the blocks so far, which all oracles of a trace share."""

    def fresh(self) -> "FullOracle":
        """An oracle of its own for a block that is about to run: the nodes that it makes go when it goes."""
        return replace(self, new_nodes={})

    def settle(self, state_root: Hash32) -> None:
        """Keep of the nodes made so far those of this state; most others were a transaction's and are in no block's."""
        pending = [state_root]
        while pending:
            digest = pending.pop()
            node = self.new_nodes.get(digest)
            if node is None or digest in self.old_nodes:
                continue
            self.old_nodes[digest] = node
            for item in split_node(node):
                # A child, or what stands where an account's leaf has its storage root: if it is none, it is no node's.
                pending.append(Hash32(item[1:] if len(item) == HASH_ITEM else item[-65:-33]))

    def code(self, code_hash: Hash32, recorder: Recorder | None) -> bytes:
        """The code with this hash."""
        code = self.new_codes.get(code_hash)
        if code is None:
            code = self.codes(code_hash)
        return _noted_code(code, recorder)

    def keep_code(self, code: bytes) -> None:
        """Code that a create made, or is about to run."""
        self.new_codes[keccak(code)] = code

    def node(self, node_hash: Hash32, recorder: Recorder | None) -> bytes:
        """The trie node with this hash."""
        node = self.new_nodes.get(node_hash) or self.old_nodes.get(node_hash)
        if node is None:
            node = self.nodes(node_hash)
        return _noted(node, recorder)

    def keep_node(self, node: bytes) -> None:
        """A node that the flush made."""
        self.new_nodes[keccak(node)] = node

    def transaction(self, item: Hash32, recorder: Recorder | None) -> bytes:
        """The transaction's bytes."""
        return _noted_code(self.transactions[item], recorder)

    def keep_transaction(self, raw: bytes) -> None:
        """A transaction that the block makes itself."""
        self.transactions[keccak(raw)] = raw

    def elements(self, blobs: Sequence[bytes], first: int, count: int, recorder: Recorder | None) -> list[bytes]:
        """Field elements of these blobs, counted through them; the witness has a KZG opening of each."""
        places = [divmod(number, FIELD_ELEMENTS_PER_BLOB) for number in range(first, first + count)]
        if recorder is not None:
            recorder.codes.append(b"".join(_element_opening(self.blobs[blobs[blob]], index) for blob, index in places))
        return [self.blobs[blobs[blob]][32 * index : 32 * index + 32] for blob, index in places]

    def ancestor(self, ring: Hash32, number: int, recorder: Recorder | None) -> Hash32:
        """The hash of block `number`, one of the last 256."""
        known = self._ring(ring)
        if recorder is not None:
            recorder.preimages.append(known.opening(number))
        return known.leaves[number % RING_SIZE]

    def grown_ring(self, ring: Hash32, number: int, block_hash: Hash32, recorder: Recorder | None) -> Hash32:
        """The ring with block `number` in it, in place of the one 256 before."""
        known = self._ring(ring)
        if recorder is not None:
            recorder.preimages.append(known.opening(number))
        grown = known.with_leaf(number, block_hash)
        self.new_rings[grown.digest()] = grown
        return grown.digest()

    def _ring(self, digest: Hash32) -> "Ring":
        known = self.new_rings.get(digest, self.ring)
        if known is None or known.digest() != digest:
            raise ValueError("the block's ring of ancestors is not known")
        return known


def _noted(data: bytes, recorder: Recorder | None) -> bytes:
    if recorder is not None:
        recorder.preimages.append(data)
    return data


def _noted_code(data: bytes, recorder: Recorder | None) -> bytes:
    if recorder is not None:
        recorder.codes.append(data)
    return data


ELEMENT_OPENING_BYTES = 128
"""KZG commitment (48), proof (48), the element (32)."""


def _element_opening(blob: bytes, index: int) -> bytes:
    element, proof = opening(blob, index)
    return _commitment_of(blob) + proof + element


@lru_cache(maxsize=MAX_BLOBS)
def _commitment_of(blob: bytes) -> bytes:
    return commitment_of(blob)


def opened_elements(blobs: Sequence[bytes], first: int, openings: bytes) -> list[bytes] | None:
    """What openings, one after another, show of these blobs from an element on; None if one of them is wrong."""
    elements = []
    for number, start in enumerate(range(0, len(openings), ELEMENT_OPENING_BYTES), first):
        shown = openings[start : start + ELEMENT_OPENING_BYTES]
        commitment, proof, element = shown[:48], shown[48:96], shown[96:]
        blob, index = divmod(number, FIELD_ELEMENTS_PER_BLOB)
        if versioned_hash(commitment) != blobs[blob] or not is_element_of(commitment, index, element, proof):
            return None
        elements.append(element)
    return elements


class Ring:
    """The last 256 block hashes as a Merkle tree, block n at leaf n mod 256."""

    __slots__ = ("_levels", "leaves")

    def __init__(self, leaves: Sequence[Hash32], levels: list[list[Hash32]] | None = None) -> None:
        self.leaves = leaves
        self._levels = levels or [list(leaves)]
        while len(self._levels[-1]) > 1:
            below = self._levels[-1]
            self._levels.append([ring_node(below[i], below[i + 1]) for i in range(0, len(below), 2)])

    def digest(self) -> Hash32:
        """The root."""
        return self._levels[-1][0]

    def with_leaf(self, number: int, leaf: Hash32) -> "Ring":
        """The ring with another leaf at block `number`; what is beside its path is shared."""
        levels = [list(level) for level in self._levels]
        index = number % RING_SIZE
        levels[0][index] = leaf
        for height in range(RING_DEPTH):
            index >>= 1
            below = levels[height]
            levels[height + 1][index] = ring_node(below[2 * index], below[2 * index + 1])
        return Ring(levels[0], levels)

    def opening(self, number: int) -> bytes:
        """The leaf of a block and the digests beside its path, one after another."""
        index = number % RING_SIZE
        parts = [self.leaves[index]]
        for level in self._levels[:-1]:
            parts.append(level[index ^ 1])
            index >>= 1
        return b"".join(parts)


def grown_root(opening: bytes, number: int, leaf: bytes) -> Hash32:
    """The ring's root with `leaf` at block `number`, beside the digests of an opening (old leaf and siblings)."""
    node = Hash32(leaf)
    index = number % RING_SIZE
    for start in range(32, len(opening), 32):
        sibling = opening[start : start + 32]
        node = ring_node(sibling, node) if index & 1 else ring_node(node, sibling)
        index >>= 1
    return node


def ring_node(left: bytes, right: bytes) -> Hash32:
    """An inner node of the ring."""
    return keccak(RING_NODE.tag + left + right)


def ring_of(hashes: dict[int, Hash32]) -> Ring:
    """The ring with the hashes that are known, by block number; zero elsewhere."""
    leaves = [ZERO_HASH] * RING_SIZE
    for number, block_hash in hashes.items():
        leaves[number % RING_SIZE] = block_hash
    return Ring(leaves)
