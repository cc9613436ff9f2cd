import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trie import HexaryTrie

from protocol.crypto import keccak
from protocol.mpt import (
    EMPTY_ROOT,
    InvalidProof,
    get,
    iterate,
    prove,
    update_trie,
    verify_proof,
)
from protocol.mpt_node import split_node
from protocol.rlp_codec import InvalidRlp
from protocol.types import Hash32

# Few distinct bytes make shared prefixes, and keys that end inside others, common.
crowded_keys = st.lists(st.sampled_from([0x00, 0x01, 0x10, 0x11, 0xF0]), max_size=4).map(bytes)
hashed_keys = st.integers(0, 40).map(lambda number: keccak(bytes([number])))
long_keys = st.integers(0, 3).map(lambda number: b"\x01" * 60 + bytes([number]))
values = st.one_of(st.binary(min_size=1, max_size=3), st.binary(min_size=28, max_size=40), st.just(b"v" * 300))
changes = st.dictionaries(
    st.one_of(crowded_keys, hashed_keys, long_keys), st.one_of(st.none(), st.just(b""), values), max_size=30
)
histories = st.lists(changes, min_size=1, max_size=6)


def no_node(node_hash: Hash32) -> bytes:
    raise AssertionError("the empty trie has no nodes")


class Nodes:
    """A node table that counts nothing and forgets nothing."""

    def __init__(self) -> None:
        self.table: dict[Hash32, bytes] = {}
        self.root = EMPTY_ROOT

    def apply(self, batch: Mapping[bytes, bytes | None]) -> dict[Hash32, bytes]:
        self.root, created = update_trie(self.root, batch, self.table.__getitem__)
        self.table.update(created)
        return created


def merged(batches: list[dict[bytes, bytes | None]]) -> dict[bytes, bytes]:
    content: dict[bytes, bytes] = {}
    for batch in batches:
        for key, value in batch.items():
            if value:
                content[key] = value
            else:
                content.pop(key, None)
    return content


def oracle_root(content: dict[bytes, bytes]) -> bytes:
    trie = HexaryTrie({})
    for key, value in content.items():
        trie[key] = value
    return trie.root_hash


@settings(max_examples=400, deadline=None)
@given(histories)
def test_batches_reach_the_root_that_single_insertions_reach(batches):
    nodes = Nodes()
    for end, batch in enumerate(batches, 1):
        nodes.apply(batch)
        assert nodes.root == oracle_root(merged(batches[:end]))


@settings(max_examples=200, deadline=None)
@given(histories)
def test_the_trie_holds_exactly_its_content_in_order(batches):
    nodes = Nodes()
    for batch in batches:
        nodes.apply(batch)
    content = merged(batches)
    assert list(iterate(nodes.root, nodes.table.__getitem__)) == sorted(content.items())
    for key in {key for batch in batches for key in batch}:
        assert get(nodes.root, key, nodes.table.__getitem__) == content.get(key)


@settings(max_examples=200, deadline=None)
@given(histories)
def test_created_nodes_are_all_reachable_and_old_roots_stay_readable(batches):
    nodes = Nodes()
    roots = []
    for batch in batches:
        created = nodes.apply(batch)
        reached: set[Hash32] = set()

        def visiting(node_hash, reached=reached):
            reached.add(node_hash)
            return nodes.table[node_hash]

        list(iterate(nodes.root, visiting))
        assert set(created) <= reached
        assert all(keccak(node) == node_hash for node_hash, node in created.items())
        roots.append(nodes.root)
    for end, root in enumerate(roots, 1):
        assert dict(iterate(root, nodes.table.__getitem__)) == merged(batches[:end])


@settings(max_examples=200, deadline=None)
@given(changes, st.lists(st.one_of(crowded_keys, hashed_keys), max_size=10))
def test_a_proof_shows_a_value_or_its_absence(batch, others):
    nodes = Nodes()
    nodes.apply(batch)
    content = merged([batch])
    for key in [*batch, *others]:
        proof = prove(nodes.root, key, nodes.table.__getitem__)
        assert verify_proof(nodes.root, key, proof) == content.get(key)
        assert all(len(node) >= 32 for node in proof[1:])


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(hashed_keys, values, min_size=2, max_size=20), st.data())
def test_a_proof_that_is_cut_stretched_or_changed_is_refused(content, data):
    nodes = Nodes()
    nodes.apply(content)
    key = data.draw(st.sampled_from(sorted(content)))
    proof = prove(nodes.root, key, nodes.table.__getitem__)
    with pytest.raises(InvalidProof, match="proof ends before node"):
        verify_proof(nodes.root, key, proof[:-1])
    with pytest.raises(InvalidProof, match="goes on after its end"):
        verify_proof(nodes.root, key, [*proof, proof[-1]])
    index = data.draw(st.integers(0, len(proof) - 1))
    position = data.draw(st.integers(0, len(proof[index]) - 1))
    broken = bytearray(proof[index])
    broken[position] ^= 1
    with pytest.raises(InvalidProof, match="proof node hashes to"):
        verify_proof(nodes.root, key, [*proof[:index], bytes(broken), *proof[index + 1 :]])


