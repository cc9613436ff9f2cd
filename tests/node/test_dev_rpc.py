"""A dev chain beyond what hardhat's own run covers: intervals, fees, and where it refuses to be one."""

from typing import Any

import pytest

from genesis.dev import DEV_ACCOUNTS
from node.clock import SystemClock
from node.dev_node import DevNode, DevOptions
from node.dev_rpc import dev_methods
from node.l1.client import L1Client
from node.l1.transport import L1Refused
from protocol.errors import InvalidInput
from tests.e2e.network import running

ALICE, BOB = ("0x" + account.hex() for account in DEV_ACCOUNTS[:2])


@pytest.fixture
async def dev(tmp_path):
    node = DevNode(DevOptions(tmp_path, rpc_port=0), SystemClock())
    async with running(node), L1Client(f"http://127.0.0.1:{node.port}") as client:
        yield client


async def block(dev, tag="latest"):
    return await dev.request("eth_getBlockByNumber", [tag, False])


def test_a_chain_whose_batches_go_to_l1_has_no_such_methods():
    miner: Any = None
    with pytest.raises(InvalidInput, match="turn the batcher off"):
        dev_methods(miner, batching=True)


async def test_without_automine_transactions_wait_for_a_block(dev):
    await dev.request("evm_setAutomine", [False])
    sent = await dev.request("eth_sendTransaction", [{"from": ALICE, "to": BOB, "value": "0x1"}])
    assert await dev.request("eth_getTransactionReceipt", [sent]) is None
    await dev.request("evm_mine", [])
    receipt = await dev.request("eth_getTransactionReceipt", [sent])
    assert (receipt["status"], receipt["blockNumber"]) == ("0x1", "0x1")


async def test_the_next_block_takes_what_was_chosen_for_it_once(dev):
    await dev.request("hardhat_setNextBlockBaseFeePerGas", ["0x7"])
    await dev.request("hardhat_setPrevRandao", ["0x" + "ab" * 32])
    await dev.request("hardhat_setCoinbase", [BOB])
    await dev.request("evm_mine", [])
    chosen = await block(dev)
    assert (chosen["baseFeePerGas"], chosen["mixHash"], chosen["miner"]) == ("0x7", "0x" + "ab" * 32, BOB)
    await dev.request("evm_mine", [])
    assert (await block(dev))["mixHash"] != "0x" + "ab" * 32


async def test_time_moves_by_what_was_added_and_never_back(dev):
    before = int((await block(dev))["timestamp"], 16)
    assert await dev.request("evm_increaseTime", [10_000]) == 10_000
    await dev.request("evm_mine", [])
    assert int((await block(dev))["timestamp"], 16) >= before + 10_000
    with pytest.raises(L1Refused, match="is not after"):
        await dev.request("evm_setNextBlockTimestamp", [before])


async def test_going_back_forgets_what_waited(dev):
    snapshot = await dev.request("evm_snapshot", [])
    await dev.request("eth_sendTransaction", [{"from": ALICE, "to": BOB, "value": "0x1"}])
    assert await dev.request("evm_revert", [snapshot]) is True
    assert await dev.request("txpool_status", []) == {"pending": "0x0", "queued": "0x0"}
    assert await dev.request("eth_blockNumber", []) == "0x0"
    assert await dev.request("eth_getTransactionCount", [ALICE, "latest"]) == "0x0"


async def test_reset_is_the_beginning(dev):
    await dev.request("hardhat_setBalance", [BOB, "0x1"])
    await dev.request("hardhat_mine", ["0x3"])
    await dev.request("hardhat_reset", [])
    assert await dev.request("eth_blockNumber", []) == "0x0"
    assert int(await dev.request("eth_getBalance", [BOB, "latest"]), 16) == 10_000 * 10**18


async def test_an_edit_is_part_of_the_state_and_provable(dev):
    await dev.request("anvil_setBalance", [BOB, "0x7"])
    proof = await dev.request("eth_getProof", [BOB, [], "latest"])
    assert (proof["balance"], await dev.request("eth_getBalance", [BOB, "latest"])) == ("0x7", "0x7")
    assert (await dev.request("anvil_nodeInfo", []))["currentBlockNumber"] == "0x1"
