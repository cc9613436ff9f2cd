"""`python -m bench --quick` runs a real node beside a real peer. It says nothing about speed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.peers.anvil import Anvil
from bench.peers.peer import ROOT


def run_bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bench", "--quick", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)


@pytest.mark.skipif(Anvil().missing() is not None, reason="anvil is not installed: scripts/install-peers")
def test_a_quick_run_measures_this_node_beside_anvil(tmp_path: Path):
    output = tmp_path / "latest.json"
    result = run_bench("--only", "transfers", "--only", "startup_seconds", "--peer", "anvil", "--output", str(output))
    assert result.returncode == 0, result.stdout + result.stderr
    rows = json.loads(output.read_text())["rows"]
    assert [(row["name"], row["peer"], row["unit"]) for row in rows] == [
        ("transfers", "anvil", "tx/s"),
        ("startup_seconds", "anvil", "s"),
    ]
    for row in rows:
        assert row["ratio"] == pytest.approx(row["ours"] / row["peer_value"], rel=2e-3)


def test_an_unknown_measure_is_named_with_the_known_ones():
    result = run_bench("--only", "speed")
    assert result.returncode == 2
    assert "unknown measure speed" in result.stdout
    assert "transfers_batched" in result.stdout
