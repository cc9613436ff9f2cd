"""What a validator signs: that a chain's message tree has this root at this index.

No module of the network relies on signatures yet (the settled root needs none); validators will. The digest is
Hyperlane's, with the network's own domain string and the chain's instance id in it, so that a relaunched chain has
other checkpoints. Source: https://docs.hyperlane.xyz/docs/protocol/agents/validators
"""

from dataclasses import dataclass

from metalayer.message import Domain, MessageId
from protocol.crypto import keccak
from protocol.types import Hash32

_EIP_191 = b"\x19Ethereum Signed Message:\n32"
_HYPERLANE = b"HYPERLANE"
_TOMBOLO = b"TOMBOLO"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The tree of `origin`'s outbox (an address, left-padded) after leaf `index`, which is `message_id`."""

    origin: Domain
    outbox: Hash32
    root: Hash32
    index: int
    message_id: MessageId | None = None
    """None: the older form, which names no message."""

    def digest(self, domain_hash: Hash32) -> Hash32:
        """The 32 bytes that are signed, EIP-191 prefix included."""
        content = domain_hash + self.root + self.index.to_bytes(4, "big") + (self.message_id or b"")
        return keccak(_EIP_191 + keccak(content))


def hyperlane_domain_hash(origin: Domain, outbox: Hash32) -> Hash32:
    """Hyperlane's domain hash of a mailbox or its Merkle hook."""
    return keccak(origin.to_bytes(4, "big") + outbox + _HYPERLANE)


def network_domain_hash(origin: Domain, outbox: Hash32, instance_id: Hash32) -> Hash32:
    """Ours: with the hash of the chain's genesis block."""
    return keccak(origin.to_bytes(4, "big") + outbox + _TOMBOLO + instance_id)
