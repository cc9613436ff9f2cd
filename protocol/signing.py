"""Making transactions: what a wallet fills in, signed with a key, or unsigned for a simulation.

The fields that a signature covers are those of `protocol.transaction`'s types, by the same EIPs.
"""

from dataclasses import dataclass, replace

from protocol.crypto import keccak, private_key_address, sign
from protocol.rlp_codec import RlpItem, encode, uint_bytes
from protocol.transaction import (
    ACCESS_LIST,
    BLOB,
    DYNAMIC_FEE,
    LEGACY,
    SET_CODE,
    AccessEntry,
    Authorization,
    Transaction,
)
from protocol.types import ZERO_HASH, Address


@dataclass(frozen=True, slots=True)
class UnsignedTransaction:
    """What a wallet fills in before signing; amounts in wei. Types 0 and 1 use `max_fee_per_gas` as gas price."""

    chain_id: int | None
    nonce: int
    gas_limit: int
    to: Address | None
    value: int = 0
    data: bytes = b""
    max_fee_per_gas: int = 0
    max_priority_fee_per_gas: int = 0
    type: int = DYNAMIC_FEE
    access_list: tuple[AccessEntry, ...] = ()
    max_fee_per_blob_gas: int = 0
    blob_hashes: tuple[bytes, ...] = ()
    authorizations: tuple[Authorization, ...] = ()


def sign_transaction(unsigned: UnsignedTransaction, private_key: bytes) -> Transaction:
    """Sign with a 32-byte key; the result's `raw` is ready for eth_sendRawTransaction.

    Shape rules of types 3 and 4 are not enforced, so that tests can build what nodes must refuse.
    """
    draft = _draft(unsigned, private_key_address(private_key))
    fields = _signed_fields(draft)
    prefix = b"" if draft.type == LEGACY else bytes((draft.type,))
    replay_protection: list[RlpItem] = []
    if draft.type == LEGACY and draft.chain_id is not None:
        replay_protection = [uint_bytes(draft.chain_id), b"", b""]
    y_parity, r, s = sign(keccak(prefix + encode([*fields, *replay_protection])), private_key)
    draft = replace(draft, y_parity=y_parity, r=r, s=s)
    raw = prefix + encode([*fields, uint_bytes(draft.v), uint_bytes(r), uint_bytes(s)])
    return replace(draft, raw=raw, hash=keccak(raw))


def unsigned_transaction(unsigned: UnsignedTransaction, sender: Address) -> Transaction:
    """The transaction with zeros for its signature: what a simulation puts into its blocks. No node accepts it."""
    draft = _draft(unsigned, sender)
    prefix = b"" if draft.type == LEGACY else bytes((draft.type,))
    raw = prefix + encode([*_signed_fields(draft), b"", b"", b""])
    return replace(draft, raw=raw, hash=keccak(raw))


def _draft(unsigned: UnsignedTransaction, sender: Address) -> Transaction:
    return Transaction(
        type=unsigned.type,
        hash=ZERO_HASH,
        sender=sender,
        nonce=unsigned.nonce,
        gas_limit=unsigned.gas_limit,
        to=unsigned.to,
        value=unsigned.value,
        data=unsigned.data,
        max_fee_per_gas=unsigned.max_fee_per_gas,
        max_priority_fee_per_gas=(
            unsigned.max_fee_per_gas if unsigned.type <= ACCESS_LIST else unsigned.max_priority_fee_per_gas
        ),
        chain_id=unsigned.chain_id,
        raw=b"",
        access_list=unsigned.access_list,
        max_fee_per_blob_gas=unsigned.max_fee_per_blob_gas,
        blob_hashes=unsigned.blob_hashes,
        authorizations=unsigned.authorizations,
    )


def _signed_fields(tx: Transaction) -> list[RlpItem]:
    """The fields that the signature covers, in order."""
    call: list[RlpItem] = [uint_bytes(tx.gas_limit), tx.to or b"", uint_bytes(tx.value), tx.data]
    access_list: RlpItem = [
        [entry.address, [slot.to_bytes(32, "big") for slot in entry.slots]] for entry in tx.access_list
    ]
    if tx.type == LEGACY:
        return [uint_bytes(tx.nonce), uint_bytes(tx.gas_price), *call]
    head: list[RlpItem] = [uint_bytes(tx.chain_id or 0), uint_bytes(tx.nonce)]
    if tx.type == ACCESS_LIST:
        return [*head, uint_bytes(tx.gas_price), *call, access_list]
    fees: list[RlpItem] = [uint_bytes(tx.max_priority_fee_per_gas), uint_bytes(tx.max_fee_per_gas)]
    common = [*head, *fees, *call, access_list]
    if tx.type == BLOB:
        return [*common, uint_bytes(tx.max_fee_per_blob_gas), list(tx.blob_hashes)]
    if tx.type == SET_CODE:
        return [*common, [_authorization_fields(entry) for entry in tx.authorizations]]
    return common


def _authorization_fields(entry: Authorization) -> list[RlpItem]:
    head: list[RlpItem] = [uint_bytes(entry.chain_id), entry.address]
    return [*head, *map(uint_bytes, (entry.nonce, entry.y_parity, entry.r, entry.s))]
