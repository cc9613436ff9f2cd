"""A data layer that serves wrong bytes, late bytes, or nothing: the safe head holds, says why, and goes on after."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from da.adapter import Commitment
from da.file import FileStore
from da.settings import LayerSettings
from node.clock import SystemClock
from node.driver import Driver
from node.l1.client import L1Client
from node.l1.feed import BatchSource
from node.launch import LaunchOptions
from node.rollup_node import RollupNode
from protocol.errors import Retry
from protocol.l1 import L1BlockRef
from tests.e2e.network import L2_CHAIN_ID, OPERATOR_KEY, Network, as_sequencer, launch, running, send, until_mined
from tests.e2e.wallet import Wallet

SEED = 20_263


@dataclass
class Misbehaving:
    """The file store behind a server that has its moods; the adapter checks what it gets, as every adapter does."""

    store: FileStore
    mood: str = "honest"
    chance: random.Random = field(default_factory=lambda: random.Random(SEED))
    asked: int = 0

    async def fetch(self, commitment: Commitment, posted: L1BlockRef) -> bytes:
        self.asked += 1
        if self.mood == "nothing":
            raise Retry(f"file store: {commitment[1:].hex()} is not served: no such file")
        if self.mood == "late":
            await asyncio.sleep(self.chance.uniform(0.2, 0.6))
        if self.mood == "silent":
            await asyncio.Event().wait()
        if self.mood == "wrong":
            path = self.store._path(commitment[1:])
            honest = path.read_bytes()
            path.write_bytes(self.lie(honest))
            try:
                return await self.store.fetch(commitment, posted)
            finally:
                path.write_bytes(honest)
        return await self.store.fetch(commitment, posted)

    def lie(self, honest: bytes) -> bytes:
        """Other bytes: one changed, cut short, longer, or all others."""
        at = self.chance.randrange(len(honest))
        changed = honest[:at] + bytes((honest[at] ^ 1,)) + honest[at + 1 :]
        return self.chance.choice([changed, honest[:at], honest + b"\0", self.chance.randbytes(len(honest)), b""])


WORDS = {"nothing": "is not served", "wrong": "holds something else", "silent": "no answer within 2 s"}
"""What the node says in each mood of the layer's server."""


async def holds(network: Network, layer: Misbehaving, words: str, below: int) -> None:
    """The verifier stays below block `below`, says why, and asks again and again."""
    verifier = network.verifier
    await network.until(lambda: words in str(verifier.driver.status().waiting_for), f"it says {words}")
    asked, safe = layer.asked, verifier.chain.safe_head().number
    await network.until(lambda: layer.asked >= asked + 3, "it asks again")
    assert verifier.chain.safe_head().number == safe < below
    async with L1Client(f"http://127.0.0.1:{verifier.port}") as client:
        answer = await client.request("rollup_syncStatus", [])
    assert isinstance(answer, dict)
    assert "batch data committed in L1 block" in str(answer["waiting_for"])
    assert words in str(answer["waiting_for"])


async def test_the_safe_head_holds_and_says_why_until_the_layer_mends(
    l1_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(Driver.__init__.__kwdefaults__, "fetch_seconds", 2.0)  # type: ignore[arg-type]
    launched = LaunchOptions(L2_CHAIN_ID, da_layer="file")
    options = await launch(l1_url, tmp_path, OPERATOR_KEY, launched)
    behind = as_sequencer(options, OPERATOR_KEY)
    layer = Misbehaving(FileStore(options.da_dir))

    def make(_names: Sequence[str], _settings: LayerSettings) -> BatchSource:
        return layer

    sequencer = RollupNode(behind, SystemClock())
    verifier = RollupNode(options, SystemClock(), layers=make)
    async with running(sequencer), running(verifier):
        network = Network(l1_url, tmp_path, behind, options, sequencer, verifier)
        wallet = Wallet(0)
        async with L1Client(network.url) as client:
            for mood, words in WORDS.items():
                layer.mood = mood
                last = await until_mined(network, await send(client, wallet.transfers(10)))
                await holds(network, layer, words, below=last)
                layer.mood = "honest"
                await network.until_verified(last)
            layer.mood = "late"
            await network.until_verified(await until_mined(network, await send(client, wallet.transfers(10))))
    print(f"{layer.asked} fetches; the safe head held in each mood and came to block {verifier.chain.head().number}")
