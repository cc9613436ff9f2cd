"""The driver against an L1 written by hand: waiting, going back, starting again, and never trusting the sequencer."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genesis.dev import DEV_ACCOUNTS, DEV_BALANCE, DEV_PRIVATE_KEYS
from node.chain import Chain
from node.clock import SystemClock
from node.driver import Driver
from node.rollup import Rollup, new_rollup, rollup_chain_config
from node.rollup_start import open_rollup
from node.store import Store
from node.worker import Worker
from protocol.batch import Batch, BlockClaim, encode_batch
from protocol.crypto import keccak
from protocol.derivation import next_payload, tip_of
from protocol.engine import execute_payload
from protocol.errors import Halt, Retry
from protocol.l1 import L1BlockRef
from protocol.rollup import l1_origin_of
from protocol.signing import UnsignedTransaction, sign_transaction
from protocol.transaction import DEPOSIT, deposit_transaction
from protocol.types import Address, Hash32
from tests.node.scripted_l1 import GENESIS_TIME, ScriptedL1
from vm.pyevm.engine import PyEvmEngine

CHAIN_ID = 71717
RECEIVER = Address(b"\xaa" * 20)


def payment(nonce: int, account: int = 0) -> bytes:
    unsigned = UnsignedTransaction(CHAIN_ID, nonce, 21_000, RECEIVER, 1, b"", 10**11, 10**9)
    return sign_transaction(unsigned, DEV_PRIVATE_KEYS[account]).raw


def deposit(seed: bytes, value: int = 5) -> bytes:
    sender = Address(keccak(seed)[12:])
    return deposit_transaction(Hash32(keccak(seed)), sender, RECEIVER, value, value, 100_000, b"").raw


def batch(first: int, *claims: BlockClaim) -> bytes:
    return encode_batch(Batch(first, claims))


class Node:
    """A driver with its store in a folder, startable again on the same folder."""

    def __init__(self, folder: Path, l1: ScriptedL1, rollup: Rollup, *, keep_unsafe: bool = False) -> None:
        self.l1, self.rollup, self.folder, self.keep_unsafe = l1, rollup, folder, keep_unsafe
        self.open()

    def open(self) -> None:
        self.store = Store(self.folder / "db")
        open_rollup(self.store, self.rollup)
        self.engine = PyEvmEngine(self.rollup.config.chain)
        self.chain = Chain(self.store, self.engine, self.rollup.config.chain, sync=False)
        self.worker = Worker()
        self.driver = Driver(
            self.rollup.config,
            self.chain,
            self.engine,
            self.l1,
            self.l1,
            self.worker,
            SystemClock(),
            keep_unsafe=self.keep_unsafe,
        )

    def close(self) -> None:
        self.worker.close()
        self.store.close()

    def catch_up(self) -> None:
        async def steps() -> None:
            for _ in range(1000):
                if not await self.driver.step():
                    return
            raise AssertionError("the driver never comes to rest")

        asyncio.run(steps())

    def build_unsafe(self, *transactions: bytes, seconds: int = 2) -> None:
        """What a sequencer does: one block on the head, from the newest L1 block it knows."""
        head, window = self.chain.head(), self.driver.l1_window
        claim = BlockClaim(head.timestamp + seconds, window.newest.number, transactions)
        payload = next_payload(
            self.rollup.config, tip_of(self.rollup.config, head), claim, window, window.newest.number
        )
        assert payload is not None
        state = self.chain.state_at(head)
        self.chain.append(
            execute_payload(self.engine, head, payload, state, lambda n: self.chain.ancestor_hash(head, n))
        )

    def hashes(self) -> list[Hash32 | None]:
        return [self.chain.canonical_hash(n) for n in range(self.chain.head().number + 1)]

    def balance(self, address: Address) -> int:
        account = self.chain.head_state().account(address)
        return 0 if account is None else account.balance

    def nonce(self, index: int) -> int:
        account = self.chain.head_state().account(DEV_ACCOUNTS[index])
        return 0 if account is None else account.nonce

    def claims(self) -> list[BlockClaim]:
        blocks = [self.chain.block(block_hash) for block_hash in self.hashes()[1:] if block_hash is not None]
        return [
            BlockClaim(
                block.header.timestamp,
                l1_origin_of(block.header),
                tuple(tx.raw for tx in block.transactions if tx.type != DEPOSIT),
            )
            for block in blocks
            if block is not None
        ]


def rollup_on(l1: ScriptedL1, window: int = 10) -> Rollup:
    rollup = new_rollup(
        chain=rollup_chain_config(CHAIN_ID),
        l1_chain_id=1,
        l1_genesis=l1.refs[0],
        inbox_address=Address(b"\x01" * 20),
        accounts=dict.fromkeys(DEV_ACCOUNTS, DEV_BALANCE),
        block_time_milliseconds=2000,
        gas_limit=30_000_000,
        da_layer="calldata",
    )
    return replace(rollup, config=replace(rollup.config, sequencing_window=window))


@pytest.fixture
def l1() -> ScriptedL1:
    return ScriptedL1()


@pytest.fixture
def verifier(tmp_path: Path, l1: ScriptedL1) -> Iterator[Node]:
    node = Node(tmp_path / "verifier", l1, rollup_on(l1))
    yield node
    node.close()


@pytest.fixture
def sequencer(tmp_path: Path, l1: ScriptedL1) -> Iterator[Node]:
    node = Node(tmp_path / "sequencer", l1, rollup_on(l1), keep_unsafe=True)
    yield node
    node.close()


def test_a_batch_on_l1_becomes_the_safe_chain(verifier: Node, l1: ScriptedL1) -> None:
    l1.mine(batches=(batch(1, BlockClaim(GENESIS_TIME + 2, 50, (payment(0), payment(1)))),))
    verifier.catch_up()
    assert verifier.chain.safe_head() == verifier.chain.head()
    assert verifier.chain.safe_head().number == 1
    assert verifier.balance(RECEIVER) == 2


def test_an_invalid_transaction_in_a_batch_leaves_no_trace(verifier: Node, l1: ScriptedL1) -> None:
    claim = BlockClaim(GENESIS_TIME + 2, 50, (b"\xff", payment(7), payment(0), deposit(b"forged"), payment(0)))
    l1.mine(batches=(batch(1, claim),))
    verifier.catch_up()
    block = verifier.chain.block(verifier.chain.head().hash)
    assert block is not None
    assert [tx.raw for tx in block.transactions] == [payment(0)]


def test_a_driver_that_is_stopped_leaves_nothing_reading(verifier: Node, l1: ScriptedL1) -> None:
    for number in range(3):
        l1.mine(batches=(batch(1 + number, BlockClaim(GENESIS_TIME + 12 * number + 2, 50, (payment(number),))),))

    async def stop_while_reading_ahead() -> set[str]:
        held = asyncio.Event()
        asked = asyncio.Event()
        block = l1.block

        async def slow_block(number: int) -> L1BlockRef | None:
            if number == l1.head.number:  # asked for only by who reads ahead, as long as the first is derived
                asked.set()
                await held.wait()
            return await block(number)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(l1, "block", slow_block)
            run = asyncio.create_task(verifier.driver.run())
            await asked.wait()
            run.cancel()
            await asyncio.gather(run, return_exceptions=True)
        await asyncio.sleep(0)
        return {task.get_name() for task in asyncio.all_tasks() - {asyncio.current_task()}}

    assert asyncio.run(stop_while_reading_ahead()) == set()


def test_withheld_data_holds_the_safe_head_and_says_so(verifier: Node, l1: ScriptedL1) -> None:
    data = batch(1, BlockClaim(GENESIS_TIME + 2, 50, (payment(0),)))
    l1.withheld.add(keccak(data))
    l1.mine(batches=(data,))
    with pytest.raises(Retry, match="batch data committed in L1 block 51: the layer has not served it"):
        verifier.catch_up()
    assert verifier.chain.head().number == 0
    l1.withheld.clear()
    verifier.catch_up()
    assert verifier.balance(RECEIVER) == 1


def test_deposits_are_executed_though_no_batch_ever_comes(verifier: Node, l1: ScriptedL1) -> None:
    l1.mine(deposits=(deposit(b"forced", 9),))
    for _ in range(9):
        l1.mine()
    verifier.catch_up()
    assert verifier.balance(RECEIVER) == 0
    l1.mine()
    verifier.catch_up()
    assert verifier.balance(RECEIVER) == 9
    assert verifier.chain.safe_head().number == 1


def test_events_that_an_endpoint_left_out_are_read_once_it_tells_them(verifier: Node, l1: ScriptedL1) -> None:
    l1.mine(deposits=(deposit(b"first", 1),))
    left_out = l1.mine(deposits=(deposit(b"left out", 2),))
    l1.left_out.add(left_out.hash)
    l1.mine()
    verifier.catch_up()
    assert verifier.driver.processed == l1.head
    l1.mine(deposits=(deposit(b"third", 4),))
    for _attempt in range(2):
        with pytest.raises(Retry, match="left out events before block 54"):
            verifier.catch_up()
    assert verifier.driver.processed.number < left_out.number, "what stands on the gap is given up"
    l1.left_out.clear()
    for _ in range(12):
        l1.mine()
    verifier.catch_up()
    assert verifier.balance(RECEIVER) == 7


def test_nothing_is_derived_behind_events_that_are_missing(verifier: Node, l1: ScriptedL1) -> None:
    l1.left_out.add(l1.mine(deposits=(deposit(b"left out", 2),)).hash)
    claim = BlockClaim(GENESIS_TIME + 2, 50, (payment(0),))
    l1.mine(batches=(batch(1, claim),))
    with pytest.raises(Retry, match="left out events"):
        verifier.catch_up()
    assert verifier.chain.safe_head().number == 0


def test_a_restart_remembers_the_counts(verifier: Node, l1: ScriptedL1) -> None:
    l1.mine(deposits=(deposit(b"first", 1),), batches=(batch(1, BlockClaim(GENESIS_TIME + 2, 50, (payment(0),))),))
    verifier.catch_up()
    verifier.close()
    verifier.open()
    l1.left_out.add(l1.mine(deposits=(deposit(b"left out", 2),)).hash)
    l1.mine(deposits=(deposit(b"third", 4),))
    with pytest.raises(Retry, match="left out events before block 53"):
        verifier.catch_up()


def with_no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object) -> None:
        raise AssertionError("a block was executed")

    monkeypatch.setattr(PyEvmEngine, "begin_block", refuse)


def test_a_sequencers_own_block_becomes_safe_without_being_executed_again(
    sequencer: Node, l1: ScriptedL1, monkeypatch: pytest.MonkeyPatch
) -> None:
    sequencer.catch_up()
    sequencer.build_unsafe(payment(0))
    sequencer.build_unsafe(payment(1))
    before = sequencer.hashes()
    with_no_engine(monkeypatch)
    l1.mine(batches=(batch(1, *sequencer.claims()),))
    sequencer.catch_up()
    assert sequencer.hashes() == before
    assert sequencer.chain.safe_head().number == 2


def test_an_unsafe_block_that_l1_contradicts_is_replaced_and_what_followed_is_built_again(
    sequencer: Node, l1: ScriptedL1
) -> None:
    sequencer.catch_up()
    sequencer.build_unsafe(payment(0))
    sequencer.build_unsafe(payment(1))
    other = batch(1, BlockClaim(GENESIS_TIME + 2, 50, (payment(0, account=1),)))
    l1.mine(batches=(other,))
    sequencer.catch_up()
    assert sequencer.chain.safe_head().number == 1
    assert [sequencer.nonce(index) for index in (0, 1)] == [2, 1], "the displaced payments were not lost"
    assert sequencer.driver.settled


def test_an_l1_reorg_moves_the_sequencers_blocks_to_the_new_l1(sequencer: Node, verifier: Node, l1: ScriptedL1) -> None:
    for _ in range(5):
        l1.mine()
    sequencer.catch_up()
    for nonce in range(4):
        sequencer.build_unsafe(payment(nonce))
    l1.mine(batches=(batch(1, *sequencer.claims()),))
    sequencer.catch_up()
    verifier.catch_up()
    old = sequencer.hashes()
    assert verifier.hashes() == old

    l1.rollback(5)
    for _ in range(6):
        l1.mine(salt=b"other")
    sequencer.catch_up()
    verifier.catch_up()
    assert verifier.chain.head().number == 0, "no batch is on the new L1 yet"
    assert sequencer.balance(RECEIVER) == 4
    assert set(sequencer.hashes()[1:]).isdisjoint(old[1:])
    origin = sequencer.chain.head().parent_beacon_block_root
    assert origin in [ref.hash for ref in l1.refs]

    l1.mine(batches=(batch(1, *sequencer.claims()),))
    sequencer.catch_up()
    verifier.catch_up()
    assert verifier.hashes() == sequencer.hashes()
    assert sequencer.chain.safe_head() == sequencer.chain.head()


def test_finality_follows_l1s_and_a_reorg_below_it_halts(verifier: Node, l1: ScriptedL1) -> None:
    l1.mine(batches=(batch(1, BlockClaim(GENESIS_TIME + 2, 50, (payment(0),))),))
    l1.mine()
    l1.finalized = 51
    verifier.catch_up()
    assert verifier.chain.finalized_head().number == 1
    l1.rollback(2)
    l1.mine(salt=b"impossible")
    with pytest.raises(Halt, match="reorganised below its own finality"):
        verifier.catch_up()


def test_l1_down_changes_nothing(verifier: Node, l1: ScriptedL1) -> None:
    l1.mine(batches=(batch(1, BlockClaim(GENESIS_TIME + 2, 50, (payment(0),))),))
    l1.down = True
    with pytest.raises(Retry):
        verifier.catch_up()
    l1.down = False
    verifier.catch_up()
    assert verifier.chain.safe_head().number == 1


@dataclass(frozen=True)
class Event:
    """One thing that happens to L1 or to the node; `number` and `data` are for the kinds that need them."""

    kind: str
    number: int = 0
    data: bytes = b""


histories = st.lists(
    st.one_of(
        st.builds(Event, st.just("mine"), st.integers(0, 3)),
        st.builds(Event, st.just("deposit")),
        st.builds(Event, st.just("batch"), st.integers(1, 3)),
        st.builds(Event, st.just("junk"), data=st.binary(max_size=60)),
        st.builds(Event, st.just("reorg"), st.integers(1, 6)),
        st.builds(Event, st.just("restart")),
        st.builds(Event, st.just("follow")),
    ),
    min_size=1,
    max_size=25,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(histories)
def test_after_any_history_a_node_holds_what_a_fresh_one_derives(
    tmp_path_factory: pytest.TempPathFactory, history: list[Event]
) -> None:
    l1 = ScriptedL1()
    rollup = rollup_on(l1, window=6)
    old = Node(tmp_path_factory.mktemp("old"), l1, rollup)
    nonce = 0
    for salt, event in enumerate(history):
        mark = salt.to_bytes(2, "big")
        match event.kind:
            case "mine":
                for _ in range(event.number):
                    l1.mine(salt=mark)
            case "deposit":
                l1.mine(deposits=(deposit(mark),), salt=mark)
            case "batch":
                claims = []
                for _ in range(event.number):
                    claims.append(BlockClaim(l1.head.timestamp + 2 * nonce, l1.head.number, (payment(nonce),)))
                    nonce += 1
                l1.mine(batches=(batch(old.chain.safe_head().number + 1, *claims),), salt=mark)
            case "junk":
                l1.mine(batches=(event.data,), salt=mark)
            case "reorg":
                l1.rollback(min(event.number, len(l1.refs) - 1))
                l1.mine(salt=mark)
            case "restart":
                old.close()
                old.open()
            case _:
                old.catch_up()
    old.catch_up()
    fresh = Node(tmp_path_factory.mktemp("fresh"), l1, rollup)
    fresh.catch_up()
    try:
        assert old.hashes() == fresh.hashes()
        assert old.chain.safe_head() == fresh.chain.safe_head() == old.chain.head()
    finally:
        old.close()
        fresh.close()
