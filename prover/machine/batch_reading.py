"""A batch as the machine reads it: header, table, one item at a time. `protocol.batch` says what the bytes mean.

The bytes lie behind a page tree, so a step looks at the few pages it needs, however long the batch. A table is checked
whole before its first item counts, as `split_items` does.
"""

import struct
from dataclasses import replace

from protocol.batch import BATCH_VERSION, BLOCK_ITEM, TX_ITEM
from prover.commitments.chain_structures import BatchLink, BatchReading
from prover.machine.vm import VM

HEADER_BYTES = 13
BLOCK_ITEM_BYTES = 17
ENTRIES_PER_STEP = 64
"""How much of a table one step checks."""


def open_batch(vm: VM, link: BatchLink) -> BatchReading | None:
    """The batch before its first item, its table still to be checked; None if its header is malformed."""
    if link.length < HEADER_BYTES:
        return None
    version, first_number, count = struct.unpack(">BQI", link.data.read(0, HEADER_BYTES, vm.recorder))
    if version != BATCH_VERSION or link.length < HEADER_BYTES + 4 * count:
        return None
    return BatchReading(link.l1_number, link.data, link.length, first_number, count, 0, 0, 0, 0, 0)


def checked_further(vm: VM, reading: BatchReading) -> BatchReading | None:
    """The batch with some more of its table checked; None if an entry is out of order or out of the batch."""
    entries = min(ENTRIES_PER_STEP, reading.count - reading.checked)
    data = reading.data.read(HEADER_BYTES + 4 * reading.checked, 4 * entries, vm.recorder)
    room = reading.length - _items_start(reading)
    end = reading.end
    for entry in struct.unpack(f">{entries}I", data):
        if not end <= entry <= room:
            return None
        end = entry
    return replace(reading, checked=reading.checked + entries, end=end)


def item_range(vm: VM, reading: BatchReading) -> tuple[int, int]:
    """Where the next item begins in the batch, and its length; its table must have been checked."""
    first = max(reading.item - 1, 0)
    entries = reading.item - first + 1
    ends = struct.unpack(f">{entries}I", reading.data.read(HEADER_BYTES + 4 * first, 4 * entries, vm.recorder))
    begin = ends[0] if reading.item else 0
    return _items_start(reading) + begin, ends[-1] - begin


def block_claim(vm: VM, reading: BatchReading, start: int, length: int) -> tuple[int, int] | None:
    """Timestamp and L1 origin that the item claims, if it begins a block."""
    if length != BLOCK_ITEM_BYTES:
        return None
    kind, timestamp, l1_origin = struct.unpack(">BQQ", reading.data.read(start, length, vm.recorder))
    return (timestamp, l1_origin) if kind == BLOCK_ITEM else None


def is_transaction(vm: VM, reading: BatchReading, start: int, length: int) -> bool:
    """Whether the item carries a transaction, valid or not."""
    return length > 0 and reading.data.read(start, 1, vm.recorder)[0] == TX_ITEM


def passed(reading: BatchReading) -> BatchReading:
    """The batch after its next item."""
    return replace(reading, item=reading.item + 1)


def _items_start(reading: BatchReading) -> int:
    return HEADER_BYTES + 4 * reading.count
