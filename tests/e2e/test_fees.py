"""Chains with fees of their own, end to end: what is charged, who is paid, what changes, and what wallets notice."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from genesis.dev import DEV_ACCOUNTS, DEV_BALANCE, DEV_PRIVATE_KEYS
from node.account import Account
from node.artifacts import load_artifact
from node.chain import Chain
from node.clock import SystemClock
from node.deploy import deploy, wait_until_mined
from node.fee_options import FeeOptions
from node.l1.client import L1Client
from node.l1.wire import as_record
from node.launch import LaunchOptions
from node.rollup_file import load_rollup
from node.settlement import DEV_SETTLEMENT, SettlementOptions
from node.verify import VerifyOptions, verify
from protocol.abi import encode_call
from protocol.block import Block
from protocol.config_changes import Knob
from protocol.crypto import keccak, private_key_address
from protocol.errors import Reject
from protocol.fee_terms import FEE_ORACLE, L1_FEE_RECIPIENT, OPERATOR_FEE_RECIPIENT, terms_of
from protocol.portal import deposit_token_call
from protocol.rollup import FEE_RECIPIENT
from protocol.signing import UnsignedTransaction, sign_transaction
from protocol.transaction import DEPOSIT
from protocol.types import Address
from protocol.withdrawal import OUTBOX_ADDRESS
from tests.e2e.bridging import ALICE, BOB, ETHER, bridged_on, bridged_options, token_balance
from tests.e2e.conftest import L1
from tests.e2e.network import L2_CHAIN_ID, Network, rollup_on, send, until_mined
from tests.e2e.test_clients import CLIENTS, run, token_json
from tests.e2e.wallet import GWEI, Wallet
from tests.peers import node_with

TREASURY = Address(b"\x7e" * 20)
OWNER = 9
"""The dev account that may change settings: not the operator's, whose nonces the batcher counts."""
SETTLEMENT = SettlementOptions(
    challenge_window_seconds=DEV_SETTLEMENT.challenge_window_seconds,
    finalisation_delay_seconds=DEV_SETTLEMENT.finalisation_delay_seconds,
    bond_wei=DEV_SETTLEMENT.bond_wei,
    config_delay_seconds=0,
    owner=DEV_ACCOUNTS[OWNER],
)
ALL_FEES = FeeOptions(
    min_base_fee_wei=2 * GWEI,
    base_fee_recipient=TREASURY,
    operator_fee_scalar=1_000_000,
    operator_fee_constant_wei=10**12,
    l1_base_fee_scalar=1_000_000,
    l1_blob_base_fee_scalar=1_000_000,
)

__all__ = ["token_json"]  # a fixture


def options(fees: FeeOptions) -> LaunchOptions:
    return LaunchOptions(L2_CHAIN_ID, block_time_milliseconds=1000, fees=fees, settlement=SETTLEMENT)


async def change(network: Network, changes: Mapping[Knob, int]) -> None:
    """Announce and make changes on L1, as the chain's owner."""
    settlement = load_rollup(network.verifier_options.rollup).config.settlement
    assert settlement is not None
    async with L1Client(network.l1_url) as l1:
        nonce = await l1.nonce(DEV_ACCOUNTS[OWNER])
        chain_id = await l1.chain_id()
        calls = []
        for knob, setting in changes.items():
            words = [int(knob).to_bytes(32, "big"), setting.to_bytes(32, "big")]
            calls.append(keccak(b"schedule(uint256,uint256)")[:4] + b"".join(words))
            calls.append(keccak(b"apply(uint256)")[:4] + words[0])
        sent = [
            sign_transaction(
                UnsignedTransaction(
                    chain_id, nonce + index, 200_000, settlement.chain_config, 0, data, 100 * GWEI, GWEI
                ),
                DEV_PRIVATE_KEYS[OWNER],
            )
            for index, data in enumerate(calls)
        ]
        for tx in sent:
            await l1.send_raw(tx.raw)
        for tx in sent:
            assert (await wait_until_mined(l1, SystemClock(), tx.hash)).succeeded


def balance(chain: Chain, address: Address) -> int:
    account = chain.head_state().account(address)
    return 0 if account is None else account.balance


def block_at(chain: Chain, number: int) -> Block:
    block_hash = chain.canonical_hash(number)
    block = None if block_hash is None else chain.block(block_hash)
    assert block is not None
    return block


async def test_every_fee_is_paid_to_the_wei_through_changes_and_rebuilds_from_l1(embedded: L1, tmp_path: Path) -> None:
    async with (
        rollup_on(embedded.url, tmp_path, options=options(ALL_FEES)) as network,
        L1Client(network.url) as client,
    ):
        wallet = Wallet(0)
        hashes = await send(client, wallet.transfers(5))
        await until_mined(network, hashes)
        receipt = await client.request("eth_getTransactionReceipt", ["0x" + hashes[0].hex()])
        assert isinstance(receipt, dict)
        assert int(str(receipt["l1Fee"]), 16) > 0
        assert int(str(receipt["operatorFee"]), 16) == 21_000 + 10**12
        asked = keccak(b"getOperatorFee(uint256)")[:4] + (21_000).to_bytes(32, "big")
        assert int.from_bytes(await client.call(FEE_ORACLE, asked), "big") == 21_000 + 10**12

        await change(network, {Knob.GAS_LIMIT: 24_000_000, Knob.OPERATOR_FEE: 7, Knob.MIN_BASE_FEE: 3 * GWEI})
        chain = network.sequencer.chain
        await network.until(lambda: chain.head().gas_limit == 24_000_000, "the new gas limit on L2")
        await network.until(lambda: chain.head().base_fee_per_gas == 3 * GWEI, "the new minimum base fee on L2")
        last = await until_mined(network, await send(client, wallet.transfers(5)))
        await network.until_verified(last)
        found = as_record(await client.request("rollup_settings", []), "settings")
        assert [found[name] for name in ("gasLimit", "operatorFeeScalar", "operatorFeeConstant", "minBaseFee")] == [
            *(24_000_000, "0", "7", str(3 * GWEI))
        ]

        rollup = load_rollup(network.verifier_options.rollup)
        verified = await verify(
            VerifyOptions(rollup, embedded.url, network.verifier_options.da_dir, network.url), SystemClock()
        )
        assert verified.number >= last

        chain = network.verifier.chain
        blocks = [block_at(chain, number) for number in range(1, chain.head().number + 1)]
        assert {block.header.gas_limit for block in blocks} == {30_000_000, 24_000_000}
        assert all(terms_of(block.transactions) is not None for block in blocks)
        assert_accounts_balance(chain, blocks)


