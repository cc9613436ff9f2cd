"""Headers, withdrawals and blocks, and their bytes.

Source: yellow paper 4.3; EIP-1559, 4895, 4788, 4844, 7685 for the fields that came later.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from protocol.crypto import keccak
from protocol.receipt import bloom_bytes
from protocol.rlp_codec import InvalidRlp, RlpItem, as_bytes, as_list, as_uint, decode_list, encode, uint_bytes
from protocol.transaction import LEGACY, Transaction, decode_transaction
from protocol.types import Address, Hash32

EMPTY_OMMERS_HASH = keccak(encode([]))
ZERO_NONCE = b"\0" * 8


@dataclass(frozen=True, slots=True)
class Header:
    """A block header. Fields that a fork has not introduced yet are None; its hash is computed once, at creation.

    `bloom` is the 2,048-bit filter as an integer; `nonce` is 8 bytes; times are seconds, amounts wei, sizes gas.
    """

    parent_hash: Hash32
    ommers_hash: Hash32
    fee_recipient: Address
    state_root: Hash32
    transactions_root: Hash32
    receipts_root: Hash32
    bloom: int
    difficulty: int
    number: int
    gas_limit: int
    gas_used: int
    timestamp: int
    extra_data: bytes
    prev_randao: Hash32
    nonce: bytes
    base_fee_per_gas: int | None = None
    withdrawals_root: Hash32 | None = None
    blob_gas_used: int | None = None
    excess_blob_gas: int | None = None
    parent_beacon_block_root: Hash32 | None = None
    requests_hash: Hash32 | None = None
    hash: Hash32 = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "hash", keccak(self.encode()))

    def fields(self) -> list[RlpItem]:
        """The header as RLP items; optional fields end at the first one that is absent."""
        items: list[RlpItem] = [
            self.parent_hash,
            self.ommers_hash,
            self.fee_recipient,
            self.state_root,
            self.transactions_root,
            self.receipts_root,
            bloom_bytes(self.bloom),
            uint_bytes(self.difficulty),
            uint_bytes(self.number),
            uint_bytes(self.gas_limit),
            uint_bytes(self.gas_used),
            uint_bytes(self.timestamp),
            self.extra_data,
            self.prev_randao,
            self.nonce,
        ]
        for optional in (
            self.base_fee_per_gas,
            self.withdrawals_root,
            self.blob_gas_used,
            self.excess_blob_gas,
            self.parent_beacon_block_root,
            self.requests_hash,
        ):
            if optional is None:
                break
            items.append(uint_bytes(optional) if isinstance(optional, int) else optional)
        return items

    def encode(self) -> bytes:
        """The RLP whose keccak is the block hash."""
        return encode(self.fields())


def decode_header(items: Sequence[RlpItem]) -> Header:
    """Read a header from its RLP items.

    Raises:
        InvalidRlp: A field is missing, too long, or not canonical.
    """
    if not 15 <= len(items) <= 21:
        raise InvalidRlp(f"header: expected 15 to 21 fields, got {len(items)}")

    def optional_uint(index: int, what: str, bits: int) -> int | None:
        return as_uint(items[index], what, bits) if index < len(items) else None

    def optional_hash(index: int, what: str) -> Hash32 | None:
        return Hash32(as_bytes(items[index], what, 32)) if index < len(items) else None

    return Header(
        parent_hash=Hash32(as_bytes(items[0], "parent hash", 32)),
        ommers_hash=Hash32(as_bytes(items[1], "ommers hash", 32)),
        fee_recipient=Address(as_bytes(items[2], "fee recipient", 20)),
        state_root=Hash32(as_bytes(items[3], "state root", 32)),
        transactions_root=Hash32(as_bytes(items[4], "transactions root", 32)),
        receipts_root=Hash32(as_bytes(items[5], "receipts root", 32)),
        bloom=int.from_bytes(as_bytes(items[6], "bloom", 256), "big"),
        difficulty=as_uint(items[7], "difficulty"),
        number=as_uint(items[8], "number", 64),
        gas_limit=as_uint(items[9], "gas limit", 64),
        gas_used=as_uint(items[10], "gas used", 64),
        timestamp=as_uint(items[11], "timestamp", 64),
        extra_data=as_bytes(items[12], "extra data"),
        prev_randao=Hash32(as_bytes(items[13], "prev randao", 32)),
        nonce=as_bytes(items[14], "nonce", 8),
        base_fee_per_gas=optional_uint(15, "base fee", 256),
        withdrawals_root=optional_hash(16, "withdrawals root"),
        blob_gas_used=optional_uint(17, "blob gas used", 64),
        excess_blob_gas=optional_uint(18, "excess blob gas", 64),
        parent_beacon_block_root=optional_hash(19, "parent beacon block root"),
        requests_hash=optional_hash(20, "requests hash"),
    )


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A credit from the consensus layer (EIP-4895); `amount_gwei` is in gwei."""

    index: int
    validator_index: int
    address: Address
    amount_gwei: int

    def fields(self) -> list[RlpItem]:
        """The withdrawal as RLP items."""
        return [uint_bytes(self.index), uint_bytes(self.validator_index), self.address, uint_bytes(self.amount_gwei)]


