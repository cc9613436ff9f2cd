"""`rollup_batches` and `rollup_batchOf`: which batches made which blocks safe, and where on L1 they stand."""

from collections.abc import Sequence

from da.table import LAYERS
from node.batch_index import Advance, BatchIndex, InboxTransaction, commitment_hash
from node.l1.client import L1Client
from node.l1.transport import L1Refused
from protocol.errors import Retry
from protocol.types import Address
from rpc.codec import count, uint64
from rpc.errors import InvalidParams, Json
from rpc.method import Context, Method, MethodTable, optional

MOST_BATCHES = 100
LAYER_NAMES = {layer.byte: name for name, layer in LAYERS.items()}


def batch_methods(index: BatchIndex, l1: L1Client, batcher: Address | None) -> MethodTable:
    """rollup_batches(before L1 block, count): newest first, `next` is the `before` of the page that follows.
    rollup_batchOf(block): the batch that made a block safe, or null. rollup_batcherBalance: wei on L1, or null.

    `transactions` is null while L1 does not answer, and empty when no batch was needed (after the sequencing window).
    """

    async def batches(_context: Context, before: int | None, wanted: int) -> Json:
        if not 1 <= wanted <= MOST_BATCHES:
            raise InvalidParams(f"count: 1 to {MOST_BATCHES} batches, not {wanted}")
        advances, rest = index.advances(before, wanted)
        found: list[Json] = []
        answers = True
        for advance in advances:
            # One silence is enough: nobody waits for as many time-outs as there are batches.
            transactions = await index.transactions(advance) if answers else None
            answers = transactions is not None
            found.append(_batch(advance, transactions))
        return {"batches": found, "next": rest}

    async def batch_of(_context: Context, number: int) -> Json:
        advance = index.advance_of(number)
        return None if advance is None else _batch(advance, await index.transactions(advance))

    async def balance(_context: Context) -> Json:
        if batcher is None:
            return None
        try:
            return hex(await l1.balance(batcher))
        except (Retry, L1Refused):
            return None

    return {
        "rollup_batches": Method(batches, (optional(count), optional(count, 20))),
        "rollup_batchOf": Method(batch_of, (uint64,)),
        "rollup_batcherBalance": Method(balance),
    }


def _batch(advance: Advance, transactions: Sequence[InboxTransaction] | None) -> Json:
    ref = advance.record.block.ref
    return {
        "l1_block": {"hash": _hex(ref.hash), "number": ref.number, "timestamp": ref.timestamp},
        "first_block": advance.first,
        "last_block": advance.last,
        "transactions": None if transactions is None else [_transaction(tx) for tx in transactions],
    }


def _transaction(tx: InboxTransaction) -> Json:
    commitment = tx.commitment or b""
    layer = LAYER_NAMES.get(commitment[0], f"layer {commitment[0]:#04x}") if commitment else "void"
    return {
        "hash": _hex(tx.hash),
        "index": tx.index,
        "layer": layer,
        "commitment_hash": None if tx.commitment is None else _hex(commitment_hash(tx.commitment)),
        "commitment_bytes": len(commitment),
        "data_bytes": tx.data_bytes,
        "gas_used": tx.gas_used,
        "cost_wei": hex(tx.gas_used * tx.gas_price),
    }


def _hex(data: bytes) -> str:
    return "0x" + data.hex()
