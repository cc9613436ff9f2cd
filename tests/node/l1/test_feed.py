"""What lies ahead is read while a block is derived: in order, within bounds, never instead of what L1 says now."""

import asyncio
from collections.abc import Sequence

import pytest

from node.l1 import feed as module
from node.l1.feed import AHEAD_BLOCKS, L1Feed
from node.l1.inputs import L1Position
from protocol.errors import Retry
from protocol.l1 import L1BlockRef
from tests.node.scripted_l1 import ScriptedL1


class World:
    """A feed over a scripted L1, which stands at genesis; `heard` is what it read ahead."""

    def __init__(self) -> None:
        self.l1 = ScriptedL1()
        self.heard: list[tuple[L1BlockRef, Sequence[bytes]]] = []
        self.feed = L1Feed(self.l1, self.l1, lambda ref, data: self.heard.append((ref, data)))
        self.genesis = self.l1.refs[0]

    async def look_ahead(self, ref: L1BlockRef | None = None) -> None:
        """From behind `ref` (genesis) to L1's head, as far as it goes by itself."""
        ref = ref or self.genesis
        self.feed.begin_after(ref, self.l1.position(ref), self.l1.head.number)
        for _ in range(4 * AHEAD_BLOCKS):
            await asyncio.sleep(0)

    async def read(self, ref: L1BlockRef) -> list[bytes]:
        before = self.l1.refs[self.l1.refs.index(ref) - 1]
        return (await self.feed.read(ref, self.l1.position(before)))[1]


@pytest.fixture
def world() -> World:
    return World()


async def test_a_batch_behind_blocks_without_one_is_read_ahead(world: World) -> None:
    refs = [world.l1.mine() for _ in range(5)] + [world.l1.mine(batches=(b"batch",))]
    await world.look_ahead()
    assert world.heard == [(ref, []) for ref in refs[:5]] + [(refs[5], [b"batch"])]
    world.l1.down = True
    assert [await world.read(ref) for ref in refs] == [[], [], [], [], [], [b"batch"]], "nothing is asked again"


async def test_so_many_blocks_are_ahead_and_one_that_is_taken_makes_room(world: World) -> None:
    refs = [world.l1.mine() for _ in range(AHEAD_BLOCKS + 2)]
    await world.look_ahead()
    assert len(world.heard) == AHEAD_BLOCKS
    await world.read(refs[0])
    await world.look_ahead(refs[0])
    assert [ref for ref, _data in world.heard] == refs[: AHEAD_BLOCKS + 1]


async def test_so_many_bytes_are_ahead_and_those_that_are_taken_make_room(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AHEAD_BYTES", 100)
    refs = [world.l1.mine(batches=(bytes([number]) * 60,)) for number in range(4)]
    await world.look_ahead()
    assert len(world.heard) == 2
    await world.read(refs[0])
    await world.look_ahead(refs[0])
    assert [ref for ref, _data in world.heard] == refs[:3]


async def test_nothing_beyond_the_head_is_asked_for(world: World) -> None:
    first = world.l1.mine()
    await world.look_ahead()
    await world.read(first)
    second = world.l1.mine(batches=(b"later",))
    assert await world.read(second) == [b"later"]
    assert [ref for ref, _data in world.heard] == [first]


async def test_what_l1_took_back_is_not_served(world: World) -> None:
    world.l1.mine(batches=(b"old",))
    world.l1.mine(batches=(b"old too",))
    await world.look_ahead()
    world.l1.rollback(2)
    refs = [world.l1.mine(batches=(b"new",), salt=b"other"), world.l1.mine(batches=(b"new too",))]
    assert [await world.read(ref) for ref in refs] == [[b"new"], [b"new too"]]


async def test_a_reorg_while_reading_ahead_ends_it(world: World) -> None:
    first = world.l1.mine()
    world.l1.mine(batches=(b"old",))
    stranger = ScriptedL1()
    stranger.mine(salt=b"another")
    world.l1.refs[2] = stranger.mine(batches=(b"of another chain",))
    await world.look_ahead()
    assert [ref for ref, _data in world.heard] == [first]


async def test_withheld_data_is_told_in_its_turn_and_read_once_it_is_served(world: World) -> None:
    first, second = world.l1.mine(), world.l1.mine(batches=(b"kept back",))
    third = world.l1.mine(batches=(b"behind it",))
    (key,) = [key for key, data in world.l1.served.items() if data == b"kept back"]
    world.l1.withheld.add(key)
    await world.look_ahead()
    assert [ref for ref, _data in world.heard] == [first]
    await world.read(first)
    await world.look_ahead(first)
    with pytest.raises(Retry, match=f"L1 block {second.number}: the layer has not served it"):
        await world.read(second)
    world.l1.withheld.clear()
    assert await world.read(second) == [b"kept back"]
    await world.look_ahead(second)
    assert world.heard[-1] == (third, [b"behind it"])


async def test_another_position_than_it_was_read_from_is_read_anew(world: World) -> None:
    ref = world.l1.mine(batches=(b"batch",))
    await world.look_ahead()
    world.l1.left_out.add(ref.hash)
    inputs, data = await world.feed.read(ref, L1Position(batches=7))
    assert (inputs.position, data) == (L1Position(batches=7), []), "as L1 answers now"


async def test_what_is_forgotten_is_read_anew(world: World) -> None:
    ref = world.l1.mine(batches=(b"batch",))
    await world.look_ahead()
    world.feed.forget()
    world.l1.down = True
    with pytest.raises(Retry):
        await world.read(ref)
