"""eth_getBalance and eth_call: requests per second from a closed loop, latency from a probe, idle and under load.

The probe sends one request every 5 ms on one connection: it sees how long the node keeps a client waiting, not how long
its own queue is. The load is transfers, over as many connections as in the throughput measures.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from bench.load import Job, RunningLoad, run_load, start_load
from bench.measures.measure import Measure, MeasureFailed, Plan, running, submit_in_order
from bench.peers.peer import RunningPeer
from bench.row import Row, compare
from bench.workload import CONNECTIONS, Lane, Workload

PROBE_PAUSE_SECONDS = 0.005


@dataclass(frozen=True, slots=True)
class _Reading:
    """One method on one node in one state."""

    per_second: float
    p50_milliseconds: float
    p99_milliseconds: float


def _reads(plan: Plan) -> list[Row]:
    workload = Workload()
    setup = workload.token_setup()
    load = workload.transfers(plan.sizes.loaded)
    readings: dict[tuple[str, str, str], _Reading] = {}
    for peer in (plan.ours, *plan.peer("bare aiohttp", "anvil", "hardhat")):
        with running(peer, workload.funded) as node:
            is_node = peer.name != "bare aiohttp"
            if is_node:
                submit_in_order(node, setup)
            for method, bodies in _bodies(workload).items():
                readings[peer.name, method, "idle"] = _read(plan, node, method, bodies)
            if is_node:
                _read_under_load(plan, node, workload, load, readings)
        for (name, method, state), reading in readings.items():
            if name == peer.name:
                plan.say(
                    f"{method} {state}: {name} {reading.per_second:,.0f} requests/s, "
                    f"p50 {reading.p50_milliseconds:.2f} ms, p99 {reading.p99_milliseconds:.2f} ms"
                )
    return [row for method in _bodies(workload) for row in _rows(plan, method, readings)]


def _bodies(workload: Workload) -> dict[str, list[str]]:
    """Requests by the method's short name, one for each funded account."""
    balance = [_call("eth_getBalance", "0x" + wallet.address.hex(), "latest") for wallet in workload.senders]
    token = "0x" + workload.token.hex()
    balance_of = ["0x70a08231" + wallet.address.hex().rjust(64, "0") for wallet in workload.senders]
    call = [_call("eth_call", {"to": token, "data": data}, "latest") for data in balance_of]
    return {"balance": balance, "call": call}


def _call(method: str, *params: object) -> str:
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})


def _read(plan: Plan, node: RunningPeer, method: str, bodies: Sequence[str]) -> _Reading:
    seconds = plan.sizes.read_seconds
    probe = run_load(Job(node.url, (tuple(bodies),), seconds=seconds, pause_seconds=PROBE_PAUSE_SECONDS))
    closed = run_load(Job(node.url, (tuple(bodies),) * CONNECTIONS, seconds=seconds))
    for result in (probe, closed):
        if result.errors:
            raise MeasureFailed(f"{node.name} failed {result.errors} times at {method}: {result.first_error}")
    return _Reading(closed.per_second, probe.p50_milliseconds, probe.p99_milliseconds)


def _read_under_load(
    plan: Plan,
    node: RunningPeer,
    workload: Workload,
    load: Sequence[Lane],
    readings: dict[tuple[str, str, str], _Reading],
) -> None:
    """Half of `load` while each method is read."""
    middle = [len(lane.transactions) // 2 for lane in load]
    halves = (
        [Lane(lane.transactions[:end]) for lane, end in zip(load, middle, strict=True)],
        [Lane(lane.transactions[end:]) for lane, end in zip(load, middle, strict=True)],
    )
    for (method, bodies), lanes in zip(_bodies(workload).items(), halves, strict=True):
        submission = _start_submission(node, lanes)
        readings[node.name, method, "loaded"] = _read(plan, node, method, bodies)
        if submission.process.poll() is not None:
            plan.say(f"warning: {node.name} took all {plan.sizes.loaded // 2:,} transactions before it was read")
        result = submission.result()
        if result.errors:
            raise MeasureFailed(f"{node.name} refused {result.errors} transactions: {result.first_error}")


def _start_submission(node: RunningPeer, lanes: Sequence[Lane]) -> RunningLoad:
    # Awaiting the last receipt leaves the node at rest before the next load.
    hashes = tuple("0x" + tx.hash.hex() for lane in lanes for tx in lane.transactions)
    return start_load(Job(node.url, tuple(lane.bodies(1) for lane in lanes), await_hashes=hashes))


def _rows(plan: Plan, method: str, readings: dict[tuple[str, str, str], _Reading]) -> list[Row]:
    rows = []
    for state, suffix in (("idle", ""), ("loaded", "_loaded")):
        names = [name for name, m, s in readings if (m, s) == (method, state)]
        at = {name: readings[name, method, state] for name in names}
        ours = at.pop(plan.ours.name)
        rates = {name: [reading.per_second] for name, reading in at.items()}
        rows += compare(f"{method}_rps{suffix}", "requests/s", [ours.per_second], rates)
        for percentile in ("p50", "p99"):
            value = f"{percentile}_milliseconds"
            theirs = {name: [getattr(reading, value)] for name, reading in at.items()}
            name = f"{method}_{percentile}_{state}_ms"
            rows += compare(name, "ms", [getattr(ours, value)], theirs, lower_is_better=True)
    return rows


MEASURES = (Measure(("balance_rps", "call_rps"), _reads),)
