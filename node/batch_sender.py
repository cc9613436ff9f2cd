"""The batcher's L1 transactions: signed, sent, looked after, replaced by dearer ones."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal, Protocol

from node.batch_plan import (
    Attempt,
    BatcherConfig,
    Mined,
    Plan,
    Refusal,
    Sighting,
    Submission,
    Taken,
    Waiting,
    bumped,
    classify_refusal,
)
from node.l1.client import Fees
from node.l1.transport import L1Refused
from node.l1.wire import L1Head, L1Receipt, L1Transaction
from protocol.blobs import BlobSidecar, wrap
from protocol.crypto import private_key_address
from protocol.inbox import append_calldata
from protocol.signing import UnsignedTransaction, sign_transaction
from protocol.transaction import BLOB
from protocol.types import Address, Hash32

logger = logging.getLogger(__name__)

GAS_RESERVE = 60_000
"""Beyond the estimate: a reorg may bring back the inbox's first append, which writes to empty slots."""


class BatcherL1(Protocol):
    """What the batcher asks of L1. `L1Client` is one, and says what each method means and raises."""

    async def chain_id(self) -> int:
        """See `L1Client`."""

    async def head(self) -> L1Head:
        """See `L1Client`."""

    async def nonce(self, address: Address, at: Literal["latest", "pending"] = "latest") -> int:
        """See `L1Client`."""

    async def balance(self, address: Address) -> int:
        """See `L1Client`."""

    async def code(self, address: Address) -> bytes:
        """See `L1Client`."""

    async def receipt(self, transaction_hash: Hash32) -> L1Receipt | None:
        """See `L1Client`."""

    async def transaction(self, transaction_hash: Hash32) -> L1Transaction | None:
        """See `L1Client`."""

    async def suggest_fees(self) -> Fees:
        """See `L1Client`."""

    async def estimate_gas(
        self, sender: Address, to: Address | None, data: bytes, blob_hashes: Sequence[bytes] = ()
    ) -> int:
        """See `L1Client`."""

    async def suggest_blob_fee(self) -> int:
        """See `L1Client`."""

    async def send_raw(self, raw: bytes, transaction_hash: Hash32 | None = None) -> Hash32:
        """See `L1Client`."""


