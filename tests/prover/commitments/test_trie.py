import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol import mpt
from protocol.crypto import keccak
from protocol.mpt import EMPTY_ROOT
from protocol.types import Hash32
from prover.commitments import trie

# Keys of 32 bytes that share long beginnings, and values on both sides of the 32-byte limit of embedded nodes.
keys = st.builds(
    lambda head, middle, tail: bytes([head]) + bytes(28) + bytes([middle, 0, tail]),
    st.sampled_from([0, 1, 0x10, 0x11]),
    st.sampled_from([0, 1, 0x10]),
    st.integers(0, 0x22),
)
values = st.one_of(st.binary(min_size=1, max_size=3), st.binary(min_size=30, max_size=40))
contents = st.dictionaries(keys, values, max_size=24)
changes = st.lists(st.tuples(keys, st.one_of(st.just(b""), values)), max_size=12)


def trie_of(entries):
    return mpt.update_trie(EMPTY_ROOT, entries, lambda _hash: b"")


@settings(max_examples=200)
@given(contents, changes)
def test_single_updates_give_the_roots_of_the_batched_trie(entries, updates):
    root, nodes = trie_of(entries)
    current = dict(entries)
    for key, value in updates:
        root, created = trie.put(root, key, value, nodes.__getitem__)
        nodes.update({keccak(node): node for node in created})
        current[key] = value
        assert root == trie_of({each: kept for each, kept in current.items() if kept})[0]
        assert trie.get(root, key, nodes.__getitem__) == value


@settings(max_examples=100)
@given(contents, keys)
def test_reads_agree_with_the_batched_trie(entries, key):
    root, nodes = trie_of(entries)
    assert (
        trie.get(root, key, nodes.__getitem__)
        == (mpt.get(root, key, nodes.__getitem__) or b"")
        == entries.get(key, b"")
    )


@settings(max_examples=100)
@given(contents, keys, st.one_of(st.just(b""), values))
def test_an_update_asks_for_no_node_twice(entries, key, value):
    root, nodes = trie_of(entries)
    asked = []

    def node(node_hash):
        asked.append(node_hash)
        return nodes[node_hash]

    trie.put(root, key, value, node)
    assert len(asked) == len(set(asked))


@pytest.mark.parametrize(
    "file", ["trietest_secureTrie.json", "trieanyorder_secureTrie.json", "hex_encoded_securetrie_test.json"]
)
def test_official_trie_vectors_hold(vectors, file):
    path = vectors / "ethereum-tests" / "TrieTests" / file
    if not path.exists():
        pytest.skip(f"{file} is not among the vectors")

    def raw(text):
        return bytes.fromhex(text[2:]) if text.startswith("0x") else text.encode()

    for name, test in json.loads(path.read_text()).items():
        pairs = test["in"].items() if isinstance(test["in"], dict) else test["in"]
        root: Hash32 = EMPTY_ROOT
        nodes: dict[Hash32, bytes] = {}
        for key, value in pairs:
            data = b"" if value is None else raw(value)
            root, created = trie.put(root, keccak(raw(key)), data, nodes.__getitem__)
            nodes.update({keccak(node): node for node in created})
        assert f"0x{root.hex()}" == test["root"], name
