"""The contract of the data-availability seam, which every adapter of the table runs."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from da.adapter import BadCommitment, BadSize, Commitment, Gone, NotFound
from da.table import LAYERS, DataLayers
from protocol.errors import Reject, Retry
from tests.da.server import Mood
from tests.da.worlds import POSTED, WORLDS, World

some_data = st.binary(min_size=1, max_size=500)

TROUBLE = [mood for mood in Mood if mood not in (Mood.HONEST, Mood.LYING)]


REMOTE = [name for name in WORLDS if name != "calldata"]
"""Those whose commitment is not the data itself: it can be withheld, lost, or be other data."""

SERVED = [name for name in REMOTE if name != "file"]
"""Those with a server between us and the data."""


def _made(request: pytest.FixtureRequest, folder: Path) -> Iterator[World]:
    make: Any = WORLDS[request.param]
    with make(folder) as made:
        yield made


@pytest.fixture(params=WORLDS)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    yield from _made(request, tmp_path)


@pytest.fixture(params=REMOTE)
def remote(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    yield from _made(request, tmp_path)


@pytest.fixture(params=SERVED)
def served(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    yield from _made(request, tmp_path)


def for_some(world: World, law: Callable[[bytes], Awaitable[None]]) -> None:
    """Check the law for random data, as many as the layer is quick."""

    @settings(max_examples=world.examples, deadline=None, suppress_health_check=list(HealthCheck))
    @given(data=some_data)
    def check(data: bytes) -> None:
        asyncio.run(_run(law(data)))

    check()


async def _run(awaitable: Awaitable[None]) -> None:
    await awaitable


def test_every_row_has_a_world() -> None:
    assert {name.partition(",")[0] for name in WORLDS} == LAYERS.keys()


def test_what_was_published_is_fetched(world: World) -> None:
    async def law(data: bytes) -> None:
        commitment = await world.publish(data)
        assert commitment[0] == world.layer.layer
        assert await world.layer.fetch(commitment, POSTED) == data

    for_some(world, law)


async def test_the_largest_data_makes_the_round_trip(world: World) -> None:
    data = bytes(range(256)) * (world.layer.max_bytes // 256 + 1)
    data = data[: world.layer.max_bytes]
    assert await world.layer.fetch(await world.publish(data), POSTED) == data


async def test_data_published_twice_is_there(world: World) -> None:
    first, second = await world.publish(b"data"), await world.publish(b"data")
    assert await world.layer.fetch(first, POSTED) == b"data"
    assert await world.layer.fetch(second, POSTED) == b"data"


async def test_concurrent_submits_do_not_disturb_each_other(world: World) -> None:
    commitments = await asyncio.gather(*(world.publish(b"data %d" % (n // 2)) for n in range(6)))
    found = await asyncio.gather(*(world.layer.fetch(commitment, POSTED) for commitment in commitments))
    assert found == [b"data %d" % (n // 2) for n in range(6)]


def test_different_data_has_different_commitments(world: World) -> None:
    async def law(data: bytes) -> None:
        assert await world.layer.submit(data) != await world.layer.submit(data + b"\0")

    for_some(world, law)


async def test_too_much_data_is_rejected(world: World) -> None:
    most = world.layer.max_bytes
    with pytest.raises(BadSize, match=f"takes 1 to {most} bytes, got {most + 1}"):
        await world.layer.submit(bytes(most + 1))


async def test_no_data_is_rejected(world: World) -> None:
    with pytest.raises(BadSize, match="got 0"):
        await world.layer.submit(b"")


def test_a_commitment_of_another_layer_is_rejected(world: World) -> None:
    async def law(noise: bytes) -> None:
        other = bytes(((world.layer.layer + 1) % 256,)) + noise
        with pytest.raises(BadCommitment):
            await world.layer.fetch(Commitment(other), POSTED)

    for_some(world, law)


@pytest.mark.parametrize("tail", [b"", None])
async def test_a_commitment_without_a_body_is_rejected(world: World, tail: bytes | None) -> None:
    commitment = b"" if tail is None else bytes((world.layer.layer,)) + tail
    with pytest.raises(BadCommitment):
        await world.layer.fetch(Commitment(commitment), POSTED)


def test_arbitrary_commitments_end_in_a_named_failure(remote: World) -> None:
    async def law(noise: bytes) -> None:
        with pytest.raises((Reject, Retry)):
            await remote.layer.fetch(Commitment(bytes((remote.layer.layer,)) + noise), POSTED)

    for_some(remote, law)


async def test_a_commitment_with_more_or_less_at_its_end_never_yields_the_data(remote: World) -> None:
    commitment = await remote.publish(b"data")
    for other in (commitment[:-1], commitment + b"\0", commitment[:-1] + bytes((commitment[-1] ^ 1,))):
        with pytest.raises((Reject, Retry)):
            await remote.layer.fetch(Commitment(other), POSTED)


async def test_what_is_not_there_yet_is_retried_and_then_found(remote: World) -> None:
    assert remote.elsewhere is not None
    commitment = await remote.elsewhere.publish(b"data")
    with pytest.raises((NotFound, Gone)):
        await remote.layer.fetch(commitment, POSTED)
    again = await remote.publish(b"data")
    assert await remote.layer.fetch(again, POSTED) == b"data"


async def test_what_is_lost_is_retried_and_never_given_up(remote: World) -> None:
    commitment = await remote.publish(b"data")
    assert remote.drop is not None
    remote.drop()
    with pytest.raises((NotFound, Gone)):
        await remote.layer.fetch(commitment, POSTED)


async def test_no_lie_of_a_server_is_ever_returned(remote: World) -> None:
    if remote.server is None:
        assert remote.damage is not None
        commitment = await remote.publish(b"data")
        remote.damage()
        with pytest.raises(Retry):
            await remote.layer.fetch(commitment, POSTED)
        return
    data = bytes(range(256)) * 3
    commitment = await remote.publish(data)
    remote.server.mood = Mood.LYING
    caught = 0
    for _ in range(40):
        try:
            # A changed byte may be one that means nothing, like a blank; then the data is right all the same.
            assert await remote.layer.fetch(commitment, POSTED) == data
        except Retry:
            caught += 1
    assert caught > 20
    remote.server.mood = Mood.HONEST
    assert await remote.layer.fetch(commitment, POSTED) == data


@pytest.mark.parametrize("mood", TROUBLE, ids=lambda mood: mood.name.lower())
async def test_trouble_is_retried_within_bounds_and_passes(served: World, mood: Mood) -> None:
    assert served.server is not None
    commitment = await served.publish(b"data")
    served.server.mood = mood
    if mood is Mood.SILENT:
        served.hurry()
    with pytest.raises(Retry):
        await served.layer.fetch(commitment, POSTED)
    if commitment[0] != LAYERS["blob"].byte:  # blobs go to L1, not to the beacon node
        with pytest.raises(Retry):
            await served.layer.submit(b"more data")
    served.server.mood = Mood.HONEST
    assert await served.layer.fetch(commitment, POSTED) == b"data"
    assert served.server.sent_bytes <= 1 << 29


async def test_the_router_finds_the_layer(world: World) -> None:
    commitment = await world.publish(b"data")
    assert await DataLayers([world.layer]).fetch(commitment, POSTED) == b"data"
