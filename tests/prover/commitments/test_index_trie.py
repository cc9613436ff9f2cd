"""A block's tries, filled in any order with every leaf at its final place, are Ethereum's."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.crypto import keccak
from protocol.mpt import EMPTY_ROOT
from protocol.ordered_trie import ordered_root
from protocol.rlp_codec import encode
from protocol.types import Hash32
from prover.commitments.index_trie import leaf_path, with_leaf
from prover.commitments.trie import Short, encode_subtree


def filled(values: list[bytes], order: list[int]) -> Hash32:
    """The root when all leaves are in, as each was put where its index and the count say."""
    nodes: dict[Hash32, bytes] = {}
    root = Hash32(EMPTY_ROOT)
    for index in order:
        leaf = encode_subtree(Short(leaf_path(index, len(values)), encode(values[index]), leaf=True))
        item = leaf if len(leaf) < 32 else b"\xa0" + keccak(leaf)
        root, created = with_leaf(root, index, len(values), item, nodes.__getitem__)
        nodes.update((keccak(node), node) for node in created)
    return root


@given(count=st.integers(1, 600), seed=st.integers(0, 2**32), lengths=st.sampled_from([(10, 12), (10, 60), (200, 300)]))
def test_the_root_is_the_ordered_tries_whatever_the_order(count, seed, lengths):
    random = Random(seed)
    values = [random.randbytes(random.randint(*lengths)) for _ in range(count)]
    order = random.sample(range(count), count)
    assert filled(values, order) == ordered_root(values)


@pytest.mark.parametrize(
    "count", [*range(1, 36), *range(126, 148), 160, 161, *range(255, 276), 511, 512, 513, 514, 528, 529, 530]
)
def test_the_root_is_right_at_every_edge_of_the_keys(count):
    values = [bytes((1 + index % 250,)) * (10 + index % 40) for index in range(count)]
    assert filled(values, list(range(count))[::-1]) == ordered_root(values)


@pytest.mark.parametrize("count", [4096, 4097, 4113, 4114, 4353])
def test_the_root_is_right_where_keys_have_a_new_nibble(count):
    values = [bytes((1 + index % 250,)) * 11 for index in range(count)]
    assert filled(values, list(range(count))[::-1]) == ordered_root(values)
