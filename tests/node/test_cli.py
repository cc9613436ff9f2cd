"""The `tombolo` command as a person or a script meets it: its help, its refusals, its exit status."""

import asyncio
import errno
import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import pytest
import typer.main

import vm.statetest
from da.table import LAYERS
from node.cli import main
from node.cli.app import app
from node.cli.chosen import DataLayers
from node.cli.parameters import DaSet
from node.clock import SystemClock
from node.dev_node import DevNode, DevOptions
from node.rollup import new_rollup, rollup_chain_config
from node.rollup_file import save_rollup
from protocol.crypto import keccak
from protocol.errors import Halt
from protocol.l1 import L1BlockRef
from protocol.rollup import SettlementContracts
from protocol.types import ZERO_ADDRESS, ZERO_HASH, Address
from tests.e2e.network import running

COMMANDS = (
    *("up", "new", "plan", "govern", "add", "down", "status", "node", "relay", "quote", "set-price"),
    *(
        "da-server",
        "dev",
        "verify",
        "import",
        "export",
        "serve",
        "statetest",
        "blocktest",
        "prove",
        "dispute",
        "rpc-compat",
    ),
)
HEAD_HASH = "0xd226371d0b1551adb03fb52b71f08e3e11247fe9b1af994768af8cdaa8e7dcd7"


@dataclass(frozen=True)
class Outcome:
    status: int
    out: str
    error: str


@pytest.fixture
def tombolo(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    """Run the command in this process, with no settings in the environment."""
    for name in [name for name in os.environ if name.startswith("TOMBOLO_") and name != "TOMBOLO_VECTORS"]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str | Path) -> Outcome:
        capsys.readouterr()
        status = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Outcome(status, captured.out, captured.err)

    return run


def only_line(outcome: Outcome) -> str:
    """The one line on standard error, without the program's name."""
    assert outcome.out == ""
    assert outcome.error.startswith("tombolo: ")
    assert outcome.error.count("\n") == 1
    return outcome.error.removeprefix("tombolo: ").rstrip("\n")


# --- help ---


