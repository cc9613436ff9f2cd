"""Results as JSON: blocks, transactions, receipts and logs in the form clients parse.

Fields are absent before the fork that brought them. Source: https://ethereum.github.io/execution-apis (schemas);
deposits (type 0x7E) as https://specs.optimism.io/protocol/deposits.html shows them.
"""

import json
from collections.abc import Iterable, Sequence

from protocol.block import Block, Header, Withdrawal
from protocol.chain_config import ChainConfig
from protocol.crypto import keccak
from protocol.fees import GAS_PER_BLOB, blob_base_fee
from protocol.receipt import Log, Receipt, bloom_bytes
from protocol.rlp_codec import encode, uint_bytes
from protocol.transaction import (
    ACCESS_LIST,
    BLOB,
    DEPOSIT,
    LEGACY,
    SET_CODE,
    AccessEntry,
    Authorization,
    Transaction,
)
from protocol.types import Address
from rpc.backend import SyncProgress
from rpc.charges import receipt_charges
from rpc.errors import Json

JsonObject = dict[str, Json]

encode_json = json.JSONEncoder(separators=(",", ":"), check_circular=False, allow_nan=False).encode
"""Compact JSON; non-ASCII text is escaped, so lone surrogates survive."""

quantity = hex
"""A number as a quantity: `0x0`, no leading zeros."""


def data(value: bytes) -> str:
    """Bytes as hex."""
    return "0x" + value.hex()


def bytes_json(values: Iterable[bytes]) -> list[Json]:
    """Byte strings as an array of hex."""
    return [data(value) for value in values]


def word(value: int) -> str:
    """A 256-bit word as 32 bytes."""
    return f"0x{value:064x}"


def header_json(header: Header) -> JsonObject:
    """A header, as newHeads sends it."""
    result: JsonObject = {
        "number": hex(header.number),
        "hash": data(header.hash),
        "parentHash": data(header.parent_hash),
        "sha3Uncles": data(header.ommers_hash),
        "miner": data(header.fee_recipient),
        "stateRoot": data(header.state_root),
        "transactionsRoot": data(header.transactions_root),
        "receiptsRoot": data(header.receipts_root),
        "logsBloom": data(bloom_bytes(header.bloom)),
        "difficulty": hex(header.difficulty),
        "gasLimit": hex(header.gas_limit),
        "gasUsed": hex(header.gas_used),
        "timestamp": hex(header.timestamp),
        "extraData": data(header.extra_data),
        "mixHash": data(header.prev_randao),
        "nonce": data(header.nonce),
    }
    if header.base_fee_per_gas is not None:
        result["baseFeePerGas"] = hex(header.base_fee_per_gas)
    if header.withdrawals_root is not None:
        result["withdrawalsRoot"] = data(header.withdrawals_root)
    if header.blob_gas_used is not None:
        result["blobGasUsed"] = hex(header.blob_gas_used)
    if header.excess_blob_gas is not None:
        result["excessBlobGas"] = hex(header.excess_blob_gas)
    if header.parent_beacon_block_root is not None:
        result["parentBeaconBlockRoot"] = data(header.parent_beacon_block_root)
    if header.requests_hash is not None:
        result["requestsHash"] = data(header.requests_hash)
    return result


def block_json(block: Block, *, full_transactions: bool) -> JsonObject:
    """A block with its transactions, whole or by hash."""
    result = header_json(block.header)
    result["size"] = hex(len(block.encode()))
    result["uncles"] = [data(ommer.hash) for ommer in block.ommers]
    if full_transactions:
        result["transactions"] = [
            transaction_json(tx, block.header, index) for index, tx in enumerate(block.transactions)
        ]
    else:
        result["transactions"] = [data(tx.hash) for tx in block.transactions]
    if block.withdrawals is not None:
        result["withdrawals"] = [withdrawal_json(withdrawal) for withdrawal in block.withdrawals]
    return result


def uncle_json(ommer: Header) -> JsonObject:
    """An ommer: a block of which nothing but the header is known."""
    block = Block(header=ommer, transactions=())
    return {**header_json(ommer), "size": hex(len(block.encode())), "uncles": []}


def withdrawal_json(withdrawal: Withdrawal) -> JsonObject:
    """A withdrawal; its amount stays in gwei."""
    return {
        "index": hex(withdrawal.index),
        "validatorIndex": hex(withdrawal.validator_index),
        "address": data(withdrawal.address),
        "amount": hex(withdrawal.amount_gwei),
    }


