"""An account that sends transactions to one chain, one after the other, and waits for each."""

from node.clock import Clock
from node.deploy import wait_until_mined
from node.l1_client import L1Client
from node.l1_wire import Json, L1Receipt, as_quantity
from protocol.crypto import private_key_address
from protocol.errors import Reject
from protocol.transaction import UnsignedTransaction, sign_transaction
from protocol.types import Address


class CallFailed(Reject):
    """The transaction was mined and reverted: something else came first."""


class Wallet:
    """One key on one chain. What would revert is not sent: the estimate says so, and costs nothing."""

    def __init__(
        self,
        client: L1Client,
        clock: Clock,
        private_key: bytes,
        *,
        timeout_seconds: float = 120.0,
        poll_seconds: float = 0.1,
    ) -> None:
        self.client = client
        self.address: Address = private_key_address(private_key)
        self._clock = clock
        self._private_key = private_key
        self._timeout_seconds = timeout_seconds
        self._poll_seconds = poll_seconds
        self._chain_id: int | None = None

    async def estimate(self, to: Address, data: bytes, value: int = 0) -> int:
        """Gas that the call needs now; raises `L1Refused`, with the reason, when it would revert."""
        call: dict[str, Json] = {"from": _hex(self.address), "to": _hex(to), "data": _hex(data), "value": hex(value)}
        return as_quantity(await self.client.request("eth_estimateGas", [call]), "gas estimate", 64)

    async def send(self, to: Address, data: bytes, value: int = 0, gas: int | None = None) -> L1Receipt:
        """Make a call and wait until it is mined. `gas`: the limit, instead of the estimate and a fifth.

        Raises:
            L1Refused: It would revert now, or the node refuses it.
            CallFailed: It was mined and reverted.
            Retry: The node does not answer, or has not mined it in time.
        """
        if gas is None:
            gas = await self.estimate(to, data, value)
            gas += gas // 5
        if self._chain_id is None:
            self._chain_id = await self.client.chain_id()
        fees = await self.client.suggest_fees()
        unsigned = UnsignedTransaction(
            chain_id=self._chain_id,
            nonce=await self.client.nonce(self.address),
            gas_limit=gas,
            to=to,
            value=value,
            data=data,
            max_fee_per_gas=fees.max_fee,
            max_priority_fee_per_gas=fees.tip,
        )
        tx = sign_transaction(unsigned, self._private_key)
        await self.client.send_raw(tx.raw)
        receipt = await wait_until_mined(
            self.client, self._clock, tx.hash, timeout_seconds=self._timeout_seconds, poll_seconds=self._poll_seconds
        )
        if not receipt.succeeded:
            raise CallFailed(f"transaction 0x{tx.hash.hex()} to 0x{to.hex()} reverted")
        return receipt


def _hex(data: bytes) -> str:
    return "0x" + data.hex()
