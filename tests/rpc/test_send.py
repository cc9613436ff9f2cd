"""Sending: at once, with the receipt, and what a wallet has filled in for it."""

import asyncio

import pytest

from protocol.errors import InvalidTransaction, TxError
from protocol.transaction import decode_transaction
from rpc.limits import Limits
from tests.rpc.fake import ALICE, BOB, CHAIN_ID, transfer
from tests.rpc.world import CONTRACT, STORES, hex_of, populate


def raw(tx):
    return "0x" + tx.raw.hex()


async def test_the_receipt_comes_when_the_block_does(node):
    tx, taken = transfer(0), asyncio.Event()
    add = node.backend.pool.add

    def add_and_tell(payload):
        taken.set()
        return add(payload)

    node.backend.pool.add = add_and_tell
    asking = asyncio.create_task(node.call("eth_sendRawTransactionSync", raw(tx)))
    await taken.wait()
    node.backend.new_block()
    node.backend.reset_readers()
    block = node.backend.new_block([tx])
    receipt = await asking
    assert (receipt["transactionHash"], receipt["blockHash"]) == (hex_of(tx.hash), hex_of(block.hash))


async def test_a_receipt_that_does_not_come_is_code_4_with_the_hash(node):
    answer = await node.ask(
        {"jsonrpc": "2.0", "id": 1, "method": "eth_sendRawTransactionSync", "params": [raw(transfer(0)), "0x1"]}
    )
    assert answer["error"]["code"] == 4
    assert answer["error"]["data"] == hex_of(transfer(0).hash)


async def test_the_nodes_patience_has_an_end_whatever_the_client_says(start_node):
    node = await start_node(Limits(receipt_seconds_at_most=0.01))
    assert (await node.error("eth_sendRawTransactionSync", raw(transfer(0)), 3_600_000))[0] == 4
    assert (await node.error("eth_sendRawTransactionSync", raw(transfer(0)), 0))[0] == -32602


async def test_what_the_pool_refuses_is_refused_in_its_words(node):
    node.backend.pool.refusal = InvalidTransaction(TxError.NONCE_MISMATCH_TOO_HIGH, "tx 5, state 0")
    assert await node.error("eth_sendRawTransactionSync", raw(transfer(5))) == (5, "nonce too high: tx 5, state 0")
    node.backend.pool.refusal = InvalidTransaction(TxError.NONCE_MISMATCH_TOO_LOW)
    assert await node.error("eth_sendRawTransactionSync", raw(transfer(0))) == (-32000, "nonce too low")


async def test_a_filled_transaction_lacks_nothing_but_its_signature(node):
    populate(node, {CONTRACT: STORES})
    answer = await node.call("eth_fillTransaction", {"from": hex_of(ALICE), "to": hex_of(CONTRACT)})
    tx = answer["tx"]
    assert (tx["type"], tx["nonce"], tx["chainId"]) == ("0x2", "0x0", hex(CHAIN_ID))
    assert int(tx["gas"], 16) == 21_000 + 6 + 22_100
    tip = int(tx["maxPriorityFeePerGas"], 16)
    base_fee = int(await node.call("eth_baseFee"), 16)
    assert int(tx["maxFeePerGas"], 16) == tip + 2 * base_fee
    assert (tx["r"], tx["s"]) == ("0x0", "0x0")
    assert answer["raw"].startswith("0x02")
    with pytest.raises(InvalidTransaction, match="invalid sender"):
        decode_transaction(bytes.fromhex(answer["raw"][2:]))


async def test_what_is_given_is_not_filled(node):
    populate(node, {})
    given = {"from": hex_of(ALICE), "to": hex_of(BOB), "gas": "0x5300", "nonce": "0x9", "gasPrice": "0x77359400"}
    tx = (await node.call("eth_fillTransaction", given))["tx"]
    assert (tx["type"], tx["gas"], tx["nonce"], tx["gasPrice"]) == ("0x0", "0x5300", "0x9", "0x77359400")
    assert (await node.error("eth_fillTransaction", {**given, "chainId": "0x1"}))[0] == -32000
    wrong = {"from": hex_of(ALICE), "to": hex_of(BOB), "maxFeePerGas": "0x1", "maxPriorityFeePerGas": "0x2"}
    assert await node.error("eth_fillTransaction", wrong) == (-32000, "maxFeePerGas (1) < maxPriorityFeePerGas (2)")
