# pragma version 0.4.3
# pragma evm-version cancun
"""
@title A batch's bytes
@license MIT
@notice Reads ranges of a page tree out of the pages shown, and a batch's header, table and items. A module of the
        libraries for steps between transactions.
@dev Follows `prover/machine/batch_reading.py`. The pages shown lie in calldata one after another, each read's in order, so
     a range that has been found under its root is contiguous there.
"""

from . import layout
from . import pages

PAGES_OFFSET: constant(uint256) = 4 + 32 * 44  # where calldata says how far behind the selector the pages lie
MAX_PAGES: constant(uint256) = 33

HEADER: constant(uint256) = 13
BLOCK_ITEM_LENGTH: constant(uint256) = 17
ENTRIES_PER_STEP: constant(uint256) = 64
BLOCK_ITEM: constant(uint256) = 0
TX_ITEM: constant(uint256) = 1
UINT64: constant(uint256) = 2**64 - 1
UINT32: constant(uint256) = 2**32 - 1


struct Shown:  # the pages that have not been used yet
    page: uint256  # where in calldata the next one lies
    siblings: uint256  # and its siblings


@internal
@view
def _shown(tape: layout.Tape) -> Shown:
    """
    @dev Before the first read.
    """
    return Shown(page=4 + layout._word(PAGES_OFFSET) + 32, siblings=tape.siblings)


@internal
@view
def _read(shown: Shown, root: bytes32, offset: uint256, length: uint256) -> (Shown, uint256):
    """
    @dev Where in calldata a range of the tree lies, and what is shown after it. Refuses pages that are not the tree's.
    """
    if length == 0:
        return shown, shown.page
    first: uint256 = offset // layout.PAGE_SIZE
    count: uint256 = (offset + length - 1) // layout.PAGE_SIZE - first + 1
    after: Shown = shown
    for i: uint256 in range(count, bound=MAX_PAGES):
        page: Bytes[1024] = slice(msg.data, after.page, 1024)
        after.siblings = pages._check(root, first + i, page, after.siblings)
        after.page += layout.PAGE_SIZE
    return after, shown.page + offset % layout.PAGE_SIZE


@internal
@view
def _opened(shown: Shown, link: layout.BatchLink) -> (Shown, bytes32):
    """
    @dev The digest of the batch before its first item, its table still to be checked; zero if its header is malformed.
    """
    if link.length < HEADER:
        return shown, empty(bytes32)
    after: Shown = shown
    at: uint256 = 0
    after, at = self._read(shown, link.data, 0, HEADER)
    word: uint256 = layout._word(at)
    count: uint256 = word >> 152 & UINT32
    if word >> 248 != 0 or link.length < HEADER + 4 * count:
        return after, empty(bytes32)
    reading: layout.BatchReading = layout.BatchReading(
        l1_number=link.l1_number,
        data=link.data,
        length=link.length,
        first_number=word >> 184 & UINT64,
        count=count,
        checked=0,
        end=0,
        item=0,
        blocks=0,
        transactions=0,
    )
    return after, layout._batch_reading_digest(reading)


@internal
@view
def _checked_further(shown: Shown, reading: layout.BatchReading) -> bytes32:
    """
    @dev The digest of the batch with some more of its table checked; zero if an entry is wrong.
    """
    entries: uint256 = min(ENTRIES_PER_STEP, reading.count - reading.checked)
    after: Shown = shown
    at: uint256 = 0
    after, at = self._read(shown, reading.data, HEADER + 4 * reading.checked, 4 * entries)
    room: uint256 = reading.length - HEADER - 4 * reading.count
    checked: layout.BatchReading = reading
    for i: uint256 in range(entries, bound=ENTRIES_PER_STEP):
        entry: uint256 = layout._word(at + 4 * i) >> 224
        if entry < checked.end or entry > room:
            return empty(bytes32)
        checked.end = entry
    checked.checked += entries
    return layout._batch_reading_digest(checked)


@internal
@view
def _item(shown: Shown, reading: layout.BatchReading) -> (Shown, uint256, uint256):
    """
    @dev Where the next item begins in the batch, and its length; its table must have been checked.
    """
    after: Shown = shown
    at: uint256 = 0
    begin: uint256 = 0
    end: uint256 = 0
    if reading.item == 0:
        after, at = self._read(shown, reading.data, HEADER, 4)
        end = layout._word(at) >> 224
    else:
        after, at = self._read(shown, reading.data, HEADER + 4 * (reading.item - 1), 8)
        begin = layout._word(at) >> 224
        end = layout._word(at + 4) >> 224
    return after, HEADER + 4 * reading.count + begin, end - begin


@internal
@view
def _claim(shown: Shown, reading: layout.BatchReading, start: uint256, length: uint256) -> (Shown, bool, uint256, uint256):
    """
    @dev Whether the item begins a block, and the timestamp and L1 origin that it claims.
    """
    if length != BLOCK_ITEM_LENGTH:
        return shown, False, 0, 0
    after: Shown = shown
    at: uint256 = 0
    after, at = self._read(shown, reading.data, start, length)
    word: uint256 = layout._word(at)
    return after, word >> 248 == BLOCK_ITEM, word >> 184 & UINT64, word >> 120 & UINT64


@internal
@view
def _byte(shown: Shown, reading: layout.BatchReading, position: uint256) -> (Shown, uint256):
    """
    @dev One byte of the batch.
    """
    after: Shown = shown
    at: uint256 = 0
    after, at = self._read(shown, reading.data, position, 1)
    return after, layout._word(at) >> 248
