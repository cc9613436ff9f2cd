"""Reading from a second place what the first does not serve."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from da.adapter import BadCommitment, Commitment, DataAvailability, Gone, WrongBytes
from da.alt_da import AltDa
from da.blob import Blobs
from da.mirrored import Mirrored, MirroredBlobs
from da.settings import LayerSettings
from da.table import LAYERS, DataLayers
from protocol.blobs import pack_blobs
from protocol.errors import Retry
from tests.da.server import Mood
from tests.da.worlds import POSTED, World, alt_da_world, blobs_of


@dataclass
class Pair:
    """Two servers of one kind with the same data, and the layer that reads from both."""

    first: World
    second: World
    layer: DataAvailability


@pytest.fixture(params=["alt-da", "blob"])
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Pair]:
    with ExitStack() as stack:
        if request.param == "alt-da":
            first = stack.enter_context(alt_da_world(tmp_path))
            assert first.elsewhere is not None
            second = first.elsewhere
        else:
            first, second = (stack.enter_context(blobs_of())[0] for _ in range(2))
        yield Pair(first, second, Mirrored(first.layer, second.layer))


async def published(pair: Pair) -> Commitment:
    commitment = await pair.layer.submit(b"data")
    pair.first.post(commitment, POSTED)
    assert await pair.second.publish(b"data") == commitment
    return commitment


@pytest.mark.parametrize("mood", [Mood.MISSING, Mood.REFUSING, Mood.BREAKING, Mood.ERRING])
async def test_what_the_first_does_not_serve_comes_from_the_second(pair: Pair, mood: Mood) -> None:
    commitment = await published(pair)
    assert pair.first.server is not None
    assert pair.second.server is not None
    asked = pair.second.server.asked
    assert await pair.layer.fetch(commitment, POSTED) == b"data"
    assert pair.second.server.asked == asked, "not asked while the first serves"
    pair.first.server.mood = mood
    assert await pair.layer.fetch(commitment, POSTED) == b"data"


async def test_what_the_first_has_lost_comes_from_the_second_and_from_nobody_when_both_have(pair: Pair) -> None:
    commitment = await published(pair)
    assert pair.first.drop is not None
    assert pair.second.drop is not None
    pair.first.drop()
    assert await pair.layer.fetch(commitment, POSTED) == b"data"
    pair.second.drop()
    with pytest.raises(Retry):
        await pair.layer.fetch(commitment, POSTED)


async def test_wrong_bytes_of_either_are_never_used_and_the_first_ones_failure_is_told(pair: Pair) -> None:
    class Failing:
        layer = pair.first.layer.layer
        max_bytes = 1

        def __init__(self, failure: Retry) -> None:
            self.failure = failure

        async def submit(self, data: bytes) -> Commitment:
            raise AssertionError("nothing is published here")

        def sidecar(self, commitment: Commitment) -> None:
            raise AssertionError("nothing is published here")

        async def fetch(self, commitment: Commitment, posted: object) -> bytes:
            raise self.failure

    commitment = await published(pair)
    first = Mirrored(Failing(WrongBytes("the first lies")), pair.second.layer)
    assert await first.fetch(commitment, POSTED) == b"data"
    both = Mirrored(Failing(Gone("the first has lost it")), Failing(WrongBytes("the second lies")))
    with pytest.raises(Gone, match="the first has lost it"):
        await both.fetch(commitment, POSTED)


async def test_a_void_commitment_is_void_at_once(pair: Pair) -> None:
    assert pair.second.server is not None
    asked = pair.second.server.asked
    with pytest.raises(BadCommitment):
        await pair.layer.fetch(Commitment(bytes((pair.layer.layer,))), POSTED)
    assert pair.second.server.asked == asked


async def test_the_blobs_themselves_come_from_either_too() -> None:
    """A dispute opens blobs, not only the bytes in them."""
    with ExitStack() as stack:
        first, second = (stack.enter_context(blobs_of())[0] for _ in range(2))
        assert isinstance(first.layer, Blobs)
        assert isinstance(second.layer, Blobs)
        layers = DataLayers([MirroredBlobs(first.layer, second.layer)])
        data = bytes(range(256)) * 500
        commitment = await second.publish(data)
        assert await first.publish(data) == commitment
        for _ in range(2):
            assert await layers.contents(commitment, POSTED) == pack_blobs(data)
            assert first.server is not None
            first.server.mood = Mood.MISSING
        assert second.server is not None
        second.server.mood = Mood.MISSING
        with pytest.raises(Retry):
            await layers.contents(commitment, POSTED)


def test_a_second_place_is_a_setting(tmp_path: Path) -> None:
    values = {"alt-da.url": "http://a:1"}
    assert isinstance(LAYERS["alt-da"].make(LayerSettings(tmp_path, values=values)), AltDa)
    values["alt-da.mirror"] = values["blob.archive-url"] = "http://b:1"
    assert isinstance(LAYERS["alt-da"].make(LayerSettings(tmp_path, values=values)), Mirrored)
    assert isinstance(LAYERS["blob"].make(LayerSettings(tmp_path, values=values)), Mirrored)
    assert isinstance(LAYERS["blob"].make(LayerSettings(tmp_path)), Blobs)
