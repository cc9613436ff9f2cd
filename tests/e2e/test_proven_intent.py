"""An intent that says fraud proofs: the game has its knobs, a challenger is there, and a lie loses by the step."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from genesis.dev import DEV_PRIVATE_KEYS
from genesis.intent import Intent
from genesis.intent_file import parse_intent
from genesis.model import GenesisAccount
from node.account import Account
from node.artifacts import load_artifact
from node.chain import Chain
from node.challenger import PlayerConfig
from node.clock import SystemClock
from node.deploy import deploy
from node.dispute_stage import CHALLENGER_KEY, PROGRAM, PROGRAM_CODE, PROPOSER_KEY, post_batch
from node.l1.client import L1Client
from node.launch import launch_rollup
from node.network.launch import Beside, launch_options, role_key
from node.node_options import NodeOptions, PlayerOptions, ProposerOptions
from node.precompile import precompile
from node.proof_contracts import CONTRACTS
from node.proposer import ProposerConfig
from node.rollup import Rollup
from node.rollup_file import load_rollup
from node.rollup_node import RollupNode
from node.up.keys import OPERATOR_KEY
from protocol.abi import encode_call
from protocol.crypto import private_key_address
from protocol.fee_terms import L1_FEE_RECIPIENT, OPERATOR_FEE_RECIPIENT
from protocol.outputs import Assertion, Status
from protocol.portal import deposit_token_call
from protocol.provable import MOST_GAS
from protocol.rollup import FEE_RECIPIENT
from protocol.types import Address
from prover.fee_lies import FEE_KINDS
from prover.lies import KINDS, Kind
from prover.machine.vm import PRICE
from tests.e2e.liar import Fall, Liar
from tests.e2e.network import L2_CHAIN_ID
from tests.e2e.network import running as running_here
from tests.e2e.processes import rpc, running, tombolo
from tests.e2e.wallet import Wallet
from tests.peers import run_anvil

pytestmark = pytest.mark.timeout(600)
LIAR_KEY = DEV_PRIVATE_KEYS[7]
TREASURY = Address(b"\x7e" * 20)
PAID = (TREASURY, FEE_RECIPIENT, L1_FEE_RECIPIENT, OPERATOR_FEE_RECIPIENT)
LOOKS = 2_000
DEPOSITED = 5 * 10**18
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
FEES = f"""
fees.min_base_fee_wei = 1000000000
fees.base_fee_recipient = "0x{TREASURY.hex()}"
fees.operator_fee_wei = 1000000000
fees.operator_fee_scalar = 1000000
fees.l1_base_fee_scalar = 1000000
fees.l1_blob_base_fee_scalar = 1000000
"""


@pytest.fixture(scope="module", autouse=True)
def _compiled() -> None:
    """The verifier's contracts, by all cores: the first test to need them would wait for one."""
    precompile(CONTRACTS)


def intent(chain_id: int, *more: str) -> Intent:
    return parse_intent("".join((KNOBS.format(chain_id=chain_id), *more)), "lagoon.toml", "lagoon")


async def check_knobs(liar: Liar, window: int = 600) -> None:
    """What L1's contracts say is what the file said."""
    game = [await liar.game.word(name) for name in ("clock()", "extension()", "bond()")]
    assert game == [300, 60, 3 * 10**16]
    assert await liar.config.word("max_gas_limit()") == MOST_GAS
    assert [await liar.outputs.word(name) for name in ("challenge_window()", "bond()")] == [window, 10**17]


