"""Blocks, transactions and receipts; the fields themselves are held to the official suite."""

from typing import Any

import pytest

from protocol.receipt import Log
from protocol.transaction import AccessEntry, Transaction, deposit_transaction
from protocol.types import Hash32
from rpc.encode import create_address, transaction_json
from tests.rpc.fake import ALICE, BOB, CHAIN_ID, transfer

UNKNOWN = "0x" + "de" * 32


def hexed(data: bytes) -> str:
    return "0x" + data.hex()


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("eth_getBlockByNumber", ["0x99", False]),
        ("eth_getBlockByHash", [UNKNOWN, False]),
        ("eth_getBlockReceipts", ["0x99"]),
        ("eth_getBlockReceipts", [UNKNOWN]),
        ("eth_getTransactionByHash", [UNKNOWN]),
        ("eth_getTransactionReceipt", [UNKNOWN]),
        ("eth_getBlockTransactionCountByNumber", ["0x99"]),
        ("eth_getBlockTransactionCountByHash", [UNKNOWN]),
        ("eth_getTransactionByBlockNumberAndIndex", ["0x99", "0x0"]),
        ("eth_getTransactionByBlockNumberAndIndex", ["0x0", "0x0"]),
        ("eth_getTransactionByBlockHashAndIndex", [UNKNOWN, "0x0"]),
        ("eth_getUncleCountByBlockNumber", ["0x99"]),
        ("eth_getUncleCountByBlockHash", [UNKNOWN]),
        ("eth_getUncleByBlockNumberAndIndex", ["0x0", "0x0"]),
        ("eth_getUncleByBlockHashAndIndex", [UNKNOWN, "0x0"]),
    ],
)
async def test_what_is_unknown_is_null(node, method, params):
    assert await node.call(method, *params) is None


@pytest.mark.parametrize("method", ["debug_getRawHeader", "debug_getRawBlock", "debug_getRawReceipts"])
async def test_raw_bytes_of_an_unknown_block_are_an_error(node, method):
    for block in ("0x99", UNKNOWN):
        code, message = await node.error(method, block)
        assert code == -32000
        assert "not found" in message


async def test_tags_lead_to_their_heads(node):
    for _ in range(4):
        node.backend.new_block()
    numbers = {
        tag: (await node.call("eth_getBlockByNumber", tag))["number"]
        for tag in ("earliest", "finalized", "safe", "latest", "pending")
    }
    assert numbers == {"earliest": "0x0", "finalized": "0x0", "safe": "0x2", "latest": "0x4", "pending": "0x4"}
    assert await node.call("eth_blockNumber") == "0x4"


async def test_a_block_shows_hashes_or_whole_transactions(node):
    tx = transfer(0)
    block = node.backend.new_block([tx])
    by_number = await node.call("eth_getBlockByNumber", "0x1", False)
    assert by_number["transactions"] == [hexed(tx.hash)]
    full = await node.call("eth_getBlockByHash", hexed(block.hash), True)
    assert full["transactions"] == [await node.call("eth_getTransactionByHash", hexed(tx.hash))]
    assert {**full, "transactions": by_number["transactions"]} == by_number
    assert by_number["size"] == hex(len(block.encode()))
    assert await node.call("debug_getRawBlock", "0x1") == hexed(block.encode())
    assert await node.call("debug_getRawTransaction", hexed(tx.hash)) == hexed(tx.raw)


async def test_a_transaction_shows_what_it_paid_when_mined_and_what_it_offers_before(node):
    tx = transfer(0, max_fee_per_gas=5 * 10**9, max_priority_fee_per_gas=7)
    node.backend.new_transaction(tx)
    waiting = await node.call("eth_getTransactionByHash", hexed(tx.hash))
    assert (waiting["blockHash"], waiting["gasPrice"]) == (None, hex(5 * 10**9))
    node.backend.new_block([tx])
    mined = await node.call("eth_getTransactionByHash", hexed(tx.hash))
    assert (mined["blockNumber"], mined["gasPrice"]) == ("0x1", hex(10**9 + 7))
    changed = {"blockHash", "blockNumber", "blockTimestamp", "transactionIndex", "gasPrice"}
    assert {name for name in mined if mined[name] != waiting[name]} == changed
    assert mined == await node.call("eth_getTransactionByBlockNumberAndIndex", "0x1", "0x0")
    assert mined == await node.call("eth_getTransactionByBlockHashAndIndex", mined["blockHash"], "0x0")


