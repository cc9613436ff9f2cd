"""Transactions: the six types, their bytes, and who sent them.

One class holds every type, because every later rule asks the same questions of each; fields that a type lacks have
their neutral value. Sources: EIP-155 (type 0), 2930 (1), 1559 (2), 4844 (3), 7702 (4); 0x7E is the deposit, whose
layout follows https://specs.optimism.io/protocol/deposits.html with neither `isSystemTx` nor unlimited gas.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from protocol.crypto import SECP256K1_N, keccak, recover_address
from protocol.errors import InvalidTransaction, TxError
from protocol.rlp_codec import (
    InvalidRlp,
    RlpItem,
    as_bytes,
    as_list,
    as_uint,
    decode_list,
    encode,
    rlp_list,
    uint_bytes,
)
from protocol.types import ZERO_HASH, Address, Hash32

LEGACY = 0x00
ACCESS_LIST = 0x01
DYNAMIC_FEE = 0x02
BLOB = 0x03
SET_CODE = 0x04
DEPOSIT = 0x7E

SET_CODE_MAGIC = b"\x05"


@dataclass(frozen=True, slots=True)
class AccessEntry:
    """One account that the transaction declares it will touch, with its storage slots (EIP-2930)."""

    address: Address
    slots: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Authorization:
    """One signed delegation of an account to code (EIP-7702). Its signature may be invalid: then it has no effect."""

    chain_id: int
    address: Address
    nonce: int
    y_parity: int
    r: int
    s: int

    def authority(self) -> Address | None:
        """The account that signed, or None when the signature is not a valid low-s one."""
        if self.s > SECP256K1_N // 2:
            return None
        fields = [uint_bytes(self.chain_id), self.address, uint_bytes(self.nonce)]
        try:
            return recover_address(keccak(SET_CODE_MAGIC + encode(fields)), self.y_parity, self.r, self.s)
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Transaction:
    """A signed (or derived) transaction with its sender known.

    Amounts are in wei. `to` is None for a create. `gas_price` is set for types 0 and 1, where
    `max_fee_per_gas == max_priority_fee_per_gas == gas_price`. `chain_id` is None for a legacy transaction without
    replay protection. `mint` and `source_hash` belong to deposits alone.
    """

    type: int
    hash: Hash32
    sender: Address
    nonce: int
    gas_limit: int
    to: Address | None
    value: int
    data: bytes
    max_fee_per_gas: int
    max_priority_fee_per_gas: int
    chain_id: int | None
    raw: bytes
    y_parity: int = 0
    r: int = 0
    s: int = 0
    access_list: tuple[AccessEntry, ...] = ()
    max_fee_per_blob_gas: int = 0
    blob_hashes: tuple[bytes, ...] = ()
    authorizations: tuple[Authorization, ...] = ()
    source_hash: Hash32 = ZERO_HASH
    mint: int = 0

    @property
    def gas_price(self) -> int:
        """What types 0 and 1 call their price; the cap for later types."""
        return self.max_fee_per_gas

    @property
    def v(self) -> int:
        """The signature's `v` as JSON-RPC shows it: 27/28 or EIP-155 for legacy, the parity otherwise."""
        if self.type != LEGACY:
            return self.y_parity
        return self.y_parity + (27 if self.chain_id is None else 35 + 2 * self.chain_id)

    def effective_gas_price(self, base_fee_per_gas: int) -> int:
        """Wei per gas that the sender pays in a block with this base fee (EIP-1559); 0 for a deposit."""
        if self.type == DEPOSIT:
            return 0
        return min(self.max_fee_per_gas, base_fee_per_gas + self.max_priority_fee_per_gas)


def decode_transaction(raw: bytes) -> Transaction:
    """Parse the canonical (EIP-2718) bytes of one transaction and recover its sender.

    Only what the bytes alone can show is checked here; rules that need a block or state are in `protocol.validity`.

    Raises:
        InvalidTransaction: RLP_INVALID_VALUE, TYPE_NOT_SUPPORTED, INVALID_SIGNATURE_VRS, or a type-3 or type-4 shape
            that its EIP forbids outright.
    """
    if not raw:
        raise InvalidTransaction(TxError.RLP_INVALID_VALUE, "no bytes")
    try:
        if raw[0] >= 0xC0:
            return _decode_legacy(raw)
        decoder = _TYPED_DECODERS.get(raw[0])
        if decoder is None:
            raise InvalidTransaction(TxError.TYPE_NOT_SUPPORTED, f"type 0x{raw[0]:02x}")
        return decoder(raw, decode_list(raw[1:], "transaction"))
    except InvalidRlp as error:
        raise InvalidTransaction(TxError.RLP_INVALID_VALUE, str(error)) from error