@settings(deadline=None)
@given(st.binary(max_size=80), st.binary(max_size=3))
def test_a_root_that_commits_to_junk_is_refused_not_crashed_on(junk, key):
    with suppress(InvalidProof):
        assert isinstance(verify_proof(keccak(junk), key, [junk]), bytes | None)
    with suppress(InvalidRlp):
        assert len(split_node(junk)) in (2, 17)


def test_the_empty_trie_holds_nothing_and_proves_it():
    assert EMPTY_ROOT.hex() == "56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421"
    assert update_trie(EMPTY_ROOT, {}, no_node) == (EMPTY_ROOT, {})
    assert update_trie(EMPTY_ROOT, {b"absent": None}, no_node) == (EMPTY_ROOT, {})
    assert prove(EMPTY_ROOT, b"absent", no_node) == []
    assert verify_proof(EMPTY_ROOT, b"absent", []) is None


def test_writing_what_is_there_creates_nothing():
    nodes = Nodes()
    content: dict[bytes, bytes | None] = {keccak(bytes([number])): b"value" * 10 for number in range(50)}
    nodes.apply(content)
    assert update_trie(nodes.root, content, nodes.table.__getitem__) == (nodes.root, {})
    assert update_trie(nodes.root, {keccak(b"absent"): None}, nodes.table.__getitem__) == (nodes.root, {})


def as_key_or_value(text: str) -> bytes:
    return bytes.fromhex(text[2:]) if text.startswith("0x") else text.encode()


def official(vectors: Path, name: str) -> dict[str, dict]:
    return json.loads((vectors / "ethereum-tests" / "TrieTests" / name).read_text())


@pytest.mark.parametrize(
    ("name", "secure"),
    [
        ("trietest.json", False),
        ("trietest_secureTrie.json", True),
        ("trieanyorder.json", False),
        ("trieanyorder_secureTrie.json", True),
        ("hex_encoded_securetrie_test.json", True),
    ],
)
def test_official_tries_have_their_roots(vectors, name, secure):
    for case, content in official(vectors, name).items():
        raw = content["in"]
        entries = list(raw.items()) if isinstance(raw, dict) else raw
        one_by_one = Nodes()
        batch: dict[bytes, bytes | None] = {}
        for key_text, value_text in entries:
            key = as_key_or_value(key_text)
            key = keccak(key) if secure else key
            batch[key] = None if value_text is None else as_key_or_value(value_text)
            one_by_one.apply({key: batch[key]})
        at_once = Nodes()
        at_once.apply(batch)
        expected = content["root"].removeprefix("0x")
        assert (case, one_by_one.root.hex(), at_once.root.hex()) == (case, expected, expected)


def test_official_neighbours_of_a_key(vectors):
    for content in official(vectors, "trietestnextprev.json").values():
        nodes = Nodes()
        nodes.apply({key.encode(): b"value" for key in content["in"]})
        keys = [key.decode() for key, _ in iterate(nodes.root, nodes.table.__getitem__)]
        for probe, previous, following in content["tests"]:
            assert max((key for key in keys if key < probe), default="") == previous
            assert min((key for key in keys if key > probe), default="") == following


def test_a_leaf_whose_path_and_value_look_like_hashes_is_no_branch():
    """32 bytes of path, as below the root, and 32 of value: two items that begin as a branch's children do."""
    nodes: dict[Hash32, bytes] = {}
    root = EMPTY_ROOT
    ours: dict[bytes, bytes] = {}
    for number in range(40):
        key = bytes([number * 7 % 16 << 4 | number % 3]) + keccak(bytes([number]))[1:]
        ours[key] = keccak(key)
        root, created = update_trie(root, {key: ours[key]}, nodes.__getitem__)
        nodes.update(created)
        expected, _nodes = update_trie(EMPTY_ROOT, ours, nodes.__getitem__)
        assert root == expected
    for key in list(ours):
        del ours[key]
        root, created = update_trie(root, {key: None}, nodes.__getitem__)
        nodes.update(created)
        expected, _nodes = update_trie(EMPTY_ROOT, ours, nodes.__getitem__)
        assert root == expected
