"""Deposits: from the portal's event on L1 to the 0x7E transaction on L2.

The contract is `contracts/l1/portal.vy`. A deposit's source hash is made of the L1 block's hash and the portal's own
count, not of the log's position, so that a referee needs nothing of the L1 block but the portal's hash chain.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from protocol.crypto import keccak
from protocol.errors import Reject
from protocol.transaction import Transaction, deposit_transaction
from protocol.types import UINT64_MAX, Address, Hash32

TRANSACTION_DEPOSITED = keccak(b"TransactionDeposited(address,address,uint256,uint256,uint256,uint256,bool,bytes)")
"""Topic 0; topics 1 to 3 are sender (aliased), receiver and index; the data is the rest, ABI-encoded."""

MAX_DEPOSIT_DATA_BYTES = 49_152
"""The portal reverts above this."""

USER_DEPOSIT_DOMAIN = (0).to_bytes(32, "big")

_ALIAS_OFFSET = 0x1111000000000000000000000000000000001111
_DATA_OFFSET = (160).to_bytes(32, "big")
_HEAD_BYTES = 6 * 32


class InvalidDeposit(Reject):
    """A log that the portal cannot have made."""


@dataclass(frozen=True, slots=True)
class Deposit:
    """What one TransactionDeposited event says; `mint` and `value` in wei. `to` is None for a creation."""

    index: int
    sender: Address
    to: Address | None
    mint: int
    value: int
    gas_limit: int
    data: bytes

    def transaction(self, l1_block_hash: Hash32) -> Transaction:
        """The one L2 transaction that it stands for when it is in this L1 block."""
        source = source_hash(l1_block_hash, self.index)
        return deposit_transaction(source, self.sender, self.to, self.mint, self.value, self.gas_limit, self.data)


def decode_deposit(topics: Sequence[bytes], data: bytes) -> Deposit:
    """Read a log of the portal.

    Raises:
        InvalidDeposit: It is not a TransactionDeposited event in the one encoding that the portal makes.
    """
    if len(topics) != 4 or topics[0] != TRANSACTION_DEPOSITED or any(len(topic) != 32 for topic in topics):
        raise InvalidDeposit(f"deposit: {len(topics)} topics that are not those of a TransactionDeposited event")
    if len(data) < _HEAD_BYTES or len(data) % 32:
        raise InvalidDeposit(f"deposit: {len(data)} bytes of data, expected whole words, {_HEAD_BYTES} bytes at least")
    mint, value, gas_limit, is_creation = (_word(data, position) for position in range(4))
    length = _word(data, 5)
    calldata = data[_HEAD_BYTES : _HEAD_BYTES + length] if length <= MAX_DEPOSIT_DATA_BYTES else b""
    padded = length.to_bytes(32, "big") + calldata + bytes(-len(calldata) % 32)
    if len(calldata) != length or data[128:] != _DATA_OFFSET + padded:
        raise InvalidDeposit(f"deposit: calldata of {length} bytes is not encoded as the portal does in {len(data)}")
    sender, receiver = _address(topics[1]), _address(topics[2])
    if is_creation > 1 or (is_creation and any(receiver)) or gas_limit > UINT64_MAX:
        raise InvalidDeposit(f"deposit: creation flag {is_creation}, to 0x{receiver.hex()}, gas limit {gas_limit}")
    return Deposit(
        index=int.from_bytes(topics[3], "big"),
        sender=sender,
        to=None if is_creation else receiver,
        mint=mint,
        value=value,
        gas_limit=gas_limit,
        data=calldata,
    )


def source_hash(l1_block_hash: Hash32, index: int) -> Hash32:
    """What makes two equal deposits two transactions: keccak(domain 0 ‖ keccak(L1 block hash ‖ deposit's index))."""
    return keccak(USER_DEPOSIT_DOMAIN + keccak(l1_block_hash + index.to_bytes(32, "big")))


def aliased(contract: Address) -> Address:
    """The L2 sender of what this L1 contract deposits, so that it is not taken for an L2 account at its address."""
    return Address(((int.from_bytes(contract, "big") + _ALIAS_OFFSET) % 2**160).to_bytes(20, "big"))


def unaliased(sender: Address) -> Address:
    """The inverse of `aliased`."""
    return Address(((int.from_bytes(sender, "big") - _ALIAS_OFFSET) % 2**160).to_bytes(20, "big"))


def minimum_gas(data_length: int, *, is_creation: bool) -> int:
    """The least gas limit that the portal takes, for this many bytes of calldata: enough under every fork."""
    creation = 32_000 + 2 * ((data_length + 31) // 32) if is_creation else 0
    return 21_000 + 40 * data_length + creation


def deposit_hash(deposit: Deposit) -> Hash32:
    """What one deposit adds to the portal's hash chain; independent of the L1 block."""
    return keccak(deposit_preimage(deposit))


def deposit_preimage(deposit: Deposit) -> bytes:
    """What `deposit_hash` hashes: six words and the hash of the data."""
    words = (
        int.from_bytes(deposit.sender, "big"),
        int.from_bytes(deposit.to or b"", "big"),
        deposit.mint,
        deposit.value,
        deposit.gas_limit,
        int(deposit.to is None),
    )
    return b"".join(word.to_bytes(32, "big") for word in words) + keccak(deposit.data)


def next_deposit_accumulator(
    accumulator: Hash32, deposit: Deposit, l1_number: int, l1_timestamp: int, l1_parent_hash: Hash32
) -> Hash32:
    """The portal's hash chain after one more deposit; it starts at 32 zero bytes. Like `protocol.inbox`'s."""
    words = l1_number.to_bytes(32, "big") + l1_timestamp.to_bytes(32, "big") + l1_parent_hash
    return keccak(accumulator + deposit_hash(deposit) + words)


def _word(data: bytes, position: int) -> int:
    return int.from_bytes(data[32 * position : 32 * position + 32], "big")


def _address(topic: bytes) -> Address:
    if any(topic[:12]):
        raise InvalidDeposit(f"deposit: topic 0x{topic.hex()} is no address")
    return Address(topic[12:])
