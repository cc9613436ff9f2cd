"""An intent that says fraud proofs: the game has its knobs, a challenger is there, and a lie loses by the step."""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from genesis.dev import DEV_PRIVATE_KEYS
from genesis.intent import Intent
from genesis.intent_file import parse_intent
from genesis.model import GenesisAccount
from node.clock import SystemClock
from node.dispute import CHALLENGER_KEY, PROGRAM, PROGRAM_CODE, PROPOSER_KEY, post_batch
from node.l1_client import L1Client
from node.launch import launch_rollup
from node.network_launch import Beside, launch_options, role_key
from node.precompile import precompile
from node.proof_contracts import CONTRACTS
from node.rollup_file import load_rollup
from node.rollup_node import NodeOptions, PlayerOptions, RollupNode
from node.up import OPERATOR_KEY
from protocol.crypto import private_key_address
from tests.e2e.liar import Fall, Liar
from tests.e2e.network import L2_CHAIN_ID, embedded_l1
from tests.e2e.network import running as running_here
from tests.e2e.processes import rpc, running, tombolo
from tests.e2e.wallet import Wallet

pytestmark = pytest.mark.timeout(600)
LIAR_KEY = DEV_PRIVATE_KEYS[7]
KNOBS = """
preset = "teaching"
chain.chain_id = {chain_id}
da.layer = "calldata"
metalayer.join = false
proof.system = "fraud"
proof.challenge_period_seconds = 600
proof.clock_seconds = 300
proof.clock_extension_seconds = 60
proof.challenger_bond_wei = 30000000000000000
"""


@pytest.fixture(scope="module", autouse=True)
def _compiled() -> None:
    """The verifier's contracts, by all cores: the first test to need them would wait for one."""
    precompile(CONTRACTS)


def intent(chain_id: int) -> Intent:
    return parse_intent(KNOBS.format(chain_id=chain_id), "lagoon.toml", "lagoon")


async def check_knobs(liar: Liar) -> None:
    """What L1's contracts say is what the file said."""
    game = [await liar.game.word(name) for name in ("clock()", "extension()", "bond()")]
    assert game == [300, 60, 3 * 10**16]
    assert [await liar.outputs.word(name) for name in ("challenge_window()", "bond()")] == [600, 10**17]


async def test_a_launch_from_an_intent_is_watched_and_a_lie_about_it_loses(tmp_path: Path) -> None:
    async with embedded_l1(tmp_path, 0.2) as l1, L1Client(f"http://127.0.0.1:{l1.port}") as client:
        program = Beside(predeploys={PROGRAM: GenesisAccount(nonce=1, code=PROGRAM_CODE)})
        operator = private_key_address(PROPOSER_KEY)
        options = launch_options(intent(L2_CHAIN_ID), program, operator, operator)
        rollup = await launch_rollup(client, SystemClock(), PROPOSER_KEY, options, tmp_path / "rollup.json")
        await post_batch(client, SystemClock(), rollup, lambda _line: None)
        liar = Liar(client, rollup, LIAR_KEY)
        await check_knobs(liar)
        node = NodeOptions(
            tmp_path / "challenger",
            tmp_path / "rollup.json",
            client.url,
            tmp_path / "da",
            rpc_port=0,
            player=PlayerOptions(CHALLENGER_KEY),
        )
        async with running_here(RollupNode(node, SystemClock())):
            fall = await liar.lie_and_lose()
        assert fall.challenger == private_key_address(CHALLENGER_KEY)


@pytest.mark.slow
def test_a_network_of_a_file_with_fraud_proofs_disputes_a_lie(tmp_path: Path, free_port: Callable[[], int]) -> None:
    file = tmp_path / "lagoon.toml"
    port = free_port()
    file.write_text(KNOBS.format(chain_id=90_001) + f"node.rpc_port = {port}\nnode.verifier_port = {free_port()}\n")
    l1_port = free_port()
    data = ("--data-dir", str(tmp_path / "data"))
    flags = ["--l1-port", str(l1_port), "--page-port", str(free_port()), "--l1-block-time", "0.25"]
    url, l1_url = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{l1_port}"
    planned = tombolo("plan", str(file), *data)
    assert "fraud proofs" in planned.stdout
    with running("up", str(file), *data, *flags, output=tmp_path / "up.txt") as network:
        network.until(lambda: "lagoon-challenger" in tombolo("status", "--json", *data).stdout, "all processes", 150)
        assert re.search(r"fraud proofs decide, within 600 s", network.output)
        sent = rpc(url, "eth_sendRawTransaction", "0x" + next(Wallet(0, 90_001).transfers(1)).raw.hex())
        network.until(lambda: rpc(url, "eth_getTransactionReceipt", sent) is not None, "a transfer is mined")
        mined = int(rpc(url, "eth_getTransactionReceipt", sent)["blockNumber"], 16)
        network.until(lambda: int(rpc(url, "rollup_syncStatus")["safe_l2"]["number"]) >= mined, "and is on L1")

        async def lie() -> Fall:
            rollup = load_rollup(tmp_path / "data" / "network" / "chains" / "lagoon" / "rollup.json")
            async with L1Client(l1_url) as client:
                liar = Liar(client, rollup, LIAR_KEY)
                await check_knobs(liar)
                return await liar.lie_and_lose()

        fall = asyncio.run(lie())
        assert fall.challenger == private_key_address(role_key(OPERATOR_KEY, 90_001, "challenger"))
        shown = rpc(url, "game_get", fall.game_id)
        assert shown["status"] == "refuted"
        assert network.interrupt() == 0
