"""The output root: one word that stands for an L2 block on L1."""

from typing import NewType

from protocol.crypto import keccak
from protocol.types import ZERO_HASH, Hash32

OutputRoot = NewType("OutputRoot", Hash32)

OUTPUT_VERSION_0 = ZERO_HASH


def output_root(state_root: Hash32, outbox_root: Hash32, block_hash: Hash32) -> OutputRoot:
    """Commit to one L2 block: keccak of version ‖ state root ‖ outbox's storage root ‖ block hash, 128 bytes.

    Source: https://specs.optimism.io/protocol/proposals.html
    """
    return OutputRoot(keccak(OUTPUT_VERSION_0 + state_root + outbox_root + block_hash))
