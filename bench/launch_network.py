"""How long until three chains are one network that works: `python -m bench.launch_network`.

Measured from the command to each milestone that `tombolo up` prints; the last is that a first message and a first
transfer have arrived on another chain. `--fresh` does the same in a fresh clone, the installation included. Exits with
1 when a limit is passed: 30 s, or 180 s from a fresh clone.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from bench.machine import describe_machine

REPOSITORY = Path(__file__).resolve().parent.parent
RESULTS = REPOSITORY / "bench" / "results" / "launch_network.json"
LIMIT_SECONDS = 30.0
FRESH_LIMIT_SECONDS = 180.0
GIVE_UP_SECONDS = 600.0

QUICK = """
da.batch_interval_seconds = 1
proof.challenge_period_seconds = 2
proof.finalisation_delay_seconds = 1
proof.proposal_interval_seconds = 1
"""
"""Nothing arrives before its challenge period is over, so that is short."""
# The first message leaves from the first of them: what it waits for is in a blob.
INTENTS = {
    "lagoon": """preset = "teaching"
chain.chain_id = 90001
chain.block_time_seconds = 1
da.layer = "blob"
da.settings = { "blob.proofs" = "blobs" }
da.fallback = ["calldata"]
""",
    "market": """preset = "teaching"
chain.chain_id = 90003
chain.block_time_seconds = 2
chain.fork = "prague"
da.layer = "file"
fees.min_base_fee_wei = 1000000
fees.operator_fee_wei = 1000
fees.l1_base_fee_scalar = 1000
""",
    "arcade": """preset = "teaching"
chain.chain_id = 90002
chain.block_time_seconds = 0.5
chain.gas_limit = 60000000
da.layer = "calldata"
fees.elasticity = 10
fees.base_fee_change_denominator = 250
""",
}

LAYERS = {"lagoon": "blob", "market": "file", "arcade": "calldata"}

MILESTONES = (
    ("L1 answers", ("L1", "answers at")),
    ("the first chain is launched", ("launched:",)),
    ("all chains are registered", ("meshed:",)),
    ("lagoon answers", ("lagoon", "answers at")),
    ("arcade answers", ("arcade", "answers at")),
    ("market answers", ("market", "answers at")),
    ("a message and a transfer are sent", ("are on their way",)),
    ("the transfer has arrived", ("the first transfer has arrived",)),
    ("the message has arrived", ("the first message has arrived",)),
)


@dataclass(frozen=True, slots=True)
class Launch:
    """Seconds from the command to each milestone."""

    install_seconds: float
    reached: dict[str, float]

    @property
    def total(self) -> float:
        return self.install_seconds + max(self.reached.values())


def measure(repository: Path, python: Path, folder: Path, first_port: int) -> dict[str, float]:
    """One `tombolo up`, stopped when everything has arrived."""
    files = []
    for place, (name, text) in enumerate(INTENTS.items()):
        file = folder / f"{name}.toml"
        file.write_text(text + QUICK + f"node.rpc_port = {first_port + 10 * place}\n")
        files.append(str(file))
    ports = ["--l1-port", str(first_port + 40), "--page-port", str(first_port + 41)]
    command = [str(python), "-m", "node.cli", "up", *files, "--data-dir", str(folder / "data"), *ports]
    output = folder / "up.txt"
    start = time.monotonic()
    with output.open("wb") as out:
        process = subprocess.Popen(command, cwd=repository, stdout=out, stderr=out, env=_environment())
    try:
        reached = _watch(process, output, start)
        for place, name in enumerate(INTENTS):
            _check_layer(name, f"http://127.0.0.1:{first_port + 10 * place}")
        return reached
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def _watch(process: "subprocess.Popen[bytes]", output: Path, start: float) -> dict[str, float]:
    reached: dict[str, float] = {}
    while len(reached) < len(MILESTONES):
        now = time.monotonic() - start
        text = output.read_text()
        if process.poll() is not None or now > GIVE_UP_SECONDS:
            missing = [name for name, _words in MILESTONES if name not in reached]
            raise SystemExit(f"after {now:.0f} s still missing: {', '.join(missing)}; the output:\n{text}")
        for line in text.splitlines():
            for name, words in MILESTONES:
                if name not in reached and all(word in line for word in words):
                    reached[name] = now
        time.sleep(0.05)
    return reached


def _check_layer(name: str, url: str) -> None:
    """Leave unless the chain's newest batch is where its intent says, by its commitment on L1."""
    wanted = LAYERS[name]
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "rollup_batches", "params": [None, 1]}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        batches = json.load(answer)["result"]["batches"]
    found = {transaction["layer"] for batch in batches for transaction in batch["transactions"] or ()}
    if found != {wanted}:
        raise SystemExit(f"{name}: batches are to go to {wanted}, but the newest is in {', '.join(found) or 'nothing'}")


def clone_and_install(folder: Path) -> tuple[Path, Path, float]:
    """A clone of what is committed, with an environment of its own; seconds for both."""
    start = time.monotonic()
    repository = folder / "tombolo"
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(REPOSITORY), str(repository)], check=True)
    subprocess.run(["make", "install"], cwd=repository, check=True, stdout=subprocess.DEVNULL, env=_environment())
    return repository, repository / ".venv" / "bin" / "python", time.monotonic() - start


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TOMBOLO_", "VIRTUAL_ENV"))}
    return {**kept, "PYTHONUNBUFFERED": "1", "COLUMNS": "200", "TERM": "dumb"}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.launch_network", description=__doc__)
    parser.add_argument("--fresh", action="store_true", help="clone and install first, and count that too")
    parser.add_argument("--runs", type=int, default=3, help="launches; the median counts (1 with --fresh)")
    parser.add_argument("--port", type=int, default=18_545, help="the first of the ports to use")
    parser.add_argument("--save", action="store_true", help=f"write {RESULTS.relative_to(REPOSITORY)}")
    chosen = parser.parse_args()
    launches = []
    for run in range(1 if chosen.fresh else chosen.runs):
        folder = Path(tempfile.mkdtemp(prefix="launch-network-"))
        try:
            repository, python, seconds = REPOSITORY, Path(sys.executable), 0.0
            if chosen.fresh:
                repository, python, seconds = clone_and_install(folder)
            launch = Launch(seconds, measure(repository, python, folder, chosen.port))
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        launches.append(launch)
        print(f"run {run + 1}: {launch.total:.1f} s", flush=True)
    median = sorted(launches, key=lambda one: one.total)[len(launches) // 2]
    if chosen.fresh:
        print(f"{median.install_seconds:6.1f} s  cloned and installed")
    for name, seconds in sorted(median.reached.items(), key=lambda item: item[1]):
        print(f"{median.install_seconds + seconds:6.1f} s  {name}")
    limit = FRESH_LIMIT_SECONDS if chosen.fresh else LIMIT_SECONDS
    print(f"{median.total:6.1f} s  in all, of {limit:.0f} s; load average {os.getloadavg()[0]:.1f}")
    if chosen.save:
        _save("fresh" if chosen.fresh else "warm", median, launches)
    return int(median.total > limit)


def _save(kind: str, median: Launch, launches: list[Launch]) -> None:
    known = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    known[kind] = {
        "seconds": round(median.total, 1),
        "runs": [round(one.total, 1) for one in launches],
        "install_seconds": round(median.install_seconds, 1),
        "milestones": {name: round(seconds, 1) for name, seconds in median.reached.items()},
        "load_average": round(os.getloadavg()[0], 1),
        "machine": describe_machine(),
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(known, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main())
