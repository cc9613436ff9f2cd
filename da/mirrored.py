"""A layer whose data is also elsewhere: read from the second place what the first does not serve."""

from da.adapter import Commitment, DataAvailability
from protocol.blobs import BlobSidecar
from protocol.errors import Retry
from protocol.l1 import L1BlockRef


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
        try:
            return await self._layer.fetch(commitment, posted)
        except Retry as failure:
            try:
                return await self._mirror.fetch(commitment, posted)
            except Retry as other:
                raise failure from other
