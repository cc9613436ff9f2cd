"""The batch: how a run of L2 blocks is written to the data-availability layer.

Items are addressable: a header, a table of end offsets, then the items back to back, so that a referee can take out
item *i* and judge it without decoding the others. All integers are big-endian.

    version       u8      0
    first_number  u64     number of the first block
    item_count    u32
    ends          u32 each            end of each item, counted from the start of the items, never decreasing
    items         item i spans ends[i-1] (0 for the first) to ends[i]

    block item    0x00 ‖ timestamp u64 ‖ l1_origin u64     begins a block
    tx item       0x01 ‖ canonical transaction bytes       belongs to the block begun last

Total on arbitrary bytes: a wrong header or table makes the whole batch void (`InvalidBatch`); an item that fits neither
form, a transaction before any block, and whatever goes beyond the limits, is void alone and passed over.
"""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from protocol.errors import InvalidBatch

BATCH_VERSION = 0
MAX_BLOCKS_PER_BATCH = 1 << 10
MAX_TRANSACTIONS_PER_BLOCK = (1 << 14) - 2
"""Two places of the 2^14 items of a block are its begin and its end."""

BLOCK_ITEM = 0x00
TX_ITEM = 0x01

_HEADER = struct.Struct(">BQI")
_BLOCK = struct.Struct(">BQQ")


@dataclass(frozen=True, slots=True)
class BlockClaim:
    """What the sequencer says of one block; derivation bounds the numbers and skips invalid transactions."""

    timestamp: int
    l1_origin: int
    transactions: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive blocks from `first_number` on."""

    first_number: int
    blocks: tuple[BlockClaim, ...]


def encode_batch(batch: Batch) -> bytes:
    """Write a batch. Raises ValueError for one beyond the limits, which a batcher never makes."""
    if not 0 < len(batch.blocks) <= MAX_BLOCKS_PER_BATCH:
        raise ValueError(f"a batch holds 1 to {MAX_BLOCKS_PER_BATCH} blocks, not {len(batch.blocks)}")
    items: list[bytes] = []
    for block in batch.blocks:
        if len(block.transactions) > MAX_TRANSACTIONS_PER_BLOCK:
            raise ValueError(f"a block holds at most {MAX_TRANSACTIONS_PER_BLOCK} transactions in a batch")
        items.append(_BLOCK.pack(BLOCK_ITEM, block.timestamp, block.l1_origin))
        items.extend(bytes((TX_ITEM,)) + raw for raw in block.transactions)
    return _HEADER.pack(BATCH_VERSION, batch.first_number, len(items)) + _table(items) + b"".join(items)


def encoded_size(blocks: Iterable[BlockClaim]) -> int:
    """The length in bytes of the batch that holds `blocks`."""
    return _HEADER.size + sum(block_size(len(block.transactions), map(len, block.transactions)) for block in blocks)


def block_size(count: int, lengths: Iterable[int]) -> int:
    """What one block with `count` transactions of these lengths adds to a batch, in bytes."""
    return 4 + _BLOCK.size + sum(lengths) + count * 5


def _table(items: Sequence[bytes]) -> bytes:
    end = 0
    ends = []
    for item in items:
        end += len(item)
        ends.append(end)
    return struct.pack(f">{len(ends)}I", *ends)


def decode_batch(data: bytes) -> Batch:
    """Read a batch.

    Raises:
        InvalidBatch: The header or the table is malformed; the batch has no effect at all.
    """
    first_number, items = split_items(data)
    blocks: list[BlockClaim] = []
    begun: tuple[int, int] | None = None
    transactions: list[bytes] = []
    for item in items:
        if item[:1] == bytes((TX_ITEM,)):
            if begun is not None and len(transactions) < MAX_TRANSACTIONS_PER_BLOCK:
                transactions.append(item[1:])
        elif item[:1] == bytes((BLOCK_ITEM,)) and len(item) == _BLOCK.size:
            if begun is not None:
                blocks.append(BlockClaim(*begun, tuple(transactions)))
            if len(blocks) == MAX_BLOCKS_PER_BATCH:
                begun = None
                break
            _kind, timestamp, l1_origin = _BLOCK.unpack(item)
            begun, transactions = (timestamp, l1_origin), []
    if begun is not None:
        blocks.append(BlockClaim(*begun, tuple(transactions)))
    return Batch(first_number, tuple(blocks))


def split_items(data: bytes) -> tuple[int, list[bytes]]:
    """The batch's first block number and its items, uninterpreted; raises InvalidBatch as `decode_batch` does."""
    if len(data) < _HEADER.size:
        raise InvalidBatch(f"batch of {len(data)} bytes has no header")
    version, first_number, count = _HEADER.unpack_from(data)
    if version != BATCH_VERSION:
        raise InvalidBatch(f"batch version {version} is not {BATCH_VERSION}")
    start = _HEADER.size + 4 * count
    if len(data) < start:
        raise InvalidBatch(f"batch of {len(data)} bytes is too short for a table of {count} items")
    ends = struct.unpack_from(f">{count}I", data, _HEADER.size)
    items = []
    previous = 0
    for index, end in enumerate(ends):
        if end < previous or start + end > len(data):
            raise InvalidBatch(f"item {index} ends at {end}, after {previous}, in {len(data) - start} bytes")
        items.append(data[start + previous : start + end])
        previous = end
    return first_number, items
