"""Block production on a real chain, pool and engine; blocks every tenth of a second, claims about content only."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from genesis.dev import DEV_ACCOUNTS, DEV_PRIVATE_KEYS, dev_genesis
from genesis.model import build_genesis
from node.chain import Chain, create_chain
from node.clock import SystemClock
from node.mempool import Mempool
from node.producer import DevL1Plan, Producer, ProducerConfig
from node.store import Store
from node.worker import Worker
from protocol.batch import block_size
from protocol.block import Block
from protocol.errors import InvalidTransaction, TxError
from protocol.payload import BlockAttributes
from protocol.receipt import Receipt
from protocol.signing import UnsignedTransaction, sign_transaction
from protocol.transaction import Transaction
from protocol.types import Address
from rpc.backend import NewHead
from vm.pyevm.builder import PyEvmBuilder
from vm.pyevm.engine import PyEvmEngine

CHAIN_ID = 7
GWEI = 10**9
RECEIVER = Address(b"\xaa" * 20)


def payment(account: int, nonce: int, tip_gwei: int = 1, value: int = 1) -> Transaction:
    unsigned = UnsignedTransaction(CHAIN_ID, nonce, 21_000, RECEIVER, value, b"", 100 * GWEI, tip_gwei * GWEI)
    return sign_transaction(unsigned, DEV_PRIVATE_KEYS[account])


class Rig:
    """A producer with everything under it."""

    def __init__(self, folder: Path, config: ProducerConfig) -> None:
        clock = SystemClock()
        genesis = dev_genesis(CHAIN_ID, int(clock.now()) - 10)
        self.store = Store(folder / "db")
        self.engine = PyEvmEngine(genesis.config)
        create_chain(self.store, build_genesis(genesis))
        self.chain = Chain(self.store, self.engine, genesis.config, sync=False)
        self.pool = Mempool(self.chain, genesis.config, clock)
        self.blocks: list[Block] = []
        self.chain.on_head(self._moved)
        self.worker = Worker()
        self.plan = DevL1Plan(genesis.gas_limit, RECEIVER, b"seed")
        self.producer = Producer(self.chain, self.engine, self.pool, self.plan, self.worker, clock, config)

    def _moved(self, event: NewHead) -> None:
        self.blocks.extend(event.added)
        self.pool.on_new_head(event.removed, event.added)

    async def until(self, condition: Callable[[], bool]) -> None:
        for _ in range(1000):
            if condition():
                return
            await asyncio.sleep(0.02)
        raise AssertionError(f"never came true; {len(self.blocks)} blocks, {self.pool.pending_count} waiting")

    def mined(self) -> list[Transaction]:
        return [tx for block in self.blocks for tx in block.transactions]


@asynccontextmanager
async def producing(folder: Path, config: ProducerConfig, *waiting: Transaction) -> AsyncIterator[Rig]:
    """A running producer; `waiting` is in the pool before it starts."""
    rig = Rig(folder, config)
    for tx in waiting:
        rig.pool.add(tx.raw)
    task = asyncio.create_task(rig.producer.run())
    try:
        yield rig
        assert not task.done(), task.exception() if task.done() else None
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        rig.worker.close()
        rig.store.close()


async def test_blocks_hold_what_the_pool_has_best_tip_first_and_nonces_in_order(tmp_path: Path) -> None:
    waiting = (payment(0, 0, tip_gwei=1), payment(1, 0, tip_gwei=5), payment(0, 1, tip_gwei=9), payment(2, 0, 3))
    async with producing(tmp_path, ProducerConfig(0.1), *waiting) as rig:
        await rig.until(lambda: len(rig.mined()) == 4)
        assert [(DEV_ACCOUNTS.index(tx.sender), tx.nonce) for tx in rig.mined()] == [(1, 0), (2, 0), (0, 0), (0, 1)]


async def test_transactions_that_come_while_a_block_is_open_go_into_it_or_the_next(tmp_path: Path) -> None:
    async with producing(tmp_path, ProducerConfig(0.1)) as rig:
        for nonce in range(30):
            rig.pool.add(payment(0, nonce).raw)
            await asyncio.sleep(0.005)
        await rig.until(lambda: len(rig.mined()) == 30)
        assert [tx.nonce for tx in rig.mined()] == list(range(30))


async def test_a_transaction_that_turns_out_invalid_is_dropped_and_the_block_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pool judges by the head; inside a block a transaction may still fail, e.g. for funds spent by a contract."""
    refused = payment(1, 0, tip_gwei=9)
    add = PyEvmBuilder.add

    def add_unless_refused(builder: PyEvmBuilder, tx: Transaction) -> Receipt:
        if tx.hash == refused.hash:
            raise InvalidTransaction(TxError.INSUFFICIENT_ACCOUNT_FUNDS)
        return add(builder, tx)

    monkeypatch.setattr(PyEvmBuilder, "add", add_unless_refused)
    async with producing(tmp_path, ProducerConfig(0.1)) as rig:
        rig.pool.add(refused.raw)
        rig.pool.add(payment(0, 0).raw)
        await rig.until(lambda: len(rig.mined()) == 1)
        await rig.until(lambda: rig.pool.get(refused.hash) is None)
        assert rig.mined() == [payment(0, 0)]


