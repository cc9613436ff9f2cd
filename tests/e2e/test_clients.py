"""Real clients, unmodified, against a live node: connect, deploy, send, wait, read logs."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from genesis.dev import DEV_PRIVATE_KEYS
from node.artifacts import load_artifact
from protocol.types import Hash32
from tests.e2e.conftest import L1
from tests.e2e.network import L2_CHAIN_ID, Network, rollup_on
from tests.peers import REPOSITORY, node_with, npm_program

CLIENTS = Path(__file__).parent / "clients"


@pytest.fixture
async def network(embedded: L1, tmp_path: Path) -> AsyncIterator[Network]:
    async with rollup_on(embedded.url, tmp_path) as running:
        yield running


@pytest.fixture
def token_json(tmp_path: Path) -> Path:
    artifact = load_artifact("examples/token")
    path = tmp_path / "token.json"
    path.write_text(json.dumps({"abi": json.loads(artifact.abi), "bytecode": "0x" + artifact.init_code.hex()}))
    return path


async def run(*command: str) -> str:
    """A client's standard output; what it says on standard error is shown when it fails."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, cwd=REPOSITORY
    )
    async with asyncio.timeout(120):
        output, errors = await process.communicate()
    assert process.returncode == 0, f"{command[:3]} failed:\n{errors.decode()}\n{output.decode()}"
    return output.decode().strip()


@pytest.mark.parametrize("client", ["ethers", "viem"])
async def test_a_javascript_client_deploys_sends_waits_and_reads_logs(
    client: str, network: Network, token_json: Path
) -> None:
    node = node_with(client)
    key = "0x" + DEV_PRIVATE_KEYS[0].hex()
    script = str(CLIENTS / f"{client}_client.mjs")
    seen = json.loads(await run(node, script, network.url, network.ws_url, key, str(token_json)))
    assert seen["chainId"] == L2_CHAIN_ID
    assert seen["transferStatus"] == 1
    assert seen["tokenBalance"] == str(25 * 10**18)
    assert seen["balance"] == str(10**18)
    assert seen["logs"] == [{"hash": seen["transferHash"], "value": str(25 * 10**18)}]
    assert seen["reverted"] == "token: balance too low"
    assert seen["sawHeads"], "the WebSocket subscription reported blocks"
    location = network.sequencer.chain.locate(Hash32(bytes.fromhex(seen["transferHash"][2:])))
    assert location is not None


async def test_web3_py_deploys_sends_waits_and_reads_logs(network: Network, token_json: Path) -> None:
    await asyncio.to_thread(_web3_session, network.url, token_json)


def _web3_session(url: str, token_json: Path) -> None:
    from eth_account import Account
    from web3 import Web3
    from web3.exceptions import ContractLogicError

    w3 = Web3(Web3.HTTPProvider(url))
    assert w3.is_connected()
    assert w3.eth.chain_id == L2_CHAIN_ID
    account = Account.from_key(DEV_PRIVATE_KEYS[0])
    contract = w3.eth.contract(**json.loads(token_json.read_text()))

    def transact(call):
        filled = {
            "from": account.address,
            "nonce": w3.eth.get_transaction_count(account.address, "pending"),
            **call,
        }
        signed = account.sign_transaction(filled)
        return w3.eth.wait_for_transaction_receipt(w3.eth.send_raw_transaction(signed.raw_transaction), 60, 0.1)

    deployed = transact(contract.constructor(10**21).build_transaction({"from": account.address}))
    token = w3.eth.contract(deployed["contractAddress"], abi=contract.abi)
    receiver = Account.create().address
    moved = transact(token.functions.transfer(receiver, 25).build_transaction({"from": account.address}))
    assert moved["status"] == 1
    assert token.functions.balanceOf(receiver).call() == 25
    (log,) = token.events.Transfer().get_logs(from_block=0, argument_filters={"receiver": receiver})
    assert (log["transactionHash"], log["args"]["value"]) == (moved["transactionHash"], 25)
    with pytest.raises(ContractLogicError, match="token: balance too low"):
        token.functions.transfer(receiver, 10**30).call({"from": account.address})


async def test_cast_deploys_sends_waits_and_reads_logs(network: Network) -> None:
    cast = npm_program("cast")
    key = "0x" + DEV_PRIVATE_KEYS[0].hex()
    url = ["--rpc-url", network.url]
    wallet = [*url, "--private-key", key, "--json"]

    assert await run(cast, "chain-id", *url) == str(L2_CHAIN_ID)
    init_code = "0x" + (load_artifact("examples/token").init_code + (10**21).to_bytes(32, "big")).hex()
    deployed = json.loads(await run(cast, "send", *wallet, "--create", init_code))
    token, receiver = deployed["contractAddress"], "0x00000000000000000000000000000000000000aa"
    moved = json.loads(await run(cast, "send", *wallet, token, "transfer(address,uint256)(bool)", receiver, "25"))
    assert int(moved["status"], 16) == 1
    balance = await run(cast, "call", *url, token, "balanceOf(address)(uint256)", receiver)
    assert balance == "25"
    logs = json.loads(
        await run(
            cast, "logs", *url, "--json", "--from-block", "0", "--address", token, "Transfer(address,address,uint256)"
        )
    )
    assert [log["transactionHash"] for log in logs] == [deployed["transactionHash"], moved["transactionHash"]]
    paid = json.loads(await run(cast, "send", *wallet, receiver, "--value", "1ether"))
    assert int(paid["status"], 16) == 1
    assert await run(cast, "balance", *url, receiver, "--ether") in ("1", "1.000000000000000000")
