"""A network from intent files, as a person runs it: up, plan, status, add, a process that dies, down, again."""

import json
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.processes import Running, answers, rpc, running, tombolo
from tests.e2e.wallet import Wallet

pytestmark = pytest.mark.timeout(600)


def intent(folder: Path, name: str, chain_id: int, port: int, *extra: str) -> Path:
    file = folder / f"{name}.toml"
    lines = ['preset = "teaching"', f"chain.chain_id = {chain_id}", f"node.rpc_port = {port}", *extra]
    file.write_text("\n".join(lines) + "\n")
    return file


@pytest.mark.parametrize("meshed", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["islands", "meshed"])
def test_chains_from_files_are_one_network_that_grows_heals_stops_and_goes_on(
    tmp_path: Path, free_port: Callable[[], int], meshed: bool
) -> None:
    names, ids = ("lagoon", "arcade", "third"), (90_001, 90_002, 90_003)
    ports = [free_port() for _ in names]
    alone = (
        "node.verifier = false",
        f"node.proposer = {str(meshed).lower()}",
        f"metalayer.join = {str(meshed).lower()}",
    )
    extras = (
        (*alone, f"node.verifier_port = {free_port()}"),
        ('da.layer = "calldata"', "chain.block_time_seconds = 0.5", f"node.verifier_port = {free_port()}"),
        (*alone, f"node.verifier_port = {free_port()}"),
    )
    files = [
        intent(tmp_path, *given, *extra)
        for given, extra in zip(zip(names, ids, ports, strict=True), extras, strict=True)
    ]
    urls = [f"http://127.0.0.1:{port}" for port in ports]
    data = ("--data-dir", str(tmp_path / "data"))
    flags = [*data, "--l1-port", str(free_port()), "--page-port", str(free_port())]
    folder = tmp_path / "data" / "network"
    start = ["up", *map(str, files[:2]), *flags]

    def ok(*arguments: str) -> str:
        done = tombolo(*arguments, *data)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def up(network: Running, count: int) -> bool:
        return len(re.findall(r"answers at http://\S+, chain id 9000\d", network.output)) == count

    with running(*start, output=tmp_path / "up.txt") as network:
        network.until(lambda: up(network, 2), "both chains answer")
        assert [int(rpc(url, "eth_chainId"), 16) for url in urls[:2]] == [90_001, 90_002]
        assert "nothing to do" in ok("plan", *map(str, files[:2]))
        assert "nothing to do" in ok(*start[:3])

        changed = intent(tmp_path, "lagoon", ids[0], ports[0], *extras[0], "da.batch_interval_seconds = 3")
        assert re.search(r"lagoon +da.batch_interval_seconds +2.0 +3.0 +at the next start", ok("plan", str(changed)))
        governed = intent(tmp_path, "lagoon", ids[0], ports[0], *extras[0], "chain.gas_limit = 40000000")
        refused = tombolo("plan", str(governed), *data)
        assert refused.returncode == 1
        assert re.search(r"chain.gas_limit +30000000 +40000000 +not by `up`: governance changes it", refused.stdout)
        impossible = intent(tmp_path, "lagoon", ids[0], ports[0], *extras[0], 'chain.fork = "prague"')
        refused = tombolo("plan", str(impossible), *data)
        assert refused.returncode == 1
        assert re.search(r'chain.fork +"cancun" +"prague" +impossible: fixed at genesis', refused.stdout)
        for command in ("up", "add"):
            refused = tombolo(command, str(impossible), *data)
            assert refused.returncode == 1
            assert 'lagoon: chain.fork is "cancun", not "prague": impossible' in refused.stderr

        assert "added: third" in ok("add", str(files[2]))
        assert answers(urls[2])
        assert "nothing to do" in ok("add", str(files[2]))
        if meshed:
            arrived = "the first message has arrived on third: “tombolo: lagoon greets third”"
            network.until(lambda: arrived in network.output, "the new chain hears from the first", 200)
        sent = [
            rpc(url, "eth_sendRawTransaction", "0x" + transfer(at).hex()) for at, url in zip(ids, urls, strict=True)
        ]
        network.until(lambda: all(map(mined, urls, sent)), "a transfer on each chain")

        chains = {line["name"]: line for line in json.loads(ok("status", "--json"))}
        assert list(chains) == list(names)
        roles = {
            name: [process["name"].removeprefix(f"{name}-") for process in line["processes"]]
            for name, line in chains.items()
        }
        both = ["sequencer", "proposer"]
        small = both if meshed else ["sequencer"]
        assert roles == {"lagoon": small, "arcade": both, "third": small}
        os.kill(chains["lagoon"]["processes"][0]["process_id"], signal.SIGKILL)
        network.until(lambda: "lagoon-sequencer ended by itself (status -9)" in network.output, "its end is noticed")
        network.until(lambda: answers(urls[0]), "it is started again")
        assert re.search(r"lagoon +90001 .* sequencer\s+running\s+\(restarted 1\s+times\)", ok("status"))
        assert mined(urls[0], sent[0])

        assert "stopped: lagoon, arcade, third" in ok("down")
        assert network.process.wait(30) == 0
        assert not any(map(answers, urls))
    refused = tombolo("down", *data)
    assert refused.returncode == 1
    assert "no network runs in" in refused.stderr
    assert sorted(path.name for path in (folder / "chains").iterdir()) == sorted(names)

    intent(tmp_path, "lagoon", ids[0], ports[0], *extras[0], "da.batch_interval_seconds = 3")
    with running(*start, output=tmp_path / "again.txt") as again:
        again.until(lambda: up(again, 3), "all three answer, the one that no file names too")
        assert "launched" not in again.output
        assert all(map(mined, urls, sent))
        assert "batch_interval_seconds = 3.0" in (folder / "chains" / "lagoon" / "intent.toml").read_text()
        assert again.interrupt() == 0


def transfer(chain_id: int) -> bytes:
    return next(Wallet(0, chain_id=chain_id).transfers(1)).raw


def mined(url: str, transaction_hash: str) -> bool:
    return rpc(url, "eth_getTransactionReceipt", transaction_hash) is not None
