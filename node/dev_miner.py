"""A chain to test contracts on: blocks when asked, clocks that jump, state as told, and a way back.

An edit of the state is a block of its own, so that it is in proofs, survives a restart, and the pool sees it. What an
impersonated account sends is a deposit (type 0x7E), the one kind of transaction that needs no signature.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from node.chain import Chain
from node.clock import Clock
from node.mempool import Mempool
from node.worker import Worker
from protocol.block import Header
from protocol.crypto import keccak
from protocol.errors import InvalidTransaction
from protocol.payload import BlockAttributes
from protocol.simulation import Conditions, StateOverride
from protocol.transaction import Transaction, deposit_transaction
from protocol.types import ZERO_ADDRESS, Address, Hash32
from vm.pyevm.builder import PyEvmBuilder
from vm.pyevm.engine import PyEvmEngine


@dataclass(slots=True)
class NextBlock:
    """What the next block shall have; the values are used once. Seconds, wei."""

    timestamp: int | None = None
    base_fee_per_gas: int | None = None
    prev_randao: Hash32 | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Where to go back to."""

    head: Header
    time_offset: int
    impersonated: frozenset[Address]


@dataclass(slots=True)
class DevMiner:
    """Makes the blocks of one dev chain. Its methods belong to the event loop; one block is made at a time."""

    chain: Chain
    engine: PyEvmEngine
    pool: Mempool
    worker: Worker
    clock: Clock
    gas_limit: int
    automine: bool = True
    interval_seconds: float = 0.0
    time_offset: int = 0
    fee_recipient: Address = ZERO_ADDRESS
    next: NextBlock = field(default_factory=NextBlock)
    impersonated: set[Address] = field(default_factory=set)
    impersonate_all: bool = False
    _snapshots: list[Snapshot] = field(default_factory=list)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _interval_changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Make blocks at intervals while there is one; for ever."""
        while True:
            self._interval_changed.clear()
            if not self.interval_seconds:
                await self._interval_changed.wait()
                continue
            try:
                async with asyncio.timeout(self.interval_seconds):
                    await self._interval_changed.wait()
            except TimeoutError:
                await self.mine()

    def set_interval(self, seconds: float) -> None:
        """A block every so often; 0 stops that."""
        self.interval_seconds = seconds
        self._interval_changed.set()

    async def mine(self, count: int = 1, interval: int = 1) -> None:
        """Make `count` blocks of what waits in the pool, `interval` seconds apart by their timestamps."""
        for index in range(count):
            if index:
                self.next.timestamp = self.chain.head().timestamp + interval
            await self._make(self._fill)

    async def edit(self, overrides: StateOverride) -> None:
        """Change accounts, in a block without transactions."""
        await self._make(lambda builder: None, overrides)

    async def send_as(self, sender: Address, to: Address | None, value: int, gas: int, data: bytes) -> Transaction:
        """Execute what an impersonated account sends, in a block of its own, for free."""
        source = Hash32(keccak(b"impersonated" + self.chain.head().hash))
        tx = deposit_transaction(source, sender, to, 0, value, gas, data)
        await self._make(lambda builder: builder.add(tx))
        return tx

    async def _make(self, fill: Callable[[PyEvmBuilder], object], overrides: StateOverride | None = None) -> None:
        async with self._lock:
            chosen, self.next = self.next, NextBlock()
            parent = self.chain.head()
            now = int(self.clock.now()) + self.time_offset
            if chosen.timestamp is not None:
                # The clock goes on from where it was set to, as in hardhat and anvil.
                self.time_offset += chosen.timestamp - now
                now = chosen.timestamp
            attributes = BlockAttributes(
                timestamp=max(now, parent.timestamp + 1),
                fee_recipient=self.fee_recipient,
                gas_limit=self.gas_limit,
                prev_randao=chosen.prev_randao or keccak(b"randao" + parent.hash),
                parent_beacon_block_root=keccak(b"beacon" + parent.hash),
                base_fee_per_gas=chosen.base_fee_per_gas,
            )
            dropped = await self.worker.run(self._build, parent, attributes, fill, overrides or {})
            for tx, reason in dropped:
                self.pool.drop(tx.hash, reason)

    def _build(
        self,
        parent: Header,
        attributes: BlockAttributes,
        fill: Callable[[PyEvmBuilder], object],
        overrides: StateOverride,
    ) -> Sequence[tuple[Transaction, str]]:
        """On the worker: build, seal, append; returns what turned out to be invalid."""
        builder = self.engine.begin_simulation(
            parent,
            attributes,
            self.chain.head_state(),
            lambda number: self.chain.ancestor_hash(parent, number),
            Conditions(overrides),
        )
        dropped = fill(builder)
        self.chain.append(builder.seal())
        return dropped if isinstance(dropped, list) else []

    def _fill(self, builder: PyEvmBuilder) -> list[tuple[Transaction, str]]:
        dropped = []
        with self.pool.best(builder.base_fee_per_gas) as offers:
            while (tx := offers.next()) is not None:
                if tx.gas_limit > builder.gas_left:
                    offers.skip(tx.sender)
                    continue
                try:
                    builder.add(tx)
                except InvalidTransaction as error:
                    offers.skip(tx.sender)
                    dropped.append((tx, str(error)))
        return dropped

    def snapshot(self) -> int:
        """Remember this moment; returns its number, from 1."""
        self._snapshots.append(Snapshot(self.chain.head(), self.time_offset, frozenset(self.impersonated)))
        return len(self._snapshots)

    async def revert(self, number: int) -> bool:
        """Go back to a snapshot, which is used up with those after it; False when there is none."""
        if not 1 <= number <= len(self._snapshots):
            return False
        target = self._snapshots[number - 1]
        del self._snapshots[number - 1 :]
        await self._rewind(target.head)
        self.time_offset, self.impersonated = target.time_offset, set(target.impersonated)
        return True

    async def reset(self) -> None:
        """Go back to the beginning."""
        self._snapshots.clear()
        genesis = self.chain.header(self.chain.canonical_block(0).hash)
        if genesis is not None:
            await self._rewind(genesis)
        self.time_offset = 0
        self.impersonated.clear()

    async def _rewind(self, header: Header) -> None:
        async with self._lock:
            await self.worker.run(self.chain.rewind_to, header)
            # The pool takes back what the removed blocks held; here going back means that it never was.
            for tx in (*self.pool.pending(), *self.pool.queued()):
                self.pool.drop(tx.hash, "the chain went back")
