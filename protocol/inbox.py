"""What the L1 inbox contract says, in bytes: its call, its event, its hash chain.

The contract is `contracts/l1/inbox.vy`. It stores no commitment; a reader takes the bytes from the calldata of the
transaction that made the log, and only in the one encoding below. Every reader follows this rule, so all see the same
batches.
"""

from protocol.crypto import keccak
from protocol.types import Address, Hash32

APPEND_SELECTOR = keccak(b"append(bytes)")[:4]
BATCH_APPENDED = keccak(b"BatchAppended(uint256,address,bytes32,bytes32)")
"""Topic 0 of the event; topic 1 is the index, topic 2 the batcher, the data commitment hash ‖ accumulator."""

MAX_COMMITMENT_BYTES = 120 * 1024
"""The contract reverts above this: a proof shows a commitment whole, in one L1 transaction (decision 109)."""

_OFFSET = (32).to_bytes(32, "big")


def append_calldata(commitment: bytes) -> bytes:
    """The call that records `commitment`: selector, offset 32, length, the bytes, zeros up to a whole word."""
    length = len(commitment).to_bytes(32, "big")
    return APPEND_SELECTOR + _OFFSET + length + commitment + bytes(-len(commitment) % 32)


def posted_commitment(to: Address | None, calldata: bytes, inbox: Address, commitment_hash: Hash32) -> bytes | None:
    """The commitment behind one BatchAppended log, from the transaction that made it; None when it does not count.

    It counts when the transaction called the inbox itself and its calldata is exactly `append_calldata` of bytes that
    hash to what the event says. A contract between the batcher and the inbox would hide the bytes from L1's readers.
    """
    if to != inbox or len(calldata) < 68:
        return None
    commitment = calldata[68 : 68 + int.from_bytes(calldata[36:68], "big")]
    if append_calldata(commitment) != calldata or keccak(commitment) != commitment_hash:
        return None
    return commitment


def next_accumulator(
    accumulator: Hash32, commitment_hash: Hash32, l1_number: int, l1_timestamp: int, l1_parent_hash: Hash32
) -> Hash32:
    """The contract's hash chain after one more batch; it starts at 32 zero bytes.

    Number, timestamp (seconds) and parent hash are those of the L1 block that holds the append.
    """
    words = l1_number.to_bytes(32, "big") + l1_timestamp.to_bytes(32, "big") + l1_parent_hash
    return keccak(accumulator + commitment_hash + words)
