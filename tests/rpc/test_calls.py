"""eth_call, eth_estimateGas, eth_createAccessList: what reaches the engine, and what its answer becomes."""

import pytest

from protocol.block import Header
from protocol.crypto import keccak
from protocol.engine import Call, CallResult
from protocol.errors import InvalidTransaction, TxError
from protocol.mpt import EMPTY_ROOT
from protocol.state import Account, StateReader
from protocol.transaction import AccessEntry, Authorization
from protocol.types import ZERO_ADDRESS
from rpc.limits import Limits
from tests.rpc.fake import ALICE, BOB, CHAIN_ID, FakeState, needs_gas

ALICE_HEX, BOB_HEX = "0x" + ALICE.hex(), "0x" + BOB.hex()
ZERO = "0x" + "00" * 20
BASE_FEE = 10**9
PANIC = keccak(b"Panic(uint256)")[:4]


def revert_with(output: bytes):
    return lambda call, header, state: CallResult("execution reverted", output, 30_000, (), ())


def string_error(text: bytes) -> bytes:
    padded = text.ljust((len(text) + 31) // 32 * 32, b"\0")
    return bytes.fromhex("08c379a0") + (32).to_bytes(32, "big") + len(text).to_bytes(32, "big") + padded


async def sent(node, **members) -> Call:
    """The engine's call for an eth_call object."""
    await node.call("eth_call", members)
    return node.backend.engine.calls[-1]


async def test_an_empty_object_is_a_free_create_from_nobody(node):
    assert await sent(node) == Call(sender=ZERO_ADDRESS, to=None, gas_limit=50_000_000)


async def test_every_member_reaches_the_engine(node):
    authorization = {"chainId": "0x1", "address": BOB_HEX, "nonce": "0x2", "yParity": "0x1", "r": "0x3", "s": "0x4"}
    call = await sent(
        node,
        **{
            "from": ALICE_HEX, "to": BOB_HEX, "gas": "0x5208", "value": "0x1", "input": "0xabcd", "nonce": "0x0",
            "maxFeePerGas": hex(2 * BASE_FEE), "maxPriorityFeePerGas": "0x5", "chainId": hex(CHAIN_ID), "type": "0x4",
            "accessList": [{"address": BOB_HEX, "storageKeys": ["0x" + "00" * 31 + "07"]}],
            "authorizationList": [authorization], "blobVersionedHashes": ["0x01" + "00" * 31], "unknown": 1,
        },
    )  # fmt: skip
    assert call == Call(
        sender=ALICE,
        to=BOB,
        gas_limit=21_000,
        value=1,
        data=b"\xab\xcd",
        gas_price=BASE_FEE + 5,
        access_list=(AccessEntry(BOB, (7,)),),
        authorizations=(Authorization(1, BOB, 2, 1, 3, 4),),
        blob_hashes=(b"\x01" + bytes(31),),
    )


@pytest.mark.parametrize(
    ("members", "price"),
    [
        ({}, None),
        ({"gasPrice": hex(BASE_FEE)}, BASE_FEE),
        ({"gasPrice": "0x0"}, None),
        ({"maxFeePerGas": hex(3 * BASE_FEE)}, BASE_FEE),
        ({"maxFeePerGas": hex(3 * BASE_FEE), "maxPriorityFeePerGas": hex(BASE_FEE)}, 2 * BASE_FEE),
        ({"maxFeePerGas": hex(3 * BASE_FEE), "maxPriorityFeePerGas": hex(3 * BASE_FEE)}, 3 * BASE_FEE),
        ({"maxPriorityFeePerGas": "0x7"}, BASE_FEE + 7),
        ({"maxFeePerGas": "0x0", "maxPriorityFeePerGas": "0x0"}, None),
    ],
)
async def test_the_price_is_what_the_block_would_charge(node, members, price):
    assert (await sent(node, **members)).gas_price == price


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"gasPrice": "0x1"}, "max fee per gas less than block base fee"),
        ({"maxFeePerGas": "0x1"}, "max fee per gas less than block base fee"),
        ({"maxFeePerGas": hex(BASE_FEE), "maxPriorityFeePerGas": hex(2 * BASE_FEE)}, "max priority fee per gas higher"),
        ({"chainId": "0x1"}, "chainId does not match node's (have=1, want=901)"),
    ],
)
async def test_an_offer_the_block_cannot_take_is_refused(node, members, words):
    code, message = await node.error("eth_call", members)
    assert code == -32000
    assert message.startswith(words)