def transaction_json(tx: Transaction, header: Header | None = None, index: int | None = None) -> JsonObject:
    """A transaction in the block of `header` at `index`, or one that waits in the pool when they are None."""
    result: JsonObject = {
        "blockHash": None,
        "blockNumber": None,
        "blockTimestamp": None,
        "transactionIndex": None,
        "hash": data(tx.hash),
        "type": hex(tx.type),
        "from": data(tx.sender),
        "to": None if tx.to is None else data(tx.to),
        "nonce": hex(tx.nonce),
        "gas": hex(tx.gas_limit),
        "value": hex(tx.value),
        "input": data(tx.data),
        "gasPrice": hex(tx.max_fee_per_gas),
        "v": hex(tx.v),
        "r": hex(tx.r),
        "s": hex(tx.s),
    }
    if header is not None:
        result["blockHash"] = data(header.hash)
        result["blockNumber"] = hex(header.number)
        result["blockTimestamp"] = hex(header.timestamp)
        result["transactionIndex"] = None if index is None else hex(index)
        # A mined transaction shows what it paid, not what it offered.
        result["gasPrice"] = hex(tx.effective_gas_price(header.base_fee_per_gas or 0))
    if tx.type == DEPOSIT:
        result["sourceHash"] = data(tx.source_hash)
        result["mint"] = hex(tx.mint)
        return result
    if tx.chain_id is not None:
        result["chainId"] = hex(tx.chain_id)
    if tx.type == LEGACY:
        return result
    result["yParity"] = hex(tx.y_parity)
    result["accessList"] = access_list_json(tx.access_list)
    if tx.type == ACCESS_LIST:
        return result
    result["maxFeePerGas"] = hex(tx.max_fee_per_gas)
    result["maxPriorityFeePerGas"] = hex(tx.max_priority_fee_per_gas)
    if tx.type == BLOB:
        result["maxFeePerBlobGas"] = hex(tx.max_fee_per_blob_gas)
        result["blobVersionedHashes"] = [data(blob_hash) for blob_hash in tx.blob_hashes]
    if tx.type == SET_CODE:
        result["authorizationList"] = [_authorization_json(entry) for entry in tx.authorizations]
    return result


def access_list_json(access_list: Iterable[AccessEntry]) -> list[Json]:
    """An EIP-2930 list."""
    return [
        {"address": data(entry.address), "storageKeys": [word(slot) for slot in entry.slots]} for entry in access_list
    ]


def _authorization_json(entry: Authorization) -> JsonObject:
    return {
        "chainId": hex(entry.chain_id),
        "address": data(entry.address),
        "nonce": hex(entry.nonce),
        "yParity": hex(entry.y_parity),
        "r": hex(entry.r),
        "s": hex(entry.s),
    }


def block_receipts_json(block: Block, receipts: Sequence[Receipt], config: ChainConfig) -> list[Json]:
    """All receipts of a block."""
    result: list[Json] = []
    first_log = 0
    for index, receipt in enumerate(receipts):
        result.append(receipt_json(block, index, receipt, first_log, config))
        first_log += len(receipt.logs)
    return result


def receipt_json(block: Block, index: int, receipt: Receipt, first_log: int, config: ChainConfig) -> JsonObject:
    """One receipt; `first_log` counts the logs of the block before it."""
    header, tx = block.header, block.transactions[index]
    result: JsonObject = {
        "transactionHash": data(tx.hash),
        "transactionIndex": hex(index),
        "blockHash": data(header.hash),
        "blockNumber": hex(header.number),
        "from": data(tx.sender),
        "to": None if tx.to is None else data(tx.to),
        "cumulativeGasUsed": hex(receipt.cumulative_gas_used),
        "gasUsed": hex(receipt.gas_used),
        "contractAddress": None,
        "logs": [log_json(log, header, tx, index, first_log + position) for position, log in enumerate(receipt.logs)],
        "logsBloom": data(bloom_bytes(receipt.bloom)),
        "type": hex(tx.type),
        "effectiveGasPrice": hex(tx.effective_gas_price(header.base_fee_per_gas or 0)),
    }
    if tx.to is None:
        # Shown for a failed create too, as every client does: it is where the contract would be.
        result["contractAddress"] = data(receipt.contract_address or create_address(tx.sender, tx.nonce))
    if isinstance(receipt.outcome, bytes):
        result["root"] = data(receipt.outcome)
    else:
        result["status"] = hex(receipt.outcome)
    result.update(receipt_charges(block, tx, receipt.gas_used, config))
    if tx.type == BLOB:
        schedule = config.forks.blobs_at(header.timestamp)
        result["blobGasUsed"] = hex(GAS_PER_BLOB * len(tx.blob_hashes))
        if schedule is not None:
            result["blobGasPrice"] = hex(blob_base_fee(header.excess_blob_gas or 0, schedule))
    return result


def log_json(
    log: Log, header: Header, tx: Transaction, tx_index: int, log_index: int, *, removed: bool = False
) -> JsonObject:
    """One log; `log_index` counts within the block."""
    return {
        "address": data(log.address),
        "topics": [data(topic) for topic in log.topics],
        "data": data(log.data),
        "blockNumber": hex(header.number),
        "blockHash": data(header.hash),
        "blockTimestamp": hex(header.timestamp),
        "transactionHash": data(tx.hash),
        "transactionIndex": hex(tx_index),
        "logIndex": hex(log_index),
        "removed": removed,
    }


def sync_json(progress: SyncProgress) -> JsonObject:
    """How far a node has come in catching up."""
    return {
        "startingBlock": hex(progress.starting_block),
        "currentBlock": hex(progress.current_block),
        "highestBlock": hex(progress.highest_block),
    }


def create_address(sender: Address, nonce: int) -> Address:
    """Where a create by this sender with this nonce puts its contract."""
    return Address(keccak(encode([sender, uint_bytes(nonce)]))[12:])
