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
     A commitment to blobs is 0x02 and their versioned hashes, and counts only if this very transaction carries exactly
     these blobs: so nobody waits for blobs that never were.

     What is counted can be read: an append is a transaction of the batcher's own to this contract, in the one encoding
     that readers take (`protocol/inbox.py`). Through a contract, or code that the batcher's account has by EIP-7702, or
     in another encoding its bytes would be hidden from them, and no game could open the hash chain.
"""

from ..interfaces import IChainConfig


event BatchAppended:
    index: indexed(uint256)
    batcher: indexed(address)
    commitment_hash: bytes32
    accumulator: bytes32


BLOB_LAYER: constant(uint256) = 2
MAX_BLOBS: constant(uint256) = 6
MAX_COMMITMENT: constant(uint256) = 120 * 1024  # bytes; a proof shows all of it in one L1 transaction of 128 KiB

config: public(immutable(IChainConfig))
count: public(uint256)
accumulator: public(bytes32)


@deploy
def __init__(_config: IChainConfig):
    """
    @param _config The chain's settings: its batcher is the only account that may append.
    """
    assert _config.address != empty(address), "inbox: no config"
    config = _config


@external
@view
def batcher() -> address:
    """
    @notice The only account that may append, as the chain's settings have it now.
    @return The account.
    """
    return staticcall config.batcher()


@external
def append(commitment: Bytes[MAX_COMMITMENT]):
    """
    @notice Record the next batch.
    @param commitment What a data-availability adapter returned for it: a layer byte, then what that layer needs.
    """
    self._assert_batcher()
    assert len(commitment) != 0, "inbox: empty commitment"
    self._assert_readable(len(commitment))
    self._assert_carried(len(commitment))
    self._record(keccak256(commitment))


# Functions of their own keep their memory below the commitment's buffer: with it, an append of 33 bytes does not pay
# 42,000 gas to expand memory past 122,880 bytes that it never touches.
@internal
@view
def _assert_batcher():
    assert msg.sender == staticcall config.batcher(), "inbox: not the batcher"


@internal
@view
def _assert_readable(length: uint256):
    assert msg.sender == tx.origin and not msg.sender.is_contract, "inbox: through a contract"
    padded: uint256 = 32 * ((length + 31) // 32)
    assert convert(slice(msg.data, 4, 32), uint256) == 32, "inbox: another encoding"
    assert len(msg.data) == 68 + padded, "inbox: another encoding"
    tail: uint256 = convert(slice(msg.data, 36 + padded, 32), uint256)
    assert tail << 8 * (32 - (padded - length)) == 0 or padded == length, "inbox: another encoding"


@internal
@view
def _assert_carried(length: uint256):
    if convert(slice(msg.data, 68, 1), uint256) != BLOB_LAYER:
        return
    assert length % 32 == 1, "inbox: not whole hashes"
    count: uint256 = length // 32
    assert count != 0 and count <= MAX_BLOBS, "inbox: number of blobs"
    for index: uint256 in range(count, bound=MAX_BLOBS):
        assert blobhash(index) == convert(slice(msg.data, 69 + 32 * index, 32), bytes32), "inbox: not the blobs carried"
    assert blobhash(count - 1) != empty(bytes32), "inbox: fewer blobs carried"
    assert blobhash(count) == empty(bytes32), "inbox: more blobs carried"


@internal
def _record(commitment_hash: bytes32):
    index: uint256 = self.count
    accumulator: bytes32 = keccak256(
        abi_encode(self.accumulator, commitment_hash, block.number, block.timestamp, block.prevhash)
    )
    self.count = unsafe_add(index, 1)
    self.accumulator = accumulator
    log BatchAppended(index=index, batcher=msg.sender, commitment_hash=commitment_hash, accumulator=accumulator)
