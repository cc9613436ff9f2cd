"""Which layer takes a batch when some do not, and at what pace they are asked."""

import asyncio
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from da.adapter import Commitment, Unreachable, check_size
from da.blob import Blobs
from da.calldata import Calldata
from da.fallback import FallBack
from protocol.errors import Reject, Retry
from protocol.l1 import L1BlockRef


@dataclass
class Layer:
    """Takes data as long as it is up; knows how often it was asked."""

    layer: int
    is_up: bool = True
    max_bytes: int = 100
    asked: int = 0

    async def submit(self, data: bytes) -> Commitment:
        check_size("test", data, self.max_bytes)
        self.asked += 1
        if not self.is_up:
            raise Unreachable(f"layer {self.layer} is down")
        return Commitment(bytes((self.layer,)) + data)

    def sidecar(self, commitment: Commitment) -> None:
        raise AssertionError("not asked for in these tests")

    async def fetch(self, commitment: Commitment, posted: L1BlockRef) -> bytes:
        raise AssertionError("nobody reads through the order")


@dataclass
class World:
    """Three layers in order, and a clock that moves when somebody sleeps."""

    layers: list[Layer] = field(default_factory=lambda: [Layer(3), Layer(4), Layer(0)])
    time: float = 1_000.0
    slept: list[float] = field(default_factory=list)
    jitter: float = 0.5

    def __post_init__(self) -> None:
        self.order = FallBack(
            [(f"layer {layer.layer}", layer) for layer in self.layers],
            rest_seconds=60,
            sleep=self.sleep,
            now=lambda: self.time,
            jitter=lambda: self.jitter,
        )

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds

    async def taken_by(self) -> int:
        return (await self.order.submit(b"data"))[0]


async def test_the_first_layer_takes_the_data_while_it_can() -> None:
    world = World()
    assert [await world.taken_by() for _ in range(3)] == [3, 3, 3]
    assert [layer.asked for layer in world.layers] == [3, 0, 0]


async def test_the_next_layer_takes_over_after_three_attempts() -> None:
    world = World()
    world.layers[0].is_up = False
    assert await world.taken_by() == 4
    assert [layer.asked for layer in world.layers] == [3, 1, 0]
    assert world.slept == [0.25, 0.5]


@given(jitter=st.floats(0, 1, exclude_max=True))
def test_pauses_grow_and_are_spread(jitter: float) -> None:
    world = World(jitter=jitter)
    world.layers[0].is_up = False
    asyncio.run(world.taken_by())
    assert world.slept == [0.25 * (0.5 + jitter), 0.5 * (0.5 + jitter)]


async def test_a_layer_that_is_down_is_left_alone_for_a_while_and_then_tried_again() -> None:
    world = World()
    world.layers[0].is_up = False
    await world.taken_by()
    assert [await world.taken_by() for _ in range(5)] == [4] * 5
    assert world.layers[0].asked == 3
    world.layers[0].is_up = True
    world.time += 60
    assert await world.taken_by() == 3


async def test_when_none_takes_the_data_the_last_failure_is_told_and_the_last_is_always_tried() -> None:
    world = World()
    for layer in world.layers:
        layer.is_up = False
    for _ in range(3):
        with pytest.raises(Retry, match="layer 0 is down"):
            await world.taken_by()
    assert [layer.asked for layer in world.layers] == [3, 3, 9]
    world.layers[2].is_up = True
    assert await world.taken_by() == 0


async def test_data_that_fits_no_layer_is_rejected_without_trying_the_others() -> None:
    world = World()
    with pytest.raises(Reject, match="takes 1 to 100 bytes"):
        await world.order.submit(bytes(101))
    assert world.slept == []


def test_what_is_published_must_fit_the_smallest_layer() -> None:
    assert FallBack([("a", Layer(1, max_bytes=10)), ("b", Layer(2, max_bytes=7))]).max_bytes == 7


async def test_the_sidecar_is_that_of_the_layer_that_took_the_data() -> None:
    blobs = Blobs("http://127.0.0.1:1", has_cell_proofs=False)
    order = FallBack([("blob", blobs), ("calldata", Calldata())])
    commitment = await order.submit(b"data")
    assert commitment[0] == 2
    assert order.sidecar(commitment) is blobs.sidecar(commitment) is not None
    assert order.sidecar(await Calldata().submit(b"data")) is None
    assert order.sidecar(Commitment(b"\x09")) is None


def test_an_order_of_no_layers_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="no layer"):
        FallBack([])
