"""The contract of the data-availability seam, which every adapter of the table runs."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from da.adapter import Commitment, DataAvailability
from da.table import ADAPTERS, all_layers
from protocol.errors import Reject, Retry

a_few = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
some_data = st.binary(min_size=1, max_size=500)


@pytest.fixture(params=sorted(ADAPTERS))
def make_layer(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], DataAvailability]:
    """Makes the layer under test; another name makes another one, which shares no data with it."""
    make = ADAPTERS[request.param]
    return lambda name: make(tmp_path / name)


@pytest.fixture
def layer(make_layer: Callable[[str], DataAvailability]) -> DataAvailability:
    return make_layer("one")


@a_few
@given(data=some_data)
def test_what_was_submitted_is_fetched(layer: DataAvailability, data: bytes) -> None:
    async def round_trip() -> bytes:
        return await layer.fetch(await layer.submit(data))

    assert asyncio.run(round_trip()) == data


def test_the_largest_data_makes_the_round_trip(layer: DataAvailability) -> None:
    async def round_trip() -> bytes:
        return await layer.fetch(await layer.submit(bytes(layer.max_bytes)))

    assert asyncio.run(round_trip()) == bytes(layer.max_bytes)


@a_few
@given(data=some_data)
def test_the_first_byte_of_a_commitment_names_the_layer(layer: DataAvailability, data: bytes) -> None:
    assert asyncio.run(layer.submit(data))[0] == layer.layer


@a_few
@given(data=some_data)
def test_submitting_twice_gives_one_commitment(layer: DataAvailability, data: bytes) -> None:
    async def twice() -> tuple[Commitment, Commitment]:
        return await layer.submit(data), await layer.submit(data)

    first, second = asyncio.run(twice())
    assert first == second
    assert asyncio.run(layer.fetch(first)) == data


async def test_concurrent_submits_of_the_same_data_agree(layer: DataAvailability) -> None:
    commitments = await asyncio.gather(*(layer.submit(b"the same") for _ in range(8)))
    assert len(set(commitments)) == 1
    assert await layer.fetch(commitments[0]) == b"the same"


@a_few
@given(first=some_data, second=some_data)
def test_different_data_has_different_commitments(layer: DataAvailability, first: bytes, second: bytes) -> None:
    async def both() -> tuple[Commitment, Commitment]:
        return await layer.submit(first), await layer.submit(second)

    one, other = asyncio.run(both())
    assert (one == other) == (first == second)


async def test_too_much_data_is_rejected(layer: DataAvailability) -> None:
    with pytest.raises(Reject, match=str(layer.max_bytes)):
        await layer.submit(bytes(layer.max_bytes + 1))


async def test_no_data_is_rejected(layer: DataAvailability) -> None:
    with pytest.raises(Reject):
        await layer.submit(b"")


@a_few
@given(noise=st.binary(max_size=100))
def test_a_commitment_of_another_layer_is_rejected(layer: DataAvailability, noise: bytes) -> None:
    other = bytes(((layer.layer + 1) % 256,)) + noise
    with pytest.raises(Reject):
        asyncio.run(layer.fetch(Commitment(other)))


@pytest.mark.parametrize("tail", [b"", None])
async def test_a_commitment_without_a_body_is_rejected(layer: DataAvailability, tail: bytes | None) -> None:
    commitment = b"" if tail is None else bytes((layer.layer,)) + tail
    with pytest.raises(Reject):
        await layer.fetch(Commitment(commitment))


@a_few
@given(noise=st.binary(max_size=100))
def test_arbitrary_commitments_end_in_the_data_or_a_named_failure(layer: DataAvailability, noise: bytes) -> None:
    commitment = Commitment(bytes((layer.layer,)) + noise)

    async def refetch() -> None:
        try:
            data = await layer.fetch(commitment)
        except (Reject, Retry):
            return
        assert await layer.submit(data) == commitment

    asyncio.run(refetch())


async def test_an_unserved_commitment_is_retried_not_rejected(
    make_layer: Callable[[str], DataAvailability],
) -> None:
    commitment = await make_layer("one").submit(b"data")
    elsewhere = make_layer("another")
    if len(commitment) == 1 + len(b"data"):
        assert await elsewhere.fetch(commitment) == b"data"  # the commitment is the data: it is always served
        return
    with pytest.raises(Retry):
        await elsewhere.fetch(commitment)
    await elsewhere.submit(b"data")
    assert await elsewhere.fetch(commitment) == b"data"


async def test_the_router_finds_the_layer(layer: DataAvailability, tmp_path: Path) -> None:
    commitment = await layer.submit(b"data")
    assert await all_layers(tmp_path / "one").fetch(commitment) == b"data"
