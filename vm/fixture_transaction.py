"""The transaction of a state test: its bytes, or fields of which a variant picks some, signed with the stated key."""

from protocol.signing import UnsignedTransaction, sign_transaction
from protocol.transaction import ACCESS_LIST, BLOB, DYNAMIC_FEE, LEGACY, SET_CODE, AccessEntry, Authorization
from protocol.types import Address
from vm.fixtures import JsonObject, data, items, mapping, number


def transaction_bytes(fields: JsonObject, post: JsonObject, chain_id: int) -> bytes:
    """The bytes of one variant's transaction: as the case has them, else signed from `fields`, its `transaction`."""
    if "txbytes" in post:
        return data(post["txbytes"])
    indexes = {key: number(value) for key, value in mapping(post["indexes"]).items()}
    access_lists = fields.get("accessLists")
    access_list = None if access_lists is None else items(items(access_lists)[indexes["data"]])
    to = data(fields.get("to") or "")
    kind = _type_of(fields)
    unsigned = UnsignedTransaction(
        chain_id=None if kind == LEGACY else chain_id,
        nonce=number(fields["nonce"]),
        gas_limit=number(items(fields["gasLimit"])[indexes["gas"]]),
        to=Address(to) if to else None,
        value=number(items(fields["value"])[indexes["value"]]),
        data=data(items(fields["data"])[indexes["data"]]),
        max_fee_per_gas=number(fields.get("maxFeePerGas", fields.get("gasPrice", 0))),
        max_priority_fee_per_gas=number(fields.get("maxPriorityFeePerGas", 0)),
        type=kind,
        access_list=tuple(
            AccessEntry(
                Address(data(mapping(entry)["address"])),
                tuple(number(slot) for slot in items(mapping(entry)["storageKeys"])),
            )
            for entry in access_list or ()
        ),
        max_fee_per_blob_gas=number(fields.get("maxFeePerBlobGas", 0)),
        blob_hashes=tuple(data(blob_hash) for blob_hash in items(fields.get("blobVersionedHashes"))),
        authorizations=tuple(_authorization(mapping(entry)) for entry in items(fields.get("authorizationList"))),
    )
    return sign_transaction(unsigned, data(fields["secretKey"])).raw


def _type_of(fields: JsonObject) -> int:
    if "authorizationList" in fields:
        return SET_CODE
    if "maxFeePerBlobGas" in fields:
        return BLOB
    if "maxFeePerGas" in fields:
        return DYNAMIC_FEE
    return ACCESS_LIST if "accessLists" in fields else LEGACY


def _authorization(fields: JsonObject) -> Authorization:
    return Authorization(
        chain_id=number(fields["chainId"]),
        address=Address(data(fields["address"])),
        nonce=number(fields["nonce"]),
        y_parity=number(fields.get("yParity", fields.get("v", 0))),
        r=number(fields["r"]),
        s=number(fields["s"]),
    )
