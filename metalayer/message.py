"""Messages between chains, and their bytes.

The layout is packed and Hyperlane's up to byte 77, where its version 3 has the body. Version 4 is ours: it adds an
expiry, a gas limit and flags, and has its body at 94. The contract is `contracts/metalayer/mailbox.vy`.
Source: https://docs.hyperlane.xyz/docs/protocol/core/mailbox
"""

from dataclasses import dataclass
from typing import NewType

from protocol.crypto import keccak
from protocol.errors import Reject
from protocol.types import UINT64_MAX, Address, Hash32

MessageId = NewType("MessageId", Hash32)
"""keccak of the message's bytes."""

Domain = NewType("Domain", int)
"""A chain's number in the network, 32 bits. The registry on L1 maps it to a chain id."""

HYPERLANE_VERSION = 3
VERSION = 4

DISPATCHED = keccak(b"Dispatched(bytes32,uint32,address,uint256,uint256,bytes)")
"""The first topic of the mailbox's event about a message that leaves."""

MAX_BODY_BYTES = 2048
"""The mailbox reverts above this."""

MAX_GAS_LIMIT = 10_000_000
"""Likewise: well below the gas of any chain's blocks, or a message could never be delivered."""

_COMMON_BYTES = 77
_HEADER_BYTES = 94


class InvalidMessage(Reject):
    """Bytes that are no message, or a message whose fields do not fit into its bytes."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `sender` and `recipient` are 32 bytes, an address left-padded with zeros.

    `expiry` is the first second at which it can no longer be delivered; `gas_limit` is the gas of the recipient's
    call; both and `flags` are 0 in version 3, which has none of them and never expires.
    """

    version: int
    nonce: int
    origin: Domain
    sender: Hash32
    destination: Domain
    recipient: Hash32
    body: bytes
    expiry: int = 0
    gas_limit: int = 0
    flags: int = 0

    def __post_init__(self) -> None:
        if self.version not in (HYPERLANE_VERSION, VERSION):
            raise InvalidMessage(f"message: version {self.version}, expected {HYPERLANE_VERSION} or {VERSION}")
        if self.version == HYPERLANE_VERSION and (self.expiry, self.gas_limit, self.flags) != (0, 0, 0):
            raise InvalidMessage("message: version 3 has neither expiry nor gas limit nor flags")
        if len(self.sender) != 32 or len(self.recipient) != 32:
            raise InvalidMessage("message: sender and recipient have 32 bytes")
        for name, value, limit in (
            ("nonce", self.nonce, 2**32),
            ("origin", self.origin, 2**32),
            ("destination", self.destination, 2**32),
            ("expiry", self.expiry, UINT64_MAX + 1),
            ("gas limit", self.gas_limit, UINT64_MAX + 1),
            ("flags", self.flags, 2**8),
        ):
            if not 0 <= value < limit:
                raise InvalidMessage(f"message: {name} {value} is not below {limit}")

    def encode(self) -> bytes:
        """The packed bytes."""
        common = (
            self.version.to_bytes(1, "big")
            + self.nonce.to_bytes(4, "big")
            + self.origin.to_bytes(4, "big")
            + self.sender
            + self.destination.to_bytes(4, "big")
            + self.recipient
        )
        if self.version == HYPERLANE_VERSION:
            return common + self.body
        limits = self.expiry.to_bytes(8, "big") + self.gas_limit.to_bytes(8, "big") + self.flags.to_bytes(1, "big")
        return common + limits + self.body

    @property
    def id(self) -> MessageId:
        """What the message is known by on every chain."""
        return MessageId(keccak(self.encode()))


def decode_message(data: bytes) -> Message:
    """Read a message of either version; `decode_message(m.encode()) == m`, and every other byte string is refused.

    Raises:
        InvalidMessage: The bytes are too short, or of a version that we do not know.
    """
    if len(data) < _COMMON_BYTES or (data[0] == VERSION and len(data) < _HEADER_BYTES):
        raise InvalidMessage(f"message: {len(data)} bytes are too few")
    is_ours = data[0] == VERSION
    return Message(
        version=data[0],
        nonce=_uint(data, 1, 5),
        origin=Domain(_uint(data, 5, 9)),
        sender=Hash32(data[9:41]),
        destination=Domain(_uint(data, 41, 45)),
        recipient=Hash32(data[45:77]),
        expiry=_uint(data, 77, 85) if is_ours else 0,
        gas_limit=_uint(data, 85, 93) if is_ours else 0,
        flags=data[93] if is_ours else 0,
        body=data[_HEADER_BYTES if is_ours else _COMMON_BYTES :],
    )


def padded(address: Address) -> Hash32:
    """An address as messages have it."""
    return Hash32(bytes(12) + address)


def unpadded(word: Hash32) -> Address:
    """The address in a message's sender or recipient.

    Raises:
        InvalidMessage: It is not one: the upper bytes are not zero.
    """
    if any(word[:12]):
        raise InvalidMessage(f"message: 0x{word.hex()} is not an address")
    return Address(word[12:])


def _uint(data: bytes, start: int, end: int) -> int:
    return int.from_bytes(data[start:end], "big")