def test_without_a_command_it_shows_what_there_is(tombolo):
    outcome = tombolo()
    assert outcome.status == 0
    for command in COMMANDS:
        assert re.search(rf"^│ {command} ", outcome.out, re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command_teaches_with_examples_that_parse(command: str, tombolo):
    outcome = tombolo(command, "--help")
    assert outcome.status == 0
    assert "Examples" in outcome.out
    group: Any = typer.main.get_command(app)
    examples = re.findall(r"\btombolo ([a-z-]+)( .*)?$", group.commands[command].callback.__doc__, re.MULTILINE)
    assert command in {name for name, _ in examples}
    for name, flags in examples:
        group.commands[name].make_context(name, flags.split())  # raises what a wrong flag would


def test_the_help_does_not_load_what_commands_run_on():
    script = (
        "import sys; from node.cli import main; status = main(['up', '--help']);"
        "heavy = {'eth', 'aiohttp', 'plyvel', 'vyper', 'vm', 'rpc', 'asyncio.base_events'} & set(sys.modules);"
        "sys.exit(f'loaded {heavy}' if heavy or status else 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_version_is_that_of_the_node(tombolo):
    assert re.fullmatch(r"tombolo/v\d+\.\d+\.\d+\n", tombolo("--version").out)


# --- asked for wrongly ---


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["bogus"], "No such command 'bogus' (see `tombolo --help`)"),
        (["up", "--bogus"], "No such option: --bogus (see `tombolo up --help`)"),
        (["up", "--rpc-port", "x"], "--rpc-port"),
        (["up", "--rpc-port", "65536"], "--rpc-port"),
        (["up", "--block-time", "0"], "--block-time"),
        (["up", "--l1", "127.0.0.1:8544"], "'127.0.0.1:8544' is not a URL like http://127.0.0.1:8545"),
        (["up", "--l1", "http://127.0.0.1:854x"], "'http://127.0.0.1:854x' is not a URL like http://127.0.0.1:8545"),
        (["up", "--fork", "london"], "'--fork' (env var: 'TOMBOLO_FORK'): 'london' is not one of 'cancun', 'prague'"),
        (["up", "--chain-id", "9007199254740992"], "--chain-id"),
        (["up", "--da", "carrier-pigeon"], "there are: alt-da, blob, calldata, celestia, file"),
        (["node"], "Missing option '--role'. Choose from: sequencer, verifier, proposer, challenger, l1"),
        (["node", "--role", "king"], "is not one of 'sequencer', 'verifier', 'proposer', 'challenger', 'l1'"),
        (["node", "--role", "l1", "--l1", "http://127.0.0.1:1"], "--l1 is for a sequencer or a verifier"),
        (["node", "--role", "verifier", "--chain-id", "1"], "--chain-id is for the embedded L1"),
        (["node", "--role", "sequencer"], "a sequencer needs TOMBOLO_OPERATOR_KEY"),
        (["node", "--role", "challenger"], "a challenger needs TOMBOLO_CHALLENGER_KEY or --operator-keystore"),
        (["node", "--role", "verifier", "--batch-interval", "1"], "--batch-interval is for a sequencer"),
        (["node", "--role", "proposer", "--plays-blind", "9"], "--plays-blind is for a challenger"),
        (["node", "--role", "challenger", "--plays-blind", "0"], "--plays-blind"),
        (["up", "a.toml", "--gas-limit", "30000000"], "--gas-limit is in the intent files of a network"),
        (["up", "a.toml", "--verifier-port", "9000"], "--verifier-port is in the intent files of a network"),
        (["set-price", "90002"], "nothing to set: give --per-message, --per-byte or --per-gas"),
        (["relay"], "a relayer needs TOMBOLO_RELAYER_KEY"),
        (["plan"], "Missing argument 'FILE…' (see `tombolo plan --help`)"),
        (["new", "a.toml", "--chain-id", "0"], "--chain-id"),
        (["import", "--genesis", "g"], "Missing option '--chain' (see `tombolo import --help`)"),
        (["statetest"], "Missing argument 'PATH…' (see `tombolo statetest --help`)"),
        (["statetest", "x", "--jobs", "0"], "--jobs"),
        (["prove", "statetest", "x", "--sample", "-1"], "--sample"),
        (["blocktest"], "Missing argument 'PATH…' (see `tombolo blocktest --help`)"),
        (["blocktest", "x", "--jobs", "0"], "--jobs"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else "",
)
def test_wrong_usage_is_one_line_and_exit_2(arguments: Sequence[str], words: str, tombolo):
    outcome = tombolo(*arguments)
    assert outcome.status == 2
    assert words in only_line(outcome)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["import", "--genesis", "none", "--chain", "c", "--data-dir", "d"], "none: "),
        (["import", "--genesis", "noise", "--chain", "noise", "--data-dir", "d"], "noise: "),
        (["export", "--data-dir", "empty", "--out", "x"], "empty/db: there is no database here"),
        (["serve", "--data-dir", "empty"], "empty/db: there is no database here"),
        (["verify", "--rollup", "none"], "none: cannot be read"),
        (["verify", "--rollup", "noise"], "noise: "),
        (["statetest", "none"], "none: no such file or folder"),
        (["statetest", "noise"], "noise: "),
        (["prove", "statetest", "none"], "none: no such file or folder"),
        (["statetest", ".", "--fork", "Atlantis"], "unknown fork Atlantis; known: Frontier, "),
        (["blocktest", "none"], "none: no such file or folder"),
        (["blocktest", "noise"], "noise: "),
        (["blocktest", ".", "--fork", "Atlantis"], "unknown network Atlantis; known: Frontier, "),
        (
            ["status", "--rpc-url", "http://127.0.0.1:1"],
            "the node at http://127.0.0.1:1 does not answer: connection refused; `tombolo up` starts one",
        ),
        (["quote", "5", "--rpc", "http://127.0.0.1:1"], "the node at http://127.0.0.1:1 does not answer"),
        (["plan", "none.toml"], "none.toml: cannot be read (No such file or directory); `tombolo new` makes one"),
        (["up", "noise"], "noise: not TOML: "),
        (["add", "none.toml"], "none.toml: cannot be read"),
        (["down"], ".tombolo/network: `tombolo up FILE…` starts one"),
        (["new", "noise"], "noise: an intent file's name ends in .toml"),
        (["node", "--role", "verifier", "--rollup", "noise", "--data-dir", "d"], "noise: "),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else "",
)
def test_wrong_files_and_places_are_one_line_and_exit_1(
    arguments: Sequence[str], words: str, tombolo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "empty").mkdir()
    (tmp_path / "noise").write_bytes(b"\xff\xfe\0noise")
    monkeypatch.chdir(tmp_path)
    outcome = tombolo(*arguments)
    assert outcome.status == 1
    assert words in only_line(outcome)


