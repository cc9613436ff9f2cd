"""From the command to the first answer.

`startup_seconds`: with nothing on disk; for us that includes an L1 and the contracts on it. `restart_seconds`: our
sequencer is killed (`kill -9`) with transactions in its pool, and started again; `restart_to_block_seconds` is until
its new life has made a block, which comes with a tick of the clock. The 3 seconds beside it are what the project asks.
"""

import json
import tempfile
import time
import urllib.request
from pathlib import Path

from bench.measures.measure import Measure, MeasureFailed, Plan, running, submit
from bench.peers.ours import OurNetwork
from bench.peers.peer import RunningPeer, rpc
from bench.row import Row, compare
from bench.workload import Lane, Workload

RESTART_TARGET_SECONDS = 3.0
WAIT_SECONDS = 60


def _startup(plan: Plan) -> list[Row]:
    funded = Workload().funded
    seconds: dict[str, list[float]] = {}
    for _ in range(plan.sizes.rounds):
        for peer in (plan.ours, *plan.peer("anvil", "hardhat", "eth-tester")):
            with running(peer, funded) as node:
                seconds.setdefault(peer.name, []).append(node.started_seconds)
                plan.say(f"startup_seconds: {peer.name} {node.started_seconds:.2f} s")
    ours = seconds.pop(plan.ours.name)
    return compare("startup_seconds", "s", ours, seconds, lower_is_better=True)


def _restart(plan: Plan) -> list[Row]:
    workload = Workload()
    answers, blocks = [], []
    with tempfile.TemporaryDirectory(prefix="tombolo-bench-") as folder:
        network = OurNetwork(Path(folder), workload.funded)
        with network.start() as node:
            for _ in range(plan.sizes.restarts):
                submit(node, workload.transfers(plan.sizes.restart_load))
                waiting = workload.transfers(plan.sizes.restart_load)
                _post(node, waiting)
                begun = time.perf_counter()
                seconds = network.restart(node)
                answers.append(seconds)
                blocks.append(_until_a_block(node, begun))
                plan.say(f"restart_seconds: {seconds:.2f} s to the first answer, {blocks[-1]:.2f} s to a block")
                _check_mined(node, waiting)
    target = {"target": [RESTART_TARGET_SECONDS]}
    return [
        *compare("restart_seconds", "s", answers, target, lower_is_better=True),
        *compare("restart_to_block_seconds", "s", blocks, target, lower_is_better=True),
    ]


def _post(node: RunningPeer, lanes: tuple[Lane, ...]) -> None:
    """Hand all in, and wait for no block."""
    for lane in lanes:
        for body in lane.bodies(per_request=100):
            request = urllib.request.Request(node.url, body.encode(), {"Content-Type": "application/json"})
            with urllib.request.urlopen(request, timeout=30) as response:
                if any("error" in answer for answer in json.loads(response.read())):
                    raise MeasureFailed("a transaction was refused before the restart")


def _until_a_block(node: RunningPeer, begun: float) -> float:
    """Seconds from `begun` until the head has moved since the first answer."""
    first = rpc(node.url, "eth_blockNumber")
    while rpc(node.url, "eth_blockNumber") == first:
        if time.perf_counter() - begun > WAIT_SECONDS:
            raise MeasureFailed(f"no block within {WAIT_SECONDS} s of a restart")
        time.sleep(0.01)
    return time.perf_counter() - begun


def _check_mined(node: RunningPeer, lanes: tuple[Lane, ...]) -> None:
    """What had been handed in before the kill is mined after it."""
    deadline = time.perf_counter() + WAIT_SECONDS
    for lane in lanes:
        for tx in lane.transactions[-1:]:
            while rpc(node.url, "eth_getTransactionReceipt", "0x" + tx.hash.hex()) is None:
                if time.perf_counter() > deadline:
                    raise MeasureFailed("a transaction that was taken before a kill was not mined after it")
                time.sleep(0.05)


MEASURES = (
    Measure(("startup_seconds",), _startup),
    Measure(("restart_seconds", "restart_to_block_seconds"), _restart),
)
