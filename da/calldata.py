"""L1 calldata as a data-availability layer: the commitment is `0x00 ‖ data` itself, so the inbox carries it all."""

from da.adapter import Commitment
from protocol.errors import Reject

CALLDATA_LAYER = 0x00
CALLDATA_MAX_BYTES = 120_000
"""Nodes relay transactions of up to 128 KiB; this leaves room for the signature and the call around the data."""


class Calldata:
    """Publishing happens when the commitment is posted; nothing is left to do here."""

    layer = CALLDATA_LAYER
    max_bytes = CALLDATA_MAX_BYTES

    async def submit(self, data: bytes) -> Commitment:
        """Put the layer byte before `data`. Raises Reject for none or too much of it."""
        if not 0 < len(data) <= self.max_bytes:
            raise Reject(f"calldata: takes 1 to {self.max_bytes} bytes, got {len(data)}")
        return Commitment(bytes((CALLDATA_LAYER,)) + data)

    async def fetch(self, commitment: Commitment) -> bytes:
        """Take the layer byte off. Raises Reject for a commitment of another layer or without data."""
        # No upper bound: the inbox has one, and a bound that differed between nodes would split the chain.
        if len(commitment) < 2 or commitment[0] != CALLDATA_LAYER:
            raise Reject(f"calldata: a commitment of {len(commitment)} bytes is not 0x00 and data")
        return commitment[1:]