async def test_an_intent_with_proofs_and_fees_yields_true_outputs_and_a_lie_about_a_charge_loses(
    tmp_path: Path,
) -> None:
    with run_anvil("--block-time", "1", "--mixed-mining") as anvil:
        async with L1Client(anvil.url) as client:
            program = Beside(predeploys={PROGRAM: GenesisAccount(nonce=1, code=PROGRAM_CODE)})
            operator = private_key_address(PROPOSER_KEY)
            token = await deploy_token(client)
            knobs = f'sequencing.window_l1_blocks = 100000\nfees.gas_token = "0x{token.hex()}"\n'
            wanted = intent(L2_CHAIN_ID, FEES, knobs)
            options = launch_options(wanted, program, operator, operator)
            rollup = await launch_rollup(client, SystemClock(), PROPOSER_KEY, options, tmp_path / "rollup.json")
            await deposit(client, token, rollup)
            await post_batch(client, SystemClock(), rollup, lambda _line: None)
            liar = Liar(client, rollup, LIAR_KEY)
            await check_knobs(liar)
            plain = NodeOptions(
                tmp_path / "verifier", tmp_path / "rollup.json", client.url, tmp_path / "da", rpc_port=0
            )
            proposing = ProposerOptions(PROPOSER_KEY, ProposerConfig(interval_seconds=1, poll_seconds=0.2))
            watching = PlayerOptions(CHALLENGER_KEY, PlayerConfig(poll_seconds=0.2))
            node = RollupNode(replace(plain, proposer=proposing), SystemClock())
            challenger = replace(plain, data_dir=tmp_path / "challenger", player=watching)
            async with running_here(node), running_here(RollupNode(challenger, SystemClock())):
                fall = await liar.lie_and_lose(FEE_KINDS["l1-fee"])
                assert (fall.challenger, fall.phase) == (private_key_address(CHALLENGER_KEY), PRICE)
                assert 0 not in [balance(node.chain, paid) for paid in PAID]
                assert balance(node.chain, TREASURY) > DEPOSITED, "what was deposited, and the base fees"
                true = await output_of(liar, operator)
                assert (true.status, true.open_games) == (Status.PENDING, 0)
                anvil.rpc("evm_increaseTime", 600)
                assert await confirmed(liar, true.id), "a true output stands, and nobody played against it"


async def deploy_token(client: L1Client) -> Address:
    """What the chain's gas is to be."""
    supply = (10**24).to_bytes(32, "big")
    return (await deploy(client, SystemClock(), LIAR_KEY, load_artifact("examples/token"), supply)).address


async def deposit(client: L1Client, token: Address, rollup: Rollup) -> None:
    """Some of it, by the portal."""
    assert rollup.config.settlement is not None
    holder, portal = Account(client, SystemClock(), LIAR_KEY), rollup.config.settlement.portal
    await holder.send(token, encode_call("approve(address,uint256)", portal, DEPOSITED))
    await holder.send(portal, deposit_token_call(TREASURY, DEPOSITED, DEPOSITED, 100_000))


async def output_of(liar: Liar, proposer: Address) -> Assertion:
    """The first output that this account has bonded, once it has."""
    for _ in range(LOOKS):
        for number in range(1, await liar.outputs.word("count()")):
            found = await liar.outputs.assertion(number)
            if found.proposer == proposer:
                return found
        await SystemClock().sleep(0.05)
    raise AssertionError("nothing is proposed")


async def confirmed(liar: Liar, assertion_id: int) -> bool:
    """Whether it is confirmed before long."""
    for _ in range(LOOKS):
        if (await liar.outputs.assertion(assertion_id)).status is Status.CONFIRMED:
            return True
        await SystemClock().sleep(0.05)
    return False


def balance(chain: Chain, address: Address) -> int:
    """In wei, at the head."""
    account = chain.head_state().account(address)
    return 0 if account is None else account.balance


