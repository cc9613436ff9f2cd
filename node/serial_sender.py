"""An L1 account that does one thing after another: the next transaction goes out when the last one's fate is known.

It keeps nothing on disk. Transactions from before a crash, or that a reorg put back into L1's pool, are waited for, and
replaced when they stay. Each is sent with the account's next nonce, so of two attempts at most one is mined.
"""

import logging
from dataclasses import dataclass

from node.batch_plan import Refusal, bumped, classify_refusal
from node.l1.client import Fees, L1Client
from node.l1.transport import L1Refused
from protocol.crypto import private_key_address
from protocol.signing import UnsignedTransaction, sign_transaction
from protocol.types import Address, Hash32

logger = logging.getLogger(__name__)

GAS_RESERVE = 60_000
"""Beyond the estimate: a reorg may bring back slots that were empty."""


@dataclass(frozen=True, slots=True)
class SenderConfig:
    """How patiently, how dearly."""

    resubmit_after_blocks: int = 4
    """L1 blocks that a transaction may wait before something dearer replaces it."""

    max_fee_per_gas: int = 1000 * 10**9
    """Never offer more than this, wei per gas."""


@dataclass(frozen=True, slots=True)
class Call:
    """A transaction to be sent, and why, in words; `value` in wei."""

    what: str
    to: Address
    calldata: bytes
    value: int = 0


@dataclass(frozen=True, slots=True)
class _Sent:
    call: Call
    nonce: int
    hash: Hash32
    fees: Fees
    at_l1_block: int


class SerialSender:
    """One key on L1. Methods raise Retry when L1 does not answer, L1Refused when it will not; call them again."""

    def __init__(self, l1: L1Client, private_key: bytes, config: SenderConfig | None = None) -> None:
        self.address = private_key_address(private_key)
        self._l1 = l1
        self._private_key = private_key
        self._config = config or SenderConfig()
        self._sent: _Sent | None = None
        self._outbid: Fees | None = None
        self._foreign_since: int | None = None

    @property
    def under_way(self) -> str | None:
        """What has been sent and is not settled yet."""
        return None if self._sent is None else self._sent.call.what

    def forget(self) -> None:
        """Be as after a crash."""
        self._sent = self._outbid = self._foreign_since = None

    async def is_free(self, l1_head: int) -> bool:
        """Whether something may be sent: nothing is under way, or what is has waited for long enough."""
        nonce = await self._l1.nonce(self.address)
        sent = self._sent
        if sent is not None:
            receipt = await self._l1.receipt(sent.hash)
            is_taken = receipt is not None or nonce > sent.nonce
            if receipt is not None:
                outcome = "done" if receipt.succeeded else "reverted"
                logger.info("%s: %s in L1 block %d", sent.call.what, outcome, receipt.block_number)
            elif not is_taken and l1_head < sent.at_l1_block + self._config.resubmit_after_blocks:
                return False
            self._outbid = None if is_taken else sent.fees
            self._sent = None
            return True
        if self._outbid is not None or await self._l1.nonce(self.address, "pending") <= nonce:
            self._foreign_since = None
            return True
        # Sent before a crash, or put back into the pool by a reorg: it may still be mined.
        self._foreign_since = l1_head if self._foreign_since is None else self._foreign_since
        return l1_head >= self._foreign_since + self._config.resubmit_after_blocks

    async def send(self, call: Call, l1_head: int) -> str | None:
        """Sign and send; call it only when `is_free`. Returns a complaint when L1 does not take it."""
        gas = await self._l1.estimate_gas(self.address, call.to, call.calldata, value=call.value)
        fees = await self._l1.suggest_fees()
        most = self._config.max_fee_per_gas
        fees = Fees(min(fees.max_fee, most), min(fees.tip, most))
        if self._outbid is not None:
            dearer = bumped(self._outbid, fees, most)
            if dearer is None:
                return f"a transaction waits on L1, and dearer would pass {most} wei per gas"
            fees = dearer
        unsigned = UnsignedTransaction(
            chain_id=await self._l1.chain_id(),
            nonce=await self._l1.nonce(self.address),
            gas_limit=gas + gas // 4 + GAS_RESERVE,
            to=call.to,
            value=call.value,
            data=call.calldata,
            max_fee_per_gas=fees.max_fee,
            max_priority_fee_per_gas=fees.tip,
        )
        tx = sign_transaction(unsigned, self._private_key)
        # Remembered before it is sent: if the answer is lost, the next look finds out whether it arrived.
        self._sent = _Sent(call, unsigned.nonce, tx.hash, fees, l1_head)
        logger.info("%s: L1 transaction 0x%s", call.what, tx.hash.hex())
        try:
            await self._l1.send_raw(tx.raw)
        except L1Refused as refusal:
            self._sent = None
            return self._refused(refusal.message, fees)
        return None

    def _refused(self, message: str, fees: Fees) -> str | None:
        match classify_refusal(message):
            case Refusal.NONCE_TOO_LOW:
                return None  # another was mined meanwhile: the next look tells
            case Refusal.UNDERPRICED:
                self._outbid = fees
                return None
            case Refusal.INSUFFICIENT_FUNDS:
                return f"0x{self.address.hex()} has too little ether on L1: fund it"
            case _:
                return f"L1 did not take a transaction of 0x{self.address.hex()}: {message}"
