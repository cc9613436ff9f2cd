"""What transactions pay beside gas, as clients see it."""

from dataclasses import replace

import pytest

from protocol.engine import Call
from protocol.extra_data import BaseFeeRules, extra_data_of_origin
from protocol.fee_terms import SIGNATURE_GAS, FeeKnobs, FeeTerms, data_gas, terms_transaction
from protocol.types import ZERO_HASH
from rpc.call_object import call_object
from rpc.charges import charges_of, gas_affordable
from rpc.fees import MIN_TIP, estimate_l1_fee
from rpc.method import Method, Parameter
from rpc.methods import METHODS
from rpc.server import Server
from tests.rpc.conftest import Node
from tests.rpc.fake import ALICE, BOB, CHAIN_ID, transfer
from tests.rpc.world import ETHER, hex_of, populate

GWEI = 10**9
KNOBS = FeeKnobs(operator_fee_scalar=2_500_000, operator_fee_constant=7, l1_base_fee_scalar=10**6)
TERMS = FeeTerms(KNOBS, 20 * GWEI, 3)
SAID = extra_data_of_origin(5, BaseFeeRules(8, 2, 0))
FIELDS = {
    "l1Fee",
    "l1GasUsed",
    "l1GasPrice",
    "l1BlobBaseFee",
    "l1BaseFeeScalar",
    "l1BlobBaseFeeScalar",
    "operatorFee",
    "operatorFeeScalar",
    "operatorFeeConstant",
}


@pytest.fixture
def charging(node: Node) -> Node:
    """A rollup with a real engine, whose newest block says `TERMS` and holds a transfer."""
    backend = node.backend
    backend.config = replace(backend.config, allow_deposits=True, allow_blobs=False)
    populate(node, {})
    backend.chain.extend([terms_transaction(TERMS, ZERO_HASH, 2), transfer(0)], extra_data=SAID)
    return node


async def test_a_receipt_says_what_was_paid_beside_gas_and_why(charging: Node) -> None:
    tx = transfer(0)
    receipt = await charging.call("eth_getTransactionReceipt", hex_of(tx.hash))
    assert {key: int(receipt[key], 16) for key in FIELDS} == {
        "l1Fee": TERMS.l1_fee(tx.raw),
        "l1GasUsed": data_gas(tx.raw),
        "l1GasPrice": 20 * GWEI,
        "l1BlobBaseFee": 3,
        "l1BaseFeeScalar": 10**6,
        "l1BlobBaseFeeScalar": 0,
        "operatorFee": 52_500 + 7,
        "operatorFeeScalar": 2_500_000,
        "operatorFeeConstant": 7,
    }
    assert int(receipt["l1Fee"], 16) > 0
    whole = await charging.call("eth_getBlockReceipts", "latest")
    assert whole[1] == receipt


async def test_a_deposit_and_a_block_without_fees_have_no_such_fields(charging: Node) -> None:
    said, _transfer = await charging.call("eth_getBlockReceipts", "latest")
    assert FIELDS.isdisjoint(said)
    charging.backend.chain.extend([transfer(1)])
    [plain] = await charging.call("eth_getBlockReceipts", "latest")
    assert FIELDS.isdisjoint(plain)


async def test_a_call_that_pays_must_afford_the_charges_and_a_free_one_need_not(charging: Node) -> None:
    price, gas = 2 * GWEI, 21_000
    members = {"from": hex_of(ALICE), "to": hex_of(BOB), "gas": hex(gas), "value": hex(100 * ETHER - gas * price)}
    assert await charging.call("eth_call", {**members, "gasPrice": "0x0"}) == "0x"
    _code, message = await charging.error("eth_call", {**members, "gasPrice": hex(price)})
    assert message.startswith("insufficient funds for gas * price + value")
    charging.backend.chain.extend()
    assert await charging.call("eth_call", {**members, "gasPrice": hex(price)}) == "0x", "plain blocks charge nothing"


async def test_an_estimate_leaves_what_the_charges_take(charging: Node) -> None:
    price = 2 * GWEI
    exact = 21_000 * price + charges_of(TERMS, Call(ALICE, BOB, 21_000, 0, b"", price), CHAIN_ID)
    members = {"from": hex_of(ALICE), "to": hex_of(BOB), "gasPrice": hex(price)}
    # The bytes of the value count too, so leave a little more than a transfer without value takes.
    fits, slack = 100 * ETHER - exact, 10**15
    assert await charging.call("eth_estimateGas", {**members, "value": hex(fits - slack)}) == hex(21_000)
    code, message = await charging.error("eth_estimateGas", {**members, "value": hex(fits + slack)})
    assert (code, "gas required exceeds allowance" in message or "insufficient funds" in message) == (-32000, True)


