"""Transactions on their way in, and what waits."""

import pytest

from protocol.errors import InvalidTransaction, Reject, TxError
from tests.rpc.fake import BOB, transfer


def hexed(data: bytes) -> str:
    return "0x" + data.hex()


async def test_a_sent_transaction_is_answered_by_its_hash(node):
    tx = transfer(0)
    assert await node.call("eth_sendRawTransaction", hexed(tx.raw)) == hexed(tx.hash)
    assert node.backend.pool.get(tx.hash) == tx


@pytest.mark.parametrize(
    ("raw", "code", "words"),
    [
        ("0x", -32000, "malformed transaction: no bytes"),
        ("0xc0", -32000, "malformed transaction: transaction: expected 9 fields, got 0"),
        ("0x05c0", -32000, "transaction type not supported: type 0x05"),
        ("0x02ff", -32000, "malformed transaction: "),
        ("0x1", -32602, "invalid argument 0: hex string of odd length"),
        ("02c0", -32602, "invalid argument 0: hex string without 0x prefix"),
        (None, -32602, "missing value for required argument 0"),
    ],
)
async def test_malformed_bytes_say_why(node, raw, code, words):
    answer = await node.error("eth_sendRawTransaction", raw)
    assert answer[0] == code
    assert answer[1].startswith(words)


@pytest.mark.parametrize(
    "refusal",
    [
        InvalidTransaction(TxError.NONCE_MISMATCH_TOO_LOW, "next nonce 5, tx nonce 0"),
        Reject("already known"),
        Reject("replacement transaction underpriced"),
        Reject("only replay-protected (EIP-155) transactions allowed over RPC"),
    ],
)
async def test_a_refusal_keeps_the_pools_words(node, refusal):
    node.backend.pool.refusal = refusal
    assert await node.error("eth_sendRawTransaction", hexed(transfer(0).raw)) == (-32000, str(refusal))


async def test_what_waits_is_shown_by_sender_and_nonce(node):
    txs = [transfer(nonce) for nonce in (0, 1)]
    for tx in txs:
        node.backend.new_transaction(tx)
    sender = hexed(txs[0].sender)
    shown = {str(tx.nonce): await node.call("eth_getTransactionByHash", hexed(tx.hash)) for tx in txs}
    line = f"{hexed(BOB)}: 1 wei + 21000 gas x 10000000000 wei"
    assert await node.call("txpool_status") == {"pending": "0x2", "queued": "0x0"}
    assert await node.call("txpool_content") == {"pending": {sender: shown}, "queued": {}}
    assert await node.call("txpool_contentFrom", sender) == {"pending": shown, "queued": {}}
    assert await node.call("txpool_contentFrom", hexed(BOB)) == {"pending": {}, "queued": {}}
    assert await node.call("txpool_inspect") == {"pending": {sender: {"0": line, "1": line}}, "queued": {}}
