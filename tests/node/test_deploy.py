"""Creations on a real L1 that loses some of them."""

import asyncio

from node.account import Account
from node.artifacts import load_artifact
from node.clock import SystemClock
from node.deploy import Creation, created_address, deploy_all
from node.l1.client import L1Client
from protocol.crypto import private_key_address
from protocol.types import Address
from tests.peers import DEV_KEYS, run_anvil

POLLS = 1_200


async def test_creations_that_the_pool_drops_are_sent_again() -> None:
    """As anvil drops those that follow one that did not fit into a block."""
    key, clock = DEV_KEYS[0], SystemClock()
    with run_anvil() as anvil:
        async with L1Client(anvil.url) as client:
            await Account(client, clock, key).send(private_key_address(DEV_KEYS[1]))
            anvil.rpc("evm_setAutomine", False)
            waiting = asyncio.create_task(
                deploy_all(client, clock, key, [Creation(load_artifact("examples/counter"))] * 3)
            )
            await until_pending(client, private_key_address(key), 4)
            anvil.rpc("anvil_dropAllTransactions")
            anvil.mine()
            assert await client.nonce(private_key_address(key)) == 1, "none of them is mined"
            await until_pending(client, private_key_address(key), 4)
            anvil.rpc("evm_setAutomine", True)
            anvil.mine()
            made = await waiting
    assert [one.address for one in made] == [created_address(private_key_address(key), nonce) for nonce in (1, 2, 3)]


async def until_pending(client: L1Client, sender: Address, nonce: int) -> None:
    for _ in range(POLLS):
        if await client.nonce(sender, "pending") == nonce:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"nothing of 0x{sender.hex()} waits with nonce {nonce - 1}")