@pytest.mark.parametrize("terms", [TERMS, None, replace(TERMS, knobs=FeeKnobs(operator_fee_constant=10**18))])
@pytest.mark.parametrize("wei", [0, 10**12, 10**15, 10**18, 10**18 + 10**14])
def test_what_is_affordable_is_so_exactly(terms: FeeTerms | None, wei: int) -> None:
    price = 3

    def total(gas: int) -> int:
        call = Call(ALICE, BOB, 2**24 - 1, 5, b"data", price)
        flat = 0 if terms is None else charges_of(terms, call, CHAIN_ID) - terms.operator_fee(2**24 - 1)
        return gas * price + flat + (0 if terms is None else terms.operator_fee(gas))

    gas = gas_affordable(terms, wei, price, Call(ALICE, BOB, 2**24 - 1, 5, b"data", price), CHAIN_ID)
    assert gas == 0 or total(gas) <= wei
    assert total(gas + 1) > wei


async def test_a_simulation_charges_what_the_newest_block_did(charging: Node) -> None:
    recipient = "0x420000000000000000000000000000000000001a"
    pay = {"from": hex_of(ALICE), "to": hex_of(BOB), "value": "0x1", "maxFeePerGas": hex(5 * GWEI), "gas": "0x5208"}
    look = {"to": "0x" + "77" * 20, "from": hex_of(BOB)}
    code = "0x73" + recipient[2:] + "3160005260206000f3"
    blocks = [{"calls": [pay, look], "stateOverrides": {look["to"]: {"code": code}}}]
    [block] = await charging.call("eth_simulateV1", {"blockStateCalls": blocks}, "latest")
    assert [call["status"] for call in block["calls"]] == ["0x1", "0x1"]
    assert int(block["calls"][1]["returnData"], 16) > TERMS.l1_fee(b"\x01" * 100)


async def test_the_suggested_tip_is_nothing_where_the_base_fee_is_fixed(node: Node) -> None:
    assert await node.call("eth_maxPriorityFeePerGas") == hex(MIN_TIP)
    node.backend.config = replace(node.backend.config, allow_deposits=True, fixed_base_fee=True)
    assert await node.call("eth_maxPriorityFeePerGas") == "0x0"
    assert await node.call("eth_gasPrice") == "0x0"
    history = await node.call("eth_feeHistory", 1, "latest", [50])
    assert history["baseFeePerGas"][-1] == "0x0"


async def test_the_l1_fee_can_be_asked_for_before_signing(charging: Node) -> None:
    server = Server(charging.backend, extra_methods={"rollup_estimateL1Fee": ESTIMATE})
    assert "rollup_estimateL1Fee" not in METHODS
    tx = transfer(0)
    try:
        port = await server.start("127.0.0.1", 0)
        members = {"from": hex_of(tx.sender), "to": hex_of(BOB), "value": "0x1", "gas": hex(21_000), "nonce": "0x0"}
        request = {"jsonrpc": "2.0", "id": 1, "method": "rollup_estimateL1Fee", "params": [members]}
        async with charging.session.post(f"http://127.0.0.1:{port}", json=request) as response:
            found = (await response.json())["result"]
    finally:
        await server.stop()
    assert set(found) == FIELDS
    assert int(found["operatorFee"], 16) == TERMS.operator_fee(21_000)
    # An estimate is no less than what signing it comes to, and no more than a signature's zero bytes and price above.
    gas = data_gas(tx.raw)
    assert gas <= int(found["l1GasUsed"], 16) <= gas + SIGNATURE_GAS // 4


ESTIMATE = Method(estimate_l1_fee, (Parameter(call_object),))


async def test_a_filled_transaction_offers_nothing_where_gas_is_free(node: Node) -> None:
    node.backend.config = replace(node.backend.config, allow_deposits=True, allow_blobs=False, fixed_base_fee=True)
    populate(node, {})
    filled = await node.call("eth_fillTransaction", {"from": hex_of(ALICE), "to": hex_of(BOB), "value": "0x1"})
    fields = [filled["tx"][name] for name in ("maxFeePerGas", "maxPriorityFeePerGas", "gas")]
    assert fields == ["0x0", "0x0", hex(21_000)]
