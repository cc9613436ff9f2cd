"""The seam between measures and nodes, and what every node's file needs to start a process and watch it."""

import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from bench.workload import BALANCE_WEI, CHAIN_ID, GAS_LIMIT, Wallet

ROOT = Path(__file__).resolve().parent.parent.parent
FORKS_BY_BLOCK = (
    *("homestead", "eip150", "eip155", "eip158", "byzantium", "constantinople", "petersburg", "istanbul"),
    *("berlin", "london"),
)
START_SECONDS = 60
STOP_SECONDS = 20


class Peer(Protocol):
    """One kind of node."""

    @property
    def name(self) -> str:
        """As the table calls it."""

    def missing(self) -> str | None:
        """Why it cannot run on this machine, or None when it can."""

    def start(self, funded: Sequence[Wallet], folder: Path) -> "RunningPeer":
        """Start it from genesis with 1 s blocks and return as soon as it answers; it may write under `folder`.

        Raises:
            PeerFailed: It never answered.
        """


class PeerFailed(Exception):
    """A node did not start; the message ends with what it printed."""


@dataclass(slots=True)
class RunningPeer:
    """A node that answers at `url`. Leaving the context stops it."""

    name: str
    url: str
    processes: list[subprocess.Popen[bytes]]
    """In the order of starting; stopped in reverse."""

    started_seconds: float
    """From the command to the first answer."""

    data: tuple[Path, ...] = ()
    """Where its chain lies on disk; empty for one that lives in memory."""

    @property
    def answering(self) -> subprocess.Popen[bytes]:
        """The process that answers `url`: the last one, that the others serve."""
        return self.processes[-1]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Ctrl-C, then wait; kill what does not go."""
        for process in reversed(self.processes):
            process.send_signal(signal.SIGINT)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
            forget(process)
        self.processes = []

    def peak_rss_bytes(self) -> int:
        """The most memory that the answering process, and each of its children, ever held, mapped files included."""
        return self._memory("VmHWM")

    def anonymous_bytes(self) -> int:
        """What the answering process and its children hold now and nobody else could give back: not the pages of files
        that they have mapped, which the kernel takes away when it needs them."""
        return self._memory("RssAnon")

    def _memory(self, field: str) -> int:
        total = 0
        for pid in self._pids():
            for line in Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith(f"{field}:"):
                    total += int(line.split()[1]) * 1024
        return total

    def cpu_seconds(self) -> float:
        """User and system time of the answering process and its children since their start."""
        ticks = 0
        for pid in self._pids():
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def _pids(self) -> list[int]:
        # npm's launchers start the real binary as a child.
        found = [self.answering.pid]
        for pid in found:
            for task in Path(f"/proc/{pid}/task").iterdir():
                with suppress(OSError):
                    found.extend(int(child) for child in (task / "children").read_text().split())
        return found


def forget(process: subprocess.Popen[bytes]) -> None:
    """Wait for the end of a process, and close our end of its standard input."""
    process.wait()
    if process.stdin is not None:
        process.stdin.close()


def free_port() -> int:
    """A TCP port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def spawn(
    command: Sequence[str],
    log: Path,
    environment: Mapping[str, str] | None = None,
    directory: Path = ROOT,
    stdin: int | None = None,
) -> subprocess.Popen[bytes]:
    """Start a process in `directory` with its output in `log`; `stdin` as `subprocess.Popen` takes it."""
    variables = {**os.environ, **(environment or {})}
    with log.open("ab") as output:
        return subprocess.Popen(command, stdin=stdin, stdout=output, stderr=output, cwd=directory, env=variables)


def started(
    name: str,
    command: Sequence[str],
    port: int,
    folder: Path,
    environment: Mapping[str, str] | None = None,
    directory: Path = ROOT,
) -> RunningPeer:
    """Start a node of one process and wait until its JSON-RPC answers."""
    log = folder / f"{name}.log"
    begun = time.perf_counter()
    process = spawn(command, log, environment, directory)
    url = f"http://127.0.0.1:{port}"
    wait_until_ready(url, process, log)
    return RunningPeer(name, url, [process], time.perf_counter() - begun)


def wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path, chain_id: int = CHAIN_ID) -> None:
    """Return when `url` answers eth_chainId as expected; raises PeerFailed, having stopped `process`."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            answer = rpc(url, "eth_chainId")
        except OSError:
            time.sleep(0.01)
            continue
        if answer != hex(chain_id):
            process.kill()
            raise PeerFailed(f"{url} answers for chain {answer}, expected {hex(chain_id)}")
        return
    process.kill()
    process.wait()
    tail = log.read_text(errors="replace")[-2000:]
    raise PeerFailed(f"{log.stem} did not answer at {url}: {tail}")


def rpc(url: str, method: str, *params: object) -> object:
    """One JSON-RPC call; raises OSError when nobody answers, ValueError for an error."""
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as response:
        answer = json.loads(response.read())
    if "error" in answer:
        raise ValueError(f"{method}: {answer['error']}")
    return answer["result"]


def geth_genesis(funded: Sequence[Wallet]) -> dict[str, object]:
    """The genesis file that geth, anvil and this node read: every fork up to Cancun from the start."""
    return {
        "config": {
            "chainId": CHAIN_ID,
            **{name + "Block": 0 for name in FORKS_BY_BLOCK},
            "terminalTotalDifficulty": 0,
            "shanghaiTime": 0,
            "cancunTime": 0,
        },
        "gasLimit": hex(GAS_LIMIT),
        "baseFeePerGas": hex(10**9),
        "difficulty": "0x0",
        "nonce": "0x0",
        "timestamp": "0x0",
        "extraData": "0x",
        "coinbase": "0x" + "00" * 20,
        "mixHash": "0x" + "00" * 32,
        "alloc": {"0x" + wallet.address.hex(): {"balance": hex(BALANCE_WEI)} for wallet in funded},
    }
