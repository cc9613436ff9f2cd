"""Block production: take transactions from the pool as they come, seal at the tick.

The same loop makes a rollup's blocks and the embedded L1's; only the plan differs. Transactions execute in short slices
while the block is open, so the event loop keeps answering and `pending` is always at hand.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from node.chain import Chain
from node.clock import Clock
from node.driver import Driver
from node.mempool import BestTransactions, Mempool
from node.worker import Worker
from protocol.batch import BlockClaim, block_size
from protocol.block import Header
from protocol.crypto import keccak
from protocol.derivation import next_payload, tip_of
from protocol.engine import BlockBuilder, Engine, ExecutedBlock
from protocol.errors import InvalidTransaction
from protocol.fee_terms import is_terms
from protocol.payload import BlockAttributes, PayloadAttributes
from protocol.rollup import RollupConfig
from protocol.transaction import Transaction, decode_transaction
from protocol.types import Address, Hash32

logger = logging.getLogger(__name__)

SLICE_SECONDS = 0.02
"""How long the worker executes before the event loop gets a whole turn."""

LIGHT_GAS = 25_000
"""A transaction with no more gas than this can hardly do more than move ether. It executes on the event loop: to hand
it to the worker, and the interpreter back and forth between the two, would cost as much again."""

LIGHT_SLICE_SECONDS = 0.0005
"""How long the event loop executes such before it does anything else: clients wait for their answers meanwhile."""

GATHER_SECONDS = 0.01
"""How long transactions gather before a slice executes them; each slice has its price."""


class BlockPlan(Protocol):
    """Where the attributes of the next block come from."""

    def next(self, parent: Header, timestamp: int) -> PayloadAttributes | None:
        """The attributes of the block after `parent` if it is to be sealed at `timestamp` (seconds); None: not now."""

    def append_lock(self) -> asyncio.Lock:
        """Held while a sealed block joins the chain."""


@dataclass(frozen=True, slots=True)
class ProducerConfig:
    """The pace and the size of blocks."""

    block_time_seconds: float
    """Blocks are sealed at multiples of this on the wall clock."""

    empty_blocks: bool = True
    """Whether a tick without transactions makes a block."""

    max_idle_seconds: float = 60.0
    """With `empty_blocks` off, a block is made after this long all the same, so that L1 time and data come in."""

    max_block_bytes: int | None = None
    """The most that a block may add to a batch, so that the data layer takes any block; None for no bound."""


class Producer:
    """The sequencer's heart, and the embedded L1's."""

    def __init__(
        self,
        chain: Chain,
        engine: Engine,
        pool: Mempool,
        plan: BlockPlan,
        worker: Worker,
        clock: Clock,
        config: ProducerConfig,
        *,
        after_append: Callable[[Header], None] = lambda header: None,
    ) -> None:
        self._chain = chain
        self._engine = engine
        self._pool = pool
        self._plan = plan
        self._worker = worker
        self._clock = clock
        self._config = config
        self._after_append = after_append
        self._builder: BlockBuilder | None = None
        self._busy = False

    def pending_block(self) -> BlockBuilder | None:
        """The open block, unless a transaction is executing in it at this moment."""
        return None if self._busy else self._builder

    async def run(self) -> None:
        """Produce blocks for ever; cancel to stop. An open block is then simply forgotten: the pool still has it."""
        while True:
            try:
                await self._produce_one()
            finally:
                self._builder = None

    async def _produce_one(self) -> None:
        wait = self._seconds_to_tick()
        parent = self._chain.head()
        payload = self._plan.next(parent, int(self._clock.now() + wait))
        if payload is None:
            await self._clock.sleep(min(wait, 0.1))
            return
        deadline = self._clock.monotonic() + wait
        builder = await self._worker.run(self._begin, parent, payload)
        self._builder = builder
        await self._fill(builder, parent.hash, deadline)
        while not self._worth_sealing(builder, parent):
            deadline = self._clock.monotonic() + self._seconds_to_tick()
            if self._chain.head().hash != parent.hash or self._clock.now() - builder.attributes.timestamp > 1:
                return
            await self._fill(builder, parent.hash, deadline)
        self._busy = True
        try:
            executed = await self._worker.run(builder.seal)
            async with self._plan.append_lock():
                if self._chain.head().hash != parent.hash:
                    logger.info("block %d dropped: the chain moved while it was open", payload.number)
                    return
                await self._worker.run(self._append, executed)
        finally:
            self._busy = False

    def _append(self, executed: ExecutedBlock) -> None:
        self._chain.append(executed)
        self._after_append(executed.block.header)

    def _seconds_to_tick(self) -> float:
        step = self._config.block_time_seconds
        return step - self._clock.now() % step

    def _begin(self, parent: Header, payload: PayloadAttributes) -> BlockBuilder:
        state = self._chain.state_at(parent)
        builder = self._engine.begin_block(
            parent, payload.block, state, lambda number: self._chain.ancestor_hash(parent, number)
        )
        for raw in payload.forced:
            builder.add(decode_transaction(raw))
        return builder

    def _worth_sealing(self, builder: BlockBuilder, parent: Header) -> bool:
        if self._config.empty_blocks or any(not is_terms(tx) for tx in builder.transactions):
            return True
        return self._clock.now() - parent.timestamp >= self._config.max_idle_seconds

    async def _fill(self, builder: BlockBuilder, parent_hash: Hash32, deadline: float) -> None:
        """Execute what the pool offers until `deadline` (monotonic seconds)."""
        with self._pool.best(builder.base_fee_per_gas, parent_hash) as offers:
            filling = _Filling(builder, offers, self._config.max_block_bytes, self._clock)
            while (left := deadline - self._clock.monotonic()) > 0:
                heavy = filling.light_slice()
                if heavy is not None:
                    self._busy = True
                    try:
                        await self._worker.run(filling.slice, heavy)
                    finally:
                        self._busy = False
                for tx, reason in filling.take_dropped():
                    self._pool.drop(tx.hash, reason)
                if filling.more:
                    await asyncio.sleep(0)
                else:
                    await offers.wait(min(left, self._config.block_time_seconds))
                    await self._clock.sleep(max(0.0, min(GATHER_SECONDS, deadline - self._clock.monotonic())))


class _Filling:
    """One block on its way from the pool's offers into its builder."""

    def __init__(self, builder: BlockBuilder, offers: BestTransactions, max_bytes: int | None, clock: Clock) -> None:
        self._builder = builder
        self._offers = offers
        self._max_bytes = max_bytes
        self._clock = clock
        self._size = block_size(len(builder.transactions), (len(tx.raw) for tx in builder.transactions))
        self._dropped: list[tuple[Transaction, str]] = []
        self.more = True
        """Whether the last slice ended before the offers did."""

    def light_slice(self) -> Transaction | None:
        """Add transactions for one slice on the event loop, up to the first heavy one, which is returned."""
        end = self._clock.monotonic() + LIGHT_SLICE_SECONDS
        self.more = True
        while self._clock.monotonic() < end:
            tx = self._offers.next()
            if tx is None:
                self.more = False
                return None
            if tx.gas_limit > LIGHT_GAS:
                return tx
            self._add(tx)
        return None

    def slice(self, first: Transaction) -> None:
        """Add `first` and then others for one slice on the worker."""
        end = self._clock.monotonic() + SLICE_SECONDS
        tx: Transaction | None = first
        while tx is not None:
            self._add(tx)
            if self._clock.monotonic() >= end:
                return
            tx = self._offers.next()
        self.more = False

    def take_dropped(self) -> list[tuple[Transaction, str]]:
        """The transactions that proved invalid since the last time, and why."""
        dropped, self._dropped = self._dropped, []
        return dropped

    def _add(self, tx: Transaction) -> None:
        added = block_size(1, [len(tx.raw)]) - block_size(0, [])
        too_large = self._max_bytes is not None and self._size + added > self._max_bytes
        if too_large or tx.gas_limit > self._builder.gas_left:
            self._offers.skip(tx.sender)
            return
        try:
            self._builder.add(tx)
            self._size += added
        except InvalidTransaction as error:
            self._offers.skip(tx.sender)
            self._dropped.append((tx, str(error)))


