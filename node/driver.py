"""The loop that waits: it reads L1 block by block, fetches the batches, derives, executes, and moves the heads.

Every node runs it, the sequencer's too, so no node takes the sequencer's word for anything: the safe head is what L1
and the data layer mean, whoever built the block first.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from node.chain import Chain
from node.clock import Clock
from node.decoder import Ahead, Decoder
from node.l1.feed import FETCH_SECONDS, BatchSource, L1Feed, L1Source
from node.l1.inputs import L1Position, MissingLogs
from node.l1.records import TABLE, L1Record, encode_record, last_record, record_at, record_key, records_from
from node.worker import Worker
from protocol.batch import BlockClaim
from protocol.block import Block, Header
from protocol.derivation import Derivation, Tip, next_payload, tip_of
from protocol.engine import NONE_DECODED, Engine, ExecutedBlock, execute_payload
from protocol.errors import Halt, Retry
from protocol.l1 import L1Block, L1BlockRef, L1Window
from protocol.payload import PayloadAttributes
from protocol.rollup import RollupConfig, l1_origin_of, settings_at
from protocol.transaction import DEPOSIT, Transaction

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SyncStatus:
    """How far this node is, for `rollup_syncStatus`. `waiting_for` says why it is not further, if it is stuck."""

    l1_head: int
    l1_processed: int
    waiting_for: str | None


class Driver:
    """Derives one rollup from L1 into `chain`.

    With `keep_unsafe` (the sequencer), blocks that an L1 reorg or a forced deposit displaced are built again from the
    same claims, so that no transaction is lost; without it (a verifier) they are dropped.
    """

    def __init__(
        self,
        config: RollupConfig,
        chain: Chain,
        engine: Engine,
        l1: L1Source,
        batches: BatchSource,
        worker: Worker,
        clock: Clock,
        *,
        keep_unsafe: bool = False,
        poll_seconds: float = 0.5,
        fetch_seconds: float = FETCH_SECONDS,
        on_l1_block: Callable[[L1Record], None] = lambda record: None,
        decoder: Decoder | None = None,
    ) -> None:
        self.config = config
        self.chain = chain
        self._engine = engine
        self._l1 = l1
        self._worker = worker
        self._clock = clock
        self._keep_unsafe = keep_unsafe
        self._poll_seconds = poll_seconds
        self._on_l1_block = on_l1_block
        self._ahead = Ahead(decoder)
        self._feed = L1Feed(l1, batches, self._expect, fetch_seconds)
        self._displaced: list[Block] = []
        self._l1_head = 0
        self._waiting_for: str | None = "the first L1 block"
        self.lock = asyncio.Lock()
        """Held while the chain may be moved: the sequencer takes it to append."""
        self._position = L1Position()
        self._derivation = self._restore()

    @property
    def l1_window(self) -> L1Window:
        """The L1 blocks that the next L2 block may name."""
        return self._derivation.l1

    @property
    def processed(self) -> L1BlockRef:
        """The newest L1 block derived from."""
        return self._derivation.l1.newest

    @property
    def settled(self) -> bool:
        """Whether the unsafe chain stands on the L1 that this node sees; the sequencer builds only then."""
        return not self._displaced

    def status(self) -> SyncStatus:
        """Progress against L1."""
        return SyncStatus(self._l1_head, self.processed.number, self._waiting_for)

    async def run(self) -> None:
        """Follow L1 for ever; cancel to stop. Retry means wait; any other failure ends the role."""
        try:
            while True:
                if not await self._step_or_wait():
                    await self._clock.sleep(self._poll_seconds)
        finally:
            self.forget_ahead()

    def forget_ahead(self) -> None:
        """Read and decode nothing ahead any more, until the next step."""
        self._feed.forget()
        self._ahead.forget()

    async def _step_or_wait(self) -> bool:
        try:
            return await self.step()
        except Retry as error:
            if self._waiting_for != str(error):
                logger.warning("derivation waits: %s", error)
            self._waiting_for = str(error)
            return False

    async def step(self) -> bool:
        """Process one L1 block, or go back over one reorg; False when there is nothing new on L1."""
        head = await self._l1.latest()
        self._l1_head = head.number
        processed = self.processed
        ref = await self._l1.block(processed.number + 1)
        if ref is None or ref.parent_hash != processed.hash:
            canonical = await self._l1.block(processed.number)
            if canonical is None or canonical.hash != processed.hash:
                await self._reset()
                return True
            if ref is not None:
                return True  # L1 moved between the two questions; look again
            self._waiting_for = None
            await self._rebuild_displaced()
            await self._finalize()
            return False
        try:
            inputs, data = await self._feed.read(ref, self._position)
        except MissingLogs:
            await self._reread()
            raise
        if ref.number < head.number:
            self._feed.begin_after(ref, inputs.position, head.number)
        async with self.lock:
            settings = settings_at(self.config, self.l1_window.settings, inputs.changes)
            await self._derive(L1Block(ref, inputs.deposits, settings), inputs.position, data)
        if ref.number >= head.number:
            await self._rebuild_displaced()
        if ref.number % 16 == 0 or ref.number >= head.number:
            await self._finalize()
        return True

    async def _derive(self, block: L1Block, position: L1Position, data: Sequence[bytes]) -> None:
        payloads = self._derivation.feed(block, data)
        safe = self.chain.safe_head()
        missing = (payload for payload in payloads if self.chain.canonical_hash(payload.number) is None)
        self._ahead.expect(block.ref, (payload.transactions for payload in missing))
        try:
            for payload in payloads:
                safe = await self._apply(payload)
        finally:
            self._ahead.forget(block.ref)
        record = L1Record(block, safe.number, safe.hash, position)
        await self._worker.run(
            self.chain.set_safe, safe, records=[(TABLE, record_key(block.ref.number), encode_record(record))]
        )
        self._position = position
        self._waiting_for = None
        self._on_l1_block(record)

    def _expect(self, posted: L1BlockRef, batches: Sequence[bytes]) -> None:
        self._ahead.expect_batches(posted, batches, self.chain.head().number)

    async def _apply(self, payload: PayloadAttributes) -> Header:
        """Make the canonical block at the payload's height the derived one; returns its header."""
        if self.chain.canonical_hash(payload.number) is not None:
            existing = self._canonical_header(payload.number)
            if self._is_made_of(payload, existing):
                return existing
            parent = self._canonical_header(payload.number - 1)
            executed = await self._worker.run(self._execute, parent, payload)
            if executed.block.hash == existing.hash:
                return existing
            logger.warning("unsafe block %d is not what L1 derives: rewinding", payload.number)
            await self._rewind(parent)
        parent = self._canonical_header(payload.number - 1)
        executed = await self._worker.run(self._execute, parent, payload, await self._ahead.take(payload.transactions))
        await self._worker.run(self.chain.append, executed)
        return executed.block.header

    def _execute(
        self, parent: Header, payload: PayloadAttributes, decoded: Mapping[bytes, Transaction] = NONE_DECODED
    ) -> ExecutedBlock:
        state = self.chain.state_at(parent)
        return execute_payload(
            self._engine, parent, payload, state, lambda number: self.chain.ancestor_hash(parent, number), decoded
        )

    async def _rewind(self, to: Header) -> None:
        removed = await self._worker.run(self.chain.rewind_to, to)
        if self._keep_unsafe:
            self._displaced = [*reversed(removed), *self._displaced]

    async def _rebuild_displaced(self) -> None:
        """Build displaced unsafe blocks again, in order, from what they claimed."""
        if not self._displaced:
            return
        async with self.lock:
            window = self.l1_window
            while self._displaced:
                block = self._displaced.pop(0)
                head = self.chain.head()
                transactions = tuple(tx.raw for tx in block.transactions if tx.type != DEPOSIT)
                if block.number <= self.chain.safe_head().number and not transactions:
                    continue
                claim = BlockClaim(block.header.timestamp, l1_origin_of(block.header), transactions)
                payload = next_payload(self.config, self._tip(head), claim, window, window.newest.number)
                if payload is None:
                    continue  # its time has run ahead of the new L1; its transactions are back in the pool
                executed = await self._worker.run(self._execute, head, payload)
                await self._worker.run(self.chain.append, executed)
                logger.info("rebuilt block %d on the reorganised L1", payload.number)

    async def _reset(self) -> None:
        """Go back to the newest L1 block that is still canonical, and with it to what was safe then."""
        self.forget_ahead()
        finalized = self.chain.finalized_head()
        record = last_record(self.chain.store)
        while record is not None:
            ref = record.block.ref
            canonical = await self._l1.block(ref.number)
            if canonical is not None and canonical.hash == ref.hash:
                break
            record = record_at(self.chain.store, ref.number - 1)
        if record is None or record.safe_number < finalized.number:
            raise Halt(
                f"L1 has reorganised below its own finality (L2 block {finalized.number} was final): "
                "is this the L1 that the chain was launched on?"
            )
        logger.warning(
            "L1 reorganised: back from block %d to %d, safe head to %d",
            self.processed.number,
            record.block.ref.number,
            record.safe_number,
        )
        await self._go_back(record)

    async def _reread(self) -> None:
        """Go back to before the last events that L1 told of, as far as finality allows: some after them are missing."""
        finalized = self.chain.finalized_head()
        record = last_record(self.chain.store)
        while record is not None and record.position == self._position:
            earlier = record_at(self.chain.store, record.block.ref.number - 1)
            if earlier is None or earlier.safe_number < finalized.number:
                break
            record = earlier
        if record is not None:
            logger.warning("L1's endpoint left out events: reading again from block %d", record.block.ref.number + 1)
            await self._go_back(record)

    async def _go_back(self, record: L1Record) -> None:
        """Make `record` the last one, and the chain what it was then; the sequencer keeps blocks that still stand."""
        async with self.lock:
            safe = self._canonical_header(record.safe_number)
            stale = [
                (TABLE, record_key(n), None) for n in range(record.block.ref.number + 1, self.processed.number + 1)
            ]
            await self._worker.run(self.chain.set_safe, safe, records=stale)
            self._derivation = self._restore()
            keep = safe
            while keep.number < self.chain.head().number and self._keep_unsafe:
                child = self._canonical_header(keep.number + 1)
                if l1_origin_of(child) > record.block.ref.number:
                    break
                keep = child
            if keep.hash != self.chain.head().hash:
                await self._rewind(keep)

    def _restore(self) -> Derivation:
        """Derivation as it stood after the last recorded L1 block."""
        last = last_record(self.chain.store)
        if last is None:
            raise Halt("the database holds no L1 record, not even genesis: it was not made by `tombolo`")
        safe = self.chain.header(last.safe_hash)
        if safe is None:
            raise Halt(f"damaged database: safe block {last.safe_number} of L1 block {last.block.ref.number} is absent")
        tip = self._tip(safe)
        self._position = last.position
        window = L1Window(record.block for record in records_from(self.chain.store, tip.l1_origin))
        return Derivation(self.config, tip, window)

    async def _finalize(self) -> None:
        number = min(await self._l1.finalized_number(), self.processed.number)
        record = record_at(self.chain.store, number)
        if record is None or record.safe_number <= self.chain.finalized_head().number:
            return
        canonical = await self._l1.block(number)
        if canonical is not None and canonical.hash == record.block.ref.hash:
            header = self._canonical_header(record.safe_number)
            await self._worker.run(self.chain.set_finalized, header)

    def _tip(self, header: Header) -> Tip:
        return tip_of(self.config, header)

    def _canonical_header(self, number: int) -> Header:
        block_hash = self.chain.canonical_hash(number)
        header = None if block_hash is None else self.chain.header(block_hash)
        if header is None:
            raise Halt(f"damaged database: canonical block {number} is absent; rebuild it from L1")
        return header

    def _is_made_of(self, payload: PayloadAttributes, header: Header) -> bool:
        """Whether this block is plainly what `payload` makes, without executing it: same inputs, nothing skipped."""
        attributes = payload.block
        return (
            header.timestamp == attributes.timestamp
            and header.parent_beacon_block_root == attributes.parent_beacon_block_root
            and header.extra_data == attributes.extra_data
            and header.prev_randao == attributes.prev_randao
            and header.gas_limit == attributes.gas_limit
            and header.fee_recipient == attributes.fee_recipient
            and self.chain.raw_transactions(header.hash) == payload.forced + payload.transactions
        )
