"""`tombolo bridge` as a newcomer types it, against a rollup that `tombolo up` runs."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from genesis.dev import DEV_ACCOUNTS, DEV_PRIVATE_KEYS
from tests.e2e.processes import Running, rpc, running, tombolo

ETHER = 10**18
SOMEBODY = "0x" + "5a" * 20
ALICE = "0x" + DEV_ACCOUNTS[0].hex()


@pytest.fixture
def ports(free_port: Callable[[], int]) -> dict[str, int]:
    return {name: free_port() for name in ("l1-port", "rpc-port", "verifier-port")}


def test_a_deposit_and_a_withdrawal_as_a_newcomer_types_them(
    tmp_path: Path, ports: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOMBOLO_KEY", "0x" + DEV_PRIVATE_KEYS[0].hex())
    l1_url, url = f"http://127.0.0.1:{ports['l1-port']}", f"http://127.0.0.1:{ports['rpc-port']}"
    ends = ["--l1", l1_url, "--rpc-url", url]
    options = [part for name, port in ports.items() for part in (f"--{name}", str(port))]
    quick = ["--challenge-window", "4", "--finalisation-delay", "2", "--proposal-interval", "2"]
    with running("up", "--data-dir", str(tmp_path), *options, *quick, output=tmp_path / "up.txt") as up:
        up.until(lambda: "One line per block" in up.output, "it is up")
        assert "a withdrawal takes 6 s or more" in up.output

        deposited = bridge(up, "deposit", "1.5", "--to", SOMEBODY, *ends)
        assert "1.5 ETH deposited" in deposited
        assert re.search(r"included in block \d+", deposited) is not None, deposited
        [tx_hash] = re.findall(r"becomes transaction (0x[0-9a-f]{64})", deposited)
        assert rpc(url, "eth_getTransactionByHash", tx_hash)["type"] == "0x7e"
        assert int(rpc(url, "eth_getBalance", SOMEBODY, "latest"), 16) == 3 * ETHER // 2

        withdrawn = bridge(up, "withdraw", "0.25", "--to", SOMEBODY, *ends)
        [command] = re.findall(r"tombolo (bridge claim --wait 0x[0-9a-f]{64})", withdrawn)
        [listed] = json.loads(bridge(up, "list", "--json", *ends))
        assert (listed["what"], listed["to"], listed["group"]) == ("0.25 ETH", SOMEBODY, "pending")
        claimed = bridge(up, *command.split()[1:], *ends)
        assert "proven: 0x" in claimed
        assert "paid: 0x" in claimed
        assert int(rpc(l1_url, "eth_getBalance", SOMEBODY, "latest"), 16) == ETHER // 4
        assert bridge(up, "list", ALICE, *ends).startswith("done")


def bridge(up: Running, *arguments: str) -> str:
    """Its output; it must succeed."""
    result = tombolo("bridge", *arguments)
    assert result.returncode == 0, result.stderr + up.output
    return result.stdout
