"""What the outputs contract says, in bytes: calls and answers. The contract is `contracts/l1/outputs.vy`."""

from dataclasses import dataclass
from enum import IntEnum

from protocol.abi import address_of, encode_call, words_of
from protocol.errors import Reject
from protocol.l1 import L1BlockRef
from protocol.output_root import OutputRoot
from protocol.types import Address, Hash32

_ASSERTION_WORDS = 9


class Status(IntEnum):
    """What became of an assertion."""

    NONE = 0
    PENDING = 1
    CONFIRMED = 2
    REJECTED = 3
    SUPERSEDED = 4


class InvalidAnswer(Reject):
    """The contract at this address is not an outputs contract."""


@dataclass(frozen=True, slots=True)
class Assertion:
    """One bonded output root; `created_at` in seconds. Assertion 0 is genesis."""

    id: int
    output_root: OutputRoot
    l1_block_hash: Hash32
    parent: int
    l2_block_number: int
    l1_block_number: int
    created_at: int
    proposer: Address
    open_games: int
    status: Status


def assertion_call(assertion_id: int) -> bytes:
    """`assertion(id)`."""
    return encode_call("assertion(uint256)", assertion_id)


def decode_assertion(assertion_id: int, answer: bytes) -> Assertion:
    """The answer to `assertion_call`; raises InvalidAnswer."""
    words = words_of(answer)
    if len(words) != _ASSERTION_WORDS or words[8] not in Status.__members__.values():
        raise InvalidAnswer(f"assertion {assertion_id}: {len(answer)} bytes that are no assertion")
    root, l1_hash, parent, l2_number, l1_number, created_at, proposer, open_games, status = words
    return Assertion(
        assertion_id,
        OutputRoot(Hash32(root.to_bytes(32, "big"))),
        Hash32(l1_hash.to_bytes(32, "big")),
        parent,
        l2_number,
        l1_number,
        created_at,
        address_of(proposer),
        open_games,
        Status(status),
    )


def propose_call(parent: int, l2_block_number: int, root: OutputRoot, l1: L1BlockRef) -> bytes:
    """`propose`: L1 up to the block `l1` yields this L2 block with this root."""
    signature = "propose(uint256,uint256,bytes32,uint256,bytes32)"
    return encode_call(signature, parent, l2_block_number, root, l1.number, l1.hash)
