"""Other people's programs that the tests run beside ours."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
ANVIL_CHAIN_ID = 31337
START_SECONDS = 60

DEV_KEYS = tuple(
    bytes.fromhex(key)
    for key in (
        "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
        "59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d",
        "5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a",
    )
)
"""The first accounts of the well-known test mnemonic ("test test … junk"); anvil funds them."""


@dataclass(frozen=True)
class Anvil:
    """A running anvil. `rpc` is for what only anvil can do: mining, dropping, reorganising."""

    url: str

    def rpc(self, method: str, *params: object) -> object:
        """Call one JSON-RPC method; an error answer fails the test."""
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        request = urllib.request.Request(self.url, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as response:
            answer = json.load(response)
        assert "error" not in answer, f"anvil refused {method}: {answer['error']}"
        return answer["result"]

    def mine(self, blocks: int = 1) -> None:
        """Make blocks now."""
        self.rpc("anvil_mine", hex(blocks))


def npm_program(name: str) -> str:
    """The path of an installed npm program; the test skips when it is not there."""
    places = [REPOSITORY / "node_modules" / ".bin", *map(Path, filter(None, [os.environ.get("TOMBOLO_NPM_BIN")]))]
    program = shutil.which(name, path=os.pathsep.join(map(str, places)))
    if program is None:
        pytest.skip(f"{name} is not installed: run `make install-test`, or set TOMBOLO_NPM_BIN to its folder")
    return program


def node_with(*packages: str) -> str:
    """The path of Node.js, with these npm packages installed; the test skips when something is not there."""
    program = shutil.which("node")
    missing = [package for package in packages if not (REPOSITORY / "node_modules" / package).is_dir()]
    if program is None or missing:
        what = ", ".join(missing) if program else "Node.js"
        pytest.skip(f"{what} is not installed: run `make install-test`")
    return program


@contextmanager
def run_anvil(*flags: str, port: int = 0) -> Iterator[Anvil]:
    """An anvil on 127.0.0.1 that ends with the block; e.g. ``run_anvil("--block-time", "1")``.

    The states that it writes to disk end with it too: left to itself it keeps them in the home folder, gigabytes a run.
    """
    with tempfile.TemporaryDirectory(prefix="tombolo-anvil-") as states, tempfile.TemporaryFile() as output:
        command = [npm_program("anvil"), "--host", "127.0.0.1", "--port", str(port), "--cache-path", states, *flags]
        process = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True)
        try:
            yield Anvil(_address_printed(process, output.fileno()))
        finally:
            _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()  # npm's wrapper passes it on and waits
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _address_printed(process: subprocess.Popen[bytes], output: int) -> str:
    deadline = time.monotonic() + START_SECONDS
    while True:
        text = os.pread(output, 1 << 20, 0).decode(errors="replace")
        for line in text.splitlines():
            if line.startswith("Listening on "):
                return "http://" + line.removeprefix("Listening on ").strip()
        if process.poll() is not None:
            pytest.fail(f"anvil ended with {process.returncode}:\n{text}")
        if time.monotonic() > deadline:
            pytest.fail(f"anvil did not start in {START_SECONDS} s:\n{text}")
        time.sleep(0.02)
