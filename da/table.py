"""The data-availability layers there are, by name and by the first byte of their commitments.

Adding one costs a file, a row in `ADAPTERS` and a row in the shared contract test.
"""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from da.adapter import Commitment, DataAvailability
from da.calldata import Calldata
from da.file import FileStore
from protocol.errors import InvalidInput, Reject

ADAPTERS: Mapping[str, Callable[[Path], DataAvailability]] = {
    "calldata": lambda _directory: Calldata(),
    "file": FileStore,
}
"""Layer byte 0x00 and 0x01. Each is made from the folder where a layer may keep data on this machine."""


class UnknownLayer(Reject):
    """A commitment that names no layer this chain knows. Every node passes over it alike."""


class DataLayers:
    """Fetches from whichever layer a commitment names, so that a chain may change layers in the middle of its life."""

    def __init__(self, adapters: Iterable[DataAvailability]) -> None:
        self._by_layer: dict[int, DataAvailability] = {}
        for adapter in adapters:
            if adapter.layer in self._by_layer:
                raise ValueError(f"two data-availability layers share the byte 0x{adapter.layer:02x}")
            self._by_layer[adapter.layer] = adapter

    async def fetch(self, commitment: Commitment) -> bytes:
        """Return the committed bytes.

        Raises:
            Retry: The layer has not served them yet, or not the right ones.
            Reject: The commitment is malformed, or names no layer (`UnknownLayer`).
        """
        adapter = self._by_layer.get(commitment[0]) if commitment else None
        if adapter is None:
            raise UnknownLayer(f"no data-availability layer for commitment 0x{commitment[:33].hex()}")
        return await adapter.fetch(commitment)


def make_adapter(name: str, directory: Path) -> DataAvailability:
    """The layer called `name`, to publish to; raises InvalidInput with the names there are."""
    make = ADAPTERS.get(name)
    if make is None:
        raise InvalidInput(f"unknown data-availability layer {name!r}; there are: {', '.join(sorted(ADAPTERS))}")
    return make(directory)


def all_layers(directory: Path) -> DataLayers:
    """Every layer, to read from."""
    return DataLayers(make(directory) for make in ADAPTERS.values())
