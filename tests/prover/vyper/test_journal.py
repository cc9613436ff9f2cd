"""The journal in Vyper against the one in Python, in pyrevm."""

from dataclasses import replace

import pytest
from eth_abi.abi import decode, encode
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.crypto import keccak
from protocol.types import Address, Hash32
from prover.commitments.journal_tree import insert, journal_path, opening, root_digest
from prover.commitments.structures import AccountRecord, SlotRecord, TransientRecord
from prover.commitments.tape import JournalOpening
from tests.in_revm import InRevm, Refused

SELECTOR = keccak(b"read_and_write(bytes32,uint256,uint256,bytes32,uint256)")[:4]
START = 4 + 5 * 32
BUFFER = bytes(288)


class Library:
    """The contract, and what it is asked."""

    def __init__(self) -> None:
        self.contract = InRevm("l1/proof/journal")

    def read_and_write(
        self, root: bytes, path: int, size: int, record: bytes, shown: bytes
    ) -> tuple[bytes, bytes, int]:
        """The old record's preimage, the new root, and how many bytes of the opening were read."""
        arguments = encode(["bytes32", "uint256", "uint256", "bytes32", "uint256"], [root, path, size, record, START])
        calldata = SELECTOR + arguments + shown + BUFFER
        record_at, after, end = decode(["uint256", "bytes32", "uint256"], self.contract.call(calldata))
        return calldata[record_at : record_at + size] if record_at else b"", after, end - START


@pytest.fixture(scope="module")
def library() -> Library:
    return Library()


def encoded(shown: JournalOpening) -> bytes:
    """As the contract reads it."""
    kind = 2 if shown.record else 1 if shown.other_path else 0
    head = (len(shown.siblings) + (kind << 16)).to_bytes(32, "big")
    return head + b"".join(shown.siblings) + (shown.record or shown.other_path + shown.other_record)


# Few bits that differ, at both ends, so that paths share long beginnings; and paths as they really are.
paths = st.one_of(
    st.builds(lambda high, low: high << 252 | low, st.integers(0, 15), st.integers(1, 7)),
    st.integers(1, 2**256 - 1),
)
records = st.one_of(
    st.builds(TransientRecord, st.integers(0, 3)),
    st.builds(SlotRecord, st.booleans(), st.booleans(), st.integers(0, 3), st.integers(0, 2**256 - 1)),
    st.builds(
        AccountRecord,
        *[st.booleans()] * 4,
        st.integers(0, 2**64 - 1),
        st.integers(0, 2**256 - 1),
        *[st.binary(min_size=32, max_size=32).map(Hash32)] * 2,
    ),
)
contents = st.dictionaries(paths, records, max_size=12)


def tree_of(entries):
    node = None
    for path, record in entries.items():
        node = insert(node, path, record)
    return node


@settings(max_examples=200)
@given(contents, paths, records)
def test_a_record_is_read_and_written_as_in_python(library, entries, absent, record):
    tree = tree_of(entries)
    root = root_digest(tree)
    for path in [*entries, absent]:
        old = entries[path].encode() if path in entries else b""
        shown = encoded(opening(tree, path))
        after = root_digest(insert(tree, path, record))
        assert library.read_and_write(root, path, len(old), keccak(record.encode()), shown) == (old, after, len(shown))


@settings(max_examples=120)
@given(contents.filter(bool), paths, st.data())
def test_a_changed_opening_is_refused_or_shows_the_same(library, entries, absent, data):
    tree = tree_of(entries)
    path = data.draw(st.sampled_from([*entries, absent]))
    old = entries[path].encode() if path in entries else b""
    record = keccak(TransientRecord(9).encode())
    after = root_digest(insert(tree, path, TransientRecord(9)))
    shown = opening(tree, path)
    others = []
    for other, kept in entries.items():
        as_other = {"other_path": other.to_bytes(32, "big"), "other_record": keccak(kept.encode())}
        others += [opening(tree, other), replace(shown, record=b"", **as_other)]
        others.append(replace(opening(tree, other), record=b"", **as_other))
    nothing = {"record": b"", "other_path": b"", "other_record": b""}
    others += [replace(shown, **nothing, siblings=shown.siblings[:depth]) for depth in range(len(shown.siblings) + 1)]
    lies = [encoded(lie) for lie in others]
    right = encoded(shown)
    at, flip = data.draw(st.integers(0, len(right) - 1)), data.draw(st.integers(1, 255))
    lies.append(right[:at] + bytes((right[at] ^ flip,)) + right[at + 1 :])
    lies.append(right[:at])
    lies.append(right + right)
    for lie in lies:
        try:
            answer = library.read_and_write(root_digest(tree), path, len(old) or 64, record, lie)
        except Refused:
            continue
        assert answer[:2] == (old, after)


@pytest.mark.parametrize("depth", [0, 1, 12, 255])
def test_leaves_part_at_any_depth(library, depth):
    path, other = 1 << 255, (1 << 255) ^ (1 << (255 - depth))
    tree = insert(None, other, TransientRecord(1))
    for entry in (path, other):
        shown = encoded(opening(tree, entry))
        tree_after = insert(tree, entry, TransientRecord(2))
        size = 64 if entry == other else 0
        record = keccak(TransientRecord(2).encode())
        assert library.read_and_write(root_digest(tree), entry, size, record, shown)[1] == root_digest(tree_after)
        tree = tree_after


def test_twelve_siblings_read_and_written_cost_less_than_55_000_gas_with_calldata(library):
    tree = None
    for slot in range(4_000):
        tree = insert(tree, journal_path(1, Address(bytes(20)), slot), SlotRecord(True, True, 0, slot))
    path = journal_path(1, Address(bytes(20)), 7)
    shown = opening(tree, path)
    assert len(shown.siblings) >= 11
    size = len(shown.record)
    library.read_and_write(root_digest(tree), path, size, keccak(b""), encoded(shown))
    assert library.contract.gas_used < 55_000
