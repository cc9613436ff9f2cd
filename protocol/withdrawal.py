"""Withdrawals: from the outbox's event on L2 to what the portal on L1 asks for.

The contracts are `contracts/l2/outbox.vy` and `contracts/l1/portal.vy`. The hash is OP Stack's, so that its clients
compute the same; the slot is Vyper's, which puts a mapping's own slot before the key.
Source: https://specs.optimism.io/protocol/withdrawals.html
"""

from collections.abc import Sequence
from dataclasses import dataclass

from protocol.crypto import keccak
from protocol.errors import Reject
from protocol.mpt import NodeSource, prove
from protocol.types import Address, Hash32

OUTBOX_ADDRESS = Address(bytes.fromhex("4200000000000000000000000000000000000016"))
"""Where the outbox is on every rollup."""

MESSAGE_PASSED = keccak(b"MessagePassed(uint256,address,address,uint256,uint256,bytes,bytes32)")
"""Topic 0; topics 1 to 3 are nonce, sender and target; the data is the rest, ABI-encoded."""

MAX_WITHDRAWAL_DATA_BYTES = 16_384
"""The outbox reverts above this."""

SENT_SLOT = (0).to_bytes(32, "big")

_HEAD_WORDS = 4


class InvalidMessage(Reject):
    """A log that the outbox cannot have made."""


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A call that L1 will make for an L2 account: `value` in wei, `gas_limit` the least gas of the call on L1."""

    nonce: int
    sender: Address
    target: Address
    value: int
    gas_limit: int
    data: bytes

    @property
    def hash(self) -> Hash32:
        """keccak of the six fields, ABI-encoded."""
        words = (
            self.nonce,
            int.from_bytes(self.sender, "big"),
            int.from_bytes(self.target, "big"),
            self.value,
            self.gas_limit,
            6 * 32,
        )
        return keccak(b"".join(word.to_bytes(32, "big") for word in words) + _bytes_tail(self.data))


def decode_message_passed(topics: Sequence[bytes], data: bytes) -> Withdrawal:
    """Read a log of the outbox.

    Raises:
        InvalidMessage: It is not a MessagePassed event in the one encoding that the outbox makes.
    """
    if len(topics) != 4 or topics[0] != MESSAGE_PASSED or any(len(topic) != 32 for topic in topics):
        raise InvalidMessage(f"withdrawal: {len(topics)} topics that are not those of a MessagePassed event")
    words = [int.from_bytes(data[start : start + 32], "big") for start in range(0, 32 * (_HEAD_WORDS + 1), 32)]
    value, gas_limit, _offset, _hash, length = words
    if length > MAX_WITHDRAWAL_DATA_BYTES or any(topics[2][:12]) or any(topics[3][:12]):
        raise InvalidMessage(f"withdrawal: calldata of {length} bytes, or topics that are no addresses")
    withdrawal = Withdrawal(
        nonce=int.from_bytes(topics[1], "big"),
        sender=Address(topics[2][12:]),
        target=Address(topics[3][12:]),
        value=value,
        gas_limit=gas_limit,
        data=data[32 * (_HEAD_WORDS + 1) : 32 * (_HEAD_WORDS + 1) + length],
    )
    head = b"".join(word.to_bytes(32, "big") for word in (value, gas_limit, 32 * _HEAD_WORDS)) + withdrawal.hash
    if data != head + _bytes_tail(withdrawal.data) or len(withdrawal.data) != length:
        raise InvalidMessage(f"withdrawal: {len(data)} bytes of data do not encode 0x{withdrawal.hash.hex()}")
    return withdrawal


def sent_slot(withdrawal_hash: Hash32) -> Hash32:
    """The outbox's storage slot that holds 1 once this withdrawal was sent."""
    return keccak(SENT_SLOT + withdrawal_hash)


def prove_sent(outbox_root: Hash32, withdrawal_hash: Hash32, node: NodeSource) -> bytes:
    """The proof that the portal takes: the outbox's trie nodes towards the slot, from the root down, joined."""
    return b"".join(prove(outbox_root, keccak(sent_slot(withdrawal_hash)), node))


def _bytes_tail(data: bytes) -> bytes:
    return len(data).to_bytes(32, "big") + data + bytes(-len(data) % 32)
