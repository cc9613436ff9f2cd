# pragma version 0.4.3
# pragma evm-version cancun
"""
@title A transaction and its receipt in the block's tries
@license MIT
@notice The phase fill: the receipt's leaf has been hashed, the transaction is shown, both are put into their tries. A
        library of the one-step verifier.
@dev Follows `prover/machine/block_tries.py`. `code` is the transaction. See `machine.vy` for the arguments.
"""

from . import index_trie
from . import layout
from . import machine

MAX_TX: constant(uint256) = 120 * 1024  # bytes, as in the phase begin


@external
@view
def step(
    pre: bytes32,
    state: layout.State,
    stack: DynArray[uint256, 17],
    code: Bytes[MAX_TX],
    other: Bytes[1],
    pages: Bytes[1],
    tape: layout.Tape,
) -> bytes32:
    """
    @notice The state after `pre`, in this phase. Reverts in others, or if the witness is wrong.
    """
    assert layout._vm_digest(state.vm) == pre, "proof: not this state"
    assert (
        state.vm.phase == layout.PHASE_FILL
        and state.vm.globals == empty(bytes32)
        and state.vm.frame == empty(bytes32)
    ), "proof: phase"
    filling: layout.Filling = empty(layout.Filling)
    sealing: layout.Sealing = empty(layout.Sealing)
    receipt: layout.Receipt = empty(layout.Receipt)
    at: uint256 = 0
    filling, at = layout._open_filling(state.vm.cursor, tape.preimages)
    sealing, at = layout._open_sealing(filling.sealing, at)
    receipt, at = layout._open_receipt(sealing.receipts, at)
    assert keccak256(code) == receipt.tx, "proof: transaction"

    sealing.receipts = receipt.below
    sealing.left -= 1
    place: index_trie.Place = index_trie._place(sealing.left, sealing.count)
    sealing.transactions_root, at = index_trie._with_leaf(
        sealing.transactions_root, place, self._leaf(place, code), at
    )
    sealing.receipts_root, at = index_trie._with_leaf(
        sealing.receipts_root, place, concat(x"a0", filling.leaf), at
    )
    return machine._post(
        layout.PHASE_SEAL, layout._sealing_digest(sealing), empty(bytes32), empty(bytes32)
    )


@internal
@pure
def _leaf(place: index_trie.Place, transaction: Bytes[MAX_TX]) -> Bytes[33]:
    """
    @dev The transaction's leaf as an item of a branch: itself when shorter than 32 bytes, else its hash.
    """
    head: Bytes[15] = index_trie._leaf_head(place, len(transaction))
    size: uint256 = len(head) + len(transaction)
    if size < 32:
        return convert(concat(head, transaction), Bytes[33])
    return concat(x"a0", keccak256(concat(head, transaction)))
