"""What L1 answers over JSON-RPC, checked field by field before anything believes it."""

import re
from dataclasses import dataclass
from typing import TypeAlias

from da import json_text
from protocol.errors import Retry
from protocol.l1 import L1BlockRef
from protocol.types import Address, Hash32

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

_QUANTITY = re.compile(r"0x[0-9a-fA-F]{1,64}")
_DATA = re.compile(r"0x[0-9a-fA-F]*")


class MalformedAnswer(Retry):
    """L1's endpoint answered something that no node should. It is not used; another try, or endpoint, may do better."""


@dataclass(frozen=True, slots=True)
class L1Head:
    """A block with what a sender of transactions needs from it; `base_fee_per_gas` in wei."""

    ref: L1BlockRef
    base_fee_per_gas: int


@dataclass(frozen=True, slots=True)
class L1Log:
    """One event of a canonical block."""

    address: Address
    topics: tuple[Hash32, ...]
    data: bytes
    transaction_hash: Hash32
    log_index: int


@dataclass(frozen=True, slots=True)
class L1Transaction:
    """The parts of a transaction that its hash commits to, and where it stands (None: not mined)."""

    hash: Hash32
    to: Address | None
    input: bytes
    nonce: int
    block_hash: Hash32 | None


@dataclass(frozen=True, slots=True)
class L1Receipt:
    """The outcome of a mined transaction."""

    transaction_hash: Hash32
    block_hash: Hash32
    block_number: int
    succeeded: bool
    gas_used: int
    contract_address: Address | None


def parse_json(body: bytes) -> Json:
    """Read one JSON text; raises MalformedAnswer."""
    try:
        return json_text.parse_json(body)
    except json_text.MalformedJson as error:
        raise MalformedAnswer(f"L1 answered what cannot be read: {error}") from error


def as_record(value: Json, what: str) -> dict[str, Json]:
    """A JSON object."""
    if not isinstance(value, dict):
        raise MalformedAnswer(f"{what}: expected an object, got {_short(value)}")
    return value


def as_quantity(value: Json, what: str, bits: int = 256) -> int:
    """A number as JSON-RPC writes it, of at most `bits` bits. Leading zeros, which some nodes write, are let pass."""
    number = int(value, 16) if isinstance(value, str) and _QUANTITY.fullmatch(value) else None
    if number is None or number >> bits:
        raise MalformedAnswer(f"{what}: expected a quantity of {bits} bits, got {_short(value)}")
    return number


def as_data(value: Json, what: str, length: int | None = None) -> bytes:
    """Bytes as JSON-RPC writes them, exactly `length` of them when given."""
    data = None
    if isinstance(value, str) and len(value) % 2 == 0 and _DATA.fullmatch(value):
        data = bytes.fromhex(value[2:])
    if data is None or (length is not None and len(data) != length):
        raise MalformedAnswer(f"{what}: expected {length if length is not None else 'hex'} bytes, got {_short(value)}")
    return data


def as_hash(value: Json, what: str) -> Hash32:
    """32 bytes."""
    return Hash32(as_data(value, what, 32))


def as_optional_hash(value: Json, what: str) -> Hash32 | None:
    """32 bytes, or null."""
    return None if value is None else as_hash(value, what)


def as_optional_address(value: Json, what: str) -> Address | None:
    """20 bytes, or null."""
    return None if value is None else Address(as_data(value, what, 20))


def as_head(value: Json) -> L1Head:
    """A block as `eth_getBlockBy…` gives it."""
    block = as_record(value, "block")
    ref = L1BlockRef(
        number=as_quantity(block.get("number"), "block number", 64),
        hash=as_hash(block.get("hash"), "block hash"),
        parent_hash=as_hash(block.get("parentHash"), "parent hash"),
        timestamp=as_quantity(block.get("timestamp"), "block timestamp", 64),
        prev_randao=as_hash(block.get("mixHash"), "mix hash"),
        base_fee=as_quantity(block.get("baseFeePerGas"), "base fee"),
        excess_blob_gas=as_quantity(block.get("excessBlobGas", "0x0"), "excess blob gas", 64),
    )
    return L1Head(ref, ref.base_fee)


def as_logs(value: Json, block_hash: Hash32) -> tuple[L1Log, ...]:
    """The logs that `eth_getLogs` gave for one block, in its order."""
    if not isinstance(value, list):
        raise MalformedAnswer(f"logs: expected a list, got {_short(value)}")
    logs = tuple(_as_log(as_record(item, "log"), block_hash) for item in value)
    positions = [log.log_index for log in logs]
    if positions != sorted(set(positions)):
        raise MalformedAnswer(f"logs: out of order, at positions {positions[:20]}")
    return logs


def _as_log(log: dict[str, Json], block_hash: Hash32) -> L1Log:
    found = as_hash(log.get("blockHash"), "log's block hash")
    if found != block_hash:
        raise MalformedAnswer(f"log: asked for block 0x{block_hash.hex()}, got one of 0x{found.hex()}")
    topics = log.get("topics")
    if not isinstance(topics, list):
        raise MalformedAnswer(f"log: expected topics, got {_short(topics)}")
    return L1Log(
        address=Address(as_data(log.get("address"), "log's address", 20)),
        topics=tuple(as_hash(topic, "topic") for topic in topics),
        data=as_data(log.get("data"), "log's data"),
        transaction_hash=as_hash(log.get("transactionHash"), "log's transaction"),
        log_index=as_quantity(log.get("logIndex"), "log index", 64),
    )


def as_transaction(value: Json) -> L1Transaction:
    """A transaction as `eth_getTransactionByHash` gives it."""
    tx = as_record(value, "transaction")
    return L1Transaction(
        hash=as_hash(tx.get("hash"), "transaction hash"),
        to=as_optional_address(tx.get("to"), "transaction's to"),
        input=as_data(tx.get("input"), "transaction's input"),
        nonce=as_quantity(tx.get("nonce"), "transaction's nonce", 64),
        block_hash=as_optional_hash(tx.get("blockHash"), "transaction's block hash"),
    )


def as_receipt(value: Json) -> L1Receipt:
    """A receipt as `eth_getTransactionReceipt` gives it."""
    receipt = as_record(value, "receipt")
    return L1Receipt(
        transaction_hash=as_hash(receipt.get("transactionHash"), "receipt's transaction"),
        block_hash=as_hash(receipt.get("blockHash"), "receipt's block hash"),
        block_number=as_quantity(receipt.get("blockNumber"), "receipt's block number", 64),
        succeeded=as_quantity(receipt.get("status"), "receipt's status", 1) == 1,
        gas_used=as_quantity(receipt.get("gasUsed"), "receipt's gas", 64),
        contract_address=as_optional_address(receipt.get("contractAddress"), "receipt's contract"),
    )


def _short(value: Json) -> str:
    text = repr(value)
    return text if len(text) <= 100 else text[:100] + "…"
