"""What the measures on chains for tests share: ours and anvil in turn, each from genesis."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.measures.measure import MeasureFailed, Plan
from bench.peers.dev import ANVIL, OURS
from bench.peers.peer import RunningPeer, rpc
from bench.row import Row, compare
from bench.workload import Workload
from protocol.transaction import Transaction

MINED_SECONDS = 30


def beside_anvil(
    plan: Plan, name: str, unit: str, measure: Callable[[Plan, RunningPeer, Workload], float]
) -> list[Row]:
    """`measure`'s figure, where less is better, on a fresh chain of each."""
    chains = [OURS, *([ANVIL] if plan.peer("anvil") else [])]
    figures: dict[str, list[float]] = {chain.name: [] for chain in chains}
    for turn in range(plan.sizes.rounds):
        for chain in chains:
            workload = Workload()
            with (
                tempfile.TemporaryDirectory(prefix="tombolo-bench-") as folder,
                chain.start(workload.funded, Path(folder)) as node,
            ):
                figure = measure(plan, node, workload)
            figures[chain.name].append(figure)
            plan.say(f"{name} {turn + 1}/{plan.sizes.rounds}: {chain.name} {figure:,.1f} {unit}")
    ours = figures.pop(OURS.name)
    return compare(name, unit, ours, figures, lower_is_better=True)


def mine(node: RunningPeer, tx: Transaction) -> None:
    """Send `tx` and wait for its block: anvil answers before it has made it."""
    rpc(node.url, "eth_sendRawTransaction", "0x" + tx.raw.hex())
    deadline = time.monotonic() + MINED_SECONDS
    while (receipt := rpc(node.url, "eth_getTransactionReceipt", "0x" + tx.hash.hex())) is None:
        if time.monotonic() > deadline:
            raise MeasureFailed(f"{node.name} did not mine a transaction within {MINED_SECONDS} s")
    if not isinstance(receipt, dict) or receipt["status"] != "0x1":
        raise MeasureFailed(f"{node.name} did not run a transaction to its end")
