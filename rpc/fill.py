"""eth_fillTransaction: what a wallet would otherwise ask for in four requests, in one."""

from dataclasses import replace

from protocol.signing import UnsignedTransaction, unsigned_transaction
from protocol.transaction import LEGACY
from rpc.call_object import CallObject
from rpc.calls import estimate_gas
from rpc.codec import BlockTag
from rpc.encode import data, transaction_json
from rpc.errors import Json, server_error
from rpc.fees import suggested_tip, upcoming_base_fee
from rpc.lookup import state_of
from rpc.method import Context


def fill_transaction(context: Context, wanted: CallObject) -> Json:
    """eth_fillTransaction: the bytes to sign, with an empty signature, and the same as JSON."""
    tx = unsigned_transaction(filled(context, wanted), wanted.sender)
    shown = transaction_json(tx)
    if tx.type == LEGACY:
        shown["v"] = "0x0"  # no signature yet, so nothing for it to say
    return {"raw": data(tx.raw), "tx": shown}


def filled(context: Context, wanted: CallObject) -> UnsignedTransaction:
    """The transaction with nonce, gas and fees. The fee cap leaves room for the base fee to double."""
    backend = context.backend
    if wanted.chain_id is not None and wanted.chain_id != backend.chain_id:
        raise server_error(f"chainId does not match node's (have={wanted.chain_id}, want={backend.chain_id})")
    tip = wanted.max_priority_fee_per_gas
    if tip is None:
        tip = suggested_tip(backend)
        if wanted.max_fee_per_gas is not None:
            tip = min(tip, wanted.max_fee_per_gas)
    cap = wanted.max_fee_per_gas
    if cap is None:
        cap = tip + 2 * upcoming_base_fee(backend)
    if cap < tip:
        raise server_error(f"maxFeePerGas ({cap}) < maxPriorityFeePerGas ({tip})")
    priced = wanted
    if wanted.gas_price is None:
        priced = replace(wanted, max_fee_per_gas=cap, max_priority_fee_per_gas=tip)
    gas = wanted.gas
    if gas is None:
        gas = int(estimate_gas(context, priced, BlockTag.PENDING, None, None), 16)
    return UnsignedTransaction(
        chain_id=backend.chain_id,
        nonce=_next_nonce(context, wanted) if wanted.nonce is None else wanted.nonce,
        gas_limit=gas,
        to=wanted.to,
        value=wanted.value,
        data=wanted.data,
        max_fee_per_gas=wanted.gas_price if wanted.gas_price is not None else cap,
        max_priority_fee_per_gas=tip,
        type=wanted.type,
        access_list=wanted.access_list,
        max_fee_per_blob_gas=wanted.max_fee_per_blob_gas or 0,
        blob_hashes=wanted.blob_hashes,
        authorizations=wanted.authorizations,
    )


def _next_nonce(context: Context, wanted: CallObject) -> int:
    backend = context.backend
    account = state_of(backend.chain, backend.chain.head()).account(wanted.sender)
    return max(0 if account is None else account.nonce, backend.pool.next_nonce(wanted.sender) or 0)
