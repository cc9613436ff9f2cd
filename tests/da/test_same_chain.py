"""The chain does not depend on where its data lies: each layer yields the same blocks, and withheld or wrong data holds
the safe head, is told, and changes nothing once it is served."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from da.adapter import Commitment
from da.calldata import Calldata
from da.table import DataLayers
from node.chain import Chain
from node.clock import SystemClock
from node.driver import Driver
from node.l1.feed import BatchSource
from node.l1.inputs import L1Inputs, L1Position
from node.rollup_start import open_rollup
from node.store import Store
from node.worker import Worker
from protocol.batch import BlockClaim
from protocol.l1 import L1BlockRef
from protocol.types import Hash32
from tests.da.server import Mood
from tests.da.worlds import WORLDS, World
from tests.node.scripted_l1 import GENESIS_TIME, ScriptedL1
from tests.node.test_driver import batch, deposit, payment, rollup_on
from vm.pyevm.engine import PyEvmEngine

BLOCKS = 8


@dataclass
class OtherCommitments(ScriptedL1):
    """A script whose batches went to a data layer: what its inbox holds are that layer's commitments."""

    commitments: dict[Hash32, tuple[Commitment, ...]] = field(default_factory=dict)

    async def inputs(self, ref: L1BlockRef, before: L1Position) -> L1Inputs:
        inputs = await super().inputs(ref, before)
        return replace(inputs, commitments=self.commitments.get(ref.hash, inputs.commitments))


def scripted() -> OtherCommitments:
    """Deposits, transfers, an invalid transaction, an empty L1 block, rubbish, and blocks that overlap."""
    l1 = OtherCommitments()
    claims = [BlockClaim(GENESIS_TIME + 2 * n, 50, (payment(n - 1),)) for n in range(1, BLOCKS + 1)]
    l1.mine(deposits=(deposit(b"first"),), batches=(batch(1, *claims[:2]),))
    l1.mine(batches=(batch(3, replace(claims[2], transactions=(b"\xff", *claims[2].transactions))), b"rubbish"))
    l1.mine()
    l1.mine(batches=(batch(3, *claims[2:5]), batch(6, claims[5])), deposits=(deposit(b"second"),))
    l1.mine(batches=(batch(7, *claims[6:]),))
    return l1


async def post(l1: OtherCommitments, world_of: Callable[[int], World]) -> None:
    """Publish every batch of the script, the n-th in the world that `world_of` gives."""
    count = 0
    for ref in l1.refs:
        posted = []
        for data in l1.batches.get(ref.hash, ()):
            posted.append(await world_of(count).publish(data, ref))
            count += 1
        l1.commitments[ref.hash] = tuple(posted)


class Verifier:
    """A driver that reads through `layers`, on a store of its own."""

    def __init__(self, folder: Path, l1: ScriptedL1, layers: BatchSource) -> None:
        rollup = rollup_on(l1)
        self.l1 = l1
        self.store = Store(folder / "db")
        open_rollup(self.store, rollup)
        engine = PyEvmEngine(rollup.config.chain)
        self.chain = Chain(self.store, engine, rollup.config.chain, sync=False)
        self.worker = Worker()
        self.done: list[L1BlockRef] = []
        self.driver = Driver(
            rollup.config,
            self.chain,
            engine,
            l1,
            layers,
            self.worker,
            SystemClock(),
            poll_seconds=0.01,
            fetch_seconds=2.0,
            on_l1_block=lambda record: self.done.append(record.block.ref),
        )

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not condition():  # noqa: ASYNC110 - what it waits for is the driver's own state
                await asyncio.sleep(0.01)

    async def until_done(self) -> list[Hash32 | None]:
        """All that L1 carries, derived: the hash of each block."""
        await self.until(lambda: self.done[-1:] == [self.l1.head])
        return [self.chain.canonical_hash(number) for number in range(self.chain.safe_head().number + 1)]

    def close(self) -> None:
        self.worker.close()
        self.store.close()