def decode_withdrawal(item: RlpItem) -> Withdrawal:
    """Read a withdrawal from its RLP item; raises InvalidRlp."""
    fields = as_list(item, "withdrawal")
    if len(fields) != 4:
        raise InvalidRlp(f"withdrawal: expected 4 fields, got {len(fields)}")
    return Withdrawal(
        index=as_uint(fields[0], "withdrawal index", 64),
        validator_index=as_uint(fields[1], "validator index", 64),
        address=Address(as_bytes(fields[2], "withdrawal address", 20)),
        amount_gwei=as_uint(fields[3], "withdrawal amount", 64),
    )


@dataclass(frozen=True, slots=True)
class Block:
    """A header with its body. `withdrawals` is None before Shanghai."""

    header: Header
    transactions: tuple[Transaction, ...]
    ommers: tuple[Header, ...] = ()
    withdrawals: tuple[Withdrawal, ...] | None = None

    @property
    def number(self) -> int:
        """The height; genesis is 0."""
        return self.header.number

    @property
    def hash(self) -> Hash32:
        """The header's keccak."""
        return self.header.hash

    def encode(self) -> bytes:
        """The block's RLP as geth exports it and `size` counts it. Typed transactions are byte strings in it."""
        transactions = b"".join(tx.raw if tx.type == LEGACY else encode(tx.raw) for tx in self.transactions)
        parts = [self.header.encode(), _list_of(transactions)]
        parts.append(encode([ommer.fields() for ommer in self.ommers]))
        if self.withdrawals is not None:
            parts.append(encode([withdrawal.fields() for withdrawal in self.withdrawals]))
        return _list_of(b"".join(parts))


def _list_of(payload: bytes) -> bytes:
    """Wrap already encoded items as one RLP list."""
    if len(payload) < 56:
        return bytes((0xC0 + len(payload),)) + payload
    length = uint_bytes(len(payload))
    return bytes((0xF7 + len(length),)) + length + payload


def decode_block(data: bytes) -> Block:
    """Read one block from its RLP.

    Raises:
        InvalidRlp: The block's structure is malformed.
        InvalidTransaction: A transaction in it is.
    """
    items = decode_list(data, "block")
    if not 3 <= len(items) <= 4:
        raise InvalidRlp(f"block: expected 3 or 4 fields, got {len(items)}")
    transactions = []
    for item in as_list(items[1], "transactions"):
        # In a block a legacy transaction is a list, a typed one a byte string that must not itself be a list.
        raw = item if isinstance(item, bytes) else encode(item)
        if isinstance(item, bytes) and (not item or item[0] >= 0x80):
            raise InvalidRlp("transaction: a byte string without a type")
        transactions.append(decode_transaction(raw))
    withdrawals = None
    if len(items) == 4:
        withdrawals = tuple(decode_withdrawal(item) for item in as_list(items[3], "withdrawals"))
    return Block(
        header=decode_header(as_list(items[0], "header")),
        transactions=tuple(transactions),
        ommers=tuple(decode_header(as_list(item, "ommer")) for item in as_list(items[2], "ommers")),
        withdrawals=withdrawals,
    )
