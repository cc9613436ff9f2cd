"""A layer whose data is also elsewhere: read from the second place what the first does not serve."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias, TypeVar

from da.adapter import Commitment, DataAvailability
from da.blob import Blobs
from protocol.blobs import BlobSidecar
from protocol.errors import Retry
from protocol.l1 import L1BlockRef

T = TypeVar("T")
Fetch: TypeAlias = Callable[[Commitment, L1BlockRef], Awaitable[T]]


class Mirrored:
    """Publishes to `layer` alone; reads from it, and from `mirror` when it fails. Both check what they are served."""

    def __init__(self, layer: DataAvailability, mirror: DataAvailability) -> None:
        self._layer = layer
        self._mirror = mirror
        self.layer = layer.layer
        self.max_bytes = layer.max_bytes

    async def submit(self, data: bytes) -> Commitment:
        """As the layer does."""
        return await self._layer.submit(data)

    def sidecar(self, commitment: Commitment) -> BlobSidecar | None:
        """As the layer does."""
        return self._layer.sidecar(commitment)

    async def fetch(self, commitment: Commitment, posted: L1BlockRef) -> bytes:
        """From the first place that serves it; when neither does, the failure is the layer's."""
        return await _from_either(self._layer.fetch, self._mirror.fetch, commitment, posted)


class MirroredBlobs(Mirrored):
    """The same for a layer of blobs."""

    def __init__(self, layer: Blobs, mirror: Blobs) -> None:
        super().__init__(layer, mirror)
        self._fetches = layer.fetch_blobs, mirror.fetch_blobs

    async def fetch_blobs(self, commitment: Commitment, posted: L1BlockRef) -> tuple[bytes, ...]:
        """The blobs themselves; as `fetch`."""
        return await _from_either(*self._fetches, commitment, posted)


async def _from_either(first: Fetch[T], second: Fetch[T], commitment: Commitment, posted: L1BlockRef) -> T:
    try:
        return await first(commitment, posted)
    except Retry as failure:
        try:
            return await second(commitment, posted)
        except Retry as other:
            raise failure from other
