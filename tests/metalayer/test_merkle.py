"""The message tree: Hyperlane's vectors, and the two ways to its root against each other."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metalayer.merkle import DEPTH, MAX_LEAVES, InvalidBranch, MerkleTree, branch, branch_root
from protocol.crypto import keccak
from protocol.types import Hash32

leaves_lists = st.lists(st.binary(min_size=32, max_size=32).map(Hash32), min_size=1, max_size=40)


def word(text: str) -> Hash32:
    return Hash32(bytes.fromhex(text.removeprefix("0x")))


def tree_of(leaves: list[Hash32]) -> MerkleTree:
    tree = MerkleTree()
    for leaf in leaves:
        tree = tree.append(leaf)
    return tree


def test_trees_have_the_roots_and_branches_of_hyperlanes(vectors: Path) -> None:
    for case in json.loads((vectors / "hyperlane" / "merkle.json").read_text()):
        texts = [text.encode() for text in case["leaves"]]
        leaves = [keccak(b"\x19Ethereum Signed Message:\n%d" % len(text) + text) for text in texts]
        assert tree_of(leaves).root == word(case["expectedRoot"]), case["testName"]
        for proof in case["proofs"]:
            assert leaves[proof["index"]] == word(proof["leaf"])
            assert branch(leaves, proof["index"]) == tuple(word(one) for one in proof["path"])


def test_hyperlanes_proofs_lead_to_its_roots(vectors: Path) -> None:
    folder = vectors / "hyperlane"
    case = json.loads((folder / "proof.json").read_text())
    path = [word(one) for one in case["proof"]["path"]]
    assert branch_root(word(case["proof"]["leaf"]), path, case["proof"]["index"]) == word(case["root"])
    case = json.loads((folder / "messageWithProof.json").read_text())
    path = [word(one) for one in case["proof"]]
    assert branch_root(word(case["leaf"]), path, case["index"]) == word(case["root"])


@given(leaves_lists, st.data())
@settings(max_examples=30)
def test_every_leafs_branch_leads_to_the_root(leaves: list[Hash32], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    assert branch_root(leaves[index], branch(leaves, index), index) == tree_of(leaves).root


@given(leaves_lists, st.data())
@settings(max_examples=30)
def test_no_other_leaf_or_index_passes(leaves: list[Hash32], data: st.DataObject) -> None:
    root = tree_of(leaves).root
    index = data.draw(st.integers(0, len(leaves) - 1))
    siblings = branch(leaves, index)
    other = data.draw(st.integers(0, len(leaves) - 1).filter(lambda at: leaves[at] != leaves[index]) | st.none())
    if other is not None:
        assert branch_root(leaves[other], siblings, index) != root
    level = data.draw(st.integers(0, DEPTH - 1))
    node = leaves[index]
    for at in range(level):
        node = keccak(siblings[at] + node if index >> at & 1 else node + siblings[at])
    # The same leaf under another index only where both halves are equal.
    assert (branch_root(leaves[index], siblings, index ^ 1 << level) == root) == (node == siblings[level])


def test_an_index_has_no_unused_bits() -> None:
    """The padded index that claimed twice: bits above the tree's depth would name the same leaf again."""
    siblings = branch([Hash32(b"\1" * 32)], 0)
    for index in (2**32, 2**64, -1):
        with pytest.raises(InvalidBranch):
            branch_root(Hash32(b"\1" * 32), siblings, index)
    with pytest.raises(InvalidBranch):
        branch_root(Hash32(b"\1" * 32), siblings[:-1], 0)


def test_a_full_tree_takes_no_more() -> None:
    with pytest.raises(InvalidBranch):
        MerkleTree(count=MAX_LEAVES).append(Hash32(bytes(32)))
