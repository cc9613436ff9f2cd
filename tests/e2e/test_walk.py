"""The main job, end to end: transactions in, blocks on L1, and the same chain rebuilt from L1 alone."""

from dataclasses import replace
from pathlib import Path

import pytest

from node.clock import SystemClock
from node.deploy import created_address
from node.l1.client import L1Client
from node.launch import LaunchOptions
from node.rollup_file import load_rollup
from node.rollup_node import RollupNode
from node.rollup_start import check_l1
from node.verify import Verified, VerifyOptions, verify
from protocol.crypto import keccak
from protocol.errors import Halt, InvalidInput
from protocol.types import Address
from tests.e2e.conftest import L1
from tests.e2e.network import L2_CHAIN_ID, canonical_header, launch, rollup_on, running, send, until_mined
from tests.e2e.wallet import Wallet


async def test_a_thousand_transfers_and_a_token_become_safe_and_rebuild_from_l1(l1: L1, tmp_path: Path) -> None:
    async with rollup_on(l1.url, tmp_path, l1.operator_key) as network, L1Client(network.url) as client:
        wallets = [Wallet(index) for index in range(10)]
        owner, receiver = wallets[0], wallets[9].address
        token = created_address(owner.address, 0)
        hashes = await send(client, [owner.deploy_token(10**24)])
        hashes += await send(client, [tx for wallet in wallets for tx in wallet.transfers(100)])
        hashes += await send(client, [owner.token_transfer(token, receiver, 7) for _ in range(10)])
        last = await until_mined(network, hashes)
        await network.until_verified(last)

        verifier = network.verifier.chain
        blocks = [verifier.block(canonical_header(verifier, number).hash) for number in range(last + 1)]
        assert sum(len(block.transactions) for block in blocks if block is not None) == 1011
        balance = await client.call(token, keccak(b"balanceOf(address)")[:4] + bytes(12) + receiver)
        assert int.from_bytes(balance, "big") == 70
        account = verifier.head_state().account(wallets[1].address)
        assert account is not None
        assert account.nonce == 100

        rollup = load_rollup(network.verifier_options.rollup)
        progress: list[tuple[int, int, int]] = []
        options = VerifyOptions(rollup, l1.url, network.verifier_options.da_dir, network.url)
        result = await verify(options, SystemClock(), lambda *step: progress.append(step))
        assert isinstance(result, Verified)
        assert result.number >= last
        assert result.transactions == 1011
        assert result.compared >= last + 1
        assert progress[-1][0] == progress[-1][1] > 0


async def test_a_verifier_that_joins_late_catches_up(embedded: L1, tmp_path: Path) -> None:
    async with rollup_on(embedded.url, tmp_path) as network, L1Client(network.url) as client:
        last = await until_mined(network, await send(client, Wallet(0).transfers(20)))
        await network.until_verified(last)
        late = RollupNode(replace(network.verifier_options, data_dir=tmp_path / "late"), SystemClock())
        async with running(late):
            await network.until(lambda: late.chain.safe_head().number >= last, "the late verifier is there")
            assert late.chain.canonical_hash(last) == network.sequencer.chain.canonical_hash(last)


async def test_batches_through_the_file_store_derive_the_same(embedded: L1, tmp_path: Path) -> None:
    options = LaunchOptions(L2_CHAIN_ID, block_time_milliseconds=500, da_layer="file")
    async with rollup_on(embedded.url, tmp_path, options=options) as network, L1Client(network.url) as client:
        last = await until_mined(network, await send(client, Wallet(0).transfers(50)))
        await network.until_verified(last)
        assert list((tmp_path / "da").rglob("*")), "the batches lie in the store"


async def test_an_operator_without_ether_is_asked_to_get_some(embedded: L1, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"0x[0-9a-f]{40}, the operator, has no ether on http://.* to launch with"):
        await launch(embedded.url, tmp_path, bytes([17] * 32))
    assert not (tmp_path / "rollup.json").exists()


async def test_a_node_refuses_a_wrong_l1(embedded: L1, tmp_path: Path) -> None:
    await launch(embedded.url, tmp_path, embedded.operator_key)
    rollup = load_rollup(tmp_path / "rollup.json")
    async with rollup_on(embedded.url, tmp_path / "other") as network, L1Client(network.url) as not_l1:
        with pytest.raises(Halt, match=r"is chain 71717; this rollup lives on chain 71716"):
            await check_l1(rollup, not_l1)


def test_the_wallets_are_the_well_known_ones() -> None:
    assert Wallet(0).address == Address(bytes.fromhex("f39fd6e51aad88f6f4ce6ab8827279cfffb92266"))
