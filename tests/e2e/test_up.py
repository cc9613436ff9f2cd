"""`tombolo up` as a person uses it: start, see blocks, Ctrl-C, start again."""

import asyncio
import json
import re
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from genesis.dev import DEV_ACCOUNTS, DEV_PRIVATE_KEYS
from node.l1.client import L1Client
from node.rollup import Rollup
from node.rollup_file import load_rollup
from node.up.keys import CHALLENGER_KEY
from protocol.crypto import private_key_address
from tests.e2e.liar import Fall, Liar
from tests.e2e.processes import answers, rpc, running, tombolo
from tests.e2e.wallet import Wallet


@pytest.fixture
def ports(free_port: Callable[[], int]) -> dict[str, int]:
    return {name: free_port() for name in ("l1-port", "rpc-port", "verifier-port")}


def up(folder: Path, ports: dict[str, int]) -> list[str]:
    return [
        "up",
        "--data-dir",
        str(folder),
        *(part for name, port in ports.items() for part in (f"--{name}", str(port))),
    ]


def test_up_shows_blocks_stops_on_ctrl_c_and_goes_on_where_it_was(tmp_path: Path, ports: dict[str, int]) -> None:
    folder, url = tmp_path / "tombolo", f"http://127.0.0.1:{ports['rpc-port']}"
    verifier = f"http://127.0.0.1:{ports['verifier-port']}"
    with running(*up(folder, ports), output=tmp_path / "first.txt") as first:
        first.until(lambda: re.search(r"block\s+3\b", first.output) is not None, "three blocks shown")
        assert f"127.0.0.1:{ports['rpc-port']}" in first.output
        assert "71717" in first.output
        for address in DEV_ACCOUNTS:
            assert address.hex() in first.output.lower()

        wallet = Wallet(0)
        sent = [rpc(url, "eth_sendRawTransaction", "0x" + tx.raw.hex()) for tx in wallet.transfers(20)]
        first.until(lambda: all(rpc(url, "eth_getTransactionReceipt", h) for h in sent), "20 transfers mined")
        mined = max(int(rpc(url, "eth_getTransactionReceipt", h)["blockNumber"], 16) for h in sent)

        def safe() -> int:
            return int(rpc(verifier, "eth_getBlockByNumber", "safe", False)["number"], 16)

        first.until(lambda: answers(verifier) and safe() >= mined, "the verifier has them from L1")
        blocks = [rpc(url, "eth_getBlockByNumber", hex(n), False) for n in range(mined + 1)]
        assert blocks == [rpc(verifier, "eth_getBlockByNumber", hex(n), False) for n in range(mined + 1)]

        status = tombolo("status", "--rpc-url", url)
        assert status.returncode == 0, status.stderr
        assert re.search(r"^newest block +\d+ s old$", status.stdout, re.MULTILINE), status.stdout
        assert re.search(r"^not in a batch +\d+ blocks?$", status.stdout, re.MULTILINE), status.stdout
        verified = tombolo(
            *("verify", "--rollup", str(folder / "rollup.json"), "--l1", f"http://127.0.0.1:{ports['l1-port']}"),
            *("--da-dir", str(folder / "da"), "--against", url),
        )
        assert verified.returncode == 0, verified.stderr
        compared = re.search(r"compared\s+(\d+) blocks with \S+: all the same", verified.stdout)
        assert compared is not None, verified.stdout
        assert int(compared[1]) >= mined + 1
        assert first.interrupt() == 0

    with running(*up(folder, ports), output=tmp_path / "second.txt") as second:
        second.until(lambda: re.search(r"block\s+\d+", second.output) is not None, "a block shown")
        assert [rpc(url, "eth_getBlockByNumber", hex(n), False) for n in range(mined + 1)] == blocks
        assert int(rpc(url, "eth_getTransactionCount", "0x" + wallet.address.hex(), "latest"), 16) == 20
        again = rpc(url, "eth_sendRawTransaction", "0x" + next(wallet.transfers(1)).raw.hex())
        second.until(lambda: rpc(url, "eth_getTransactionReceipt", again) is not None, "the chain goes on")
        assert second.interrupt() == 0


def test_what_is_chosen_at_launch_reaches_every_process(tmp_path: Path, ports: dict[str, int]) -> None:
    folder, url = tmp_path / "tombolo", f"http://127.0.0.1:{ports['rpc-port']}"
    chosen = ["--elasticity=4", "--base-fee-denominator=50", "--sequencer-drift=100", "--sequencing-window=50"]
    chosen.append("--fees=min-base-fee=2000000000,operator-fee-constant=7")
    running_as = ["--l1-confirmations=2", "--no-empty-blocks", "--retention=5", "--log-format=json"]
    with running(*up(folder, ports), *chosen, *running_as, output=tmp_path / "out.txt") as first:
        first.until(lambda: "One line per block" in first.output, "it is up")
        rollup = json.loads((folder / "rollup.json").read_text())
        names = ("elasticity", "baseFeeChangeDenominator", "maxSequencerDriftSeconds", "sequencingWindow")
        assert [rollup[name] for name in names] == [4, 50, 100, 50]
        assert [rollup["fees"][name] for name in ("minBaseFee", "operatorFeeConstant")] == ["2000000000", "7"]

        sent = rpc(url, "eth_sendRawTransaction", "0x" + next(Wallet(0).transfers(1)).raw.hex())
        first.until(lambda: rpc(url, "eth_getTransactionReceipt", sent) is not None, "a transfer is mined")
        status = rpc(url, "rollup_syncStatus")
        assert status["unsafe_l2"]["number"] == 1, "no blocks without transactions"
        assert status["unsafe_l2"]["l1origin"] <= max(status["current_l1"]["number"] - 2, rollup["l1Genesis"]["number"])
        assert first.interrupt() == 0
    for role in ("l1", "sequencer"):  # the verifier starts last, and may be stopped before it begins
        lines = [json.loads(line) for line in (folder / "logs" / f"{role}.log").read_text().splitlines()]
        assert lines[-1]["message"] == "stopped as asked"

    again = tombolo(*up(folder, ports), "--elasticity", "5")
    assert again.returncode == 1
    assert "was launched with elasticity 4, not 5" in again.stderr
    other = tombolo(*up(folder, ports), "--fees", "zero-gas")
    assert "was launched with fees min-base-fee=2000000000,operator-fee-constant=7, not fixed-base-fee" in other.stderr


