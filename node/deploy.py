"""Putting contracts on an L1, whichever it is."""

from dataclasses import dataclass

from node.artifacts import Artifact, load_artifact
from node.clock import Clock
from node.l1_client import L1Client
from node.l1_wire import L1Receipt
from protocol.crypto import keccak, private_key_address
from protocol.errors import Reject, Retry
from protocol.rlp_codec import encode, uint_bytes
from protocol.transaction import UnsignedTransaction, sign_transaction
from protocol.types import Address, Hash32


@dataclass(frozen=True, slots=True)
class Deployment:
    """A contract on L1, and the block that holds its creation."""

    address: Address
    transaction_hash: Hash32
    block_number: int
    block_hash: Hash32


class DeploymentFailed(Reject):
    """The creation was mined and left no contract."""


async def deploy_inbox(client: L1Client, clock: Clock, private_key: bytes, batcher: Address) -> Deployment:
    """Deploy `contracts/l1/inbox.vy` for `batcher`; raises as `deploy` does."""
    return await deploy(client, clock, private_key, load_artifact("l1/inbox"), bytes(12) + batcher)


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
    """Create one contract and wait until it is mined. `arguments` are the constructor's, ABI-encoded.

    Raises:
        Retry: L1 does not answer, or has not mined the creation in `timeout_seconds`.
        Reject: L1 refuses the transaction, or the creation failed.
    """
    sender = private_key_address(private_key)
    init_code = artifact.init_code + arguments
    nonce = await client.nonce(sender)
    gas = await client.estimate_gas(sender, None, init_code)
    fees = await client.suggest_fees()
    tx = sign_transaction(
        UnsignedTransaction(
            chain_id=await client.chain_id(),
            nonce=nonce,
            gas_limit=gas + gas // 4,
            to=None,
            data=init_code,
            max_fee_per_gas=fees.max_fee,
            max_priority_fee_per_gas=fees.tip,
        ),
        private_key,
    )
    await client.send_raw(tx.raw)
    receipt = await wait_until_mined(client, clock, tx.hash, timeout_seconds=timeout_seconds, poll_seconds=poll_seconds)
    address = created_address(sender, nonce)
    if not receipt.succeeded or receipt.contract_address != address or not await client.code(address):
        raise DeploymentFailed(f"the creation of {artifact.name} (0x{tx.hash.hex()}) left no contract")
    return Deployment(address, tx.hash, receipt.block_number, receipt.block_hash)


async def wait_until_mined(
    client: L1Client,
    clock: Clock,
    transaction_hash: Hash32,
    *,
    timeout_seconds: float = 300.0,
    poll_seconds: float = 0.1,
) -> L1Receipt:
    """The receipt of a transaction that was sent; raises Retry when there is none after `timeout_seconds`."""
    for _poll in range(max(1, int(timeout_seconds / poll_seconds))):
        receipt = await client.receipt(transaction_hash)
        if receipt is not None:
            return receipt
        await clock.sleep(poll_seconds)
    raise Retry(f"L1 has not mined transaction 0x{transaction_hash.hex()} in {timeout_seconds:.0f} s")


def created_address(sender: Address, nonce: int) -> Address:
    """Where the account's transaction with this nonce puts the contract it creates."""
    return Address(keccak(encode([sender, uint_bytes(nonce)]))[12:])
