"""eth_sendRawTransaction, and the same with its receipt (EIP-7966)."""

import asyncio

from protocol.errors import InvalidTransaction, Reset, TxError
from protocol.types import Hash32
from rpc.backend import NewHead
from rpc.blocks import get_transaction_receipt
from rpc.encode import data
from rpc.errors import NOT_READY, WAITED_TOO_LONG, InvalidParams, Json, RpcError
from rpc.method import Context


def send_raw_transaction(context: Context, raw: bytes) -> str:
    """eth_sendRawTransaction: the hash; a refusal keeps the pool's words, which clients match on."""
    return data(context.backend.pool.add(raw).hash)


async def send_raw_transaction_sync(context: Context, raw: bytes, timeout_milliseconds: int | None) -> Json:
    """eth_sendRawTransactionSync: send and answer with the receipt, or with code 4 if it takes too long.

    Source: https://eips.ethereum.org/EIPS/eip-7966
    """
    limits = context.limits
    if timeout_milliseconds == 0:
        raise InvalidParams("timeout must be positive")
    wanted = limits.receipt_seconds if timeout_milliseconds is None else timeout_milliseconds / 1000
    seconds = min(wanted, limits.receipt_seconds_at_most)
    try:
        tx = context.backend.pool.add(raw)
    except InvalidTransaction as error:
        if error.reason is TxError.NONCE_MISMATCH_TOO_HIGH:
            raise RpcError(NOT_READY, str(error)) from error
        raise
    try:
        async with asyncio.timeout(seconds):
            return await _receipt(context, tx.hash)
    except TimeoutError as error:
        raise RpcError(
            WAITED_TOO_LONG,
            f"The transaction was added to the mempool but wasn't processed in {seconds:g}s.",
            data(tx.hash),
        ) from error


async def _receipt(context: Context, transaction_hash: Hash32) -> Json:
    """Wait until the chain holds the transaction."""
    while True:
        try:
            # Listen first and look then, so that a block in between is not missed.
            async with context.backend.events() as events:
                receipt = get_transaction_receipt(context, transaction_hash)
                if receipt is not None:
                    return receipt
                async for event in events:
                    if isinstance(event, NewHead):
                        receipt = get_transaction_receipt(context, transaction_hash)
                        if receipt is not None:
                            return receipt
        except Reset:
            continue  # we fell behind; look again
