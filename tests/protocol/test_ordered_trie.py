"""The root of a list as it grows is that of the trie which maps rlp(number) to each item."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trie import HexaryTrie

from protocol.mpt import EMPTY_ROOT, Changes, build
from protocol.ordered_trie import OrderedTrie, ordered_root
from protocol.rlp_codec import encode, uint_bytes
from protocol.types import Hash32

EDGES = (1, 2, 127, 128, 129, 143, 144, 145, 159, 160, 161, 255, 256, 257, 271, 272, 273, 300)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=60), max_size=300), st.sets(st.integers(0, 299), max_size=5))
def test_a_root_is_that_of_all_items_so_far(items, looked_at):
    trie, oracle = OrderedTrie(), HexaryTrie({})
    for number, item in enumerate(items):
        trie.append(item)
        oracle[encode(uint_bytes(number))] = item
        if number in looked_at:
            assert trie.root() == oracle.root_hash
    assert trie.root() == ordered_root(items) == oracle.root_hash


@pytest.mark.parametrize("size", [1, 20, 33, 200])
def test_a_root_is_right_wherever_keys_grow_and_branches_are_full(size: int):
    """Items of one byte are nodes inside of others; those of 33 and more are referred to by hash."""
    trie, oracle = OrderedTrie(), HexaryTrie({})
    for number in range(max(EDGES)):
        item = bytes([1 + number % 255]) * size
        trie.append(item)
        oracle[encode(uint_bytes(number))] = item
        if number + 1 in EDGES:
            assert trie.root() == oracle.root_hash, number + 1


def test_full_branches_are_hashed_before_the_root_is_asked_for(monkeypatch: pytest.MonkeyPatch):
    """Which is the point of it: what is left for the end is a sixteenth, and the first items, whose keys are apart."""
    built: list[int] = []

    def counting(items: Changes, depth: int, created: dict[Hash32, bytes]) -> bytes:
        built.append(len(items))
        return build(items, depth, created)

    monkeypatch.setattr("protocol.ordered_trie.build", counting)
    trie = OrderedTrie()
    for _ in range(128 + 16 * 10 + 5):
        trie.append(b"item")
    assert built == [16] * 10
    trie.root()
    assert built[10:] == [128 + 10 + 5]


def test_no_items_are_the_empty_trie():
    assert OrderedTrie().root() == ordered_root([]) == EMPTY_ROOT
