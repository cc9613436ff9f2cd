"""Putting contracts on an L1, whichever it is."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from node.artifacts import Artifact
from node.clock import Clock
from node.l1.client import L1Client
from node.l1.transport import L1Refused
from node.l1.wire import L1Receipt
from protocol.crypto import keccak, private_key_address
from protocol.errors import Reject, Retry
from protocol.rlp_codec import encode, uint_bytes
from protocol.signing import UnsignedTransaction, sign_transaction
from protocol.transaction import Transaction
from protocol.types import Address, Hash32

RESEND_SECONDS = 2.0
"""After which a creation that is not mined is looked for."""
POLLS_TO_A_RECEIPT = 10
"""A node may tell of the nonce that a block has used before it tells of the block's receipts; anvil does."""


@dataclass(frozen=True, slots=True)
class Creation:
    """A contract to be put on L1; `arguments` are the constructor's, ABI-encoded."""

    artifact: Artifact
    arguments: bytes = b""


@dataclass(frozen=True, slots=True)
class Deployment:
    """A contract on L1, and the block that holds its creation."""

    address: Address
    transaction_hash: Hash32
    block_number: int
    block_hash: Hash32


class DeploymentFailed(Reject):
    """The creation was mined and left no contract."""


class NotMined(Retry):
    """There is no receipt yet."""


class NonceTaken(Reject):
    """Another transaction of the same sender was mined in this one's place."""


async def deploy(
    client: L1Client,
    clock: Clock,
    private_key: bytes,
    artifact: Artifact,
    arguments: bytes = b"",
    *,
    timeout_seconds: float = 300.0,
    poll_seconds: float = 0.1,
) -> Deployment:
    """Create one contract and wait until it is mined; raises as `deploy_all`."""
    [deployment] = await deploy_all(
        client,
        clock,
        private_key,
        [Creation(artifact, arguments)],
        timeout_seconds=timeout_seconds,
        poll_seconds=poll_seconds,
    )
    return deployment


async def deploy_all(
    client: L1Client,
    clock: Clock,
    private_key: bytes,
    creations: Sequence[Creation],
    *,
    nonce: int | None = None,
    timeout_seconds: float = 300.0,
    poll_seconds: float = 0.1,
) -> list[Deployment]:
    """Create contracts by consecutive nonces, from the account's next or from `nonce`; wait until all are mined.

    Their addresses are `created_address(sender, nonce)` and so on. No constructor may call another of these contracts,
    because each one's gas is estimated before the others are there.

    Raises:
        Retry: L1 does not answer, or has not mined a creation in `timeout_seconds`.
        Reject: L1 refuses a transaction, or a creation failed.
    """
    sender = private_key_address(private_key)
    chain_id = await client.chain_id()
    first = await client.nonce(sender) if nonce is None else nonce
    fees = await client.suggest_fees()
    transactions: list[Transaction] = []
    for creation in creations:
        init_code = creation.artifact.init_code + creation.arguments
        gas = await client.estimate_gas(sender, None, init_code)
        unsigned = UnsignedTransaction(
            chain_id=chain_id,
            nonce=first + len(transactions),
            gas_limit=gas + gas // 4,
            to=None,
            data=init_code,
            max_fee_per_gas=fees.max_fee,
            max_priority_fee_per_gas=fees.tip,
        )
        transactions.append(sign_transaction(unsigned, private_key))
    for tx in transactions:
        await client.send_raw(tx.raw)
    deployments = []
    for position, (tx, creation) in enumerate(zip(transactions, creations, strict=True)):
        receipt = await _until_mined(client, clock, transactions[position:], timeout_seconds, poll_seconds)
        address = created_address(sender, first + position)
        is_there = receipt.succeeded and receipt.contract_address == address
        if not is_there or not await _has_code(client, clock, address, poll_seconds):
            raise DeploymentFailed(f"the creation of {creation.artifact.name} (0x{tx.hash.hex()}) left no contract")
        deployments.append(Deployment(address, tx.hash, receipt.block_number, receipt.block_hash))
    return deployments


async def _until_mined(
    client: L1Client, clock: Clock, transactions: Sequence[Transaction], timeout_seconds: float, poll_seconds: float
) -> L1Receipt:
    """The receipt of the first; what L1 has lost of them is sent again.

    Where one does not fit into a block, anvil tries the next, whose nonce is then too high, and drops it.
    """
    for attempt in range(max(1, int(timeout_seconds / RESEND_SECONDS))):
        for tx in transactions if attempt else ():
            if await client.transaction(tx.hash) is None:
                with suppress(L1Refused):  # it was mined a moment ago, and is not told of yet
                    await client.send_raw(tx.raw)
        with suppress(NotMined):
            return await wait_until_mined(
                client,
                clock,
                transactions[0].hash,
                timeout_seconds=min(RESEND_SECONDS, timeout_seconds),
                poll_seconds=poll_seconds,
            )
    raise NotMined(f"L1 has not mined transaction 0x{transactions[0].hash.hex()} in {timeout_seconds:.0f} s")


async def _has_code(client: L1Client, clock: Clock, address: Address, poll_seconds: float) -> bool:
    """Whether there is a contract: a node may show a receipt a moment before its newest state has what it made."""
    for _poll in range(20):
        if await client.code(address):
            return True
        await clock.sleep(poll_seconds)
    return False


async def wait_until_mined(
    client: L1Client,
    clock: Clock,
    transaction_hash: Hash32,
    *,
    origin: tuple[Address, int] | None = None,
    timeout_seconds: float = 300.0,
    poll_seconds: float = 0.1,
) -> L1Receipt:
    """The receipt of a transaction that was sent; `origin` is its sender and nonce, where the caller knows them.

    Raises:
        NonceTaken: Another transaction of the sender has this nonce: this one is never mined.
        NotMined: There is no receipt after `timeout_seconds`.
        Retry: The node does not answer.
    """
    polls_since_taken = 0
    for _poll in range(max(1, int(timeout_seconds / poll_seconds))):
        receipt = await client.receipt(transaction_hash)
        if receipt is not None:
            return receipt
        if polls_since_taken > POLLS_TO_A_RECEIPT:
            raise NonceTaken(f"another transaction took the nonce of 0x{transaction_hash.hex()}, as after a reorg")
        taken = origin is not None and await client.nonce(origin[0]) > origin[1]
        polls_since_taken = polls_since_taken + 1 if taken else 0
        await clock.sleep(poll_seconds)
    raise NotMined(f"L1 has not mined transaction 0x{transaction_hash.hex()} in {timeout_seconds:.0f} s")


def created_address(sender: Address, nonce: int) -> Address:
    """Where the account's transaction with this nonce puts the contract it creates."""
    return Address(keccak(encode([sender, uint_bytes(nonce)]))[12:])
