"""Ether on L1 for the accounts that a network's roles send from."""

from collections.abc import Iterable

from node.clock import Clock
from node.deploy import wait_until_mined
from node.l1_client import L1Client
from protocol.crypto import private_key_address
from protocol.errors import Reject
from protocol.transaction import UnsignedTransaction, sign_transaction
from protocol.types import Address

TRANSFER_GAS = 21_000


async def fund_accounts(l1: L1Client, clock: Clock, key: bytes, accounts: Iterable[Address], wei: int) -> None:
    """Bring each account that has less than half of `wei` up to it, from the account of `key`; wait until they have it.

    Raises:
        Retry: L1 does not answer or does not mine.
        Reject: The payer has not enough.
    """
    payer = private_key_address(key)
    owed = {account: wei - await l1.balance(account) for account in accounts if account != payer}
    owed = {account: missing for account, missing in owed.items() if missing > wei // 2}
    if not owed:
        return
    fees, chain_id, nonce = await l1.suggest_fees(), await l1.chain_id(), await l1.nonce(payer)
    needed = sum(owed.values()) + len(owed) * TRANSFER_GAS * fees.max_fee
    has = await l1.balance(payer)
    if has < needed:
        raise Reject(
            f"the operator's account 0x{payer.hex()} has {has / 10**18:g} ether on L1, but its chains' accounts need "
            f"{needed / 10**18:g}"
        )
    sent = []
    for position, (account, missing) in enumerate(owed.items()):
        unsigned = UnsignedTransaction(
            chain_id=chain_id,
            nonce=nonce + position,
            gas_limit=TRANSFER_GAS,
            to=account,
            value=missing,
            max_fee_per_gas=fees.max_fee,
            max_priority_fee_per_gas=fees.tip,
        )
        sent.append(await l1.send_raw(sign_transaction(unsigned, key).raw))
    for transaction_hash in sent:
        await wait_until_mined(l1, clock, transaction_hash)
