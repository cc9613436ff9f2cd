"""eth_simulateV1 beyond the official suite's cases: what must hold of any simulation."""

import itertools

import pytest

from protocol.crypto import keccak
from rpc.limits import Limits
from tests.rpc.fake import ALICE, BOB
from tests.rpc.world import CONTRACT, ETHER, LOGS, OTHER, STORES, calls, hex_of, populate

A, B, C, D = (hex_of(address) for address in (ALICE, BOB, CONTRACT, OTHER))
TRANSFER = hex_of(keccak(b"Transfer(address,address,uint256)"))


@pytest.fixture
def node(node):
    populate(node, {CONTRACT: STORES, OTHER: LOGS})
    return node


async def simulate(node, *blocks, **options):
    return await node.call("eth_simulateV1", {"blockStateCalls": list(blocks), **options}, "latest")


async def refusal(node, *blocks, **options):
    return await node.error("eth_simulateV1", {"blockStateCalls": list(blocks), **options}, "latest")


async def test_later_calls_and_blocks_see_what_earlier_ones_did(node):
    reads_slot = "0x60015460005260206000f3"
    first, second = await simulate(
        node,
        {"calls": [{"from": A, "to": C}]},
        {"stateOverrides": {C: {"code": reads_slot}}, "calls": [{"from": A, "to": C}]},
    )
    assert first["calls"][0]["status"] == "0x1"
    assert int(second["calls"][0]["returnData"], 16) == 42
    assert second["parentHash"] == first["hash"]
    assert first["stateRoot"] != second["stateRoot"]


async def test_nothing_of_it_stays(node):
    before = await node.call("eth_getBalance", B, "latest")
    await simulate(node, {"calls": [{"from": A, "to": B, "value": "0x5"}]})
    assert await node.call("eth_getBalance", B, "latest") == before
    assert await node.call("eth_blockNumber") == "0x1"


async def test_nonces_count_up_when_they_are_not_given(node):
    transfer = {"from": A, "to": B, "value": "0x1"}
    (block,) = await simulate(node, {"calls": [transfer, transfer]}, returnFullTransactions=True)
    assert [tx["nonce"] for tx in block["transactions"]] == ["0x0", "0x1"]


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ({"nonce": "0x5"}, -38011),
        ({"maxFeePerGas": "0x1"}, -38012),
        ({"gas": "0x5207"}, -38013),
        ({"value": hex(10**30)}, -38014),
        ({"gas": hex(10**9)}, -38015),
        ({"to": None, "input": "0x" + "00" * 49_153}, -38025),
        ({"maxFeePerGas": hex(10**10), "maxPriorityFeePerGas": hex(10**11)}, -32602),
    ],
)
async def test_a_call_that_no_block_could_contain_has_its_own_code(node, call, code):
    paying = {"from": A, "to": B, "maxFeePerGas": hex(10**10), **call}
    found, _message = await refusal(node, {"calls": [paying]}, validation=True)
    assert found == code


async def test_a_nonce_that_is_used_up_matters_only_when_validated(node):
    call = {"from": A, "to": B, "nonce": "0x3"}
    block = {"stateOverrides": {A: {"nonce": "0x7"}}, "calls": [call]}
    (answer,) = await simulate(node, block)
    assert answer["calls"][0]["status"] == "0x1"
    call["maxFeePerGas"] = hex(10**10)
    assert (await refusal(node, block, validation=True))[0] == -38010


@pytest.mark.parametrize(
    ("blocks", "code"),
    [
        ([], -32602),
        ([{"blockOverrides": {"number": "0x1"}}], -38020),
        ([{"blockOverrides": {"time": "0x1"}}], -38021),
        ([{"blockOverrides": {"number": hex(1 + 257)}}], -38026),
        ([{}] * 257, -38026),
        ([{"stateOverrides": {A: {"movePrecompileToAddress": B}}}], -32000),
        ([{"stateOverrides": {"0x" + "00" * 19 + "01": {"movePrecompileToAddress": A}, A: {}}}], -32000),
        ([{"stateOverrides": {A: {"state": {}, "stateDiff": {}}}}], -32602),
    ],
)
async def test_a_sequence_that_cannot_be_has_its_own_code(node, blocks, code):
    assert (await refusal(node, *blocks))[0] == code