async def test_a_challenger_of_a_chain_without_a_game_is_refused(tombolo, tmp_path, monkeypatch: pytest.MonkeyPatch):
    """Where the game would be, L1 has an account without code."""
    elsewhere, guardian = Address(b"\x02" * 20), Address(b"\x05" * 20)
    rollup = new_rollup(
        chain=rollup_chain_config(71717),
        l1_chain_id=31337,
        l1_genesis=L1BlockRef(5, keccak(b"block"), keccak(b"parent"), 1_700_000_000, ZERO_HASH),
        inbox_address=Address(b"\x01" * 20),
        accounts={},
        block_time_milliseconds=1000,
        gas_limit=30_000_000,
        da_layer="calldata",
        settlement=SettlementContracts(elsewhere, elsewhere, elsewhere, elsewhere, guardian, 7, 8, 9),
    )
    save_rollup(rollup, tmp_path / "rollup.json")
    monkeypatch.setenv("TOMBOLO_CHALLENGER_KEY", "0x" + "11" * 32)
    l1 = DevNode(DevOptions(tmp_path / "l1", rpc_port=0), SystemClock())
    async with running(l1):
        places = ("--rollup", tmp_path / "rollup.json", "--data-dir", tmp_path / "c")
        options = ("--role", "challenger", *places, "--l1", f"http://127.0.0.1:{l1.port}")
        outcome = await asyncio.to_thread(tombolo, "node", *options)
    assert outcome.status == 1
    assert only_line(outcome) == (
        f"{tmp_path}/rollup.json: there is nothing to challenge, for the account 0x{guardian.hex()}, not a game, "
        "rejects this chain's outputs. To check them run --role verifier; only a new chain can get a game: `tombolo up "
        '--fraud-proofs --data-dir NEW`, or proof.system = "fraud" in an intent file'
    )
    assert not (tmp_path / "c").exists()


def test_an_l1_of_ones_own_needs_a_key(tombolo, tmp_path: Path):
    outcome = tombolo("up", "--l1", "http://127.0.0.1:1", "--data-dir", tmp_path)
    assert outcome == Outcome(
        1,
        f"starting; logs are in {tmp_path}/logs\n",
        "tombolo: an L1 of your own needs an account with ether on it: set TOMBOLO_OPERATOR_KEY to its private key "
        "(hex), or name its keystore with --operator-keystore\n",
    )