def assert_accounts_balance(chain: Chain, blocks: list[Block]) -> None:
    """Each recipient holds the sum of its fees, and all ether is where it was or with one of them."""
    operator = l1_fees = base_fees = tips = paid = 0
    for block in blocks:
        terms = terms_of(block.transactions)
        receipts = chain.receipts(block.hash)
        assert terms is not None
        assert receipts is not None
        base_fee = block.header.base_fee_per_gas or 0
        for tx, receipt in zip(block.transactions, receipts, strict=True):
            if tx.type == DEPOSIT:
                continue
            operator += terms.operator_fee(receipt.gas_used)
            l1_fees += terms.l1_fee(tx.raw)
            base_fees += receipt.gas_used * base_fee
            tips += receipt.gas_used * (tx.effective_gas_price(base_fee) - base_fee)
            paid += tx.value
    found = [balance(chain, a) for a in (OPERATOR_FEE_RECIPIENT, L1_FEE_RECIPIENT, TREASURY, FEE_RECIPIENT)]
    assert found == [operator, l1_fees, base_fees, tips]
    assert all(amount > 0 for amount in found)
    assert balance(chain, DEV_ACCOUNTS[0]) == DEV_BALANCE - paid - sum(found)


async def test_wallets_send_where_data_and_operator_are_paid_for(
    embedded: L1, tmp_path: Path, token_json: Path
) -> None:
    node = node_with("ethers", "viem")
    async with rollup_on(embedded.url, tmp_path, options=options(ALL_FEES)) as network:
        for client in ("ethers", "viem"):
            key = "0x" + DEV_PRIVATE_KEYS[0].hex()
            script = str(CLIENTS / f"{client}_client.mjs")
            seen = json.loads(await run(node, script, network.url, network.ws_url, key, str(token_json)))
            assert (seen["transferStatus"], seen["tokenBalance"]) == (1, str(25 * 10**18))
        chain = network.sequencer.chain
        gathered = balance(chain, L1_FEE_RECIPIENT)
        assert gathered > 0
        async with L1Client(network.url) as l2:
            await Account(l2, SystemClock(), DEV_PRIVATE_KEYS[1]).send(L1_FEE_RECIPIENT, encode_call("withdraw()"))
        assert balance(chain, OUTBOX_ADDRESS) == gathered, "on its way to the operator"
        assert balance(chain, L1_FEE_RECIPIENT) < gathered, "only what that transaction paid itself"


async def test_accounts_that_own_nothing_use_a_chain_where_gas_is_free(
    embedded: L1, tmp_path: Path, token_json: Path
) -> None:
    node = node_with("ethers", "viem")
    async with rollup_on(embedded.url, tmp_path, options=options(FeeOptions(fixed_base_fee=True))) as network:
        seen = json.loads(await run(node, str(CLIENTS / "penniless.mjs"), network.url, str(token_json)))
        free = {"status": 1, "paid": "0", "gasPrice": "0", "left": "0"}
        assert seen == {"ethers": free, "viem": free}
        await network.until_verified(network.sequencer.chain.head().number)


async def test_a_chains_value_may_be_a_token_and_is_never_ether_then(embedded: L1, tmp_path: Path) -> None:
    async with L1Client(embedded.url) as l1:
        alice = Account(l1, SystemClock(), ALICE)
        supply = (10**24).to_bytes(32, "big")
        token = (await deploy(l1, SystemClock(), ALICE, load_artifact("examples/token"), supply)).address
        chosen = replace(bridged_options(), fees=FeeOptions(gas_token=token))
        async with bridged_on(embedded, tmp_path, chosen) as world:
            portal = world.bridge.contracts.portal
            with pytest.raises(Reject, match="portal: the rollup's value is a token"):
                await world.bridge.deposit_ether(alice, alice.address, ETHER)
            await alice.send(token, encode_call("approve(address,uint256)", portal, 5 * ETHER))
            await alice.send(portal, deposit_token_call(alice.address, 5 * ETHER, 5 * ETHER, 100_000))
            await world.until_balance(world.l2, alice.address, 5 * ETHER)

            on_l2 = world.on_l2(ALICE)
            started = await world.bridge.withdraw_ether(on_l2, private_key_address(BOB), 2 * ETHER)
            await world.until_claimed(world.on_l1(BOB), started)
            assert await token_balance(l1, token, private_key_address(BOB)) == 2 * ETHER
            assert await token_balance(l1, token, portal) == 3 * ETHER
            assert await l1.balance(portal) == 0
