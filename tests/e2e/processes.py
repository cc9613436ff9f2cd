"""The node as a user runs it: `tombolo` in processes of its own."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.peers import REPOSITORY

START_SECONDS = 180


def tombolo(*arguments: str, timeout: float = 300) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "node.cli", *arguments],
        cwd=REPOSITORY,
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


class Running:
    """A `tombolo` process with its output in a file."""

    def __init__(self, arguments: Sequence[str], output: Path, environment: Mapping[str, str] | None = None) -> None:
        self._output = output
        with output.open("ab") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "node.cli", *arguments],
                cwd=REPOSITORY,
                env={**_environment(), **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        return self._output.read_text(errors="replace")

    def until(self, condition: Callable[[], bool], what: str, seconds: float = START_SECONDS) -> None:
        """Wait; fails with the output when the process ends or time runs out."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert self.process.poll() is None, f"ended with {self.process.returncode} before: {what}\n{self.output}"
            assert time.monotonic() < deadline, f"not within {seconds} s: {what}\n{self.output}"
            time.sleep(0.05)

    def interrupt(self) -> int:
        """Ctrl-C; returns the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=60)

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait(timeout=30)


@contextmanager
def running(*arguments: str, output: Path, environment: Mapping[str, str] | None = None) -> Iterator[Running]:
    """A process that ends with the block, gently if it can; `environment` is set beside ours."""
    child = Running(arguments, output, environment)
    try:
        yield child
    finally:
        if child.process.poll() is None:
            child.process.terminate()
            try:
                child.process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                child.kill()


def rpc(url: str, method: str, *params: object):
    """One JSON-RPC call, as plainly as possible; OSError when nobody listens."""
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as response:
        answer = json.load(response)
    assert "error" not in answer, answer["error"]
    return answer["result"]


def answers(url: str) -> bool:
    """Whether a node serves there."""
    try:
        return bool(rpc(url, "eth_chainId"))
    except OSError:
        return False


def _environment() -> dict[str, str]:
    # A terminal wide enough that no line is folded, so that tests can read it.
    return {**os.environ, "COLUMNS": "200", "TERM": "dumb", "PYTHONUNBUFFERED": "1"}
