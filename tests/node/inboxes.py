"""An inbox on an L1, for tests that need nothing else of a rollup."""

from node.clock import SystemClock
from node.deploy import Deployment, deploy_all
from node.l1.client import L1Client
from node.rollup import rollup_chain_config
from node.settlement import SettlementOptions, before_genesis, l1_addresses
from protocol.crypto import private_key_address
from protocol.types import Address


async def deploy_inbox(client: L1Client, key: bytes, batcher: Address) -> Deployment:
    """An inbox for one batcher, with the settings that name it."""
    deployer = private_key_address(key)
    options = SettlementOptions(owner=deployer, proposer=deployer)
    nonce = await client.nonce(deployer)
    addresses = l1_addresses(deployer, nonce, options)
    creations = before_genesis(batcher, addresses, rollup_chain_config(1), 30_000_000, options)
    return (await deploy_all(client, SystemClock(), key, creations, nonce=nonce))[-1]
