# pragma version 0.4.3
# pragma evm-version cancun
"""
@title A reader of another chain's storage
@notice It takes the counter's total on another chain from a proof: nothing is sent, and nobody there need agree.
        See docs/tutorial-crosschain.md.
"""

from ..interfaces import ISettledRoots


event Observed:
    domain: indexed(uint32)
    total: uint256
    at: uint256


SETTLED_ROOTS: constant(address) = 0x4200000000000000000000000000000000000031
TOTAL_SLOT: constant(bytes32) = empty(bytes32)  # counter.vy's first variable

total: public(uint256)
observed_at: public(uint256)  # seconds: the time of the block that had it


@external
def observe(
    domain: uint32, counter: address, state_root: bytes32, account: Bytes[8192], storage: Bytes[8192]
):
    """
    @notice Note what the counter says on another chain.
    @param domain The chain.
    @param counter The counter there.
    @param state_root A state root of that chain that this chain has learned.
    @param account Proof of the counter's account under it, nodes joined.
    @param storage Proof of its slot.
    """
    word: uint256 = 0
    at: uint256 = 0
    word, at = staticcall ISettledRoots(SETTLED_ROOTS).read(
        domain, state_root, counter, TOTAL_SLOT, account, storage
    )
    assert at > self.observed_at, "observer: nothing newer"
    self.total = word
    self.observed_at = at
    log Observed(domain=domain, total=word, at=at)
