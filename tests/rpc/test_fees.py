"""What to pay, and what was paid."""

import pytest

from protocol.fees import next_base_fee
from protocol.forks import Fork
from rpc.fees import MIN_TIP
from rpc.limits import Limits
from tests.rpc.fake import transfer

GWEI = 10**9


async def test_a_block_with_room_suggests_the_least_tip(node):
    node.backend.new_block([transfer(0, max_fee_per_gas=9 * GWEI, max_priority_fee_per_gas=5 * GWEI)])
    assert await node.call("eth_maxPriorityFeePerGas") == hex(MIN_TIP)


async def test_a_full_block_suggests_more_than_its_median_tip(node):
    txs = [transfer(n, max_fee_per_gas=9 * GWEI, max_priority_fee_per_gas=n * GWEI) for n in range(1, 4)]
    block = node.backend.new_block(txs)
    object.__setattr__(block.header, "gas_used", block.header.gas_limit)
    assert await node.call("eth_maxPriorityFeePerGas") == hex(2 * GWEI + 2 * GWEI // 10)


async def test_gas_price_has_headroom_over_the_next_base_fee(node):
    base_fee = next_base_fee(node.backend.chain.head(), node.backend.config, Fork.CANCUN)
    assert await node.call("eth_baseFee") == hex(base_fee)
    assert await node.call("eth_gasPrice") == hex(base_fee + base_fee // 4 + MIN_TIP)
    assert await node.call("eth_blobBaseFee") == "0x1"


async def test_fee_history_has_one_base_fee_more_than_blocks(node):
    for _ in range(4):
        node.backend.new_block([transfer(0)])
    history = await node.call("eth_feeHistory", "0x3", "latest")
    assert (history["oldestBlock"], len(history["baseFeePerGas"]), len(history["baseFeePerBlobGas"])) == ("0x2", 4, 4)
    assert history["gasUsedRatio"] == [21_000 / 30_000_000] * 3
    assert history["blobGasUsedRatio"] == [0.0] * 3
    assert "reward" not in history
    assert history["baseFeePerGas"][-1] == await node.call("eth_baseFee")


@pytest.mark.parametrize("count", [3, "0x3"])
@pytest.mark.parametrize("newest", ["latest", "pending", "0x2"])
async def test_fee_history_stops_at_genesis_and_takes_a_count_in_both_forms(node, count, newest):
    node.backend.new_block()
    node.backend.new_block()
    node.backend.new_block()
    history = await node.call("eth_feeHistory", count, newest, [5.0])
    assert len(history["reward"]) == 3
    assert history["oldestBlock"] == ("0x0" if newest == "0x2" else "0x1")


async def test_rewards_are_tips_at_percentiles_of_gas(node):
    tips = [4, 1, 3, 2]
    node.backend.new_block([transfer(n, max_priority_fee_per_gas=tip) for n, tip in enumerate(tips)])
    history = await node.call("eth_feeHistory", 1, "latest", [0, 25, 25.1, 50, 75.5, 100])
    assert history["reward"] == [["0x1", "0x1", "0x2", "0x2", "0x4", "0x4"]]


async def test_an_empty_block_rewards_nothing(node):
    assert (await node.call("eth_feeHistory", 1, "latest", [50]))["reward"] == [["0x0"]]
    assert (await node.call("eth_feeHistory", 1, "latest", []))["reward"] == [[]]


@pytest.mark.parametrize("percentiles", [[-1], [101], [50, 49], ["50"], [True], [None], "x", {}, [10**400]])
async def test_bad_percentiles_are_invalid(node, percentiles):
    assert (await node.error("eth_feeHistory", 1, "latest", percentiles))[0] == -32602


async def test_fee_history_is_bounded(start_node):
    node = await start_node(Limits(fee_history_blocks=2, fee_history_percentiles=2))
    for _ in range(4):
        node.backend.new_block()
    assert (await node.call("eth_feeHistory", hex(10**6), "latest"))["oldestBlock"] == "0x3"
    assert (await node.error("eth_feeHistory", 1, "latest", [1, 2, 3]))[0] == -32602
    empty = await node.call("eth_feeHistory", 0, "latest")
    assert (empty["oldestBlock"], empty["gasUsedRatio"], len(empty["baseFeePerGas"])) == ("0x5", [], 1)


async def test_fee_history_beyond_the_head_is_an_error(node):
    refusal = (-32000, "request beyond head block: requested 153, head 0")
    assert await node.error("eth_feeHistory", 1, "0x99") == refusal
