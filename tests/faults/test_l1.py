"""L1 goes away, and L1 changes its mind as deep as it may."""

import asyncio
import random
from dataclasses import replace
from pathlib import Path

import pytest

from da.settings import LayerSettings
from da.table import chain_layers, layer_names
from node.clock import SystemClock
from node.l1.client import L1Client
from node.l1.inputs import L1Position
from node.l1.reader import L1Reader
from node.l1.records import record_at
from node.l1_node import FINALIZED_DEPTH, L1Node
from node.node_options import NodeOptions
from node.rollup_file import load_rollup
from node.rollup_node import RollupNode
from protocol.batch import Batch, decode_batch
from protocol.rollup import l1_origin_of
from tests.e2e.network import (
    OPERATOR_KEY,
    Network,
    as_sequencer,
    canonical_header,
    launch,
    rollup_on,
    running,
    send,
    until_mined,
)
from tests.e2e.wallet import Wallet
from tests.faults.proxy import Line, proxy_to

SEED = 20_262


@pytest.mark.parametrize(
    ("line", "seconds"),
    [
        (Line.REFUSED, 6),
        pytest.param(Line.REFUSED, 60, marks=pytest.mark.slow),
        pytest.param(Line.SILENT, 60, marks=pytest.mark.slow),
    ],
)
async def test_while_l1_is_away_the_chain_goes_on_and_the_batches_arrive_in_order_after(
    line: Line, seconds: int, l1: L1Node, tmp_path: Path
) -> None:
    chance = random.Random(SEED)
    async with proxy_to(l1.port) as proxy:
        options = await launch(f"http://127.0.0.1:{l1.port}", tmp_path, OPERATOR_KEY)
        behind = as_sequencer(options, OPERATOR_KEY)
        sequencer = RollupNode(replace(behind, l1_url=proxy.url), SystemClock())
        verifier = RollupNode(options, SystemClock())
        async with running(sequencer), running(verifier):
            network = Network(options.l1_url, tmp_path, behind, options, sequencer, verifier)
            async with L1Client(network.url) as client:
                wallet = Wallet(0)
                hashes = await send(client, wallet.transfers(20))
                await network.until_verified(await until_mined(network, hashes))

                proxy.turn(line)
                await asyncio.sleep(1)
                head, safe = sequencer.chain.head().number, sequencer.chain.safe_head().number
                posted = len(await batches_on(options))
                for _ in range(seconds):
                    hashes += await send(client, wallet.transfers(chance.randint(1, 10)))
                    await asyncio.sleep(1)
                last = await until_mined(network, hashes)
                built = sequencer.chain.head().number - head
                assert built >= seconds // 2, "the chain goes on"
                assert sequencer.chain.safe_head().number == safe
                assert len(await batches_on(options)) == posted, "nothing reaches L1"

                proxy.turn(Line.UP)
                await network.until_verified(last)
                firsts = [batch.first_number for batch in await batches_on(options)]
    assert firsts == sorted(firsts), "in order"
    assert len(firsts) > posted
    print(f"L1 away ({line.name.lower()}) for {seconds} s: {built} blocks built meanwhile, all derived after")


async def batches_on(options: NodeOptions) -> list[Batch]:
    """Every batch that L1 carries, in its order."""
    rollup = load_rollup(options.rollup)
    config = rollup.config
    layers = chain_layers(layer_names(rollup.da_layer), LayerSettings(options.da_dir, options.l1_url))
    found = []
    async with L1Client(options.l1_url) as client:
        reader = L1Reader(client, config.inbox_address, config.settlement)
        position = L1Position()
        for number in range(config.l1_genesis.number + 1, (await reader.latest()).number + 1):
            ref = await reader.block(number)
            assert ref is not None
            inputs = await reader.inputs(ref, position)
            position = inputs.position
            found += [decode_batch(await layers.fetch(commitment, ref)) for commitment in inputs.commitments]
    return found


async def test_a_reorg_down_to_finality_is_followed_and_loses_nothing(l1: L1Node, tmp_path: Path) -> None:
    l1_url = f"http://127.0.0.1:{l1.port}"
    async with rollup_on(l1_url, tmp_path) as network, L1Client(network.url) as client, L1Client(l1_url) as l1_client:
        wallet = Wallet(0)
        hashes = await send(client, wallet.transfers(20))
        await network.until_verified(await until_mined(network, hashes))
        await network.until(lambda: network.verifier.chain.finalized_head().number > 0, "something is final")
        hashes += await send(client, wallet.transfers(20))
        await until_mined(network, hashes)

        depth = l1.chain.head().number - l1.chain.finalized_head().number
        old = network.verifier.driver.processed
        final = network.verifier.chain.finalized_head()
        await l1_client.request("anvil_rollback", [hex(depth)])
        assert depth >= FINALIZED_DEPTH - 1
        hashes += await send(client, wallet.transfers(20))

        def follows_the_new_l1() -> bool:
            record = record_at(network.verifier.chain.store, old.number)
            return record is not None and record.block.ref.hash != old.hash

        await network.until(follows_the_new_l1, "the verifier follows the new L1")
        last = await until_mined(network, hashes)
        await network.until_verified(last)
        chain = network.verifier.chain
        assert chain.canonical_hash(final.number) == final.hash, "what was final stayed"
        for number in range(1, last + 1):
            header = canonical_header(chain, number)
            ref = await l1_client.block(l1_origin_of(header))
            assert ref is not None
            assert header.parent_beacon_block_root == ref.hash, "every block stands on the new L1"
    print(f"L1 took back {depth} blocks, down to its final one; {last} L2 blocks agree, {len(hashes)} transactions in")