class RollupPlan:
    """L2: what derivation would make of the sequencer's claim."""

    def __init__(self, config: RollupConfig, driver: Driver, l1_confirmations: int = 0) -> None:
        self._config = config
        self._driver = driver
        self._l1_confirmations = l1_confirmations

    def next(self, parent: Header, timestamp: int) -> PayloadAttributes | None:
        """None while an L1 reorg is being worked through, or once time has run ahead of L1 by the drift."""
        if not self._driver.settled:
            return None
        window = self._driver.l1_window
        tip = tip_of(self._config, parent)
        origin = max(window.newest.number - self._l1_confirmations, window.oldest, tip.l1_origin)
        if tip.l1_origin > window.newest.number:
            return None
        claim = BlockClaim(timestamp, origin)
        return next_payload(self._config, tip, claim, window, window.newest.number)

    def append_lock(self) -> asyncio.Lock:
        """The driver's: it may be rewinding."""
        return self._driver.lock


class DevL1Plan:
    """The embedded L1: wall-clock timestamps, randomness from a seed, no origin."""

    def __init__(self, gas_limit: int, fee_recipient: Address, seed: bytes) -> None:
        self._gas_limit = gas_limit
        self._fee_recipient = fee_recipient
        self._seed = seed
        self._lock = asyncio.Lock()

    def next(self, parent: Header, timestamp: int) -> PayloadAttributes | None:
        """Always a block, strictly later than its parent. `seed` tells two histories of the same height apart."""
        number = parent.number + 1
        attributes = BlockAttributes(
            timestamp=max(timestamp, parent.timestamp + 1),
            fee_recipient=self._fee_recipient,
            gas_limit=self._gas_limit,
            prev_randao=keccak(self._seed + parent.hash),
            parent_beacon_block_root=keccak(b"beacon" + parent.hash),
        )
        return PayloadAttributes(number, attributes, (), ())

    def append_lock(self) -> asyncio.Lock:
        """Held by whoever rolls the dev chain back, too."""
        return self._lock
