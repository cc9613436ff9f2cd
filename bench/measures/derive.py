"""A verifier rebuilds from L1 and the data layer what the sequencer has just made: it must be the faster one, or a node
that joins late never catches up.

Both do their best: the sequencer with transfers as fast as it takes them, the verifier on an otherwise idle machine.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.measures.measure import Measure, MeasureFailed, Plan, submit
from bench.peers.ours import OurNetwork
from bench.peers.peer import ROOT, rpc
from bench.row import Row, compare
from bench.workload import Workload

SAFE_SECONDS = 60
"""How long the last batch may take to L1 and back."""


def _derive(plan: Plan) -> list[Row]:
    workload = Workload()
    lanes = workload.transfers(plan.sizes.derived)
    count = sum(len(lane.transactions) for lane in lanes)
    with tempfile.TemporaryDirectory(prefix="tombolo-bench-") as folder:
        network = OurNetwork(Path(folder), workload.funded)
        with network.start() as node:
            produced = count / submit(node, lanes).seconds
            _wait_until_safe(node.url)
            derived = []
            for _ in range(plan.sizes.rounds):
                derived.append(_verify(network, count))
                plan.say(f"derive: {derived[-1]:,.0f} tx/s; its sequencer made {produced:,.0f} tx/s")
    return compare("derive", "tx/s", derived, {"its own sequencer": [produced]})


def _wait_until_safe(url: str) -> None:
    head = int(str(rpc(url, "eth_blockNumber")), 16)
    deadline = time.monotonic() + SAFE_SECONDS
    while True:
        block = rpc(url, "eth_getBlockByNumber", "safe", False)
        if isinstance(block, dict) and int(block["number"], 16) >= head:
            return
        if time.monotonic() > deadline:
            raise MeasureFailed(f"block {head} was not safe within {SAFE_SECONDS} s")
        time.sleep(0.2)


def _verify(network: OurNetwork, expected: int) -> float:
    """Transactions per second; raises MeasureFailed when not all of them were rebuilt."""
    command = [sys.executable, "-m", "bench.derivation", str(network.rollup), network.l1_url, str(network.da)]
    result = subprocess.run(command, capture_output=True, cwd=ROOT, check=False)
    if result.returncode != 0:
        raise MeasureFailed(f"the verifier failed: {result.stderr.decode().strip()}")
    found = json.loads(result.stdout)
    if found["transactions"] != expected:
        raise MeasureFailed(f"the verifier rebuilt {found['transactions']} transactions, expected {expected}")
    return float(found["transactions"] / found["seconds"])


MEASURES = (Measure(("derive",), _derive),)
