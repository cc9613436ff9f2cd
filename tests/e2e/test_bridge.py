"""Value goes in and comes out again, over the contracts on a live L1, without anybody's word being taken."""

from pathlib import Path

import pytest

from node.l1.transport import L1Refused
from node.l1.wire import L1Receipt, as_record
from protocol.abi import encode_call
from protocol.bridge import image_address
from protocol.crypto import private_key_address
from protocol.deposit import source_hash
from protocol.portal import finalise_call
from protocol.rollup import FEE_RECIPIENT
from protocol.transaction import DEPOSIT
from protocol.types import Address, Hash32
from protocol.withdrawal import OUTBOX_ADDRESS
from tests.e2e.bridging import ALICE, BOB, ETHER, Bridged, bridged_on, eventually, paid_for, token_balance
from tests.e2e.conftest import L1
from tests.e2e.network import canonical_header

CAROL = Address(b"\xca" * 20)


async def test_ether_and_a_token_go_in_are_used_and_come_out_conserved_to_the_wei(l1: L1, tmp_path: Path) -> None:
    async with bridged_on(l1, tmp_path) as world:
        bridge, alice = world.bridge, private_key_address(ALICE)
        bob = private_key_address(BOB)
        token = await world.token(ALICE, 1_000)
        on_l1, on_l2 = world.on_l1(ALICE), world.on_l2(ALICE)
        before = await world.l1.balance(alice)

        # In.
        paid = [await bridge.deposit_ether(on_l1, alice, 5 * ETHER)]
        await world.until_balance(world.l2, alice, 5 * ETHER)
        await check_deposit_over_rpc(world, paid[0])
        start = await world.l1.nonce(alice)
        paid_tokens = await bridge.deposit_token(on_l1, token, alice, 600)
        assert await world.l1.nonce(alice) == start + 2, "an approval, then the deposit"
        image = image_address(token)

        async def has_tokens() -> bool:
            return await token_balance(world.l2, image, alice) == 600

        await eventually(has_tokens, "tokens on L2")

        # Used.
        await on_l2.send(bob, value=ETHER)
        await on_l2.send(image, encode_call("transfer(address,uint256)", bob, 100))

        # Out.
        ether = await bridge.withdraw_ether(on_l2, CAROL, 2 * ETHER)
        tokens = await bridge.withdraw_token(on_l2, image, CAROL, 250)
        assert [one.withdrawal.hash for one in await bridge.started_by(alice)] == [
            ether.withdrawal.hash,
            tokens.withdrawal.hash,
        ]
        claimer = world.on_l1(BOB)  # anyone may
        await world.until_claimed(claimer, ether)
        await world.until_claimed(claimer, tokens)
        with pytest.raises(L1Refused, match="portal: already finalised"):
            await claimer.send(bridge.contracts.portal, finalise_call(ether.withdrawal, claimer.address))

        # Conserved, on both sides and across.
        assert await world.l1.balance(CAROL) == 2 * ETHER
        assert await world.l1.balance(bridge.contracts.portal) == 3 * ETHER
        fees = sum([await paid_for(world.l1, one.transaction_hash) for one in (*paid, paid_tokens)])
        fees += await approval_fee(world, alice, start)
        assert await world.l1.balance(alice) == before - 5 * ETHER - fees
        last = (await world.l2.head()).ref.number
        await world.network.until_verified(last)
        assert await ether_on_l2(world, last, alice, bob) == 5 * ETHER
        assert await world.l2.balance(OUTBOX_ADDRESS) == 2 * ETHER
        held = [await token_balance(world.l2, image, who) for who in (alice, bob)]
        assert held == [250, 100]
        assert await token_balance(world.l1, token, CAROL) == 250
        assert await token_balance(world.l1, token, bridge.contracts.bridge) == sum(held)


async def check_deposit_over_rpc(world: Bridged, receipt: L1Receipt) -> None:
    """What a client sees of a deposit: a transaction of type 0x7E without signature and price, first in its block."""
    [deposit] = await world.bridge.deposited(receipt)
    tx_hash = "0x" + deposit.hash.hex()
    tx = as_record(await world.l2.request("eth_getTransactionByHash", [tx_hash]), "transaction")
    sender = "0x" + deposit.sender.hex()
    shown = {name: tx[name] for name in ("type", "from", "to", "mint", "value", "gasPrice", "input", "v", "r", "s")}
    assert shown == {
        "type": "0x7e",
        "from": sender,
        "to": sender,
        "mint": hex(5 * ETHER),
        "value": hex(5 * ETHER),
        "gasPrice": "0x0",
        "input": "0x",
        "v": "0x0",
        "r": "0x0",
        "s": "0x0",
    }
    assert tx["sourceHash"] == "0x" + source_hash(receipt.block_hash, 0).hex()
    found = as_record(await world.l2.request("eth_getTransactionReceipt", [tx_hash]), "receipt")
    assert [found[name] for name in ("type", "status", "from", "effectiveGasPrice")] == ["0x7e", "0x1", sender, "0x0"]
    block = as_record(await world.l2.request("eth_getBlockByHash", [tx["blockHash"], True]), "block")
    assert isinstance(block["transactions"], list)
    assert tx in block["transactions"]
    raw = await world.l2.request("eth_getRawTransactionByHash", [tx_hash])
    assert raw == "0x" + deposit.raw.hex()


async def ether_on_l2(world: Bridged, last: int, *people: Address) -> int:
    """All of it: what people and the chain's own accounts hold, and what base fees have burnt."""
    chain = world.network.verifier.chain
    state = chain.state_at(canonical_header(chain, last))
    accounts = [state.account(who) for who in (*people, FEE_RECIPIENT, OUTBOX_ADDRESS)]
    headers = [canonical_header(chain, number) for number in range(1, last + 1)]
    burnt = 0
    for header in headers:
        block, receipts = chain.block(header.hash), chain.receipts(header.hash)
        assert block is not None
        assert receipts is not None
        for tx, receipt in zip(block.transactions, receipts, strict=True):
            burnt += receipt.gas_used * (header.base_fee_per_gas or 0) if tx.type != DEPOSIT else 0
    return burnt + sum(account.balance for account in accounts if account is not None)


async def approval_fee(world: Bridged, sender: Address, nonce: int) -> int:
    """What the account's transaction with this nonce cost."""
    for number in range((await world.l1.head()).ref.number, 0, -1):
        block = as_record(await world.l1.request("eth_getBlockByNumber", [hex(number), True]), "block")
        transactions = block["transactions"]
        assert isinstance(transactions, list)
        for item in transactions:
            tx = as_record(item, "transaction")
            if (tx["from"], tx["nonce"]) == ("0x" + sender.hex(), hex(nonce)):
                return await paid_for(world.l1, Hash32(bytes.fromhex(str(tx["hash"])[2:])))
    raise AssertionError("no such transaction")
