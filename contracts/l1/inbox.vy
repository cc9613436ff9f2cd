# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Inbox
@license MIT
@notice The order of a rollup's batches. It records that a commitment was posted, not what it holds: whoever follows
        the chain takes the commitment's bytes from the calldata and checks them against the event's hash.
@dev Every append extends a hash chain, so that a later referee can open any batch from one stored word:

         accumulator(0)     = 32 zero bytes
         accumulator(n + 1) = keccak256(accumulator(n) ‖ keccak256(commitment n) ‖ number ‖ timestamp ‖ parent)

     160 bytes. `number` and `timestamp` (32 bytes each, big-endian) are those of the L1 block that holds the append,
     `parent` is the hash of the block before it, through which L1 headers of any age can be proven.
     Calldata is decoded leniently here; the node's rule for which calldata counts is `protocol/inbox.py`.
"""


event BatchAppended:
    index: indexed(uint256)
    batcher: indexed(address)
    commitment_hash: bytes32
    accumulator: bytes32


batcher: public(immutable(address))
count: public(uint256)
accumulator: public(bytes32)


@deploy
def __init__(_batcher: address):
    """
    @param _batcher The only account that may append.
    """
    assert _batcher != empty(address), "inbox: no batcher"
    batcher = _batcher


@external
def append(commitment: Bytes[131072]):
    """
    @notice Record the next batch.
    @param commitment What a data-availability adapter returned for it: a layer byte, then what that layer needs.
    """
    assert msg.sender == batcher, "inbox: not the batcher"
    assert len(commitment) != 0, "inbox: empty commitment"
    self._record(keccak256(commitment))


# A function of its own keeps its memory below the commitment's buffer: with it, an append of 33 bytes does not pay
# 45,000 gas to expand memory past 131,072 bytes that it never touches.
@internal
def _record(commitment_hash: bytes32):
    index: uint256 = self.count
    accumulator: bytes32 = keccak256(
        abi_encode(self.accumulator, commitment_hash, block.number, block.timestamp, block.prevhash)
    )
    self.count = unsafe_add(index, 1)
    self.accumulator = accumulator
    log BatchAppended(index=index, batcher=msg.sender, commitment_hash=commitment_hash, accumulator=accumulator)
