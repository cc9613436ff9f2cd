"""The seam to wherever batch bytes live so that anyone can rebuild the chain.

A commitment is a byte string that goes to L1 in place of the data. Its first byte names the layer, so a chain may fall
back from one of its layers to another with any batch.

Failures are named by what went wrong; their parents (`Retry`, `Reject`) say what the caller does next. A reader never
gives a commitment up because its data is missing: another reader may have it, and both must derive the same chain.
"""

from typing import NewType, Protocol

from protocol.blobs import BlobSidecar
from protocol.errors import Reject, Retry
from protocol.l1 import L1BlockRef

Commitment = NewType("Commitment", bytes)
"""Layer byte, then whatever that layer needs to find and check the data."""


class Publisher(Protocol):
    """Where a batcher publishes: one layer, or several that stand in for each other."""

    @property
    def max_bytes(self) -> int:
        """The most that one `submit` takes."""

    async def submit(self, data: bytes) -> Commitment:
        """Publish `data`; the commitment and the L1 block that it is posted in are enough to fetch and check it.

        Raises:
            Reject: `data` is empty or over `max_bytes` (`BadSize`).
            Retry: The layer does not take it now (`Unreachable`).
        """

    def sidecar(self, commitment: Commitment) -> BlobSidecar | None:
        """Blobs that the very L1 transaction which posts this commitment must carry; None: it publishes by itself.

        Known for the commitments submitted last.
        """


class DataAvailability(Publisher, Protocol):
    """One data-availability layer."""

    @property
    def layer(self) -> int:
        """The first byte of this layer's commitments."""

    async def fetch(self, commitment: Commitment, posted: L1BlockRef) -> bytes:
        """Return the committed bytes. `posted` is the L1 block whose inbox log holds the commitment.

        Raises:
            Retry: The layer does not serve them: `NotFound`, `Gone`, `WrongBytes` (never used), or `Unreachable`.
            Reject: The commitment itself is malformed, so that no data can ever match it (`BadCommitment`).
        """


class BadSize(Reject):
    """There is no data, or more than the layer takes."""


class BadCommitment(Reject):
    """No data can ever match it. Every node passes over it alike."""


class NotFound(Retry):
    """The layer does not have it, yet or any more."""


class Gone(Retry):
    """The layer says that it has had it and keeps it no longer: an archive of the layer may."""


class WrongBytes(Retry):
    """What the layer served does not match the commitment."""


class Unreachable(Retry):
    """The layer does not answer, or answers that it cannot now."""


def check_size(name: str, data: bytes, most: int) -> None:
    """Raise BadSize, in the layer's `name`, unless there are 1 to `most` bytes."""
    if not 0 < len(data) <= most:
        raise BadSize(f"{name}: takes 1 to {most} bytes, got {len(data)}")
