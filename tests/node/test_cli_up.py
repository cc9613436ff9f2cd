"""`tombolo up` as one process to start, read and interrupt."""

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

BLOCK_LINE = re.compile(r"block +(\d+)  0x[0-9a-f]{8}…  +\d+ txs  +[\d,]+ gas  base fee [\d.]+ gwei  safe \d+\n")


class Up:
    """A running `tombolo up`; what it printed so far is in `lines`."""

    def __init__(self, data_dir: Path, ports: list[int]) -> None:
        names = ("--rpc-port", "--verifier-port", "--l1-port")
        flags = [text for name, port in zip(names, ports, strict=True) for text in (name, str(port))]
        command = [sys.executable, "-m", "node.cli", "up", "--data-dir", str(data_dir), *flags]
        command += ["--l1-block-time", "0.5"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.lines: list[str] = []

    def until_block(self, number: int) -> list[int]:
        """Read on until the line of this block or a later one; returns the numbers seen."""
        assert self.process.stdout is not None
        seen: list[int] = []
        while not seen or seen[-1] < number:
            line = self.process.stdout.readline()
            assert line, f"it ended: {''.join(self.lines)}{self.process.communicate()[1]}"
            self.lines.append(line)
            found = BLOCK_LINE.fullmatch(line)
            if found:
                seen.append(int(found.group(1)))
        return seen

    def interrupt(self) -> tuple[int, str, str]:
        """Ctrl-C: (exit status, the last line, standard error)."""
        self.process.send_signal(signal.SIGINT)
        out, error = self.process.communicate(timeout=120)
        return self.process.returncode, out.splitlines()[-1], error


@contextmanager
def up(data_dir: Path, ports: list[int]) -> Iterator[Up]:
    running = Up(data_dir, ports)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.process.terminate()
            running.process.wait(timeout=60)


@pytest.fixture
def ports(free_port: Callable[[], int]) -> list[int]:
    return [free_port() for _ in range(3)]


def test_it_starts_shows_blocks_stops_on_ctrl_c_and_goes_on(tmp_path: Path, ports: list[int]):
    with up(tmp_path, ports) as running:
        first = running.until_block(3)
        assert first == list(range(first[0], first[0] + len(first)))
        shown = "".join(running.lines)
        assert "chain id 71717 (0x11825)" in shown
        assert f"http://127.0.0.1:{ports[0]}  and  ws://127.0.0.1:{ports[0]}" in shown
        assert len(re.findall(r"0x[0-9a-f]{40}  key 0x[0-9a-f]{64}", shown)) == 10
        assert "a new chain" in shown
        assert running.interrupt() == (0, f"stopped; the chain is in {tmp_path}", "")
    with up(tmp_path, ports) as running:
        (again, *_rest) = running.until_block(first[-1] + 1)
        assert again > first[-1]
        assert "going on from where it stopped" in "".join(running.lines)
        assert running.interrupt()[0] == 0


def test_a_taken_port_is_one_line(tmp_path: Path, ports: list[int]):
    with socket.create_server(("127.0.0.1", ports[1])), up(tmp_path, ports) as running:
        _out, error = running.process.communicate(timeout=60)
    assert running.process.returncode == 1
    assert re.fullmatch(rf"tombolo: port {ports[1]} on 127\.0\.0\.1 is taken .*\n", error)
