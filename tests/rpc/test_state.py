"""Reading accounts: the ways to name a block, and what becomes of those that are not there."""

import pytest

from protocol.crypto import keccak
from protocol.mpt import verify_proof
from protocol.types import Hash32
from rpc.limits import Limits
from tests.rpc.fake import ALICE, BOB, transfer

ALICE_HEX, BOB_HEX = "0x" + ALICE.hex(), "0x" + BOB.hex()
ONE = "0x" + "00" * 31 + "01"


async def test_an_account_and_one_that_does_not_exist(node):
    assert await node.call("eth_getBalance", ALICE_HEX, "latest") == "0x3e8"
    assert await node.call("eth_getTransactionCount", ALICE_HEX, "latest") == "0x7"
    assert await node.call("eth_getStorageAt", ALICE_HEX, "0x1", "latest") == "0x" + "00" * 31 + "38"
    assert await node.call("eth_getCode", ALICE_HEX, "latest") == "0x"
    assert await node.call("eth_getBalance", BOB_HEX, "latest") == "0x0"
    assert await node.call("eth_getTransactionCount", BOB_HEX, "latest") == "0x0"
    assert await node.call("eth_getStorageAt", BOB_HEX, ONE, "latest") == "0x" + "00" * 32
    assert await node.call("eth_getAccountInfo", ALICE_HEX) == {"balance": "0x3e8", "nonce": "0x7", "code": "0x"}
    assert await node.call("eth_getAccountInfo", BOB_HEX) == {"balance": "0x0", "nonce": "0x0", "code": "0x"}


@pytest.mark.parametrize("block", [[], [None], ["latest"], ["0x0"], ["pending"], ["safe"], ["finalized"], ["earliest"]])
async def test_an_absent_block_is_latest(node, block):
    assert await node.call("eth_getBalance", ALICE_HEX, *block) == "0x3e8"


async def test_a_block_by_hash_and_by_eip_1898_object(node):
    block_hash = "0x" + node.backend.chain.head().hash.hex()
    for block in (block_hash, {"blockHash": block_hash, "requireCanonical": True}, {"blockNumber": "0x0"}):
        assert await node.call("eth_getBalance", ALICE_HEX, block) == "0x3e8"


async def test_an_unknown_block_is_an_error(node):
    assert await node.error("eth_getBalance", ALICE_HEX, "0x99") == (-32000, "header not found")
    unknown = "0x" + "de" * 32
    assert await node.error("eth_getBalance", ALICE_HEX, unknown) == (-32000, "header for hash not found")
    assert await node.error("eth_call", {}, {"blockHash": unknown}) == (-32000, "header for hash not found")


async def test_a_hash_off_the_chain_is_read_unless_it_has_to_be_canonical(node):
    orphan = "0x" + node.backend.new_block().hash.hex()
    node.backend.chain.shrink(1)
    assert await node.call("eth_getBalance", ALICE_HEX, {"blockHash": orphan}) == "0x3e8"
    refusal = await node.error("eth_getBalance", ALICE_HEX, {"blockHash": orphan, "requireCanonical": True})
    assert refusal == (-32000, "hash is not currently canonical")


async def test_an_integer_block_is_invalid(node):
    code, message = await node.error("eth_getBalance", ALICE_HEX, 0)
    assert (code, message) == (-32602, "invalid argument 1: expected a hex string, got a number")


@pytest.mark.parametrize("method", ["eth_getBalance", "eth_getCode", "eth_getTransactionCount"])
async def test_pruned_history_is_an_error_never_an_empty_answer(node, method):
    node.backend.new_block()
    node.backend.chain.pruned_below = 1
    assert await node.error(method, ALICE_HEX, "0x0") == (4444, "state of block 0 is not retained")
    await node.call(method, ALICE_HEX, "0x1")


async def test_the_pending_nonce_counts_the_pool(node):
    tx = transfer(11)
    node.backend.new_transaction(tx)
    sender = "0x" + tx.sender.hex()
    assert await node.call("eth_getTransactionCount", sender, "latest") == "0x0"
    assert await node.call("eth_getTransactionCount", sender, "pending") == "0xc"


async def test_a_proof_verifies_against_the_state_root(node):
    state = node.backend.chain.state
    proof = await node.call("eth_getProof", ALICE_HEX, [ONE, "0x2"], "latest")
    nodes = [bytes.fromhex(entry[2:]) for entry in proof["accountProof"]]
    assert verify_proof(state.root, keccak(ALICE), nodes) is not None
    present, absent = proof["storageProof"]
    assert (present["key"], present["value"]) == (ONE, "0x38")
    assert (absent["key"], absent["value"]) == ("0x2", "0x0")
    storage_root = Hash32(bytes.fromhex(proof["storageHash"][2:]))
    for slot, entry in ((1, present), (2, absent)):
        nodes = [bytes.fromhex(item[2:]) for item in entry["proof"]]
        found = verify_proof(storage_root, keccak(slot.to_bytes(32, "big")), nodes)
        assert found == (b"\x38" if slot == 1 else None)


async def test_the_proof_of_an_absent_account_shows_its_absence(node):
    proof = await node.call("eth_getProof", BOB_HEX, ["0x0"], "latest")
    nodes = [bytes.fromhex(entry[2:]) for entry in proof.pop("accountProof")]
    assert verify_proof(node.backend.chain.state.root, keccak(BOB), nodes) is None
    assert proof == {
        "address": BOB_HEX,
        "balance": "0x0",
        "codeHash": "0x" + "00" * 32,
        "nonce": "0x0",
        "storageHash": "0x" + "00" * 32,
        "storageProof": [{"key": "0x0", "value": "0x0", "proof": []}],
    }


async def test_slots_in_one_request_are_bounded(start_node):
    node = await start_node(Limits(storage_slots=2))
    refusal = (-32602, "too many slots: 3, at most 2 are allowed")
    assert await node.error("eth_getProof", ALICE_HEX, ["0x0", "0x1", "0x2"]) == refusal
    assert await node.error("eth_getStorageValues", {ALICE_HEX: ["0x0", "0x1"], BOB_HEX: ["0x2"]}) == refusal
    values = await node.call("eth_getStorageValues", {ALICE_HEX: ["0x1"], BOB_HEX: ["0x2"]})
    assert values == {ALICE_HEX: ["0x" + "00" * 31 + "38"], BOB_HEX: ["0x" + "00" * 32]}
    assert await node.error("eth_getStorageValues", {}) == (-32602, "empty request")
