"""L1 calldata as a data-availability layer: the commitment is `0x00 ‖ data` itself, so the inbox carries it all."""

from da.adapter import BadCommitment, Commitment, check_size
from protocol.l1 import L1BlockRef

CALLDATA_LAYER = 0x00
CALLDATA_MAX_BYTES = 120_000
"""Nodes relay transactions of up to 128 KiB; this leaves room for the signature and the call around the data."""


class Calldata:
    """Publishing happens when the commitment is posted; nothing is left to do here."""

    layer = CALLDATA_LAYER
    max_bytes = CALLDATA_MAX_BYTES

    async def submit(self, data: bytes) -> Commitment:
        """Put the layer byte before `data`. Raises BadSize for none or too much of it."""
        check_size("calldata", data, self.max_bytes)
        return Commitment(bytes((CALLDATA_LAYER,)) + data)

    def sidecar(self, commitment: Commitment) -> None:
        """Nothing."""

    async def fetch(self, commitment: Commitment, posted: L1BlockRef) -> bytes:
        """Take the layer byte off. Raises BadCommitment for one of another layer or without data."""
        # No upper bound: the inbox has one, and a bound that differed between nodes would split the chain.
        if len(commitment) < 2 or commitment[0] != CALLDATA_LAYER:
            raise BadCommitment(f"calldata: a commitment of {len(commitment)} bytes is not 0x00 and data")
        return commitment[1:]
