# pragma version 0.4.3
# pragma evm-version cancun
"""
@title The ring of block hashes
@license MIT
@notice The last 256 block hashes as a Merkle tree, block n at leaf n mod 256. A module of the libraries that put one in.
@dev Follows `prover/machine/oracle.py`.
"""

from . import layout

OPENING: constant(uint256) = 32 * (layout.RING_DEPTH + 1)  # bytes: a leaf and its siblings


@internal
@view
def _grown(root: bytes32, number: uint256, leaf: bytes32, at: uint256) -> bytes32:
    """
    @dev The ring with block `number` in it. At `at` in calldata lie the leaf that was there, and its siblings.
    """
    old: bytes32 = convert(layout._word(at), bytes32)
    new: bytes32 = leaf
    for level: uint256 in range(layout.RING_DEPTH):
        sibling: bytes32 = convert(layout._word(at + 32 * (level + 1)), bytes32)
        if (number >> level) & 1 == 1:
            old = layout._ring_node(sibling, old)
            new = layout._ring_node(sibling, new)
        else:
            old = layout._ring_node(old, sibling)
            new = layout._ring_node(new, sibling)
    assert old == root, "ring: not under this root"
    return new