async def test_log_indexes_count_per_block(node):
    log = Log(ALICE, (b"\x01" * 32,), b"\x02")
    node.backend.new_block([transfer(0), transfer(1), transfer(2)], [(log, log), (), (log,)])
    receipts = await node.call("eth_getBlockReceipts", "latest")
    assert [[entry["logIndex"] for entry in receipt["logs"]] for receipt in receipts] == [["0x0", "0x1"], [], ["0x2"]]
    assert [receipt["cumulativeGasUsed"] for receipt in receipts] == ["0x5208", "0xa410", "0xf618"]
    one_by_one = [await node.call("eth_getTransactionReceipt", receipt["transactionHash"]) for receipt in receipts]
    assert one_by_one == receipts


async def test_only_creates_have_a_contract_address(node):
    create = transfer(5, to=None, data=b"\x00")
    node.backend.new_block([transfer(4), create])
    call, creation = await node.call("eth_getBlockReceipts", "0x1")
    assert (call["contractAddress"], call["to"]) == (None, hexed(BOB))
    assert (creation["contractAddress"], creation["to"]) == (hexed(create_address(create.sender, 5)), None)


COMMON = {
    "blockHash", "blockNumber", "blockTimestamp", "transactionIndex", "hash", "type", "from", "to", "nonce", "gas",
    "value", "input", "gasPrice", "v", "r", "s",
}  # fmt: skip
TYPED = COMMON | {"chainId", "yParity", "accessList"}


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"type": 0, "chain_id": None}, COMMON),
        ({"type": 0}, COMMON | {"chainId"}),
        ({"type": 1}, TYPED),
        ({"type": 2}, TYPED | {"maxFeePerGas", "maxPriorityFeePerGas"}),
        (
            {"type": 3, "blob_hashes": (b"\x01" * 32,)},
            TYPED | {"maxFeePerGas", "maxPriorityFeePerGas", "maxFeePerBlobGas", "blobVersionedHashes"},
        ),
        ({"type": 4}, TYPED | {"maxFeePerGas", "maxPriorityFeePerGas", "authorizationList"}),
    ],
)
def test_each_type_has_its_fields(changes, fields):
    assert transaction_json(transfer(0, **changes)).keys() == fields


def shown_as(tx: Transaction) -> Any:
    return transaction_json(tx)


def test_v_tells_replay_protection():
    unprotected = shown_as(transfer(0, type=0, chain_id=None))
    assert unprotected["v"] in ("0x1b", "0x1c")
    protected = shown_as(transfer(0, type=0))
    assert int(protected["v"], 16) in (2 * CHAIN_ID + 35, 2 * CHAIN_ID + 36)
    typed = shown_as(transfer(0))
    assert typed["v"] == typed["yParity"]


def test_access_list_slots_are_words():
    entry = AccessEntry(ALICE, (1,))
    (shown,) = shown_as(transfer(0, access_list=(entry,)))["accessList"]
    assert shown == {"address": hexed(ALICE), "storageKeys": ["0x" + "00" * 31 + "01"]}


def test_a_deposit_is_shown_as_op_stack_clients_expect():
    tx = deposit_transaction(Hash32(b"\x05" * 32), ALICE, BOB, mint=7, value=5, gas_limit=100_000, data=b"")
    shown = shown_as(tx)
    assert shown.keys() == COMMON | {"sourceHash", "mint"}
    assert (shown["type"], shown["mint"], shown["r"], shown["gasPrice"]) == ("0x7e", "0x7", "0x0", "0x0")
