from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.crypto import keccak
from protocol.types import ZERO_HASH
from prover.commitments.journal_tree import find, insert, opened_root, opening, root_digest, written_root
from prover.commitments.structures import TransientRecord
from prover.commitments.tape import InvalidWitness

# Few bits that differ, at both ends, so that paths share long beginnings.
paths = st.builds(lambda high, low: high << 252 | low, st.integers(0, 15), st.integers(0, 7))
records = st.builds(TransientRecord, st.integers(0, 3))
contents = st.dictionaries(paths, records, max_size=12)


def tree_of(entries):
    node = None
    for path, record in entries:
        node = insert(node, path, record)
    return node


@given(contents, st.randoms(use_true_random=False))
def test_the_root_does_not_depend_on_the_order_of_writes(entries, random):
    shuffled = list(entries.items())
    random.shuffle(shuffled)
    assert root_digest(tree_of(entries.items())) == root_digest(tree_of(shuffled))


@given(contents, paths)
def test_a_journal_holds_what_was_written(entries, path):
    assert find(tree_of(entries.items()), path) == entries.get(path)


@given(contents, paths, records)
def test_a_write_leaves_the_tree_before_it_as_it_was(entries, path, record):
    before = tree_of(entries.items())
    root = root_digest(before)
    insert(before, path, record)
    assert root_digest(before) == root
    assert find(before, path) == entries.get(path)


@given(contents, paths, records)
def test_an_opening_gives_the_root_before_and_after_a_write(entries, path, record):
    tree = tree_of(entries.items())
    shown = opening(tree, path)
    assert opened_root(path, shown) == root_digest(tree)
    assert bool(shown.record) == (path in entries)
    after = written_root(path, shown, keccak(record.encode()))
    assert after == root_digest(insert(tree, path, record))


@given(contents, paths, paths)
def test_an_opening_is_for_one_path(entries, path, other):
    tree = tree_of(entries.items())
    shown = opening(tree, path)
    try:
        root = opened_root(other, shown)
    except InvalidWitness:
        return
    # An absence may be shown to two paths that end in the same empty or foreign place; a presence never.
    if root == root_digest(tree) and path != other:
        assert not shown.record
        assert other not in entries


@given(st.dictionaries(paths, records, min_size=1, max_size=12), st.data())
def test_a_record_cannot_be_shown_as_absent(entries, data):
    path = data.draw(st.sampled_from(sorted(entries)))
    tree = tree_of(entries.items())
    shown = opening(tree, path)
    lies = [replace(shown, record=b"")]
    for other in entries:
        lies.append(opening(tree, other))
        record = keccak(entries[other].encode())
        lies.append(replace(shown, record=b"", other_path=other.to_bytes(32, "big"), other_record=record))
        lies.append(
            replace(opening(tree, other), record=b"", other_path=other.to_bytes(32, "big"), other_record=record)
        )
    for depth in range(len(shown.siblings)):
        lies.append(replace(shown, siblings=shown.siblings[:depth], record=b""))
    for lie in lies:
        if lie.record:
            continue
        try:
            assert opened_root(path, lie) != root_digest(tree)
        except InvalidWitness:
            continue


def test_malformed_openings_are_refused():
    tree = tree_of([(0, TransientRecord(1)), (1 << 255, TransientRecord(2))])
    shown = opening(tree, 0)
    for lie in (
        replace(shown, siblings=(shown.siblings[0][:-1],)),
        replace(shown, siblings=(b"\0" * 32,) * 257),
        replace(shown, other_path=bytes(32)),
        replace(shown, record=b"", other_path=bytes(32), other_record=bytes(32)),
        replace(shown, record=b"", other_path=b"\x80" + bytes(31), other_record=bytes(32)),
        replace(shown, record=b"", other_path=bytes(31), other_record=bytes(32)),
    ):
        with pytest.raises(InvalidWitness):
            opened_root(0, lie)


def test_an_empty_journal_is_zero():
    assert root_digest(None) == ZERO_HASH == opened_root(7, opening(None, 7))
