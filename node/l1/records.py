"""What a node remembers of each L1 block it derived from: enough to restart, and to go back when L1 reorganises."""

from collections.abc import Iterator
from dataclasses import dataclass

from node.l1.inputs import L1Position
from node.store import Store
from protocol.config_changes import settings_of_rlp, settings_rlp
from protocol.errors import Halt
from protocol.l1 import L1Block, L1BlockRef
from protocol.rlp_codec import InvalidRlp, RlpItem, as_bytes, as_list, as_uint, decode_list, encode, uint_bytes
from protocol.types import Hash32

TABLE = b"l1"
START = L1Position()


@dataclass(frozen=True, slots=True)
class L1Record:
    """An L1 block, and the safe head once everything in it had been derived."""

    block: L1Block
    safe_number: int
    safe_hash: Hash32
    position: L1Position = START
    """How many batches, deposits and changes of settings L1 held by then."""


def record_key(number: int) -> bytes:
    """Keys sort by L1 block number."""
    return number.to_bytes(8, "big")


def encode_record(record: L1Record) -> bytes:
    """The record's stored bytes."""
    ref = record.block.ref
    fields: list[RlpItem] = [uint_bytes(ref.number), ref.hash, ref.parent_hash, uint_bytes(ref.timestamp)]
    fields += [ref.prev_randao, list(record.block.deposits), uint_bytes(record.safe_number), record.safe_hash]
    position, settings = record.position, record.block.settings
    fields.append([uint_bytes(count) for count in (position.batches, position.deposits, position.changes)])
    fields += [uint_bytes(ref.base_fee), uint_bytes(ref.excess_blob_gas)]
    fields.append([] if settings is None else settings_rlp(settings))
    return encode(fields)


def decode_record(data: bytes) -> L1Record:
    """The inverse; raises Halt when the database holds anything else."""
    try:
        fields = decode_list(data, "L1")
        number, block_hash, parent_hash, timestamp, randao, deposits, safe_number, safe_hash, *later = fields
        position, base_fee, excess_blob_gas, settings = later
        ref = L1BlockRef(
            number=as_uint(number, "number", 64),
            hash=Hash32(as_bytes(block_hash, "hash", 32)),
            parent_hash=Hash32(as_bytes(parent_hash, "parent hash", 32)),
            timestamp=as_uint(timestamp, "timestamp", 64),
            prev_randao=Hash32(as_bytes(randao, "prev randao", 32)),
            base_fee=as_uint(base_fee, "base fee"),
            excess_blob_gas=as_uint(excess_blob_gas, "excess blob gas", 64),
        )
        knobs = as_list(settings, "settings")
        block = L1Block(
            ref,
            tuple(as_bytes(deposit, "deposit") for deposit in as_list(deposits, "deposits")),
            settings_of_rlp(knobs) if knobs else None,
        )
        counts = [as_uint(count, "count", 64) for count in as_list(position, "position")]
        return L1Record(
            block,
            as_uint(safe_number, "safe number", 64),
            Hash32(as_bytes(safe_hash, "safe hash", 32)),
            L1Position(*counts),
        )
    except (InvalidRlp, ValueError, TypeError) as error:
        raise Halt(f"damaged database: an L1 record is not readable ({error}); rebuild it from L1") from error


def last_record(store: Store) -> L1Record | None:
    """The newest L1 block that was derived from."""
    for _key, value in store.records(TABLE, reverse=True):
        return decode_record(value)
    return None


def record_at(store: Store, number: int) -> L1Record | None:
    """The record of the L1 block with this number."""
    data = store.get_record(TABLE, record_key(number))
    return None if data is None else decode_record(data)


def records_from(store: Store, number: int) -> Iterator[L1Record]:
    """All records from this L1 block number on, ascending."""
    for _key, value in store.records(TABLE, start=record_key(number)):
        yield decode_record(value)
