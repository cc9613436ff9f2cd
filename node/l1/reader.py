"""L1 as one rollup reads it, block by block: batches from the inbox, deposits from the portal, changed settings."""

import logging
from collections.abc import Sequence

from da.adapter import Commitment
from node.l1.client import L1Client
from node.l1.inputs import L1Inputs, L1Position, MissingLogs
from node.l1.transport import L1Refused
from node.l1.wire import L1Log, MalformedAnswer
from protocol.config_changes import CONFIG_CHANGED, ConfigChange, InvalidConfigChange, decode_config_change
from protocol.deposit import TRANSACTION_DEPOSITED, Deposit, InvalidDeposit, decode_deposit
from protocol.errors import Retry
from protocol.inbox import BATCH_APPENDED, posted_commitment
from protocol.l1 import L1BlockRef
from protocol.rollup import SettlementContracts
from protocol.types import Address, Hash32

logger = logging.getLogger(__name__)


class L1Reader:
    """The driver's `L1Source`. A node that refuses to answer a read counts as one that does not answer: Retry.

    Without `settlement` there are no deposits, and no settings that change.
    """

    def __init__(self, client: L1Client, inbox: Address, settlement: SettlementContracts | None = None) -> None:
        self._client = client
        self._inbox = inbox
        self._topics = {inbox: BATCH_APPENDED}
        self._portal = None if settlement is None else settlement.portal
        self._config = None if settlement is None else settlement.chain_config
        if settlement is not None:
            self._topics[settlement.portal] = TRANSACTION_DEPOSITED
            self._topics[settlement.chain_config] = CONFIG_CHANGED

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

    async def inputs(self, ref: L1BlockRef, before: L1Position) -> L1Inputs:
        """What this very block carries for the rollup; `before` is the position after its parent.

        Raises:
            MissingLogs: The counts go on elsewhere than `before` says.
            Retry: L1 does not answer, or does not know the block (any more).
        """
        try:
            logs = await self._client.logs_of(ref.hash, self._topics)
            batches = [log for log in logs if log.address == self._inbox]
            commitments = [await self._commitment_of(log) for log in batches]
        except L1Refused as refusal:
            raise Retry(str(refusal)) from refusal
        deposits = [_deposit_of(log) for log in logs if log.address == self._portal]
        changes = [_change_of(log) for log in logs if log.address == self._config]
        _check("batches", ref, [_batch_index_of(log) for log in batches], before.batches)
        _check("deposits", ref, [deposit.index for deposit in deposits], before.deposits)
        _check("changed settings", ref, [change.index for change in changes], before.changes)
        for offset, commitment in enumerate(commitments):
            if commitment is None:
                index = before.batches + offset
                logger.warning("L1 block %d: batch %d is not in its transaction's calldata", ref.number, index)
        return L1Inputs(
            tuple(deposit.transaction(ref.hash).raw for deposit in deposits),
            tuple(commitment for commitment in commitments if commitment is not None),
            L1Position(before.batches + len(batches), before.deposits + len(deposits), before.changes + len(changes)),
            tuple(changes),
        )

    async def _commitment_of(self, log: L1Log) -> Commitment | None:
        """What a BatchAppended log stands for; None where `protocol.inbox` says it is void."""
        tx = await self._client.transaction(log.transaction_hash)
        if tx is None:
            raise Retry(f"L1 has a log of transaction 0x{log.transaction_hash.hex()} but not the transaction")
        commitment = posted_commitment(tx.to, tx.input, self._inbox, Hash32(log.data[:32]))
        return None if commitment is None else Commitment(commitment)


def _batch_index_of(log: L1Log) -> int:
    if len(log.topics) != 3 or len(log.data) != 64:
        raise MalformedAnswer(f"BatchAppended with {len(log.topics)} topics and {len(log.data)} bytes of data")
    return int.from_bytes(log.topics[1], "big")


def _deposit_of(log: L1Log) -> Deposit:
    try:
        return decode_deposit(log.topics, log.data)
    except InvalidDeposit as error:
        # The portal makes one encoding, so this is the endpoint's doing, not anything that L1 holds.
        raise MalformedAnswer(f"L1 answered a log that the portal cannot have made: {error}") from error


def _change_of(log: L1Log) -> ConfigChange:
    try:
        return decode_config_change(log.topics, log.data)
    except InvalidConfigChange as error:
        raise MalformedAnswer(f"L1 answered a log that the config contract cannot have made: {error}") from error


def _check(what: str, ref: L1BlockRef, indices: Sequence[int], expected: int) -> None:
    if list(indices) == list(range(expected, expected + len(indices))):
        return
    if indices[0] > expected:
        raise MissingLogs(
            f"L1 left out {what}: block {ref.number} goes on with number {indices[0]} after {expected - 1}"
        )
    raise MalformedAnswer(f"L1 left out {what}: block {ref.number} has {indices[:20]}, expected from {expected}")