@pytest.mark.slow
def test_up_with_fraud_proofs_watches_and_a_lie_falls_by_the_step(
    tmp_path: Path, ports: dict[str, int], free_port: Callable[[], int]
) -> None:
    """Four processes, of which none is told of the lie; after a new start the challenger watches again."""
    ports["challenger-port"] = port_of_challenger = free_port()
    folder, url = tmp_path / "tombolo", f"http://127.0.0.1:{ports['rpc-port']}"
    l1_url, watcher = f"http://127.0.0.1:{ports['l1-port']}", f"http://127.0.0.1:{port_of_challenger}"
    started = [*up(folder, ports), "--l1-block-time", "0.25"]
    with running(*started, "--fraud-proofs", "--challenge-window", "600", output=tmp_path / "first.txt") as first:
        first.until(lambda: re.search(r"block\s+3\b", first.output) is not None, "three blocks shown", 120)
        assert "L1 itself executes the disputed step" in first.output
        sent = rpc(url, "eth_sendRawTransaction", "0x" + next(Wallet(0).transfers(1)).raw.hex())
        first.until(lambda: rpc(url, "eth_getTransactionReceipt", sent) is not None, "a transfer is mined")
        mined = int(rpc(url, "eth_getTransactionReceipt", sent)["blockNumber"], 16)

        def seen(node: str) -> bool:
            return answers(node) and int(rpc(node, "eth_getBlockByNumber", "safe", False)["number"], 16) >= mined

        first.until(lambda: seen(watcher), "the challenger has it from L1")
        rollup = load_rollup(folder / "rollup.json")
        fall = asyncio.run(lie_on(l1_url, rollup))
        assert fall.challenger == private_key_address(CHALLENGER_KEY)
        assert rpc(watcher, "rollup_syncStatus")["challenger"]["address"] == "0x" + fall.challenger.hex()
        shown = rpc(url, "game_get", fall.game_id)
        assert (shown["status"], shown["challenger"]) == ("refuted", "0x" + fall.challenger.hex())
        status = tombolo("status", "--rpc-url", watcher)
        assert re.search(r"^security +fraud proofs: .* disputes? so far$", status.stdout, re.MULTILINE), status.stdout
        assert re.search(rf"^challenger +0x{fall.challenger.hex()}$", status.stdout, re.MULTILINE), status.stdout
        assert first.interrupt() == 0

    with running(*started, output=tmp_path / "second.txt") as second:
        second.until(lambda: "disputes false outputs" in second.output, "it is known again without the option")
        second.until(lambda: answers(watcher), "the challenger is there again")
        assert second.interrupt() == 0


async def lie_on(l1_url: str, rollup: Rollup) -> Fall:
    """By a dev account that has nothing to do with the rollup."""
    async with L1Client(l1_url) as client:
        return await Liar(client, rollup, DEV_PRIVATE_KEYS[7]).lie_and_lose()


def test_fraud_proofs_are_chosen_at_launch_and_for_what_can_be_proved(tmp_path: Path, ports: dict[str, int]) -> None:
    refused = tombolo(*up(tmp_path / "a", ports), "--fraud-proofs", "--fork", "prague")
    assert refused.returncode == 1
    assert "fraud proofs know Cancun; the chain starts with PRAGUE (chain.fork)" in refused.stderr
    assert "Traceback" not in refused.stderr + refused.stdout
    refused = tombolo(*up(tmp_path / "a", ports), "--fraud-proofs", "--retention", "1000")
    assert refused.returncode == 1
    assert "--retention 1000 is too little for disputes: archive, or at least 3004" in refused.stderr
    assert not (tmp_path / "a").exists(), "nothing was started"


def test_a_taken_port_is_one_clear_line(tmp_path: Path, ports: dict[str, int]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", ports["rpc-port"]))
        other.listen()
        result = tombolo(*up(tmp_path, ports))
    assert result.returncode == 1
    assert f"port {ports['rpc-port']} on 127.0.0.1 is taken" in result.stderr
    assert "Traceback" not in result.stderr + result.stdout


def test_everything_ends_when_the_launcher_is_killed(tmp_path: Path, ports: dict[str, int]) -> None:
    url = f"http://127.0.0.1:{ports['rpc-port']}"
    with running(*up(tmp_path, ports), output=tmp_path / "out.txt") as launcher:
        launcher.until(lambda: re.search(r"block\s+\d+", launcher.output) is not None, "a block shown")
        launcher.kill()
        for _ in range(300):
            if not answers(url):
                break
            time.sleep(0.1)
        assert not answers(url), "the sequencer outlived its launcher"
    with running(*up(tmp_path, ports), output=tmp_path / "again.txt") as again:
        again.until(lambda: re.search(r"block\s+\d+", again.output) is not None, "a block shown after a kill")
        assert again.interrupt() == 0
