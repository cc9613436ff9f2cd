"""What the network's contracts ask for: proofs gathered, and the calls that carry them.

Every proof is a Merkle-Patricia proof's nodes, from the root down, joined (`contracts/l1/proof/mpt.vy`). Where they
come from, `eth_getProof` or a trie at hand, is the caller's.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from metalayer.merkle import DEPTH
from metalayer.message import Domain, Message, MessageId
from protocol.abi import Dynamic, encode_call
from protocol.crypto import keccak
from protocol.types import Hash32

DELIVERED_SLOT = 0
"""Of `delivered` in mailbox.vy."""
TREE_SLOT = (1).to_bytes(32, "big")
"""The mailbox's slot with the root of its tree."""
MEMBERS_SLOT = 0
FINAL_ROOTS_SLOT = 1
"""Of `members` and `final_roots` in registry.vy."""
OUTPUT_ROOTS_SLOT = 5
OUTPUT_STATES_SLOT = 8
"""Of `roots` and `states` in l1/outputs.vy."""
DECISIONS_SLOT = 4
"""Of `decisions` in ledger.vy."""

CLEARED = 1
VOIDED = 2
"""What the ledger decides about a transfer."""

PENDING, ACTIVE, EXITING, REMOVED = 1, 2, 3, 4
"""What the registry says of a chain."""

_OUTPUT = "(bytes32,bytes32,bytes32)"
_ANCHOR = "(uint256,bytes)"
_MAILBOX = "(bytes,bytes,bytes)"
_LEARN = f"learn(uint32,{_ANCHOR},(bytes,bytes),(uint256,bytes,bytes,bytes),{_OUTPUT},{_MAILBOX})"


@dataclass(frozen=True, slots=True)
class Output:
    """What a confirmed output root commits to."""

    assertion_id: int
    state_root: Hash32
    outbox_root: Hash32
    block_hash: Hash32


@dataclass(frozen=True, slots=True)
class MailboxProof:
    """The output's block header in RLP, the mailbox's account in its state, and the slot with its tree's root."""

    header: bytes
    account: bytes
    tree: bytes


@dataclass(frozen=True, slots=True)
class Anchor:
    """An L1 block that a chain knows: the time of a block of that chain whose origin it is, and its header in RLP."""

    timestamp: int
    header: bytes


@dataclass(frozen=True, slots=True)
class OriginProof:
    """What L1 says about a chain's output, under the anchor's state: the registry's account and the chain's entry, the
    account of the chain's output roots, and its slots with the output's status and root.

    For a removed chain `outputs` and `status` are empty and `root` is the registry's slot with the last root.
    """

    registry: bytes
    member: bytes
    outputs: bytes
    status: bytes
    root: bytes


def mapping_slot(position: int, key: Hash32 | int) -> Hash32:
    """The slot of a key in a Vyper mapping."""
    word = key.to_bytes(32, "big") if isinstance(key, int) else key
    return keccak(position.to_bytes(32, "big") + word)


def delivered_slot(message_id: MessageId) -> Hash32:
    """The mailbox's slot with the deliverer of a message."""
    return mapping_slot(DELIVERED_SLOT, message_id)


def decision_slot(message_id: MessageId) -> Hash32:
    """The ledger's slot with what it decided."""
    return mapping_slot(DECISIONS_SLOT, message_id)


def branch_metadata(index: int, siblings: Sequence[Hash32]) -> bytes:
    """A branch as `verify` and the ledger take it."""
    if len(siblings) != DEPTH:
        raise ValueError(f"{len(siblings)} siblings, expected {DEPTH}")
    return index.to_bytes(32, "big") + b"".join(siblings)


def learn_call(domain: Domain, anchor: Anchor, origin: OriginProof, output: Output, mailbox: MailboxProof) -> bytes:
    """Have a chain's settled roots learn a state of another chain."""
    return encode_call(
        _LEARN,
        domain,
        (anchor.timestamp, Dynamic(anchor.header)),
        (Dynamic(origin.registry), Dynamic(origin.member)),
        (output.assertion_id, Dynamic(origin.outputs), Dynamic(origin.status), Dynamic(origin.root)),
        (output.state_root, output.outbox_root, output.block_hash),
        (Dynamic(mailbox.header), Dynamic(mailbox.account), Dynamic(mailbox.tree)),
    )


def ledger_learn_call(domain: Domain, output: Output, mailbox: MailboxProof) -> bytes:
    """Have L1's ledger learn a state of a chain."""
    return encode_call(
        f"learn(uint256,uint256,{_OUTPUT},{_MAILBOX})",
        domain,
        output.assertion_id,
        (output.state_root, output.outbox_root, output.block_hash),
        (Dynamic(mailbox.header), Dynamic(mailbox.account), Dynamic(mailbox.tree)),
    )


def process_call(metadata: bytes, message: Message) -> bytes:
    """Have a mailbox deliver a message."""
    return encode_call("process(bytes,bytes)", Dynamic(metadata), Dynamic(message.encode()))


def refund_call(message: Message, store_root: Hash32, proof: bytes) -> bytes:
    """Have a mailbox refund a message."""
    return encode_call("refund(bytes,bytes32,bytes)", Dynamic(message.encode()), store_root, Dynamic(proof))


def prove_delivery_call(message: Message, store_root: Hash32, proof: bytes) -> bytes:
    """Have a mailbox pay a message's fee to its deliverer."""
    return encode_call("prove_delivery(bytes,bytes32,bytes)", Dynamic(message.encode()), store_root, Dynamic(proof))


def clear_call(metadata: bytes, message: Message) -> bytes:
    """Have the ledger clear a transfer."""
    return encode_call("clear(bytes,bytes)", Dynamic(metadata), Dynamic(message.encode()))


def void_call(metadata: bytes, message: Message, store_root: Hash32, proof: bytes) -> bytes:
    """Have the ledger void a transfer."""
    return encode_call(
        "void(bytes,bytes,bytes32,bytes)", Dynamic(metadata), Dynamic(message.encode()), store_root, Dynamic(proof)
    )


def learn_ledger_call(anchor: Anchor, account: bytes) -> bytes:
    """Have a chain's settled roots learn a state of the ledger."""
    return encode_call(f"learn_ledger({_ANCHOR},bytes)", (anchor.timestamp, Dynamic(anchor.header)), Dynamic(account))


def learn_decision_call(message_id: MessageId, ledger_root: Hash32, proof: bytes) -> bytes:
    """Have a chain's settled roots learn what the ledger decided about a transfer."""
    return encode_call("learn_decision(bytes32,bytes32,bytes)", message_id, ledger_root, Dynamic(proof))