async def test_without_empty_blocks_a_block_waits_for_a_transaction(tmp_path: Path) -> None:
    async with producing(tmp_path, ProducerConfig(0.1, empty_blocks=False, max_idle_seconds=3600)) as rig:
        await asyncio.sleep(0.5)
        assert rig.blocks == []
        rig.pool.add(payment(0, 0).raw)
        await rig.until(lambda: len(rig.mined()) == 1)
        assert all(block.transactions for block in rig.blocks)


async def test_an_idle_chain_still_makes_a_block_now_and_then(tmp_path: Path) -> None:
    # The genesis is ten seconds old, so the first heartbeat is due at once.
    async with producing(tmp_path, ProducerConfig(0.1, empty_blocks=False, max_idle_seconds=5)) as rig:
        await rig.until(lambda: len(rig.blocks) == 1)
        assert rig.blocks[0].transactions == ()


async def test_a_block_stays_below_what_the_data_layer_takes(tmp_path: Path) -> None:
    size = len(payment(0, 0).raw)
    limit = block_size(3, [size + 2] * 3)
    async with producing(tmp_path, ProducerConfig(0.1, max_block_bytes=limit)) as rig:
        for nonce in range(10):
            rig.pool.add(payment(0, nonce).raw)
        await rig.until(lambda: len(rig.mined()) == 10)
        sizes = [block_size(len(b.transactions), [len(tx.raw) for tx in b.transactions]) for b in rig.blocks]
        assert max(sizes) <= limit
        assert max(len(block.transactions) for block in rig.blocks) == 3


async def test_an_open_block_is_dropped_when_the_chain_moves_and_loses_no_transaction(tmp_path: Path) -> None:
    async with producing(tmp_path, ProducerConfig(0.5)) as rig:
        await rig.until(lambda: rig.producer.pending_block() is not None)
        rig.pool.add(payment(0, 0).raw)
        head = rig.chain.head()
        attributes = BlockAttributes(head.timestamp + 1, RECEIVER, head.gas_limit)
        builder = rig.engine.begin_block(head, attributes, rig.chain.state_at(head), lambda number: None)
        await rig.worker.run(rig.chain.append, builder.seal())
        await rig.until(lambda: len(rig.mined()) == 1)
        numbers = [block.number for block in rig.blocks]
        assert numbers == list(range(1, len(numbers) + 1))


async def test_what_is_pending_can_be_seen_before_the_tick(tmp_path: Path) -> None:
    async with producing(tmp_path, ProducerConfig(1.0)) as rig:
        rig.pool.add(payment(0, 0).raw)

        def open_block_holds_it() -> bool:
            builder = rig.producer.pending_block()
            return builder is not None and len(builder.transactions) == 1

        await rig.until(open_block_holds_it)
        assert rig.pool.get(payment(0, 0).hash) is not None, "the pool lets go only when the block is on the chain"
