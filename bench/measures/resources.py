"""Memory and disk after many transfers, each to a new account: does a node grow with its chain?

Memory is that of the node that is asked: for us the sequencer and its fronts, not the L1 that it lives on. `rss_mb` is
the most that it ever held, with the pages of LevelDB's files that it has mapped, which are the kernel's to take back;
`memory_tail_mb` says how flat it is in the end: what it grew by in its last fifth, without such pages.

Peers live in memory; what anvil dumps when asked to keep its chain is the nearest thing to its disk.
"""

from collections.abc import Sequence
from pathlib import Path

from bench.measures.measure import Measure, Plan, running, submit
from bench.peers.anvil import Anvil
from bench.peers.peer import Peer
from bench.row import Row, compare
from bench.workload import Lane, Workload

MEGABYTE = 1_000_000


def _resources(plan: Plan) -> list[Row]:
    workload = Workload()
    steps = [workload.transfers(plan.sizes.memory // plan.sizes.memory_steps) for _ in range(plan.sizes.memory_steps)]
    count = sum(len(lane.transactions) for lanes in steps for lane in lanes)
    memory: dict[str, list[float]] = {}
    held: dict[str, list[float]] = {}
    disk: dict[str, list[float]] = {}
    for peer in (plan.ours, *plan.peer("anvil", "hardhat")):
        memory[peer.name], held[peer.name], stored = _grow(
            plan, Anvil(keeps_chain=True) if peer.name == "anvil" else peer, workload, steps
        )
        if stored:
            disk[peer.name] = [stored / count]
    return [*_memory_rows(plan, memory), *_tail_rows(plan, held), *_disk_rows(plan, disk, steps, count)]


def _grow(
    plan: Plan, peer: Peer, workload: Workload, steps: Sequence[Sequence[Lane]]
) -> tuple[list[float], list[float], int]:
    """(peak MB after each step, anonymous MB after each, bytes on disk that the transactions added)."""
    series, held = [], []
    sent = 0
    with running(peer, workload.funded) as node:
        before = _stored(node.data)
        for lanes in steps:
            submit(node, lanes)
            sent += sum(len(lane.transactions) for lane in lanes)
            series.append(node.peak_rss_bytes() / MEGABYTE)
            held.append(node.anonymous_bytes() / MEGABYTE)
            plan.say(
                f"rss_mb: {peer.name} after {sent:,} transactions: {series[-1]:,.0f} MB at most, {held[-1]:,.0f} held"
            )
        node.stop()  # what is still in its memory goes to disk
        return series, held, _stored(node.data) - before


def _stored(places: Sequence[Path]) -> int:
    files = [path for place in places for path in ([place] if place.is_file() else place.rglob("*"))]
    return sum(path.stat().st_size for path in files if path.is_file())


def _memory_rows(plan: Plan, memory: dict[str, list[float]]) -> list[Row]:
    ours = memory.pop(plan.ours.name)
    peaks = {name: [series[-1]] for name, series in memory.items()}
    rows = compare("rss_mb", "MB", [ours[-1]], peaks, lower_is_better=True)
    # The first fifth fills the caches; after it nothing should grow.
    early = max(0, len(ours) // 5 - 1)
    growth = {name: [series[-1] - series[early]] for name, series in memory.items()}
    return [*rows, *compare("rss_growth_mb", "MB", [ours[-1] - ours[early]], growth, lower_is_better=True)]


def _tail_rows(plan: Plan, held: dict[str, list[float]]) -> list[Row]:
    early = max(1, len(held[plan.ours.name]) // 5)
    growth = {name: [series[-1] - series[-1 - early]] for name, series in held.items()}
    ours = growth.pop(plan.ours.name)
    return compare("memory_tail_mb", "MB", ours, growth, lower_is_better=True)


def _disk_rows(plan: Plan, disk: dict[str, list[float]], steps: Sequence[Sequence[Lane]], count: int) -> list[Row]:
    ours = disk.pop(plan.ours.name)
    raw = sum(len(tx.raw) for lanes in steps for lane in lanes for tx in lane.transactions)
    peers = {"the transactions' own bytes": [raw / count], **disk}
    return compare("disk_bytes_per_tx", "bytes/tx", ours, peers, lower_is_better=True)


MEASURES = (Measure(("rss_mb", "disk_bytes_per_tx"), _resources),)