async def derived(folder: Path, l1: ScriptedL1, layers: BatchSource) -> list[Hash32 | None]:
    """The chain that a fresh verifier makes of it."""
    verifier = Verifier(folder, l1, layers)
    running = asyncio.create_task(verifier.driver.run())
    try:
        return await verifier.until_done()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        verifier.close()


@pytest.fixture
def worlds(tmp_path: Path) -> Iterator[dict[str, World]]:
    """One of each layer."""
    with ExitStack() as stack:
        made: dict[str, World] = {}
        for name, make in WORLDS.items():
            enter: Any = make
            made[name] = stack.enter_context(enter(tmp_path / name))
        yield made


async def test_every_layer_yields_the_same_blocks_and_so_does_a_mixture(
    worlds: dict[str, World], tmp_path: Path
) -> None:
    chains = {}
    for name, world in worlds.items():
        l1 = scripted()
        await post(l1, lambda _n, world=world: world)  # type: ignore[misc]
        used = {commitment[0] for posted in l1.commitments.values() for commitment in posted}
        assert used == {world.layer.layer}
        chains[name] = await derived(tmp_path / f"chain of {name}", l1, DataLayers([world.layer]))

    mixed, order = scripted(), [world for name, world in worlds.items() if "generic" not in name]
    await post(mixed, lambda n: order[n % len(order)])
    used = {commitment[0] for posted in mixed.commitments.values() for commitment in posted}
    assert used == {0, 1, 2, 3, 4}
    chains["mixed"] = await derived(tmp_path / "mixed", mixed, DataLayers([world.layer for world in order]))

    direct = scripted()  # its commitments are hashes, and it serves the data itself
    expected = await derived(tmp_path / "direct", direct, direct)
    assert len(expected) == BLOCKS + 1
    assert None not in expected
    assert chains == dict.fromkeys(chains, expected)


WITHHELD = [Mood.MISSING, Mood.REFUSING, Mood.SILENT, Mood.BREAKING, Mood.LYING]


@pytest.mark.parametrize("name", [name for name in WORLDS if name not in ("calldata", "file", "alt-da, generic")])
async def test_withheld_or_wrong_data_holds_the_safe_head_is_told_and_changes_nothing(
    worlds: dict[str, World], tmp_path: Path, name: str
) -> None:
    world = worlds[name]
    assert world.server is not None
    l1 = scripted()
    await post(l1, lambda _n: world)
    expected = await derived(tmp_path / "untroubled", l1, DataLayers([world.layer]))
    for mood in WITHHELD:
        verifier = Verifier(tmp_path / mood.name, l1, DataLayers([world.layer]))
        world.server.mood = mood
        running = asyncio.create_task(verifier.driver.run())
        try:
            first = f"batch data committed in L1 block {l1.refs[1].number}: "
            await verifier.until(lambda: (verifier.driver.status().waiting_for or "").startswith(first))  # noqa: B023
            asked = world.server.asked
            await verifier.until(lambda: world.server.asked > asked + 3)  # type: ignore[union-attr]  # noqa: B023
            assert verifier.chain.head().number == 0
            assert not running.done()
            world.server.mood = Mood.HONEST
            assert await verifier.until_done() == expected
            assert verifier.driver.status().waiting_for is None
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            verifier.close()


async def test_a_file_that_is_damaged_holds_the_safe_head_until_it_is_mended(
    worlds: dict[str, World], tmp_path: Path
) -> None:
    world = worlds["file"]
    l1 = scripted()
    await post(l1, lambda _n: world)
    assert world.damage is not None
    world.damage()
    verifier = Verifier(tmp_path / "verifier", l1, DataLayers([world.layer, Calldata()]))
    running = asyncio.create_task(verifier.driver.run())
    try:
        await verifier.until(lambda: "holds something else" in (verifier.driver.status().waiting_for or ""))
        assert verifier.chain.head().number == 0
        await post(l1, lambda _n: world)
        assert len(await verifier.until_done()) == BLOCKS + 1
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        verifier.close()
