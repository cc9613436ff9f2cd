"""eth_*: blocks, transactions and receipts; debug_getRaw*: the same in canonical bytes."""

from protocol.block import Block, Header
from protocol.receipt import Receipt
from protocol.types import Hash32
from rpc.codec import BlockHash, BlockId, BlockTag
from rpc.encode import (
    JsonObject,
    block_json,
    block_receipts_json,
    data,
    receipt_json,
    transaction_json,
    uncle_json,
)
from rpc.errors import HISTORY_PRUNED, Json, RpcError, server_error
from rpc.lookup import block_of, body_of, known_header, pending_header
from rpc.method import Context


def block_number(context: Context) -> str:
    """eth_blockNumber."""
    return hex(context.backend.chain.head().number)


def get_block_by_number(context: Context, number: BlockTag | int, full: bool) -> Json:
    """eth_getBlockByNumber."""
    if number is BlockTag.PENDING:
        pending = _pending_block(context, full=full)
        if pending is not None:
            return pending
    block = block_of(context.backend.chain, number)
    return None if block is None else block_json(block, full_transactions=full)


def get_block_by_hash(context: Context, block_hash: Hash32, full: bool) -> Json:
    """eth_getBlockByHash."""
    block = context.backend.chain.block(block_hash)
    return None if block is None else block_json(block, full_transactions=full)


def _pending_block(context: Context, *, full: bool) -> JsonObject | None:
    """The block being built: what only sealing decides is null."""
    builder = context.backend.pending_block()
    if builder is None:
        return None
    header = pending_header(context.backend.chain.head(), builder)
    transactions = tuple(builder.transactions)
    result = block_json(Block(header, transactions), full_transactions=False)
    for unknown in ("hash", "nonce", "miner", "stateRoot", "transactionsRoot", "receiptsRoot", "logsBloom"):
        result[unknown] = None
    if full:
        result["transactions"] = [transaction_json(tx) for tx in transactions]
    return result


def get_transaction_count_by_number(context: Context, number: BlockTag | int) -> Json:
    """eth_getBlockTransactionCountByNumber."""
    if number is BlockTag.PENDING:
        builder = context.backend.pending_block()
        if builder is not None:
            return hex(len(builder.transactions))
    return _count(block_of(context.backend.chain, number))


def get_transaction_count_by_hash(context: Context, block_hash: Hash32) -> Json:
    """eth_getBlockTransactionCountByHash."""
    return _count(context.backend.chain.block(block_hash))


def _count(block: Block | None) -> Json:
    return None if block is None else hex(len(block.transactions))


def get_uncle_count_by_number(context: Context, number: BlockTag | int) -> Json:
    """eth_getUncleCountByBlockNumber."""
    block = block_of(context.backend.chain, number)
    return None if block is None else hex(len(block.ommers))


def get_uncle_count_by_hash(context: Context, block_hash: Hash32) -> Json:
    """eth_getUncleCountByBlockHash."""
    block = context.backend.chain.block(block_hash)
    return None if block is None else hex(len(block.ommers))


def get_uncle_by_number(context: Context, number: BlockTag | int, index: int) -> Json:
    """eth_getUncleByBlockNumberAndIndex."""
    return _uncle(block_of(context.backend.chain, number), index)


def get_uncle_by_hash(context: Context, block_hash: Hash32, index: int) -> Json:
    """eth_getUncleByBlockHashAndIndex."""
    return _uncle(context.backend.chain.block(block_hash), index)


def _uncle(block: Block | None, index: int) -> Json:
    if block is None or index >= len(block.ommers):
        return None
    return uncle_json(block.ommers[index])


def get_transaction_by_hash(context: Context, transaction_hash: Hash32) -> Json:
    """eth_getTransactionByHash: mined, or waiting in the pool."""
    found = _locate(context, transaction_hash)
    if found is not None:
        block, index = found
        return transaction_json(block.transactions[index], block.header, index)
    waiting = context.backend.pool.get(transaction_hash)
    return None if waiting is None else transaction_json(waiting)


def get_transaction_by_number_and_index(context: Context, number: BlockTag | int, index: int) -> Json:
    """eth_getTransactionByBlockNumberAndIndex."""
    if number is BlockTag.PENDING:
        builder = context.backend.pending_block()
        if builder is not None:
            transactions = builder.transactions
            return transaction_json(transactions[index]) if index < len(transactions) else None
    return _transaction_at(block_of(context.backend.chain, number), index)


def get_transaction_by_hash_and_index(context: Context, block_hash: Hash32, index: int) -> Json:
    """eth_getTransactionByBlockHashAndIndex."""
    return _transaction_at(context.backend.chain.block(block_hash), index)


def _transaction_at(block: Block | None, index: int) -> Json:
    if block is None or index >= len(block.transactions):
        return None
    return transaction_json(block.transactions[index], block.header, index)


def get_transaction_receipt(context: Context, transaction_hash: Hash32) -> Json:
    """eth_getTransactionReceipt."""
    found = _locate(context, transaction_hash)
    if found is None:
        return None
    block, index = found
    receipts = _receipts(context, block.header)
    first_log = sum(len(receipt.logs) for receipt in receipts[:index])
    return receipt_json(block, index, receipts[index], first_log, context.backend.config)


def get_block_receipts(context: Context, block: BlockId) -> Json:
    """eth_getBlockReceipts."""
    found = block_of(context.backend.chain, block)
    if found is None:
        return None
    return block_receipts_json(found, _receipts(context, found.header), context.backend.config)


def _locate(context: Context, transaction_hash: Hash32) -> tuple[Block, int] | None:
    location = context.backend.chain.locate(transaction_hash)
    if location is None:
        return None
    header = context.backend.chain.header(location.block_hash)
    return None if header is None else (body_of(context.backend.chain, header), location.index)


def _receipts(context: Context, header: Header) -> tuple[Receipt, ...]:
    receipts = context.backend.chain.receipts(header.hash)
    if receipts is None:
        raise RpcError(HISTORY_PRUNED, f"pruned history unavailable: receipts of block {header.number}")
    return receipts


# --- debug_getRaw* ---------------------------------------------------------------------------------------------------


def get_raw_header(context: Context, block: BlockId) -> str:
    """debug_getRawHeader."""
    return data(known_header(context.backend.chain, block).encode())


def get_raw_block(context: Context, block: BlockId) -> str:
    """debug_getRawBlock."""
    return data(_known_block(context, block).encode())


def get_raw_receipts(context: Context, block: BlockId) -> Json:
    """debug_getRawReceipts."""
    header = known_header(context.backend.chain, block)
    return [data(receipt.encode()) for receipt in _receipts(context, header)]


def get_raw_transaction(context: Context, transaction_hash: Hash32) -> Json:
    """debug_getRawTransaction, eth_getRawTransactionByHash: "0x" when there is none."""
    found = _locate(context, transaction_hash)
    if found is not None:
        block, index = found
        return data(block.transactions[index].raw)
    waiting = context.backend.pool.get(transaction_hash)
    return "0x" if waiting is None else data(waiting.raw)


def _known_block(context: Context, block: BlockId) -> Block:
    found = block_of(context.backend.chain, block)
    if found is None:
        raise server_error("block not found" if isinstance(block, BlockHash) else f"block {_name(block)} not found")
    return found


def _name(block: BlockTag | int) -> str:
    return block.value if isinstance(block, BlockTag) else f"#{block}"
