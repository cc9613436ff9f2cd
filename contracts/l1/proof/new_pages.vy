# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Bytes as a page tree
@license MIT
@notice The root of a page tree that a step makes: a precompile's output, a transaction's data. A module of the libraries
        that do.
@dev Follows `pages_of` in `prover/commitments/pages.py`: bytes from offset 0 on, zeros behind them.
"""

from . import layout
from . import pages

MAX_LEAVES: constant(uint256) = 128  # so up to 128 KiB


@internal
@pure
def _leaf(chunk: Bytes[1024]) -> bytes32:
    """
    @notice The digest of a page that begins with these bytes.
    """
    zeros: Bytes[1024] = abi_encode(empty(bytes32[32]))
    return pages._leaf(convert(concat(chunk, slice(zeros, 0, layout.PAGE_SIZE - len(chunk))), Bytes[1024]))


@internal
@pure
def _root(leaves: DynArray[bytes32, MAX_LEAVES]) -> bytes32:
    """
    @notice The root over the first pages' digests; the others are zero.
    """
    nodes: DynArray[bytes32, MAX_LEAVES] = leaves
    count: uint256 = len(leaves)
    unwritten: bytes32 = self._leaf(b"")
    for level: uint256 in range(layout.PAGE_DEPTH):
        above: uint256 = (count + 1) // 2
        for i: uint256 in range(above, bound=MAX_LEAVES):
            right: bytes32 = unwritten
            if 2 * i + 1 < count:
                right = nodes[2 * i + 1]
            nodes[i] = layout._page_node(nodes[2 * i], right)
        count = above
        unwritten = layout._page_node(unwritten, unwritten)
    return nodes[0]


@internal
@view
def _of_calldata(start: uint256, length: uint256) -> bytes32:
    """
    @notice The root of a page tree with the bytes that begin at `start` in calldata; up to 128 KiB.
    """
    if length == 0:
        return layout.EMPTY_TREE
    leaves: DynArray[bytes32, MAX_LEAVES] = []
    for index: uint256 in range((length + layout.PAGE_SIZE - 1) // layout.PAGE_SIZE, bound=MAX_LEAVES):
        page: Bytes[1024] = slice(msg.data, start + layout.PAGE_SIZE * index, 1024)
        leaves.append(self._leaf(slice(page, 0, min(layout.PAGE_SIZE, length - layout.PAGE_SIZE * index))))
    return self._root(leaves)
