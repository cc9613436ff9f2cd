"""The batcher: gathers unsafe blocks, publishes them through a data layer, and records the commitment on L1.

It keeps nothing on disk. What it needs after a crash is what anyone can see: the safe head, the chain, and the nonce of
its account. It begins after the safe head; a block posted twice is passed over by derivation, a gap would be dropped
with all that follows. Whenever something is not as it expected (an L1 reorg, a foreign transaction, a batch that
derivation passed over) it does the same as after a crash.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from da.adapter import Commitment, Publisher
from node.batch_plan import BatcherConfig, OpenBatch, Progress, Restart, judge
from node.batch_sender import BatcherL1, BatchSender
from node.clock import Clock
from node.l1.transport import L1Refused
from protocol.batch import encode_batch
from protocol.blobs import BlobSidecar
from protocol.block import Block
from protocol.errors import Halt, Retry
from protocol.types import Address, Hash32

logger = logging.getLogger(__name__)

MAX_PATIENCE_BLOCKS = 64
"""Where the growing pause between restarts that do not help ends."""


class UnsafeChain(Protocol):
    """The chain whose blocks are to be posted. `node.chain.Chain` is one."""

    def canonical_hash(self, number: int) -> Hash32 | None:
        """The hash of the canonical block at this height."""

    def block(self, block_hash: Hash32) -> Block | None:
        """Any stored block."""


@dataclass(frozen=True, slots=True)
class BatcherStatus:
    """For `status` and dashboards. `next_block` is None while it settles; `complaint` is what keeps it from posting."""

    next_block: int | None
    pending: int
    complaint: str | None


@dataclass(frozen=True, slots=True)
class _Settling:
    """Before it begins (again), the batcher lets what is under way on L1 arrive, so as not to pay for it twice."""

    not_before: int
    """L1's block number up to which it waits in any case: later each time that starting again did not help."""
    until: int
    """L1's block number up to which it waits for its account to have nothing waiting."""
    quiet_at: int | None = None
    """L1's block number when the waiting was over; derivation must get there before the safe head says enough."""


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A batch that the data layer has, and L1 does not."""

    first: int
    last: int
    commitment: Commitment
    sidecar: BlobSidecar | None


class Batcher:
    """One account posting one chain's batches to one inbox.

    `progress` must tell L1 number and safe head as of the same moment, e.g. from the newest `L1Record`.
    """

    def __init__(
        self,
        chain: UnsafeChain,
        progress: Callable[[], Progress],
        layer: Publisher,
        l1: BatcherL1,
        inbox: Address,
        private_key: bytes,
        clock: Clock,
        config: BatcherConfig | None = None,
    ) -> None:
        self._chain = chain
        self._progress = progress
        self._layer = layer
        self._l1 = l1
        self._inbox = inbox
        self._clock = clock
        self._config = config or BatcherConfig()
        self._limit = min(layer.max_bytes, self._config.max_batch_bytes or layer.max_bytes)
        self._sender = BatchSender(l1, inbox, private_key, self._config, self._complain)
        self._open: OpenBatch | None = None
        self._prepared: _Prepared | None = None
        self._settling: _Settling | None = None
        self._fruitless_restarts = 0
        self._restarted_at: int | None = None
        self._posted_at = float("-inf")
        self._complaint: str | None = None
        self._complained = False

    @property
    def address(self) -> Address:
        """The account that posts, and pays."""
        return self._sender.address

    def status(self) -> BatcherStatus:
        """What it is doing."""
        next_block = None if self._open is None else self._open.next
        return BatcherStatus(next_block, len(self._sender.submissions), self._complaint)

    def under_way(self) -> list[Hash32]:
        """The L1 transactions that it is looking after."""
        return [submission.attempts[-1].hash for submission in self._sender.submissions]

    async def run(self) -> None:
        """Post batches for ever; cancel to stop, at any moment. Any failure but those of `step` to wait for ends it."""
        while True:
            try:
                await self.step()
            except (Retry, L1Refused) as error:
                self._complain(str(error))
            await self._clock.sleep(self._config.poll_seconds)

    async def step(self) -> None:
        """Look once at L1 and at the chain, and do what follows.

        Raises:
            Retry: L1 or the data layer does not answer; another step goes on from here.
            L1Refused: L1's node refuses a question that every node should answer; it may be mended as well.
            Halt: A block is too large for the data layer, so that nothing after it can ever be posted.
        """
        self._complained = False
        progress = self._progress()
        l1_head = (await self._l1.head()).ref.number
        nonce = await self._l1.nonce(self.address)
        if self._open is None:
            self._open = await self._settle(l1_head, nonce, progress)
        if self._open is not None:
            await self._advance(self._open, l1_head, nonce, progress)
        if self._complaint is not None and not self._complained:
            logger.info("batcher goes on")
            self._complaint = None

    async def _settle(self, l1_head: int, nonce: int, progress: Progress) -> OpenBatch | None:
        """Wait until nothing is under way; the batch to begin with, or None as long as it is not time."""
        if self._settling is None:
            patience = min(2**self._fruitless_restarts - 1, MAX_PATIENCE_BLOCKS)
            self._settling = _Settling(l1_head + patience, l1_head + patience + self._config.resubmit_after_blocks)
        if self._settling.quiet_at is None:
            if l1_head < self._settling.not_before:
                return None
            if await self._l1.nonce(self.address, "pending") > nonce and l1_head < self._settling.until:
                return None
            self._settling = replace(self._settling, quiet_at=l1_head)
        if progress.l1_number < (self._settling.quiet_at or 0):
            return None
        safe_hash = self._chain.canonical_hash(progress.safe_number)
        if safe_hash is None:
            return None  # the driver is rewinding
        if not await self._l1.code(self._inbox):
            self._complain(f"there is no contract at the inbox's address 0x{self._inbox.hex()} on L1")
            return None
        self._settling = None
        return OpenBatch(progress.safe_number + 1, safe_hash, self._limit)

    async def _advance(self, opened: OpenBatch, l1_head: int, nonce: int, progress: Progress) -> None:
        submissions = self._sender.submissions
        sightings = await self._sender.look(nonce)
        next_block = self._prepared.first if self._prepared else opened.first
        patience = self._config.resubmit_after_blocks
        verdict = judge(submissions, sightings, next_block, nonce, l1_head, progress, patience)
        if self._chain.canonical_hash(opened.next - 1) != opened.last_hash:
            verdict = Restart(f"block {opened.next - 1} is not on the chain any more")
        if isinstance(verdict, Restart):
            self._restart(verdict.reason, progress)
            return
        await self._sender.follow(verdict, l1_head)
        if verdict.idle and len(submissions) < self._config.max_pending:
            await self._publish(opened, l1_head, nonce)

    def _restart(self, reason: str, progress: Progress) -> None:
        logger.warning("batcher starts again after safe block %d: %s", progress.safe_number, reason)
        is_fruitless = self._restarted_at == progress.safe_number
        self._fruitless_restarts = self._fruitless_restarts + 1 if is_fruitless else 0
        self._restarted_at = progress.safe_number
        self._sender.submissions.clear()
        self._prepared = None
        self._open = None

    async def _publish(self, opened: OpenBatch, l1_head: int, nonce: int) -> None:
        """Gather blocks; when it is time, hand them to the data layer, and their commitment to L1."""
        if self._prepared is None:
            await self._gather(opened)
            is_due = opened.full or self._clock.monotonic() - self._posted_at >= self._config.interval_seconds
            if opened.next == opened.first or not is_due:
                return
            commitment = await self._layer.submit(encode_batch(opened.batch()))
            self._posted_at = self._clock.monotonic()
            sidecar = self._layer.sidecar(commitment)
            self._prepared = _Prepared(opened.first, opened.next - 1, commitment, sidecar)
            self._open = OpenBatch(opened.next, opened.last_hash, self._limit)
        prepared = self._prepared
        if await self._sender.add(prepared.first, prepared.last, prepared.commitment, l1_head, nonce, prepared.sidecar):
            self._prepared = None
            await self._sender.send(-1)

    async def _gather(self, opened: OpenBatch) -> None:
        while not opened.full:
            block_hash = self._chain.canonical_hash(opened.next)
            block = None if block_hash is None else self._chain.block(block_hash)
            try:
                if block is None or not opened.add(block):
                    return
            except ValueError as error:
                raise Halt(f"{error}: build smaller blocks, or use another data layer") from error
            # A long backlog is read in one go, with turns for everybody else in between.
            await asyncio.sleep(0)

    def _complain(self, complaint: str) -> None:
        """Tell the operator, once for as long as it lasts."""
        self._complained = True
        if complaint != self._complaint:
            logger.warning("batcher: %s", complaint)
            self._complaint = complaint
