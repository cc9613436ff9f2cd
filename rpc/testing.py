"""testing_buildBlockV1: build a block that nobody keeps, in the shape that consensus clients speak.

Source: https://ethereum.github.io/execution-apis (testing). Building changes nothing, so any node may offer it.
"""

from dataclasses import dataclass

from protocol.block import Block, Header, Withdrawal
from protocol.engine import BlockBuilder, ExecutedBlock
from protocol.errors import InvalidTransaction
from protocol.payload import BlockAttributes
from protocol.transaction import DEPOSIT, Transaction, decode_transaction
from protocol.types import ZERO_HASH, Address, Hash32
from rpc.codec import address, array_of, field, hash32, needed, record, uint64
from rpc.encode import JsonObject, bytes_json, header_json, withdrawal_json
from rpc.errors import Json, server_error
from rpc.lookup import state_of
from rpc.method import Context
from rpc.overrides import withdrawal

GAS_LIMIT_TARGET = 60_000_000
"""What a proposer without an opinion moves the gas limit to, as geth's default does."""
GAS_LIMIT_DIVISOR = 1_024


@dataclass(frozen=True, slots=True)
class Attributes:
    """What a consensus client prescribes (PayloadAttributesV3)."""

    timestamp: int
    prev_randao: Hash32
    fee_recipient: Address
    withdrawals: tuple[Withdrawal, ...]
    beacon_root: Hash32


def payload_attributes(value: Json) -> Attributes:
    """The codec of payload attributes."""
    source = record(value)
    return Attributes(
        timestamp=needed(source, "timestamp", uint64),
        prev_randao=needed(source, "prevRandao", hash32),
        fee_recipient=needed(source, "suggestedFeeRecipient", address),
        withdrawals=tuple(field(source, "withdrawals", array_of(withdrawal)) or ()),
        beacon_root=field(source, "parentBeaconBlockRoot", hash32) or ZERO_HASH,
    )


def build_block(
    context: Context, parent_hash: Hash32, attributes: Attributes, raw: list[bytes] | None, extra_data: bytes
) -> Json:
    """The block after `parent_hash` with exactly these transactions; None takes what the pool offers."""
    backend = context.backend
    parent = backend.chain.header(parent_hash)
    if parent is None:
        raise server_error("unknown parent")
    if attributes.timestamp <= parent.timestamp:
        raise server_error(f"timestamp {attributes.timestamp} is not after the parent's {parent.timestamp}")
    block = BlockAttributes(
        timestamp=attributes.timestamp,
        fee_recipient=attributes.fee_recipient,
        gas_limit=next_gas_limit(parent.gas_limit, GAS_LIMIT_TARGET),
        prev_randao=attributes.prev_randao,
        extra_data=extra_data,
        parent_beacon_block_root=attributes.beacon_root,
        withdrawals=attributes.withdrawals,
    )
    builder = backend.engine.begin_block(
        parent, block, state_of(backend.chain, parent), lambda number: backend.chain.ancestor_hash(parent, number)
    )
    if raw is None:
        _take_valid(builder, list(backend.pool.pending()))
    else:
        for entry in raw:
            tx = decode_transaction(entry)
            if tx.type == DEPOSIT:
                raise server_error("a deposit comes from L1 alone")
            builder.add(tx)
    return _envelope(builder.seal())


def next_gas_limit(parent: int, target: int) -> int:
    """One step from the parent's gas limit towards `target`, as large as the header rules allow."""
    step = parent // GAS_LIMIT_DIVISOR - 1
    return min(parent + step, target) if parent < target else max(parent - step, target)


def _take_valid(builder: BlockBuilder, transactions: list[Transaction]) -> None:
    for tx in transactions:
        try:
            builder.add(tx)
        except InvalidTransaction:
            continue  # the pool holds what may become valid later


def _envelope(executed: ExecutedBlock) -> JsonObject:
    block, receipts = executed.block, executed.receipts
    base_fee = block.header.base_fee_per_gas or 0
    tips = (tx.effective_gas_price(base_fee) - base_fee for tx in block.transactions)
    value = sum(tip * receipt.gas_used for tip, receipt in zip(tips, receipts, strict=True))
    return {
        "executionPayload": _payload(block),
        "blockValue": hex(value),
        "blobsBundle": {"commitments": [], "proofs": [], "blobs": []},
        "executionRequests": bytes_json(executed.requests),
        "shouldOverrideBuilder": False,
    }


def _payload(block: Block) -> JsonObject:
    """The block as an execution payload; names differ from eth_getBlockByHash's."""
    header: Header = block.header
    shown = header_json(header)
    names = {
        "parentHash": "parentHash",
        "feeRecipient": "miner",
        "stateRoot": "stateRoot",
        "receiptsRoot": "receiptsRoot",
        "logsBloom": "logsBloom",
        "prevRandao": "mixHash",
        "blockNumber": "number",
        "gasLimit": "gasLimit",
        "gasUsed": "gasUsed",
        "timestamp": "timestamp",
        "extraData": "extraData",
        "baseFeePerGas": "baseFeePerGas",
        "blockHash": "hash",
        "blobGasUsed": "blobGasUsed",
        "excessBlobGas": "excessBlobGas",
    }
    payload: JsonObject = {new: shown[old] for new, old in names.items() if old in shown}
    payload["transactions"] = bytes_json(tx.raw for tx in block.transactions)
    if block.withdrawals is not None:
        payload["withdrawals"] = [withdrawal_json(entry) for entry in block.withdrawals]
    return payload
