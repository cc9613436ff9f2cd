"""Output roots of our own chain, for proposing, and for checking what others have proposed."""

from dataclasses import dataclass

from node.chain import Chain
from protocol.block import Header
from protocol.errors import HistoryPruned
from protocol.mpt import EMPTY_ROOT
from protocol.output_root import OutputRoot
from protocol.portal import OutputPreimage
from protocol.types import Hash32
from protocol.withdrawal import OUTBOX_ADDRESS


@dataclass(frozen=True, slots=True)
class Output:
    """A block and what its output root commits to."""

    header: Header
    preimage: OutputPreimage

    @property
    def root(self) -> OutputRoot:
        """Its output root."""
        return self.preimage.root


def output_at(chain: Chain, number: int) -> Output | None:
    """The output of the canonical block at this height; None when there is none, or its state is not kept any more."""
    block_hash = chain.canonical_hash(number)
    header = None if block_hash is None else chain.header(block_hash)
    if header is None:
        return None
    try:
        account = chain.state_at(header).account(OUTBOX_ADDRESS)
    except HistoryPruned:
        return None
    outbox_root = Hash32(EMPTY_ROOT) if account is None else account.storage_root
    return Output(header, OutputPreimage(header.state_root, outbox_root, header.hash))