def _expect_fields(fields: Sequence[RlpItem], count: int) -> None:
    if len(fields) != count:
        raise InvalidRlp(f"transaction: expected {count} fields, got {len(fields)}")


def _as_to(item: RlpItem) -> Address | None:
    to = as_bytes(item, "to")
    if len(to) not in (0, 20):
        raise InvalidRlp(f"to: expected 0 or 20 bytes, got {len(to)}")
    return Address(to) if to else None


def _as_access_list(item: RlpItem) -> tuple[AccessEntry, ...]:
    entries = []
    for entry in as_list(item, "access list"):
        pair = as_list(entry, "access list entry")
        if len(pair) != 2:
            raise InvalidRlp(f"access list entry: expected 2 fields, got {len(pair)}")
        slots = tuple(
            int.from_bytes(as_bytes(slot, "access list slot", 32), "big") for slot in as_list(pair[1], "slots")
        )
        entries.append(AccessEntry(Address(as_bytes(pair[0], "access list address", 20)), slots))
    return tuple(entries)


def _as_authorization(item: RlpItem) -> Authorization:
    fields = as_list(item, "authorization")
    if len(fields) != 6:
        raise InvalidRlp(f"authorization: expected 6 fields, got {len(fields)}")
    return Authorization(
        chain_id=as_uint(fields[0], "authorization chain id"),
        address=Address(as_bytes(fields[1], "authorization address", 20)),
        nonce=as_uint(fields[2], "authorization nonce", 64),
        y_parity=as_uint(fields[3], "authorization y parity", 8),
        r=as_uint(fields[4], "authorization r"),
        s=as_uint(fields[5], "authorization s"),
    )


def _recover(signing_payload: bytes, y_parity: int, r: int, s: int) -> Address:
    # The upper bound on s (EIP-2) starts with Homestead and so is checked where the fork is known.
    try:
        return recover_address(keccak(signing_payload), y_parity, r, s)
    except ValueError as error:
        raise InvalidTransaction(TxError.INVALID_SIGNATURE_VRS, str(error)) from error


def _decode_legacy(raw: bytes) -> Transaction:
    fields = decode_list(raw, "transaction")
    _expect_fields(fields, 9)
    v = as_uint(fields[6], "v")
    r, s = as_uint(fields[7], "r"), as_uint(fields[8], "s")
    if v in (27, 28):
        chain_id, y_parity = None, v - 27
        payload = encode(fields[:6])
    elif v >= 35:
        chain_id, y_parity = (v - 35) // 2, (v - 35) % 2
        payload = encode([*fields[:6], uint_bytes(chain_id), b"", b""])
    else:
        raise InvalidTransaction(TxError.INVALID_SIGNATURE_VRS, f"v is {v}")
    gas_price = as_uint(fields[1], "gas price")
    return Transaction(
        type=LEGACY,
        hash=keccak(raw),
        nonce=as_uint(fields[0], "nonce", 64),
        max_fee_per_gas=gas_price,
        max_priority_fee_per_gas=gas_price,
        gas_limit=as_uint(fields[2], "gas limit", 64),
        to=_as_to(fields[3]),
        value=as_uint(fields[4], "value"),
        data=as_bytes(fields[5], "data"),
        chain_id=chain_id,
        sender=_recover(payload, y_parity, r, s),
        raw=raw,
        y_parity=y_parity,
        r=r,
        s=s,
    )


def _decode_access_list(raw: bytes, fields: Sequence[RlpItem]) -> Transaction:
    _expect_fields(fields, 11)
    gas_price = as_uint(fields[2], "gas price")
    return _typed(
        raw,
        fields,
        signed=8,
        nonce=as_uint(fields[1], "nonce", 64),
        max_fee_per_gas=gas_price,
        max_priority_fee_per_gas=gas_price,
        call=fields[3:7],
        access_list=_as_access_list(fields[7]),
    )


def _decode_dynamic_fee(raw: bytes, fields: Sequence[RlpItem]) -> Transaction:
    _expect_fields(fields, 12)
    return _with_dynamic_fee(raw, fields, signed=9)


def _decode_blob(raw: bytes, fields: Sequence[RlpItem]) -> Transaction:
    _expect_fields(fields, 14)
    tx = _with_dynamic_fee(
        raw,
        fields,
        signed=11,
        max_fee_per_blob_gas=as_uint(fields[9], "max fee per blob gas"),
        blob_hashes=tuple(as_bytes(item, "blob hash", 32) for item in as_list(fields[10], "blob hashes")),
    )
    if tx.to is None:
        raise InvalidTransaction(TxError.TYPE_3_TX_CONTRACT_CREATION)
    return tx


