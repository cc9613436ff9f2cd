"""L1 changes its mind: derivation goes back and derives again, and no user's transaction is lost."""

from pathlib import Path

import pytest

from node.l1.client import L1Client
from node.l1.records import record_at
from node.launch import LaunchOptions
from protocol.rollup import l1_origin_of
from tests.e2e.conftest import L1
from tests.e2e.network import L2_CHAIN_ID, canonical_header, rollup_on, send, until_mined
from tests.e2e.wallet import Wallet


@pytest.mark.parametrize("layer", ["calldata", pytest.param("blob", marks=pytest.mark.slow)])
async def test_a_reorg_of_five_l1_blocks_is_derived_again_and_loses_nothing(l1: L1, tmp_path: Path, layer: str) -> None:
    async with (
        rollup_on(l1.url, tmp_path, l1.operator_key, LaunchOptions(L2_CHAIN_ID, da_layer=layer)) as network,
        L1Client(network.url) as client,
        L1Client(l1.url) as l1_client,
    ):
        wallet = Wallet(0)
        before = await send(client, wallet.transfers(30))
        await network.until_verified(await until_mined(network, before))
        base = network.verifier.driver.processed.number
        await network.until(lambda: network.verifier.driver.processed.number >= base + 6, "six more L1 blocks")

        old = network.verifier.driver.processed
        await l1.reorg(5)
        after = await send(client, wallet.transfers(30))

        def follows_the_new_l1() -> bool:
            record = record_at(network.verifier.chain.store, old.number)
            return record is not None and record.block.ref.hash != old.hash

        await network.until(follows_the_new_l1, "the verifier follows the new L1")
        last = await until_mined(network, [*before, *after])
        await network.until_verified(last)
        replaced = await l1_client.block(old.number)
        assert replaced is not None
        assert replaced.hash != old.hash, "L1 did reorganise"
        chain = network.verifier.chain
        for number in range(1, last + 1):
            header = canonical_header(chain, number)
            origin = record_at(chain.store, l1_origin_of(header))
            assert origin is not None
            assert header.parent_beacon_block_root == origin.block.ref.hash, "every block stands on the new L1"
        account = chain.state_at(canonical_header(chain, last)).account(wallet.address)
        assert account is not None
        assert account.nonce == 60
