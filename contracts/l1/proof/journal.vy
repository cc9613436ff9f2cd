# pragma version 0.4.3
# pragma evm-version cancun
"""
@title The journal, one record at a time
@license MIT
@notice Reads and writes a record of the journal, a compact sparse Merkle tree: a subtree with one leaf is that leaf,
        an empty one is zero. A library of the one-step verifier; `prover/commitments/journal_tree.py` and
        `prover/machine/journal.py` are the same in Python.
@dev An opening lies in calldata: a word with the number of siblings and what the path ends at, the siblings from the
     root down, then the record's preimage, or the other leaf's path and its record's digest, or nothing.

     A record is read under the root as it is. Writing a path just read needs no further opening, if nothing was
     written since; otherwise the next one. Behind the last opening there must be RECORD more bytes of calldata.
"""

from . import layout

MAX_DEPTH: constant(uint256) = 256

# What a path ends at.
NOTHING: constant(uint256) = 0
OTHER: constant(uint256) = 1
RECORD: constant(uint256) = 2

# Bytes of a record's preimage, by kind.
ACCOUNT_RECORD: constant(uint256) = 288
SLOT_RECORD: constant(uint256) = 160
TRANSIENT_RECORD: constant(uint256) = 64

# Key spaces.
ACCOUNT_SPACE: constant(uint256) = 0
SLOT_SPACE: constant(uint256) = 1
TRANSIENT_SPACE: constant(uint256) = 2


struct Journal:
    root: bytes32
    next: uint256  # where the next opening begins
    # The last opening read, while no write has made it stale.
    path: uint256  # zero: none
    depth: uint256
    siblings: uint256  # where they begin
    end: bytes32  # digest of what the path ends at
    other: uint256  # path of the other leaf, where it ends at one
    is_other: bool


@external
@view
def read_and_write(
    root: bytes32, path: uint256, size: uint256, record: bytes32, at: uint256
) -> (uint256, bytes32, uint256):
    """
    @notice `_read` and `_write` by themselves. The opening lies in the calldata at `at`.
    @return Where the old record's preimage lies (0: none), the new root, and where the opening ends.
    """
    journal: Journal = empty(Journal)
    journal.root = root
    journal.next = at
    record_at: uint256 = 0
    journal, record_at = self._read(journal, path, size)
    journal = self._write(journal, path, size, record)
    return record_at, journal.root, journal.next


@internal
@pure
def _account_path(owner: uint256) -> uint256:
    return self._path(ACCOUNT_SPACE, owner, 0)


@internal
@pure
def _path(space: uint256, owner: uint256, slot: uint256) -> uint256:
    """
    @notice Where a record lies: the first bit decides at the root.
    """
    return convert(
        layout._journal_key_digest(layout.JournalKey(space=space, address=owner, slot=slot)), uint256
    )


@internal
@view
def _read(journal: Journal, path: uint256, size: uint256) -> (Journal, uint256):
    """
    @notice Open a path under the root.
    @param size Bytes of the record's preimage, if there is one.
    @return The journal, and where in calldata the record's preimage begins; 0 if there is none.
    """
    opened: Journal = journal
    at: uint256 = journal.next
    depth: uint256 = layout._word(at)
    kind: uint256 = depth >> 16
    depth = depth & 65535
    assert depth <= MAX_DEPTH, "journal: too deep"
    opened.path = path
    opened.depth = depth
    opened.siblings = at + 32
    opened.is_other = kind == OTHER
    opened.other = 0
    opened.end = empty(bytes32)
    at += 32 + 32 * depth
    record: uint256 = 0
    if kind == RECORD:
        record = at
        preimage: Bytes[ACCOUNT_RECORD] = slice(msg.data, at, ACCOUNT_RECORD)
        opened.end = self._leaf(path, keccak256(slice(preimage, 0, size)))
        at += size
    elif kind == OTHER:
        opened.other = layout._word(at)
        # It must be a leaf that stands where the path would go on.
        assert opened.other != path, "journal: not another leaf"
        if depth != 0:
            assert (opened.other ^ path) >> (256 - depth) == 0, "journal: not on the path"
        opened.end = self._leaf(opened.other, convert(layout._word(at + 32), bytes32))
        at += 64
    else:
        assert kind == NOTHING, "journal: malformed opening"
    opened.next = at
    assert self._folded(opened, opened.end) == journal.root, "journal: not under the root"
    return opened, record


@internal
@view
def _write(journal: Journal, path: uint256, size: uint256, record: bytes32) -> Journal:
    """
    @notice Set the record at a path to the one with this digest.
    @param size Bytes of the old record's preimage, if there is one.
    """
    shown: Journal = journal
    if journal.path != path:
        record_at: uint256 = 0
        shown, record_at = self._read(journal, path, size)
    node: bytes32 = self._leaf(path, record)
    if shown.is_other:
        # Two leaves where there was one: branches down to where they part.
        split: uint256 = self._first_bit(path ^ shown.other)
        node = self._joined(path, split, node, shown.end)
        for up: uint256 in range(MAX_DEPTH):
            level: uint256 = split - up
            if level == shown.depth:
                break
            node = self._joined(path, level - 1, node, empty(bytes32))
    written: Journal = empty(Journal)
    written.root = self._folded(shown, node)
    written.next = shown.next
    return written


@internal
@view
def _folded(shown: Journal, end: bytes32) -> bytes32:
    """
    @dev The root that follows from what lies at the end of the path.
    """
    node: bytes32 = end
    for up: uint256 in range(MAX_DEPTH):
        if up == shown.depth:
            break
        level: uint256 = shown.depth - 1 - up
        node = self._joined(shown.path, level, node, convert(layout._word(shown.siblings + 32 * level), bytes32))
    return node


@internal
@pure
def _joined(path: uint256, level: uint256, node: bytes32, sibling: bytes32) -> bytes32:
    """
    @dev The branch at `level`, of which the path goes through `node`.
    """
    if path >> (255 - level) & 1 == 1:
        return layout._journal_node(sibling, node)
    return layout._journal_node(node, sibling)


@internal
@pure
def _leaf(path: uint256, record: bytes32) -> bytes32:
    return layout._journal_leaf_digest(layout.JournalLeaf(path=convert(path, bytes32), record=record))


@internal
@pure
def _first_bit(difference: uint256) -> uint256:
    """
    @dev The level of the highest bit that is set.
    """
    level: uint256 = 0
    for i: uint256 in range(8):
        step: uint256 = 128 >> i
        if difference << level >> (256 - step) == 0:
            level += step
    return level