class BatchSender:
    """One account's batches that are under way, by nonce.

    Every method raises Retry when L1 does not answer, and may then be called again. What L1 refuses, and why, goes to
    `complain`: the operator can mend it, and the next look tries again.
    """

    def __init__(
        self,
        l1: BatcherL1,
        inbox: Address,
        private_key: bytes,
        config: BatcherConfig,
        complain: Callable[[str], None],
    ) -> None:
        self.address = private_key_address(private_key)
        self.submissions: list[Submission] = []
        self._l1 = l1
        self._inbox = inbox
        self._private_key = private_key
        self._config = config
        self._complain = complain
        self._chain_id: int | None = None

    async def look(self, nonce: int) -> list[Sighting]:
        """Where each submission is, given the account's nonce on L1."""
        return [await self._look(submission, nonce) for submission in self.submissions]

    async def _look(self, submission: Submission, nonce: int) -> Sighting:
        if nonce <= submission.nonce:
            return Waiting(in_pool=await self._l1.transaction(submission.attempts[-1].hash) is not None)
        for attempt in reversed(submission.attempts):
            receipt = await self._l1.receipt(attempt.hash)
            if receipt is not None:
                return Mined(receipt.block_number, receipt.succeeded)
        return Taken()

    async def follow(self, plan: Plan, l1_head: int) -> None:
        """Do what `judge` decided."""
        for position in plan.resend:
            logger.info("L1 has lost %s: sending it again", self.submissions[position])
            await self.send(position)
        for position in plan.bump:
            await self._bump(position, l1_head)
        del self.submissions[: plan.done]

    async def _bump(self, position: int, l1_head: int) -> None:
        submission = self.submissions[position]
        suggested = await self._suggest_fees(submission.sidecar)
        fees = bumped(submission.attempts[-1].fees, suggested, self._config.max_fee_per_gas)
        if fees is None:
            self._complain(
                f"{submission} waits on L1, and dearer would pass {self._config.max_fee_per_gas} wei per gas"
            )
        else:
            logger.info("%s waits on L1: offering %d wei per gas", submission, fees.max_fee)
            attempt = self._sign(submission.nonce, submission.calldata, submission.gas_limit, fees, submission.sidecar)
            # Only the newest is ever sent again, and each may hold a megabyte of blobs.
            older = (replace(other, raw=b"") for other in submission.attempts)
            self.submissions[position] = replace(
                submission, attempts=(*older, attempt), sent_at=l1_head, underpriced=False
            )
        await self.send(position)

    async def _suggest_fees(self, sidecar: BlobSidecar | None) -> Fees:
        fees = await self._l1.suggest_fees()
        return fees if sidecar is None else replace(fees, blob_fee=await self._l1.suggest_blob_fee())

    async def add(
        self,
        first: int,
        last: int,
        commitment: bytes,
        l1_head: int,
        nonce: int,
        sidecar: BlobSidecar | None = None,
    ) -> bool:
        """Make and sign a new submission, after all others. False when L1 says that it would fail; then there is none.

        With a `sidecar` it is a type-3 transaction that carries these blobs.

        It is remembered before it is sent (`send`, next): if the answer is lost, a look finds out whether it arrived.
        """
        calldata = append_calldata(commitment)
        try:
            hashes = () if sidecar is None else sidecar.versioned_hashes
            gas = await self._l1.estimate_gas(self.address, self._inbox, calldata, hashes)
        except L1Refused as refusal:
            self._complain(f"L1 would not take a batch from 0x{self.address.hex()}: {refusal.message}")
            return False
        gas_limit = gas + gas // 4 + GAS_RESERVE
        suggested = await self._suggest_fees(sidecar)
        if self._chain_id is None:
            self._chain_id = await self._l1.chain_id()
        if self.submissions:
            nonce = max(nonce, self.submissions[-1].nonce + 1)
        max_fee = min(suggested.max_fee, self._config.max_fee_per_gas)
        fees = Fees(max_fee, min(suggested.tip, max_fee), min(suggested.blob_fee, self._config.max_fee_per_gas))
        attempt = self._sign(nonce, calldata, gas_limit, fees, sidecar)
        self.submissions.append(Submission(first, last, nonce, calldata, gas_limit, (attempt,), sidecar, l1_head))
        return True

    def _sign(self, nonce: int, calldata: bytes, gas_limit: int, fees: Fees, sidecar: BlobSidecar | None) -> Attempt:
        unsigned = UnsignedTransaction(
            chain_id=self._chain_id,
            nonce=nonce,
            gas_limit=gas_limit,
            to=self._inbox,
            data=calldata,
            max_fee_per_gas=fees.max_fee,
            max_priority_fee_per_gas=fees.tip,
        )
        if sidecar is None:
            tx = sign_transaction(unsigned, self._private_key)
            return Attempt(tx.hash, tx.raw, fees)
        unsigned = replace(
            unsigned, type=BLOB, max_fee_per_blob_gas=fees.blob_fee, blob_hashes=sidecar.versioned_hashes
        )
        tx = sign_transaction(unsigned, self._private_key)
        return Attempt(tx.hash, wrap(tx.raw, sidecar), fees)

    async def send(self, position: int) -> None:
        """Hand the newest attempt of a submission to L1's pool, for the first time or again."""
        submission = self.submissions[position]
        try:
            newest = submission.attempts[-1]
            await self._l1.send_raw(newest.raw, newest.hash)
        except L1Refused as refusal:
            match classify_refusal(refusal.message):
                case Refusal.NONCE_TOO_LOW:
                    pass  # it was mined meanwhile, or another was: the next look tells
                case Refusal.UNDERPRICED:
                    self.submissions[position] = replace(submission, underpriced=True)
                case Refusal.INSUFFICIENT_FUNDS:
                    balance = await self._l1.balance(self.address)
                    self._complain(f"0x{self.address.hex()} has {balance} wei on L1, too little for a batch: fund it")
                case Refusal.OTHER:
                    self._complain(f"L1 did not take {submission}: {refusal.message}")