async def test_gaps_are_filled_with_empty_blocks_twelve_seconds_apart(node):
    answer = await simulate(node, {"blockOverrides": {"number": "0x4"}})
    assert [block["number"] for block in answer] == ["0x2", "0x3", "0x4"]
    times = [int(block["timestamp"], 16) for block in answer]
    assert [later - earlier for earlier, later in itertools.pairwise(times)] == [12, 12]


async def test_the_block_may_be_pretended_down_to_its_blob_fee(node):
    reads_blob_base_fee = "0x4a60005260206000f3"
    (block,) = await simulate(
        node,
        {
            "blockOverrides": {"blobBaseFee": "0x7b", "beaconRoot": "0x" + "ab" * 32, "feeRecipient": B},
            "stateOverrides": {C: {"code": reads_blob_base_fee}},
            "calls": [{"from": A, "to": C}],
        },
    )
    assert int(block["calls"][0]["returnData"], 16) == 0x7B
    assert block["parentBeaconBlockRoot"] == "0x" + "ab" * 32
    assert block["miner"] == B


async def test_withdrawals_are_paid(node):
    withdrawal = {"index": "0x0", "validatorIndex": "0x0", "address": D, "amount": "0x1"}
    reads_balance = f"0x73{OTHER.hex()}3160005260206000f3"
    first, second = await simulate(
        node,
        {"blockOverrides": {"withdrawals": [withdrawal]}},
        {"stateOverrides": {C: {"code": reads_balance}}, "calls": [{"from": A, "to": C}]},
    )
    assert first["withdrawals"] == [withdrawal]
    assert int(second["calls"][0]["returnData"], 16) == ETHER + 10**9


async def test_transfers_are_logged_in_order_and_void_with_their_frame(node):
    pays_then_logs = calls(BOB, value=1) + calls(OTHER)
    failing = calls(BOB, value=1) + bytes.fromhex("60006000fd")
    (block,) = await simulate(
        node,
        {
            "stateOverrides": {C: {"code": hex_of(pays_then_logs)}, D: {"code": hex_of(failing)}},
            "calls": [{"from": A, "to": D, "value": "0x2"}, {"from": A, "to": C, "value": "0x2"}],
        },
        traceTransfers=True,
    )
    failed, paid = block["calls"]
    assert (failed["status"], failed["logs"]) == ("0x0", [])
    assert [log["topics"][0] for log in paid["logs"]][:2] == [TRANSFER, TRANSFER]
    assert [int(log["logIndex"], 16) for log in paid["logs"]] == [2, 3]  # 0 and 1 were used up by the failure
    assert {log["blockHash"] for log in paid["logs"]} == {block["hash"]}


async def test_all_calls_share_one_allowance_of_gas(start_node):
    node = await start_node(Limits(call_gas=100_000))
    populate(node, {CONTRACT: STORES})
    transfer = {"from": A, "to": B}
    (block,) = await simulate(node, {"calls": [transfer, transfer]}, returnFullTransactions=True)
    assert [int(tx["gas"], 16) for tx in block["transactions"]] == [100_000, 79_000]
    assert (await refusal(node, {"calls": [transfer] * 5}))[0] == -38013


async def test_a_balance_that_is_pretended_to_be_all_there_can_be_wraps_when_more_comes(node):
    reads_own_balance = "0x4760005260206000f3"
    override = {C: {"balance": hex(2**256 - 1), "code": reads_own_balance}}
    (block,) = await simulate(node, {"stateOverrides": override, "calls": [{"from": A, "to": C, "value": "0x3"}]})
    assert int(block["calls"][0]["returnData"], 16) == 2
    assert int(await node.call("eth_call", {"from": A, "to": C, "value": "0x3"}, "latest", override), 16) == 2
