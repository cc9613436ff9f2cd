"""Polled filters: what changed since the last poll, also across reorganisations, and how filters end."""

import pytest

from protocol.receipt import Log
from rpc.limits import Limits
from tests.rpc.fake import ALICE, BOB, transfer

LOG = Log(ALICE, (), b"")


def hexed(data: bytes) -> str:
    return "0x" + data.hex()


async def test_a_block_filter_reports_each_new_block_once(node):
    node.backend.new_block()
    filter_id = await node.call("eth_newBlockFilter")
    assert await node.call("eth_getFilterChanges", filter_id) == []
    new = [hexed(node.backend.new_block().hash) for _ in range(3)]
    assert await node.call("eth_getFilterChanges", filter_id) == new
    assert await node.call("eth_getFilterChanges", filter_id) == []


async def test_a_reorganisation_reports_the_new_branch(node):
    filter_id = await node.call("eth_newBlockFilter")
    node.backend.new_block()
    await node.call("eth_getFilterChanges", filter_id)
    node.backend.chain.shrink(1)
    assert await node.call("eth_getFilterChanges", filter_id) == []
    new = [hexed(node.backend.new_block().hash) for _ in range(2)]
    assert await node.call("eth_getFilterChanges", filter_id) == new


async def test_a_log_filter_takes_back_what_a_reorganisation_removed(node):
    filter_id = await node.call("eth_newFilter", {"address": hexed(ALICE)})
    node.backend.new_block([transfer(0), transfer(1)], [(LOG,), (LOG,)])
    added = await node.call("eth_getFilterChanges", filter_id)
    assert [(log["logIndex"], log["removed"]) for log in added] == [("0x0", False), ("0x1", False)]
    node.backend.chain.shrink(1)
    node.backend.new_block([transfer(2)], [(LOG,)])
    changes = await node.call("eth_getFilterChanges", filter_id)
    assert changes[:2] == [{**log, "removed": True} for log in reversed(added)]
    assert [(log["blockNumber"], log["removed"]) for log in changes[2:]] == [("0x1", False)]


async def test_a_log_filter_keeps_to_its_range_and_can_list_everything(node):
    for nonce in range(2):
        node.backend.new_block([transfer(nonce)], [(LOG,)])
    filter_id = await node.call("eth_newFilter", {"fromBlock": "0x1", "toBlock": "0x3"})
    for nonce in range(2, 4):
        node.backend.new_block([transfer(nonce)], [(LOG,)])
    changes = await node.call("eth_getFilterChanges", filter_id)
    assert [log["blockNumber"] for log in changes] == ["0x3"]
    everything = await node.call("eth_getFilterLogs", filter_id)
    assert [log["blockNumber"] for log in everything] == ["0x1", "0x2", "0x3"]


async def test_a_log_filter_ignores_what_it_does_not_want(node):
    filter_id = await node.call("eth_newFilter", {"address": hexed(BOB)})
    node.backend.new_block([transfer(0)], [(LOG,)])
    assert await node.call("eth_getFilterChanges", filter_id) == []


@pytest.mark.parametrize("full", [False, True])
async def test_a_transaction_filter_collects_what_the_pool_announces(node, full):
    filter_id = await node.call("eth_newPendingTransactionFilter", full)
    txs = [transfer(nonce) for nonce in range(2)]
    for tx in txs:
        node.backend.new_transaction(tx)
    node.backend.new_block()
    changes = await node.call("eth_getFilterChanges", filter_id)
    assert [change["hash"] if full else change for change in changes] == [hexed(tx.hash) for tx in txs]
    assert await node.call("eth_getFilterChanges", filter_id) == []


async def test_a_transaction_filter_keeps_the_newest_within_its_bound(start_node):
    node = await start_node(Limits(filter_transactions=2))
    filter_id = await node.call("eth_newPendingTransactionFilter")
    txs = [transfer(nonce) for nonce in range(3)]
    for tx in txs:
        node.backend.new_transaction(tx)
    assert await node.call("eth_getFilterChanges", filter_id) == [hexed(tx.hash) for tx in txs[1:]]


@pytest.mark.parametrize("method", ["eth_getFilterChanges", "eth_getFilterLogs"])
async def test_an_unknown_filter_is_not_found(node, method):
    assert await node.error(method, "0x1") == (-32000, "filter not found")


async def test_uninstalling_says_whether_there_was_one(node):
    filter_id = await node.call("eth_newBlockFilter")
    assert await node.call("eth_uninstallFilter", filter_id) is True
    assert await node.call("eth_uninstallFilter", filter_id) is False
    assert await node.error("eth_getFilterChanges", filter_id) == (-32000, "filter not found")


async def test_only_log_filters_list_logs(node):
    filter_id = await node.call("eth_newBlockFilter")
    assert await node.error("eth_getFilterLogs", filter_id) == (-32000, "filter not found")


async def test_a_filter_lives_while_it_is_polled_and_expires_after_five_minutes(node):
    polled, idle = [await node.call("eth_newBlockFilter") for _ in range(2)]
    node.clock.seconds += 299
    await node.call("eth_getFilterChanges", polled)
    node.clock.seconds += 2
    assert await node.error("eth_getFilterChanges", idle) == (-32000, "filter not found")
    assert await node.call("eth_getFilterChanges", polled) == []


async def test_filters_are_bounded_and_expired_ones_make_room(start_node):
    node = await start_node(Limits(filters=2))
    for _ in range(2):
        await node.call("eth_newBlockFilter")
    assert await node.error("eth_newFilter", {}) == (-32005, "too many filters, at most 2 are allowed")
    node.clock.seconds += 301
    await node.call("eth_newFilter", {})


@pytest.mark.parametrize("query", [{"fromBlock": "0x2", "toBlock": "0x1"}, {"fromBlock": "pending"}, {"topics": 1}])
async def test_a_filter_that_can_never_match_is_invalid(node, query):
    assert (await node.error("eth_newFilter", query))[0] == -32602


async def test_ids_differ_and_cannot_be_guessed(node):
    ids = {await node.call("eth_newBlockFilter") for _ in range(20)}
    assert len(ids) == 20
    assert all(len(entry) == 34 and entry.startswith("0x") for entry in ids)
