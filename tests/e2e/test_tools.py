"""hardhat 2 and foundry's tracing, unmodified, against a live rollup and against a dev chain."""

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from genesis.dev import DEV_PRIVATE_KEYS
from node.artifacts import load_artifact
from node.clock import SystemClock
from node.dev_node import DevNode, DevOptions
from tests.e2e.conftest import L1
from tests.e2e.network import Network, rollup_on, running
from tests.peers import REPOSITORY, npm_program

PROJECT = Path(__file__).parent / "clients" / "hardhat"
KEY = "0x" + DEV_PRIVATE_KEYS[0].hex()


@pytest.fixture
async def network(embedded: L1, tmp_path: Path) -> AsyncIterator[Network]:
    async with rollup_on(embedded.url, tmp_path) as running_network:
        yield running_network


@pytest.fixture
async def dev_url(tmp_path: Path) -> AsyncIterator[str]:
    node = DevNode(DevOptions(tmp_path / "dev", rpc_port=0), SystemClock())
    async with running(node):
        yield f"http://127.0.0.1:{node.port}"


def hardhat_modules() -> Path:
    """A node_modules folder that holds hardhat and what it needs, or a skipped test."""
    for folder in (REPOSITORY / "node_modules", REPOSITORY / "bench" / "node_modules"):
        if (folder / "hardhat").is_dir() and shutil.which("node"):
            return folder
    pytest.skip("hardhat is not installed: run bench/install-peers, which installs it from npm")


async def run_project(folder: Path, url: str, **settings: str) -> str:
    """`hardhat test` in a copy of the project; what it printed."""
    modules = hardhat_modules()
    ethers = REPOSITORY / "node_modules" / "ethers"
    if not ethers.is_dir():
        pytest.skip("ethers is not installed: run `make test`, which installs it from npm")
    project = folder / "project"
    shutil.copytree(PROJECT, project)
    (project / "node_modules").symlink_to(modules)
    artifact = load_artifact("examples/token")
    token = folder / "token.json"
    token.write_text(json.dumps({"abi": json.loads(artifact.abi), "bytecode": "0x" + artifact.init_code.hex()}))
    environment = {
        **os.environ,
        "HARDHAT_DISABLE_TELEMETRY_PROMPT": "true",
        "NODE_URL": url,
        "ETHERS": str(ethers),
        "TOKEN": str(token),
        **settings,
    }
    command = [str(modules / ".bin" / "hardhat"), "test", "--no-compile", "project.js"]
    return await output_of(*command, cwd=project, env=environment)


async def output_of(*command: str, cwd: Path = REPOSITORY, env: dict[str, str] | None = None) -> str:
    """What a program prints; shown when it fails."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=cwd, env=env, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    async with asyncio.timeout(150):
        output, _ = await process.communicate()
    assert process.returncode == 0, f"{command[:3]} failed:\n{output.decode()}"
    return output.decode()


async def test_hardhat_deploys_and_tests_a_project_on_the_rollup(network: Network, tmp_path: Path) -> None:
    assert "3 passing" in await run_project(tmp_path, network.url, NODE_KEY=KEY)


async def test_hardhat_does_on_a_dev_chain_what_it_does_on_its_own(dev_url: str, tmp_path: Path) -> None:
    assert "7 passing" in await run_project(tmp_path, dev_url)


async def test_cast_replays_a_transaction_and_traces_a_call(network: Network) -> None:
    cast = npm_program("cast")
    url = ["--rpc-url", network.url]
    init_code = "0x" + (load_artifact("examples/token").init_code + (10**21).to_bytes(32, "big")).hex()
    wallet = [*url, "--private-key", KEY, "--json"]
    deployed = json.loads(await output_of(cast, "send", *wallet, "--create", init_code))
    token, receiver = deployed["contractAddress"], "0x00000000000000000000000000000000000000aa"
    moved = json.loads(await output_of(cast, "send", *wallet, token, "transfer(address,uint256)(bool)", receiver, "25"))
    replayed = await output_of(cast, "run", *url, "--quick", moved["transactionHash"])
    assert "Transaction successfully executed." in replayed
    assert f"Gas used: {int(moved['gasUsed'], 16)}" in replayed
    traced = await output_of(cast, "call", *url, "--trace", token, "balanceOf(address)(uint256)", receiver)
    assert "balanceOf" in traced or "70a08231" in traced
    assert "25" in traced
