# pragma version 0.4.3
# pragma evm-version cancun
"""
@title L1's storage
@license MIT
@notice A word of an L1 contract's storage, out of L1's state at a block. A module of the libraries that read L1.
@dev Follows `prover/machine/l1_storage.py`.
"""

from . import accounts
from . import layout


@internal
@view
def _word_of(state_root: bytes32, contract: uint256, slot: uint256, at: uint256) -> (uint256, uint256):
    """
    @dev A storage word of an L1 contract, and where the preimages go on; 0 where there is no state, contract or word.
    """
    if state_root == empty(bytes32):
        return 0, at
    record: layout.AccountRecord = empty(layout.AccountRecord)
    next: uint256 = 0
    record, next = accounts._account_in_trie(state_root, contract, at)
    word: uint256 = 0
    word, next = accounts._slot_in_trie(record.storage_root, slot, next)
    return word, next
