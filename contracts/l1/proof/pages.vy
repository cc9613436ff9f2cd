# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Page trees
@license MIT
@notice Opens and changes pages of 1 KiB under the root of a page tree. A module of the libraries that touch memory.
@dev Follows `prover/commitments/pages.py`. A page's sixteen siblings, from the leaf up, lie in calldata.
"""

from . import layout

SIBLINGS: constant(uint256) = 32 * layout.PAGE_DEPTH  # bytes that one opening has in calldata beside its page


@internal
@pure
def _leaf(page: Bytes[1024]) -> bytes32:
    """
    @dev The digest of a whole page.
    """
    return keccak256(concat(layout.TAG_PAGE, page))


@internal
@view
def _root(index: uint256, leaf: bytes32, siblings: uint256) -> bytes32:
    """
    @dev The root that follows from one leaf and the digests beside its path, which lie at `siblings` in calldata.
    """
    assert index >> layout.PAGE_DEPTH == 0, "pages: no such page"
    node: bytes32 = leaf
    for level: uint256 in range(layout.PAGE_DEPTH):
        sibling: bytes32 = convert(layout._word(siblings + 32 * level), bytes32)
        if (index >> level) & 1 == 1:
            node = layout._page_node(sibling, node)
        else:
            node = layout._page_node(node, sibling)
    return node


@internal
@view
def _check(root: bytes32, index: uint256, page: Bytes[1024], siblings: uint256) -> uint256:
    """
    @dev Refuses a page that is not at `index` under `root`; returns where the next page's siblings lie.
    """
    assert len(page) == layout.PAGE_SIZE, "pages: size"
    assert self._root(index, self._leaf(page), siblings) == root, "pages: not under this root"
    return siblings + SIBLINGS


@internal
@pure
def _of_word(word: bytes32) -> bytes32:
    """
    @dev The root of a tree that holds one word at its beginning and zeros behind it.
    """
    page: bytes32[32] = empty(bytes32[32])
    empty_subtree: bytes32 = self._leaf(abi_encode(page))
    page[0] = word
    node: bytes32 = self._leaf(abi_encode(page))
    for _: uint256 in range(layout.PAGE_DEPTH):
        node = layout._page_node(node, empty_subtree)
        empty_subtree = layout._page_node(empty_subtree, empty_subtree)
    return node