def _decode_set_code(raw: bytes, fields: Sequence[RlpItem]) -> Transaction:
    _expect_fields(fields, 13)
    tx = _with_dynamic_fee(
        raw,
        fields,
        signed=10,
        authorizations=tuple(_as_authorization(item) for item in as_list(fields[9], "authorization list")),
    )
    if tx.to is None:
        raise InvalidTransaction(TxError.TYPE_4_TX_CONTRACT_CREATION)
    return tx


def _with_dynamic_fee(
    raw: bytes,
    fields: Sequence[RlpItem],
    signed: int,
    max_fee_per_blob_gas: int = 0,
    blob_hashes: tuple[bytes, ...] = (),
    authorizations: tuple[Authorization, ...] = (),
) -> Transaction:
    return _typed(
        raw,
        fields,
        signed=signed,
        nonce=as_uint(fields[1], "nonce", 64),
        max_priority_fee_per_gas=as_uint(fields[2], "max priority fee per gas"),
        max_fee_per_gas=as_uint(fields[3], "max fee per gas"),
        call=fields[4:8],
        access_list=_as_access_list(fields[8]),
        max_fee_per_blob_gas=max_fee_per_blob_gas,
        blob_hashes=blob_hashes,
        authorizations=authorizations,
    )


def _typed(
    raw: bytes,
    fields: Sequence[RlpItem],
    *,
    signed: int,
    nonce: int,
    max_fee_per_gas: int,
    max_priority_fee_per_gas: int,
    call: Sequence[RlpItem],
    access_list: tuple[AccessEntry, ...],
    max_fee_per_blob_gas: int = 0,
    blob_hashes: tuple[bytes, ...] = (),
    authorizations: tuple[Authorization, ...] = (),
) -> Transaction:
    """What types 1 to 4 share: the first `signed` fields are signed; `call` is gas limit, to, value, data."""
    y_parity, r, s = (
        as_uint(fields[signed], "y parity"),
        as_uint(fields[signed + 1], "r"),
        as_uint(fields[signed + 2], "s"),
    )
    # The signed fields stand in `raw` as they are signed, behind the type and the length of the list.
    start = 2 if raw[1] < 0xF8 else raw[1] - 0xF5
    stop = len(raw) - len(b"".join(map(encode, fields[signed:])))
    return Transaction(
        type=raw[0],
        hash=keccak(raw),
        nonce=nonce,
        max_fee_per_gas=max_fee_per_gas,
        max_priority_fee_per_gas=max_priority_fee_per_gas,
        gas_limit=as_uint(call[0], "gas limit", 64),
        to=_as_to(call[1]),
        value=as_uint(call[2], "value"),
        data=as_bytes(call[3], "data"),
        chain_id=as_uint(fields[0], "chain id"),
        access_list=access_list,
        sender=_recover(raw[:1] + rlp_list(raw[start:stop]), y_parity, r, s),
        raw=raw,
        y_parity=y_parity,
        r=r,
        s=s,
        max_fee_per_blob_gas=max_fee_per_blob_gas,
        blob_hashes=blob_hashes,
        authorizations=authorizations,
    )


def _decode_deposit(raw: bytes, fields: Sequence[RlpItem]) -> Transaction:
    _expect_fields(fields, 7)
    return Transaction(
        type=DEPOSIT,
        hash=keccak(raw),
        source_hash=Hash32(as_bytes(fields[0], "source hash", 32)),
        sender=Address(as_bytes(fields[1], "from", 20)),
        to=_as_to(fields[2]),
        mint=as_uint(fields[3], "mint"),
        value=as_uint(fields[4], "value"),
        gas_limit=as_uint(fields[5], "gas limit", 64),
        data=as_bytes(fields[6], "data"),
        nonce=0,
        max_fee_per_gas=0,
        max_priority_fee_per_gas=0,
        chain_id=None,
        raw=raw,
    )


_TYPED_DECODERS = {
    ACCESS_LIST: _decode_access_list,
    DYNAMIC_FEE: _decode_dynamic_fee,
    BLOB: _decode_blob,
    SET_CODE: _decode_set_code,
    DEPOSIT: _decode_deposit,
}


def deposit_transaction(
    source_hash: Hash32, sender: Address, to: Address | None, mint: int, value: int, gas_limit: int, data: bytes
) -> Transaction:
    """Build the one transaction that an L1 deposit event stands for. `mint` and `value` are in wei."""
    fields: list[RlpItem] = [source_hash, sender, to or b"", uint_bytes(mint), uint_bytes(value)]
    return decode_transaction(bytes((DEPOSIT,)) + encode([*fields, uint_bytes(gas_limit), data]))