async def test_data_is_the_old_name_of_input(node):
    assert (await sent(node, data="0x01")).data == b"\x01"
    assert (await sent(node, data="0x01", input="0x01")).data == b"\x01"
    assert (await sent(node, data=None, input="0x01")).data == b"\x01"
    code, message = await node.error("eth_call", {"data": "0x01", "input": "0x02"})
    assert code == -32602
    assert 'both "data" and "input" are set and not equal' in message


@pytest.mark.parametrize(
    "members",
    [
        {"from": "0x1"},
        {"to": ""},
        {"gas": 21000},
        {"value": "0x01"},
        {"input": "0x1"},
        {"nonce": "x"},
        {"type": 2},
        {"accessList": {}},
        {"accessList": [{}]},
        {"accessList": [{"address": ZERO, "storageKeys": ["0x1"]}]},
        {"to": ZERO, "authorizationList": [{}]},
        {"authorizationList": [{"chainId": "0x1"}]},
        {"blobVersionedHashes": ["0x01" + "00" * 31]},
        {"gasPrice": "0x1", "maxFeePerGas": "0x1"},
    ],
)
async def test_a_malformed_object_is_invalid(node, members):
    assert (await node.error("eth_call", members))[0] == -32602


async def test_gas_is_capped(start_node):
    node = await start_node(Limits(call_gas=1_000_000))
    assert (await sent(node)).gas_limit == 1_000_000
    assert (await sent(node, gas=hex(2_000_000))).gas_limit == 1_000_000
    assert (await sent(node, gas=hex(900_000))).gas_limit == 900_000
    assert (await sent(node, gas="0x0")).gas_limit == 0


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (b"", "execution reverted"),
        (b"\x01\x02\x03\x04", "execution reverted"),
        (string_error(b"user error"), "execution reverted: user error"),
        (string_error(b""), "execution reverted: "),
        (string_error(b"\xff"), "execution reverted: \ufffd"),
        (string_error(b"long")[:-28][:-1], "execution reverted"),
        (bytes.fromhex("08c379a0") + b"\xff" * 64, "execution reverted"),
        (PANIC + (0x11).to_bytes(32, "big"), "execution reverted: arithmetic underflow or overflow"),
        (PANIC + (0x99).to_bytes(32, "big"), "execution reverted: unknown panic code: 0x99"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("method", ["eth_call", "eth_estimateGas"])
async def test_a_revert_is_code_3_with_its_data(node, method, output, message):
    node.backend.engine.script = revert_with(output)
    answer = await node.ask({"jsonrpc": "2.0", "id": 1, "method": method, "params": [{"input": "0x01"}]})
    assert answer["error"] == {"code": 3, "message": message, "data": "0x" + output.hex()}


@pytest.mark.parametrize("method", ["eth_call", "eth_estimateGas"])
async def test_another_fault_is_minus_32000_without_data(node, method):
    node.backend.engine.script = lambda call, header, state: CallResult("invalid opcode: INVALID", b"", 9, (), ())
    answer = await node.ask({"jsonrpc": "2.0", "id": 1, "method": method, "params": [{"input": "0x01"}]})
    assert answer["error"] == {"code": -32000, "message": "invalid opcode: INVALID"}


async def test_a_call_that_cannot_start_keeps_the_rules_words(node):
    def refuse(call, header, state):
        raise InvalidTransaction(TxError.INSUFFICIENT_ACCOUNT_FUNDS, "address 0x00")

    node.backend.engine.script = refuse
    words = "insufficient funds for gas * price + value: address 0x00"
    assert await node.error("eth_call", {"value": "0x1"}) == (-32000, words)
    assert await node.error("eth_estimateGas", {"value": "0x1"}) == (-32000, words)


@pytest.mark.parametrize("needed", [21_001, 25_000, 40_000, 53_000, 100_001, 1_234_567, 29_999_999, 30_000_000])
async def test_an_estimate_is_exact_to_the_unit(node, needed):
    node.backend.engine.script = needs_gas(needed)
    assert await node.call("eth_estimateGas", {"to": BOB_HEX, "input": "0x01"}) == hex(needed)


async def test_an_estimate_beyond_the_block_says_what_was_allowed(node):
    node.backend.engine.script = needs_gas(30_000_001)
    refusal = (-32000, "gas required exceeds allowance (30000000)")
    assert await node.error("eth_estimateGas", {"to": BOB_HEX, "input": "0x01"}) == refusal
    refusal = (-32000, "gas required exceeds allowance (25000)")
    assert await node.error("eth_estimateGas", {"to": BOB_HEX, "input": "0x01", "gas": hex(25_000)}) == refusal


async def test_an_estimate_stays_within_what_the_sender_can_pay(node):
    node.backend.chain.state = FakeState({ALICE: Account(0, 22_000 * BASE_FEE, EMPTY_ROOT)}, {})
    node.backend.engine.script = needs_gas(21_500)
    call = {"from": ALICE_HEX, "to": BOB_HEX, "input": "0x01", "gasPrice": hex(BASE_FEE)}
    assert await node.call("eth_estimateGas", call) == hex(21_500)
    call["value"] = hex(1000 * BASE_FEE)
    refusal = (-32000, "gas required exceeds allowance (21000)")
    assert await node.error("eth_estimateGas", call) == refusal
    call["value"] = hex(10**18)
    assert await node.error("eth_estimateGas", call) == (-32000, "insufficient funds for transfer")


async def test_a_plain_transfer_is_21000_at_one_try(node):
    assert await node.call("eth_estimateGas", {"from": ALICE_HEX, "to": BOB_HEX, "value": "0x1"}) == "0x5208"
    assert [call.gas_limit for call in node.backend.engine.calls] == [21_000]


async def test_an_access_list_is_run_again_until_it_is_stable(node):
    def touches_more_with_a_list(call: Call, header: Header, state: StateReader) -> CallResult:
        slots = (1, 0) if call.access_list else (1,)
        return CallResult(None, b"", 30_000 - len(call.access_list), (), (AccessEntry(BOB, slots),))

    node.backend.engine.script = touches_more_with_a_list
    answer = await node.call("eth_createAccessList", {"to": ALICE_HEX})
    slots = ["0x" + "00" * 32, "0x" + "00" * 31 + "01"]
    assert answer == {"accessList": [{"address": BOB_HEX, "storageKeys": slots}], "gasUsed": hex(29_999)}
    assert len(node.backend.engine.calls) == 3


async def test_an_access_list_of_a_failing_call_says_how_it_failed(node):
    node.backend.engine.script = revert_with(string_error(b"no"))
    answer = await node.call("eth_createAccessList", {})
    assert answer == {"accessList": [], "gasUsed": "0x7530", "error": "execution reverted: no"}


async def read_state(node, address, slot, **override):
    """(account, code, slot's word) as the engine sees them under a state override."""
    seen = []

    def look(call: Call, header: Header, state: StateReader) -> CallResult:
        account = state.account(address)
        code = None if account is None else state.code(account.code_hash)
        seen.append((account, code, state.storage(address, slot)))
        return CallResult(None, b"", 21_000, (), ())

    node.backend.engine.script = look
    await node.call("eth_call", {}, "latest", {"0x" + address.hex(): override})
    return seen[0]


def word(value: int) -> str:
    return f"0x{value:064x}"


async def test_state_overrides_change_only_what_they_name(node):
    account, code, value = await read_state(node, ALICE, 1, balance="0x5")
    assert (account.balance, account.nonce, code, value) == (5, 7, b"", 0x38)
    account, code, value = await read_state(node, ALICE, 1, nonce="0x9", code="0x6001")
    assert (account.balance, account.nonce, code, value) == (1000, 9, b"\x60\x01", 0x38)
    assert (await read_state(node, ALICE, 1, stateDiff={word(1): word(2)}))[2] == 2
    assert (await read_state(node, ALICE, 1, stateDiff={word(2): word(2)}))[2] == 0x38
    assert (await read_state(node, ALICE, 1, state={word(2): word(2)}))[2] == 0
    account, code, value = await read_state(node, BOB, 0, balance="0x1")
    assert (account.balance, account.nonce, code, value) == (1, 0, b"", 0)


@pytest.mark.parametrize(
    "overrides",
    [
        {"0x1": {}},
        {BOB_HEX: 1},
        {BOB_HEX: {"balance": 1}},
        {BOB_HEX: {"state": {"0x1": word(1)}}},
        {BOB_HEX: {"state": {}, "stateDiff": {}}},
        {BOB_HEX: {"movePrecompileToAddress": "0x1"}},
        [],
    ],
)
async def test_a_malformed_override_is_invalid(node, overrides):
    assert (await node.error("eth_call", {}, "latest", overrides))[0] == -32602


async def test_block_overrides_change_the_header(node):
    headers = []

    def look(call: Call, header: Header, state: StateReader) -> CallResult:
        headers.append(header)
        return CallResult(None, b"", 21_000, (), ())

    node.backend.engine.script = look
    await node.call("eth_call", {}, "latest", None, {"number": "0x64", "time": "0x65", "feeRecipient": BOB_HEX})
    head = node.backend.chain.head()
    (header,) = headers
    assert (header.number, header.timestamp, header.fee_recipient) == (100, 101, BOB)
    assert (header.gas_limit, header.base_fee_per_gas) == (head.gas_limit, head.base_fee_per_gas)
    assert (await node.error("eth_call", {}, "latest", None, {"withdrawals": []}))[0] == -32602
