"""The seam to wherever batch bytes live so that anyone can rebuild the chain.

A commitment is a byte string that goes to L1 in place of the data. Its first byte names the layer, so a chain may
change layers, or fall back, in the middle of its life.
"""

from typing import NewType, Protocol

Commitment = NewType("Commitment", bytes)
"""Layer byte, then whatever that layer needs to find and check the data."""


class DataAvailability(Protocol):
    """One data-availability layer."""

    @property
    def layer(self) -> int:
        """The first byte of this layer's commitments."""

    @property
    def max_bytes(self) -> int:
        """The most that one `submit` takes."""

    async def submit(self, data: bytes) -> Commitment:
        """Publish `data`; the commitment alone is enough to fetch and check it.

        Raises:
            Reject: `data` is over `max_bytes`.
            Retry: The layer does not take it now.
        """

    async def fetch(self, commitment: Commitment) -> bytes:
        """Return the committed bytes.

        Raises:
            Retry: The layer has not served them yet, or served bytes that do not match (they are never used).
            Reject: The commitment itself is malformed, so that no data can ever match it.
        """
