"""L1 as one rollup reads it: the inbox's batches, block by block."""

import logging

from da.adapter import Commitment
from node.l1_client import L1Client, L1Refused
from node.l1_wire import L1Log, MalformedAnswer
from protocol.errors import Retry
from protocol.inbox import BATCH_APPENDED, posted_commitment
from protocol.l1 import L1BlockRef
from protocol.types import Address, Hash32

logger = logging.getLogger(__name__)


class L1Reader:
    """The driver's `L1Source`. A node that refuses to answer a read counts as one that does not answer: Retry."""

    def __init__(self, client: L1Client, inbox: Address) -> None:
        self._client = client
        self._inbox = inbox

    async def latest(self) -> L1BlockRef:
        """L1's newest block."""
        try:
            return (await self._client.head()).ref
        except L1Refused as refusal:
            raise Retry(str(refusal)) from refusal

    async def finalized_number(self) -> int:
        """The number of L1's newest final block; 0 when nothing is final yet."""
        try:
            ref = await self._client.block("finalized")
        except L1Refused as refusal:
            raise Retry(str(refusal)) from refusal
        return 0 if ref is None else ref.number

    async def block(self, number: int) -> L1BlockRef | None:
        """The canonical block at this height, or None beyond the head."""
        try:
            return await self._client.block(number)
        except L1Refused as refusal:
            raise Retry(str(refusal)) from refusal

    async def inputs(self, ref: L1BlockRef) -> tuple[tuple[bytes, ...], tuple[Commitment, ...]]:
        """What this very block carries for the rollup: deposits (canonical 0x7E bytes) and batch commitments."""
        commitments = []
        for index, commitment in await self.inbox_entries(ref.hash):
            if commitment is None:
                logger.warning("L1 block %d: batch %d is not in its transaction's calldata", ref.number, index)
            else:
                commitments.append(Commitment(commitment))
        return (), tuple(commitments)

    async def inbox_entries(self, block_hash: Hash32) -> list[tuple[int, bytes | None]]:
        """(index, commitment) of each BatchAppended log of one block; None where `protocol.inbox` says it is void.

        Raises:
            Retry: L1 does not answer, or does not know the block (any more).
        """
        try:
            logs = await self._client.logs(block_hash, self._inbox, BATCH_APPENDED)
            entries = [(_index_of(log), await self._commitment_of(log)) for log in logs]
        except L1Refused as refusal:
            raise Retry(str(refusal)) from refusal
        indices = [index for index, _commitment in entries]
        if indices and indices != list(range(indices[0], indices[0] + len(indices))):
            raise MalformedAnswer(f"L1 left out batches: block 0x{block_hash.hex()} has {indices[:20]}")
        return entries

    async def _commitment_of(self, log: L1Log) -> bytes | None:
        tx = await self._client.transaction(log.transaction_hash)
        if tx is None:
            raise Retry(f"L1 has a log of transaction 0x{log.transaction_hash.hex()} but not the transaction")
        return posted_commitment(tx.to, tx.input, self._inbox, Hash32(log.data[:32]))


def _index_of(log: L1Log) -> int:
    if len(log.topics) != 3 or len(log.data) != 64:
        raise MalformedAnswer(f"BatchAppended with {len(log.topics)} topics and {len(log.data)} bytes of data")
    return int.from_bytes(log.topics[1], "big")
