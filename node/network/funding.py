"""Transactions of a network's deployer on L1: several at once by consecutive nonces, one block for all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from node.clock import Clock
from node.deploy import wait_until_mined
from node.l1.client import L1Client
from protocol.crypto import private_key_address
from protocol.errors import Reject
from protocol.signing import UnsignedTransaction, sign_transaction
from protocol.types import Address

TRANSFER_GAS = 21_000


@dataclass(frozen=True, slots=True)
class Call:
    """A transaction to be; `gas` is its limit: what depends on the one before it cannot be estimated."""

    to: Address
    data: bytes = b""
    value: int = 0
    gas: int = TRANSFER_GAS


async def send_calls(l1: L1Client, clock: Clock, key: bytes, calls: Sequence[Call]) -> None:
    """Send them in order from the account of `key`, which nobody else uses meanwhile, and wait until all are mined.

    Raises:
        Retry: L1 does not answer or does not mine.
        Reject: The account has not enough, or a call failed.
    """
    if not calls:
        return
    payer = private_key_address(key)
    fees, chain_id, nonce = await l1.suggest_fees(), await l1.chain_id(), await l1.nonce(payer)
    needed, has = sum(call.value + call.gas * fees.max_fee for call in calls), await l1.balance(payer)
    if has < needed:
        raise Reject(
            f"the operator's account 0x{payer.hex()} has {has / 10**18:g} ether on L1, but its chains' accounts need "
            f"{needed / 10**18:g}"
        )
    sent = []
    for position, call in enumerate(calls):
        unsigned = UnsignedTransaction(
            chain_id=chain_id,
            nonce=nonce + position,
            gas_limit=call.gas,
            to=call.to,
            value=call.value,
            data=call.data,
            max_fee_per_gas=fees.max_fee,
            max_priority_fee_per_gas=fees.tip,
        )
        sent.append(await l1.send_raw(sign_transaction(unsigned, key).raw))
    for call, transaction_hash in zip(calls, sent, strict=True):
        receipt = await wait_until_mined(l1, clock, transaction_hash)
        if not receipt.succeeded:
            raise Reject(f"the call 0x{transaction_hash.hex()} of 0x{call.to.hex()} on L1 failed")


async def funding_calls(l1: L1Client, wanted: Mapping[Address, int]) -> list[Call]:
    """Transfers that bring each account which has less than half of the wei that it should have up to it."""
    missing = {account: wei - await l1.balance(account) for account, wei in wanted.items()}
    return [Call(account, value=wei) for account, wei in missing.items() if wei > wanted[account] // 2]
