"""The transaction object of eth_call and its kin."""

from dataclasses import dataclass

from protocol.engine import Call
from protocol.errors import InvalidTransaction, TxError
from protocol.transaction import BLOB, DYNAMIC_FEE, LEGACY, SET_CODE, AccessEntry, Authorization
from protocol.types import ZERO_ADDRESS, Address
from rpc.codec import address, array_of, data, field, hash32, needed, quantity, record, uint64
from rpc.errors import InvalidParams, Json


@dataclass(frozen=True, slots=True)
class CallObject:
    """What a client asks to try; None where it said nothing. Amounts in wei.

    `type` is what a transaction with these fields would be; the type that a client names is checked for its form only.
    """

    sender: Address
    to: Address | None
    gas: int | None
    gas_price: int | None
    max_fee_per_gas: int | None
    max_priority_fee_per_gas: int | None
    value: int
    data: bytes
    access_list: tuple[AccessEntry, ...]
    authorizations: tuple[Authorization, ...]
    blob_hashes: tuple[bytes, ...]
    chain_id: int | None
    type: int = DYNAMIC_FEE
    nonce: int | None = None
    max_fee_per_blob_gas: int | None = None

    def effective_gas_price(self, base_fee: int | None) -> int | None:
        """What the call pays per gas in a block with this base fee; None when no price was given.

        Raises:
            InvalidTransaction: It offers less than the base fee, or a tip above its own maximum.
        """
        if self.gas_price is not None:
            cap = tip = self.gas_price
        elif self.max_fee_per_gas is None and self.max_priority_fee_per_gas is None:
            return None
        else:
            tip = self.max_priority_fee_per_gas or 0
            cap = (base_fee or 0) + tip if self.max_fee_per_gas is None else self.max_fee_per_gas
        if tip > cap:
            raise InvalidTransaction(
                TxError.PRIORITY_GREATER_THAN_MAX_FEE_PER_GAS, f"maxPriorityFeePerGas {tip}, maxFeePerGas {cap}"
            )
        if cap == 0:
            return None  # an explicit zero means: as if free
        if base_fee is not None and cap < base_fee:
            raise InvalidTransaction(TxError.INSUFFICIENT_MAX_FEE_PER_GAS, f"maxFeePerGas {cap}, baseFee {base_fee}")
        return min(cap, (base_fee or 0) + tip)

    def to_call(self, gas_limit: int, base_fee: int | None) -> Call:
        """The engine's form of it; raises InvalidTransaction as `effective_gas_price` does."""
        return Call(
            sender=self.sender,
            to=self.to,
            gas_limit=gas_limit,
            value=self.value,
            data=self.data,
            gas_price=self.effective_gas_price(base_fee),
            access_list=self.access_list,
            authorizations=self.authorizations,
            blob_hashes=self.blob_hashes,
        )


def call_object(value: Json) -> CallObject:
    """The codec of a transaction object. Unknown members are ignored, as every node does."""
    source = record(value)
    gas_price = field(source, "gasPrice", quantity)
    max_fee, tip = field(source, "maxFeePerGas", quantity), field(source, "maxPriorityFeePerGas", quantity)
    if gas_price is not None and (max_fee is not None or tip is not None):
        raise InvalidParams("both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified")
    to = field(source, "to", address)
    code_or_input = _input(source)
    authorizations = tuple(field(source, "authorizationList", array_of(_authorization)) or ())
    blob_hashes = tuple(field(source, "blobVersionedHashes", array_of(hash32)) or ())
    field(source, "type", uint64)
    if to is None and (authorizations or blob_hashes):
        raise InvalidParams("a set-code or blob transaction needs `to`")
    return CallObject(
        sender=field(source, "from", address) or ZERO_ADDRESS,
        to=to,
        gas=field(source, "gas", uint64),
        gas_price=gas_price,
        max_fee_per_gas=max_fee,
        max_priority_fee_per_gas=tip,
        value=field(source, "value", quantity) or 0,
        data=code_or_input,
        access_list=tuple(field(source, "accessList", array_of(_access_entry)) or ()),
        authorizations=authorizations,
        blob_hashes=blob_hashes,
        chain_id=field(source, "chainId", quantity),
        type=_type(source),
        nonce=field(source, "nonce", uint64),
        max_fee_per_blob_gas=field(source, "maxFeePerBlobGas", quantity),
    )


def _type(source: dict[str, Json]) -> int:
    """The oldest type that an explicit gas price allows, else the one that the other fields need."""
    if source.get("gasPrice") is not None:
        return LEGACY
    if source.get("authorizationList") is not None:
        return SET_CODE
    return DYNAMIC_FEE if source.get("blobVersionedHashes") is None else BLOB


def _input(source: dict[str, Json]) -> bytes:
    """`input` and its older name `data`; cast sends both."""
    new, old = field(source, "input", data), field(source, "data", data)
    if new is not None and old is not None and new != old:
        raise InvalidParams('both "data" and "input" are set and not equal, use "input" to pass call data')
    return new if new is not None else old or b""


def _access_entry(value: Json) -> AccessEntry:
    source = record(value)
    slots = field(source, "storageKeys", array_of(hash32)) or []
    return AccessEntry(needed(source, "address", address), tuple(int.from_bytes(slot, "big") for slot in slots))


def _authorization(value: Json) -> Authorization:
    source = record(value)
    return Authorization(
        chain_id=needed(source, "chainId", quantity),
        address=needed(source, "address", address),
        nonce=needed(source, "nonce", uint64),
        y_parity=needed(source, "yParity" if "yParity" in source else "v", lambda parity: quantity(parity, 8)),
        r=needed(source, "r", quantity),
        s=needed(source, "s", quantity),
    )
