"""kill -9 under load: what was reported is still there, and everybody still agrees."""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path

from node.clock import SystemClock
from node.rollup_node import RollupNode
from tests.e2e.conftest import L1
from tests.e2e.network import OPERATOR_KEY, canonical_header, launch, running
from tests.e2e.processes import Running, answers, rpc
from tests.e2e.wallet import Wallet

LIVES = 3


async def test_a_sequencer_killed_under_load_loses_nothing_it_reported(
    embedded: L1, tmp_path: Path, free_port: Callable[[], int]
) -> None:
    verifier = RollupNode(await launch(embedded.url, tmp_path, OPERATOR_KEY), SystemClock())
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    arguments = ["node", "--role", "sequencer", "--data-dir", str(tmp_path / "sequencer"), "--rpc-port", str(port)]
    arguments += ["--rollup", str(tmp_path / "rollup.json"), "--l1", embedded.url, "--da-dir", str(tmp_path / "da")]

    async def call(method: str, *params: object):
        return await asyncio.to_thread(rpc, url, method, *params)

    async def started(life: int) -> Running:
        key = {"TOMBOLO_OPERATOR_KEY": OPERATOR_KEY.hex()}
        sequencer = Running(arguments, tmp_path / f"life{life}.txt", key)
        await asyncio.to_thread(sequencer.until, lambda: answers(url), "the sequencer answers")
        return sequencer

    wallet, chance = Wallet(0), random.Random(9)
    sent: list[str] = []
    reported: dict[str, str] = {}
    async with running(verifier):
        for life in range(LIVES):
            sequencer = await started(life)
            try:
                for tx_hash, block_hash in reported.items():
                    receipt = await call("eth_getTransactionReceipt", tx_hash)
                    assert receipt is not None, f"{tx_hash} was reported in {block_hash}, then lost"
                    assert receipt["blockHash"] == block_hash
                for tx in wallet.transfers(chance.randint(80, 200)):
                    sent.append(await call("eth_sendRawTransaction", "0x" + tx.raw.hex()))
                await asyncio.sleep(chance.uniform(0.5, 1.5))
                for tx_hash in sent:
                    receipt = await call("eth_getTransactionReceipt", tx_hash)
                    if receipt is not None:
                        reported[tx_hash] = receipt["blockHash"]
            finally:
                sequencer.kill()
        assert reported, "nothing was mined before a kill, so nothing is shown"

        sequencer = await started(LIVES)
        try:
            receipts: list = [None]
            for _ in range(600):
                receipts = [await call("eth_getTransactionReceipt", tx_hash) for tx_hash in sent]
                if None not in receipts:
                    break
                await asyncio.sleep(0.2)
            assert None not in receipts, "what the pool had taken was on disk"
            top = max(int(receipt["blockNumber"], 16) for receipt in receipts)
            for _ in range(600):
                if verifier.chain.safe_head().number >= top:
                    break
                await asyncio.sleep(0.1)
            ours = [await call("eth_getBlockByNumber", hex(number), False) for number in range(top + 1)]
            theirs = [canonical_header(verifier.chain, number).hash for number in range(top + 1)]
            assert [block["hash"] for block in ours] == ["0x" + block_hash.hex() for block_hash in theirs]
        finally:
            sequencer.kill()
