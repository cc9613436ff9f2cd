"""A world per data layer: the layer, whatever serves it, and the ways in which that fails."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from da.adapter import Commitment, DataAvailability
from da.alt_da import AltDa
from da.alt_da_server import make_alt_da_server
from da.blob import Blobs
from da.calldata import Calldata
from da.celestia import Celestia
from da.file import FileStore
from protocol.l1 import L1BlockRef
from protocol.types import ZERO_HASH
from tests.da.beacon import GENESIS_TIME, SECONDS_PER_SLOT, Beacon
from tests.da.celestia_node import TOKEN, CelestiaNode
from tests.da.server import Moody, served

SLOT = 1_000
POSTED = L1BlockRef(77, ZERO_HASH, ZERO_HASH, GENESIS_TIME + SLOT * SECONDS_PER_SLOT, ZERO_HASH)
"""The L1 block that commitments in these tests are posted in."""

NAMESPACE = bytes(19) + b"tombolo".rjust(10, b"\0")
TIMEOUT_SECONDS = 30.0
"""Of a client whose server is well, however busy the machine is."""


def _nothing(_commitment: Commitment, _posted: L1BlockRef) -> None:
    """Most layers publish at `submit`."""


@dataclass
class World:
    """One layer with whatever serves it.

    `post` is what L1 does when the commitment is posted. `elsewhere` is the same kind of layer that shares no data
    with it; None for a layer whose commitments are the data. `server` is None where nothing is between us and the data.
    """

    layer: DataAvailability
    elsewhere: "World | None" = None
    server: Moody | None = None
    post: Callable[[Commitment, L1BlockRef], None] = _nothing
    damage: Callable[[], None] | None = None
    """Puts other bytes in the place of all data, where no server does so."""
    drop: Callable[[], None] | None = None
    """Loses all data."""
    hurry: Callable[[], None] = lambda: None
    """Makes the client wait no longer than a second."""
    examples: int = field(default=40)

    async def publish(self, data: bytes, posted: L1BlockRef = POSTED) -> Commitment:
        """As a batcher does it: submit, then post the commitment on L1."""
        commitment = await self.layer.submit(data)
        self.post(commitment, posted)
        return commitment


@contextmanager
def calldata_world(_folder: Path) -> Iterator[World]:
    yield World(Calldata())


@contextmanager
def file_world(folder: Path) -> Iterator[World]:
    def files() -> list[Path]:
        return [path for path in (folder / "one").rglob("*") if path.is_file()]

    def damage() -> None:
        for path in files():
            path.write_bytes(path.read_bytes()[:-1] + b"?")

    def drop() -> None:
        for path in files():
            path.unlink()

    yield World(FileStore(folder / "one"), World(FileStore(folder / "two")), damage=damage, drop=drop)


@contextmanager
def blob_world(_folder: Path) -> Iterator[World]:
    with _blobs() as (here, _beacon), _blobs() as (there, _other):
        here.elsewhere = there
        yield here


@contextmanager
def _blobs(
    beacon: Beacon | None = None, *, has_cell_proofs: bool = False, max_blobs: int = 2
) -> Iterator[tuple[World, Beacon]]:
    beacon = beacon or Beacon()
    beacon.slots.setdefault(SLOT, [])
    moody = Moody()
    app = beacon.app()
    app.middlewares.append(moody.middleware)
    with served(app) as url:
        layer = Blobs(url, max_blobs=max_blobs, has_cell_proofs=has_cell_proofs, timeout_seconds=TIMEOUT_SECONDS)

        def post(commitment: Commitment, posted: L1BlockRef) -> None:
            sidecar = layer.sidecar(commitment)
            assert sidecar is not None
            assert beacon is not None
            beacon.put((posted.timestamp - GENESIS_TIME) // SECONDS_PER_SLOT, *sidecar.blobs)

        def drop() -> None:
            assert beacon is not None
            beacon.slots[SLOT].clear()

        def hurry() -> None:
            layer._beacon = replace(layer._beacon, timeout_seconds=1.0)

        yield World(layer, server=moody, post=post, drop=drop, hurry=hurry, examples=6), beacon


blobs_of = _blobs


@contextmanager
def alt_da_world(folder: Path, *, generic: bool = False) -> Iterator[World]:
    with _alt_da(folder / "one", generic) as here, _alt_da(folder / "two", generic) as there:
        here.elsewhere = there
        yield here


@contextmanager
def generic_alt_da_world(folder: Path) -> Iterator[World]:
    with alt_da_world(folder, generic=True) as world:
        yield world


@contextmanager
def _alt_da(folder: Path, generic: bool) -> Iterator[World]:
    moody = Moody()
    app = make_alt_da_server(FileStore(folder), generic=generic)
    app.middlewares.append(moody.middleware)

    def drop() -> None:
        for path in folder.rglob("*"):
            if path.is_file():
                path.unlink()

    with served(app) as url:
        layer = AltDa(url, 100_000, generic=generic, timeout_seconds=TIMEOUT_SECONDS)

        def hurry() -> None:
            layer._server = replace(layer._server, timeout_seconds=1.0)

        yield World(layer, server=moody, drop=drop, hurry=hurry, examples=15)


@contextmanager
def celestia_world(_folder: Path) -> Iterator[World]:
    with celestia_of(CelestiaNode()) as here, celestia_of(CelestiaNode()) as there:
        here.elsewhere = there
        yield here


@contextmanager
def celestia_of(node: CelestiaNode) -> Iterator[World]:
    """A layer over this very node."""
    moody = Moody()
    app = node.app()
    app.middlewares.append(moody.middleware)
    with served(app) as url:
        layer = Celestia(url, NAMESPACE, token=TOKEN, timeout_seconds=TIMEOUT_SECONDS)

        def hurry() -> None:
            layer._node = replace(layer._node, timeout_seconds=1.0)

        yield World(layer, server=moody, drop=node.blobs.clear, hurry=hurry, examples=15)
    assert node.complaints == [] or moody.asked == 0, node.complaints


WORLDS: Mapping[str, Callable[[Path], "object"]] = {
    "calldata": calldata_world,
    "file": file_world,
    "blob": blob_world,
    "alt-da": alt_da_world,
    "alt-da, generic": generic_alt_da_world,
    "celestia": celestia_world,
}