def test_a_key_that_is_none_is_refused_without_showing_it(tombolo, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TOMBOLO_OPERATOR_KEY", "not-a-key")
    assert only_line(tombolo("node", "--role", "l1")) == (
        "TOMBOLO_OPERATOR_KEY is not a private key of 32 bytes in hex"
    )


def test_a_data_server_serves_until_it_is_told_to_stop(tmp_path: Path):
    command = [sys.executable, "-m", "node.cli", "da-server", "--data-dir", str(tmp_path / "store"), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
        try:
            assert server.stdout is not None
            line = server.stdout.readline()
            found = re.search(r"serving .* at (http://127\.0\.0\.1:\d+)\. Ctrl-C stops\.", line)
            assert found is not None, line
            data = b"batch"
            with urllib.request.urlopen(urllib.request.Request(found[1] + "/put", data), timeout=30) as answer:
                key = answer.read()
            assert key == b"\0" + keccak(data)
            with urllib.request.urlopen(f"{found[1]}/get/0x{key.hex()}", timeout=30) as answer:
                assert answer.read() == data
            with urllib.request.urlopen(f"{found[1]}/health", timeout=30) as answer:
                assert answer.read() == b"ok\n"
        finally:
            server.terminate()
        assert server.wait(30) == 0


def test_a_data_server_without_a_place_for_data_says_so(tombolo, tmp_path: Path):
    (tmp_path / "file").write_text("")
    outcome = tombolo("da-server", "--data-dir", tmp_path / "file" / "below", "--port", "0")
    assert outcome.status == 1
    assert "below takes no files" in only_line(outcome)


def test_the_help_names_every_data_layer_and_each_of_its_settings():
    assert ", ".join(LAYERS) in get_args(DataLayers)[1].help
    for layer in LAYERS.values():
        for setting in layer.settings:
            assert setting.key in get_args(DaSet)[1].help


def test_what_was_fixed_at_launch_cannot_be_asked_for_otherwise(tombolo, tmp_path: Path):
    rollup = new_rollup(
        chain=rollup_chain_config(71717),
        l1_chain_id=1,
        l1_genesis=L1BlockRef(7, ZERO_HASH, ZERO_HASH, 1_000, ZERO_HASH),
        inbox_address=ZERO_ADDRESS,
        accounts={},
        block_time_milliseconds=1000,
        gas_limit=30_000_000,
        da_layer="file",
    )
    save_rollup(rollup, tmp_path / "rollup.json")
    outcome = tombolo("up", "--data-dir", tmp_path, "--block-time", "1", "--da", "calldata")
    assert outcome.status == 1
    assert only_line(outcome) == (
        f"the rollup in {tmp_path} was launched with data layer file, not calldata; that is fixed at launch: leave "
        "the option out, or choose another --data-dir"
    )


def _raise(error: BaseException):
    def run(*_arguments: object) -> Iterator[object]:
        raise error

    return run


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (Halt("the database is damaged"), 1, "tombolo: the database is damaged\n"),
        (OSError(errno.ENOSPC, "No space left on device", "/d/x"), 1, "tombolo: /d/x: No space left on device\n"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_an_expected_failure_is_a_message(
    error: BaseException, status: int, words: str, tombolo, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(vm.statetest, "run_statetests", _raise(error))
    assert tombolo("statetest", "x") == Outcome(status, "", words)


def test_a_bug_is_not_hidden(tombolo, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(vm.statetest, "run_statetests", _raise(ZeroDivisionError("a bug")))
    with pytest.raises(ZeroDivisionError, match="a bug"):
        tombolo("statetest", "x")


def test_a_reader_that_has_had_enough_is_no_traceback():
    reading, writing = os.pipe()
    os.close(reading)
    try:
        command = [sys.executable, "-m", "node.cli", "--version"]
        done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, check=False)
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")


# --- the commands for chains at rest ---


@pytest.fixture(scope="session")
def chain_id_case(vectors: Path) -> Path:
    return vectors / "ethereum-tests" / "GeneralStateTests" / "stChainId" / "chainId.json"


def test_statetest_prints_what_geth_prints(tombolo, chain_id_case: Path):
    outcome = tombolo("statetest", chain_id_case, "--fork", "Cancun")
    assert outcome.status == 0
    assert [{**case, "stateRoot": len(case["stateRoot"])} for case in json.loads(outcome.out)] == [
        {"name": "chainId_d0g0v0", "pass": True, "fork": "Cancun", "stateRoot": 66}
    ]


def test_statetest_fails_with_the_case_and_the_roots(tombolo, chain_id_case: Path, tmp_path: Path):
    document = json.loads(chain_id_case.read_text())
    (case,) = document.values()
    case["post"]["Cancun"][0]["hash"] = "0x" + "11" * 32
    (tmp_path / "broken.json").write_text(json.dumps(document))
    outcome = tombolo("statetest", tmp_path / "broken.json", "--fork", "Cancun", "--json")
    assert outcome.status == 1
    (result,) = json.loads(outcome.out)
    assert result["pass"] is False
    assert "11" * 32 in result["error"]


@pytest.fixture(scope="session")
def wrong_gas_case(vectors: Path) -> Path:
    return vectors / "ethereum-tests/BlockchainTests/InvalidBlocks/bcInvalidHeaderTest/wrongGasUsed.json"


def test_blocktest_prints_what_statetest_prints(tombolo, wrong_gas_case: Path):
    outcome = tombolo("blocktest", wrong_gas_case)
    assert outcome.status == 0
    (result,) = json.loads(outcome.out)
    (case,) = json.loads(wrong_gas_case.read_text()).items()
    assert result == {
        "name": case[0],
        "pass": True,
        "fork": case[1]["network"],
        "stateRoot": case[1]["genesisBlockHeader"]["stateRoot"],
    }


def test_blocktest_runs_only_the_fork_asked_for(tombolo, wrong_gas_case: Path):
    assert tombolo("blocktest", wrong_gas_case, "--fork", "CancunToPragueAtTime15k") == Outcome(0, "[]\n", "")


def test_blocktest_fails_with_the_block_and_the_reason(tombolo, wrong_gas_case: Path, tmp_path: Path):
    document = json.loads(wrong_gas_case.read_text())
    (case,) = document.values()
    case["blocks"][0]["expectException"] = "BlockException.INVALID_STATE_ROOT"
    (tmp_path / "broken.json").write_text(json.dumps(document))
    outcome = tombolo("blocktest", tmp_path / "broken.json", "--json")
    assert outcome.status == 1
    (result,) = json.loads(outcome.out)
    assert result["pass"] is False
    assert result["error"].startswith("block 0: refused for INVALID_GAS_USED: ")


def test_a_chain_goes_through_files_and_is_served(tombolo, vectors: Path, tmp_path: Path):
    official = vectors / "execution-apis"
    first, second = tmp_path / "first", tmp_path / "second"
    imported = tombolo(
        "import", "--genesis", official / "genesis.json", "--chain", official / "chain.rlp", "--data-dir", first
    )
    assert imported.status == 0
    assert imported.out.startswith(f"head is block 54 {HEAD_HASH}, state root 0x")
    exported = tombolo("export", "--data-dir", first, "--out", tmp_path / "out.rlp.gz")
    assert exported == Outcome(0, f"55 blocks written to {tmp_path}/out.rlp.gz\n", "")
    again = tombolo(
        "import", "--genesis", official / "genesis.json", "--chain", tmp_path / "out.rlp.gz", "--data-dir", second
    )
    assert again.out == imported.out

    with served(second) as url:
        assert call(url, "eth_blockNumber") == "0x36"
        assert [call(url, "eth_getBlockByNumber", tag, False)["hash"] for tag in ("latest", "safe", "finalized")] == (
            [HEAD_HASH] * 3
        )
        shown = tombolo("status", "--rpc-url", url)
        assert shown.status == 0
        assert re.search(rf"safe +54 +{HEAD_HASH[:18]}", shown.out)
        told = json.loads(tombolo("status", "--rpc-url", url, "--json").out)
        assert told["unsafe_l2"] == {"number": 54, "hash": HEAD_HASH}
        busy = tombolo("serve", "--data-dir", second, "--rpc-port", "0")
        assert busy.status == 1
        assert str(second) in only_line(busy)


@contextmanager
def served(data_dir: Path) -> Iterator[str]:
    """`tombolo serve` in a process of its own, stopped by Ctrl-C."""
    command = [sys.executable, "-m", "node.cli", "serve", "--data-dir", str(data_dir), "--rpc-port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        found = re.search(r"at (http://\S+);", line)
        assert found is not None, line + process.communicate()[1]
        yield found.group(1)
    finally:
        process.send_signal(signal.SIGINT)
        _out, error = process.communicate(timeout=60)
    assert (process.returncode, error) == (0, "")


def call(url: str, method: str, *params: object):
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)["result"]
