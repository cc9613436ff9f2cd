"""An account whose key we hold, on some chain: it signs, sends, and waits for what came of it."""

from node.clock import Clock
from node.deploy import wait_until_mined
from node.l1.client import L1Client
from node.l1.wire import L1Receipt
from protocol.crypto import private_key_address
from protocol.errors import Reject
from protocol.signing import UnsignedTransaction, sign_transaction
from protocol.types import Address


class TransactionFailed(Reject):
    """It was mined, and reverted, though it would not have a moment before."""


class Account:
    """One key on one chain. Nothing else may send from it meanwhile."""

    def __init__(self, client: L1Client, clock: Clock, private_key: bytes) -> None:
        self.client = client
        self.address = private_key_address(private_key)
        self._clock = clock
        self._private_key = private_key

    async def send(self, to: Address, data: bytes = b"", value: int = 0) -> L1Receipt:
        """One transaction, mined; `value` in wei. Gas is estimated, and a third more is offered.

        Raises:
            L1Refused: It would revert, or the account cannot pay; nothing was sent.
            TransactionFailed: It reverted all the same.
            NonceTaken: A reorg has put another transaction of this account in its place.
            Retry: The node does not answer, or has not mined it in time.
        """
        client = self.client
        gas = await client.estimate_gas(self.address, to, data, value=value)
        fees = await client.suggest_fees()
        nonce = await client.nonce(self.address, "pending")
        unsigned = UnsignedTransaction(
            chain_id=await client.chain_id(),
            nonce=nonce,
            gas_limit=gas + gas // 3,
            to=to,
            value=value,
            data=data,
            max_fee_per_gas=fees.max_fee,
            max_priority_fee_per_gas=fees.tip,
        )
        tx = sign_transaction(unsigned, self._private_key)
        await client.send_raw(tx.raw)
        receipt = await wait_until_mined(client, self._clock, tx.hash, origin=(self.address, nonce))
        if not receipt.succeeded:
            raise TransactionFailed(f"transaction 0x{tx.hash.hex()} reverted")
        return receipt
