"""Which batch made which blocks safe, and where on L1 it stands: the node's own records, and then L1 itself.

A record says how far the safe head was after each L1 block; the transactions behind an advance are asked of L1 when
somebody wants to know, and remembered by the block's hash, under which they never change.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from da.adapter import Commitment
from node.l1.feed import BatchSource
from node.l1.records import TABLE, L1Record, decode_record, last_record, record_at, record_key
from node.l1.transport import L1Refused
from node.l1.wire import Json, L1Log, L1Transaction, as_quantity, as_record
from node.store import Store
from protocol.crypto import keccak
from protocol.errors import Reject, Retry
from protocol.inbox import BATCH_APPENDED, posted_commitment
from protocol.l1 import L1BlockRef
from protocol.types import Address, Hash32

MOST_RECORDS_READ = 5_000
"""L1 blocks that one page of batches may span."""
KEPT_L1_BLOCKS = 1_024
PATIENCE_SECONDS = 3.0
"""How long a data layer is waited for, for the sake of a batch's size."""
REST_SECONDS = 10.0
"""How long a layer that kept silent is not asked again."""


class InboxL1(Protocol):
    """What is asked of L1. `L1Client` is one, and says what each method means and raises."""

    async def logs(self, block_hash: Hash32, address: Address, topic: Hash32) -> tuple[L1Log, ...]:
        """See `L1Client`."""

    async def transaction(self, transaction_hash: Hash32) -> L1Transaction | None:
        """See `L1Client`."""

    async def request(self, method: str, params: Sequence[Json]) -> Json:
        """See `L1Client`."""


@dataclass(frozen=True, slots=True)
class InboxTransaction:
    """One BatchAppended log and the transaction behind it; gas in units, price in wei. `data_bytes` is None while the
    data layer does not serve the data, or never can."""

    hash: Hash32
    index: int
    commitment: Commitment | None
    data_bytes: int | None
    gas_used: int
    gas_price: int


@dataclass(frozen=True, slots=True)
class Advance:
    """An L1 block after which the blocks `first` to `last` were safe."""

    record: L1Record
    first: int
    last: int


class BatchIndex:
    """Looks batches up. `store` holds the L1 records of the driver."""

    def __init__(
        self,
        store: Store,
        l1: InboxL1,
        inbox: Address,
        layers: BatchSource,
        *,
        patience_seconds: float = PATIENCE_SECONDS,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._patience_seconds = patience_seconds
        self._now = now
        self._rests_until = float("-inf")
        self._store = store
        self._l1 = l1
        self._inbox = inbox
        self._layers = layers
        self._known: OrderedDict[Hash32, tuple[InboxTransaction, ...]] = OrderedDict()

    def advances(self, before: int | None, count: int) -> tuple[list[Advance], int | None]:
        """The newest advances below L1 block `before`, newest first, and the L1 block to go on before (None: none)."""
        newest = last_record(self._store) if before is None else record_at(self._store, before - 1)
        if newest is None:
            return [], None
        found: list[Advance] = []
        later = newest
        stop = record_key(newest.block.ref.number)
        for _key, value in islice(self._store.records(TABLE, stop=stop, reverse=True), MOST_RECORDS_READ):
            earlier = decode_record(value)
            if later.safe_number > earlier.safe_number:
                found.append(Advance(later, earlier.safe_number + 1, later.safe_number))
                if len(found) == count:
                    return found, later.block.ref.number
            later = earlier
        is_end = record_at(self._store, later.block.ref.number - 1) is None
        return found, None if is_end else later.block.ref.number + 1

    def advance_of(self, number: int) -> Advance | None:
        """The one that made L2 block `number` safe; None while it is not."""
        last, first = last_record(self._store), _first_record(self._store)
        if last is None or first is None or not first.safe_number < number <= last.safe_number:
            return None
        low, high = first, last  # the safe head was below `number` at low, and is not at high
        while high.block.ref.number - low.block.ref.number > 1:
            middle = record_at(self._store, (low.block.ref.number + high.block.ref.number) // 2)
            if middle is None:
                return None  # a reorg took it away between two look-ups
            low, high = (low, middle) if middle.safe_number >= number else (middle, high)
        return Advance(high, low.safe_number + 1, high.safe_number)

    async def transactions(self, advance: Advance) -> tuple[InboxTransaction, ...] | None:
        """The batches in the L1 block of an advance; None when L1 does not answer."""
        block_hash = advance.record.block.ref.hash
        known = self._known.get(block_hash)
        if known is not None:
            return known
        try:
            logs = await self._l1.logs(block_hash, self._inbox, BATCH_APPENDED)
            found = tuple([await self._transaction(advance.record.block.ref, log) for log in logs])
        except (Retry, L1Refused):
            return None
        if all(tx.data_bytes is not None for tx in found):
            self._known[block_hash] = found
            if len(self._known) > KEPT_L1_BLOCKS:
                self._known.popitem(last=False)
        return found

    async def _transaction(self, posted: L1BlockRef, log: L1Log) -> InboxTransaction:
        tx_hash = log.transaction_hash
        tx = await self._l1.transaction(tx_hash)
        receipt = as_record(await self._l1.request("eth_getTransactionReceipt", ["0x" + tx_hash.hex()]), "receipt")
        found = None if tx is None else posted_commitment(tx.to, tx.input, self._inbox, Hash32(log.data[:32]))
        commitment = None if found is None else Commitment(found)
        return InboxTransaction(
            tx_hash,
            int.from_bytes(log.topics[1], "big"),
            commitment,
            None if commitment is None else await self._size(commitment, posted),
            as_quantity(receipt.get("gasUsed"), "gas used", 64),
            as_quantity(receipt.get("effectiveGasPrice"), "gas price"),
        )

    async def _size(self, commitment: Commitment, posted: L1BlockRef) -> int | None:
        if self._now() < self._rests_until:
            return None
        try:
            async with asyncio.timeout(self._patience_seconds):
                return len(await self._layers.fetch(commitment, posted))
        except (Retry, Reject):
            return None
        except TimeoutError:
            # A page lists many batches: it does not wait for a silent layer once for each of them.
            self._rests_until = self._now() + REST_SECONDS
            return None


def commitment_hash(commitment: Commitment) -> Hash32:
    """What the inbox's event names it by."""
    return keccak(commitment)


def _first_record(store: Store) -> L1Record | None:
    for _key, value in store.records(TABLE):
        return decode_record(value)
    return None