@pytest.mark.slow
@pytest.mark.parametrize(
    ("more", "kind"), [("", KINDS["balance"]), (FEES, FEE_KINDS["operator-fee"])], ids=["plain", "fees"]
)
def test_a_network_of_a_file_with_fraud_proofs_disputes_a_lie(
    tmp_path: Path, free_port: Callable[[], int], more: str, kind: Kind
) -> None:
    file = tmp_path / "lagoon.toml"
    port = free_port()
    knobs = KNOBS.replace("period_seconds = 600", "period_seconds = 120").format(chain_id=90_001)
    file.write_text(f"{knobs}{more}node.rpc_port = {port}\nnode.verifier_port = {free_port()}\n")
    l1_port = free_port()
    data = ("--data-dir", str(tmp_path / "data"))
    flags = ["--l1-port", str(l1_port), "--page-port", str(free_port()), "--l1-block-time", "1"]
    url, l1_url = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{l1_port}"
    planned = tombolo("plan", str(file), *data)
    assert "fraud proofs" in planned.stdout
    with running("up", str(file), *data, *flags, output=tmp_path / "up.txt") as network:
        network.until(lambda: "lagoon-challenger" in tombolo("status", "--json", *data).stdout, "all processes", 150)
        assert re.search(r"fraud proofs decide, within 120 s", network.output)
        sent = rpc(url, "eth_sendRawTransaction", "0x" + next(Wallet(0, 90_001).transfers(1)).raw.hex())
        network.until(lambda: rpc(url, "eth_getTransactionReceipt", sent) is not None, "a transfer is mined")
        mined = int(rpc(url, "eth_getTransactionReceipt", sent)["blockNumber"], 16)
        network.until(lambda: int(rpc(url, "rollup_syncStatus")["safe_l2"]["number"]) >= mined, "and is on L1")

        def rollup() -> Rollup:
            return load_rollup(tmp_path / "data" / "network" / "chains" / "lagoon" / "rollup.json")

        async def lie() -> Fall:
            async with L1Client(l1_url) as client:
                liar = Liar(client, rollup(), LIAR_KEY)
                await check_knobs(liar, window=120)
                return await liar.lie_and_lose(kind)

        fall = asyncio.run(lie())
        assert fall.challenger == private_key_address(role_key(OPERATOR_KEY, 90_001, "challenger"))
        shown = rpc(url, "game_get", fall.game_id)
        assert shown["status"] == "refuted"
        if more:
            receipt = rpc(url, "eth_getTransactionReceipt", sent)
            assert int(receipt["l1Fee"], 16) > 0
            assert int(receipt["operatorFee"], 16) == 21_000 + 10**9
            paid = [int(rpc(url, "eth_getBalance", f"0x{address.hex()}", "latest"), 16) for address in PAID]
            assert 0 not in paid

        async def standing() -> Assertion:
            async with L1Client(l1_url) as client:
                return await Liar(client, rollup(), LIAR_KEY).outputs.latest_confirmed()

        network.until(lambda: asyncio.run(standing()).l2_block_number >= mined, "a true output stands", 300)
        assert asyncio.run(standing()).proposer == private_key_address(role_key(OPERATOR_KEY, 90_001, "proposer"))
        assert network.interrupt() == 0


@pytest.mark.slow
def test_a_chain_that_is_added_shares_the_networks_verifier(tmp_path: Path, free_port: Callable[[], int]) -> None:
    files = []
    for name, chain_id in (("lagoon", 90_001), ("arcade", 90_002)):
        ports = f"node.rpc_port = {free_port()}\nnode.verifier_port = {free_port()}\n"
        files.append(tmp_path / f"{name}.toml")
        files[-1].write_text(KNOBS.format(chain_id=chain_id) + ports)
    l1_port = free_port()
    data = ("--data-dir", str(tmp_path / "data"))
    flags = ["--l1-port", str(l1_port), "--page-port", str(free_port()), "--l1-block-time", "0.5"]

    async def verifier(name: str) -> int:
        rollup = load_rollup(tmp_path / "data" / "network" / "chains" / name / "rollup.json")
        async with L1Client(f"http://127.0.0.1:{l1_port}") as client:
            return await Liar(client, rollup, LIAR_KEY).game.word("verifier()")

    with running("up", str(files[0]), *data, *flags, output=tmp_path / "up.txt") as network:
        network.until(lambda: "lagoon-challenger" in tombolo("status", "--json", *data).stdout, "all processes", 150)
        added = tombolo("add", str(files[1]), *data)
        assert added.returncode == 0, added.stderr
        first, second = (asyncio.run(verifier(name)) for name in ("lagoon", "arcade"))
        assert first == second != 0
        assert f"the verifier of disputed steps, on L1 at 0x{first:040x}, is shared" in network.output
        assert network.interrupt() == 0
