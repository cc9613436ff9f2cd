"""`tombolo up --fraud-proofs` on somebody else's L1, and with batches in blobs: what it makes is watched as well."""

import asyncio
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from genesis.dev import DEV_PRIVATE_KEYS
from node.dispute_data import StagedLayer
from node.l1.client import L1Client
from node.operator_key import CHALLENGER_KEY_VARIABLE, OPERATOR_KEY_VARIABLE, PROPOSER_KEY_VARIABLE
from node.rollup_file import load_rollup
from node.up.keys import CHALLENGER_KEY
from protocol.crypto import private_key_address
from tests.e2e.liar import Fall, Liar
from tests.e2e.processes import answers, rpc, running
from tests.e2e.wallet import Wallet
from tests.peers import run_anvil

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
OPERATOR, PROPOSER, CHALLENGER, LIAR = (DEV_PRIVATE_KEYS[index] for index in (0, 1, 2, 7))
KEYS = {
    OPERATOR_KEY_VARIABLE: OPERATOR.hex(),
    PROPOSER_KEY_VARIABLE: PROPOSER.hex(),
    CHALLENGER_KEY_VARIABLE: CHALLENGER.hex(),
}


@contextmanager
def an_l1(kind: str, port: int) -> Iterator[tuple[str, list[str], dict[str, str], bytes]]:
    """Its address, what `up` is told about it, the keys that it needs for that, and the challenger's."""
    if kind == "embedded":
        yield f"http://127.0.0.1:{port}", ["--l1-port", str(port)], {}, CHALLENGER_KEY
        return
    with run_anvil("--block-time", "1") as anvil:
        yield anvil.url, ["--l1", anvil.url], KEYS, CHALLENGER


@pytest.mark.parametrize(("kind", "layer"), [("anvil", "calldata"), ("anvil", "blob"), ("embedded", "blob")])
def test_a_rollup_is_made_proposed_and_watched(
    tmp_path: Path, free_port: Callable[[], int], kind: str, layer: str
) -> None:
    folder = tmp_path / "tombolo"
    ports = {name: free_port() for name in ("rpc-port", "verifier-port", "challenger-port")}
    url, verifier, watcher = (f"http://127.0.0.1:{port}" for port in ports.values())
    with an_l1(kind, free_port()) as (l1_url, place, keys, challenger):
        options = ["--data-dir", str(folder), "--da", layer, "--fraud-proofs", "--challenge-window", "900", *place]
        options += ["--proposal-interval", "5", *(part for name in ports for part in (f"--{name}", str(ports[name])))]
        with running("up", *options, output=tmp_path / "up.txt", environment=keys) as up:
            up.until(lambda: re.search(r"block\s+3\b", up.output) is not None, "three blocks shown", 600)
            assert f"batches go to: {layer}" in up.output
            assert ("faucet" in up.output) == (kind == "embedded"), "nobody gives other people's ether away"
            sent = rpc(url, "eth_sendRawTransaction", "0x" + next(Wallet(0).transfers(1)).raw.hex())
            up.until(lambda: rpc(url, "eth_getTransactionReceipt", sent) is not None, "a transfer is mined", 120)
            mined = int(rpc(url, "eth_getTransactionReceipt", sent)["blockNumber"], 16)

            def proposed() -> bool:
                newest = rpc(verifier, "rollup_syncStatus")["proposer"]["last_l2_block"]
                return newest is not None and newest >= mined

            up.until(lambda: answers(verifier) and answers(watcher), "all processes", 120)
            up.until(proposed, "its output is proposed", 240)
            fall = asyncio.run(lie(l1_url, folder, layer))
            assert fall.challenger == private_key_address(challenger)
            assert rpc(url, "game_get", fall.game_id)["status"] == "refuted"
            assert up.interrupt() == 0


async def lie(l1_url: str, folder: Path, layer: str) -> Fall:
    rollup = load_rollup(folder / "rollup.json")
    async with L1Client(l1_url) as client:
        contents = StagedLayer(layer, folder / "da").contents(client, rollup)
        return await Liar(client, rollup, LIAR, contents).lie_and_lose()
