"""The load generator: a process of its own, so that it takes no time from the loop of any node.

`run_load` starts one (`python -m bench.load`), hands it a job on a file and reads its result. Every client here is a
closed loop: a connection sends its next request when the last one is answered, so the load is bounded by the number of
connections. The result carries the generator's own share of a core: near 1.0 it measured itself.
"""

import asyncio
import gc
import itertools
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.http_stream import HttpStream, http_request

POLL_SECONDS = 0.02
"""Between two looks for a new block."""

STALL_SECONDS = 60
"""Without any progress for this long, a measurement has failed."""


@dataclass(frozen=True, slots=True)
class Job:
    """What to send to `url`: one list of JSON bodies per connection, each sent in order.

    With `seconds`, the bodies repeat until that time is over; with `pause_seconds`, a connection rests between two
    requests (a probe, not a load). `await_hashes` are the transactions after whose last receipt the clock stops.
    """

    url: str
    streams: tuple[tuple[str, ...], ...]
    seconds: float | None = None
    pause_seconds: float = 0.0
    await_hashes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What came of a job. `sent_seconds` is until the last response; `seconds` until the last receipt, too."""

    requests: int
    seconds: float
    sent_seconds: float
    p50_milliseconds: float
    p99_milliseconds: float
    max_milliseconds: float
    errors: int
    first_error: str
    blocks: int
    generator_busy: float

    @property
    def per_second(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds


class LoadFailed(Exception):
    """The generator could not do its job; the message is its last line."""


def run_load(job: Job) -> LoadResult:
    """Run `job` in a process of its own.

    Raises:
        LoadFailed: The server hung up, or never made the awaited blocks.
    """
    return start_load(job).result()


@dataclass(frozen=True, slots=True)
class RunningLoad:
    """A generator at work."""

    process: subprocess.Popen[bytes]

    def result(self) -> LoadResult:
        """Wait for the end; raises LoadFailed."""
        output, complaint = self.process.communicate()
        if self.process.returncode != 0:
            raise LoadFailed(complaint.decode().strip().rpartition("\n")[2])
        return LoadResult(**json.loads(output))


def start_load(job: Job) -> RunningLoad:
    """Start `job` in a process of its own and return at once."""
    with tempfile.NamedTemporaryFile("w", suffix=".json", delete=False) as file:
        json.dump(asdict(job), file)
    command = [sys.executable, "-m", "bench.load", file.name]
    root = Path(__file__).resolve().parent.parent
    return RunningLoad(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=root))


class _Connection:
    """One connection's closed loop."""

    def __init__(self, stream: HttpStream, requests: Iterator[bytes], pause_seconds: float) -> None:
        self._stream = stream
        self._requests = requests
        self._pause_seconds = pause_seconds
        self._loop = asyncio.get_running_loop()
        self._started = 0.0
        self.finished: asyncio.Future[None] = self._loop.create_future()
        self.latencies: list[float] = []
        self.errors: list[bytes] = []
        stream.closed.add_done_callback(lambda _: self._hung_up())

    def next(self) -> None:
        """Send the next request, or finish."""
        request = next(self._requests, None)
        if request is None:
            self.finished.set_result(None)
            return
        self._started = time.perf_counter()
        self._stream.send(request, self._received)

    def _received(self, body: bytes) -> None:
        self.latencies.append(time.perf_counter() - self._started)
        if b'"error"' in body:
            self.errors.append(body)
        if self._pause_seconds:
            self._loop.call_later(self._pause_seconds, self.next)
        else:
            self.next()

    def _hung_up(self) -> None:
        if not self.finished.done():
            self.finished.set_exception(ConnectionError("the server closed a connection"))


async def perform(job: Job) -> LoadResult:
    """Do `job` in this process."""
    streams = [[http_request(job.url, body.encode()) for body in bodies] for bodies in job.streams]
    watcher = await _BlockWatcher.at_head(job.url) if job.await_hashes else None
    deadline = float("inf")
    connections = [
        _Connection(await HttpStream.connect(job.url), _until(lambda: deadline, bodies, job.seconds), job.pause_seconds)
        for bodies in streams
    ]
    gc.freeze()
    gc.disable()  # millions of latencies are kept, none of them garbage
    started, cpu_started = time.perf_counter(), time.process_time()
    if job.seconds is not None:
        deadline = started + job.seconds
    watching = asyncio.create_task(watcher.wait_for(job.await_hashes)) if watcher is not None else None
    for connection in connections:
        connection.next()
    await asyncio.gather(*(connection.finished for connection in connections))
    sent = time.perf_counter()
    busy = (time.process_time() - cpu_started) / (sent - started)
    errors = [error for connection in connections for error in connection.errors]
    if watching is not None:
        if errors:
            watching.cancel()
        else:
            await watching
    ended = time.perf_counter()
    latencies = sorted(itertools.chain.from_iterable(connection.latencies for connection in connections))
    return LoadResult(
        requests=len(latencies),
        seconds=ended - started,
        sent_seconds=sent - started,
        p50_milliseconds=_percentile(latencies, 0.50),
        p99_milliseconds=_percentile(latencies, 0.99),
        max_milliseconds=_percentile(latencies, 1.0),
        errors=len(errors),
        first_error=errors[0][:300].decode(errors="replace") if errors else "",
        blocks=watcher.blocks if watcher is not None else 0,
        generator_busy=round(busy, 3),
    )


def _until(deadline: Callable[[], float], requests: Sequence[bytes], seconds: float | None) -> Iterator[bytes]:
    if seconds is None:
        yield from requests
        return
    for request in itertools.cycle(requests):
        if time.perf_counter() >= deadline():
            return
        yield request


def _percentile(ordered: Sequence[float], share: float) -> float:
    """In milliseconds; `ordered` is in seconds."""
    if not ordered:
        return 0.0
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000, 3)


class _BlockWatcher:
    """Follows the chain block by block: one request per block, however many transactions are awaited."""

    def __init__(self, url: str, stream: HttpStream) -> None:
        self._url = url
        self._stream = stream
        self._number = 0
        self.blocks = 0
        """Blocks seen that held awaited transactions."""

    @classmethod
    async def at_head(cls, url: str) -> "_BlockWatcher":
        watcher = cls(url, await HttpStream.connect(url))
        watcher._number = int(str(await watcher._call("eth_blockNumber")), 16)
        return watcher

    async def wait_for(self, hashes: Iterable[str]) -> None:
        """Return when the chain holds all of `hashes` and the last of them has a receipt."""
        missing, last = set(hashes), ""
        give_up = time.monotonic() + STALL_SECONDS
        while missing:
            block = await self._call("eth_getBlockByNumber", hex(self._number + 1), False)
            if not isinstance(block, dict):
                if time.monotonic() > give_up:
                    raise TimeoutError(f"{len(missing)} transactions were not mined; still missing {min(missing)}")
                await asyncio.sleep(POLL_SECONDS)
                continue
            self._number += 1
            mined = missing.intersection(block["transactions"])
            if mined:
                give_up = time.monotonic() + STALL_SECONDS
                self.blocks += 1
                last = next(iter(mined))
                missing -= mined
        receipt = await self._call("eth_getTransactionReceipt", last)
        if not isinstance(receipt, dict) or receipt["status"] != "0x1":
            raise ValueError(f"transaction {last} is in block {self._number} but its receipt says {receipt}")

    async def _call(self, method: str, *params: object) -> object:
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        return json.loads(await self._stream.call(http_request(self._url, body.encode()))).get("result")


def _job_from(fields: dict[str, object]) -> Job:
    return Job(**fields)  # type: ignore[arg-type]  # written by start_load from a Job


def main(path: str) -> None:
    """Read the job, remove its file, print the result."""
    file = Path(path)
    job = _job_from(json.loads(file.read_bytes()))
    file.unlink()
    print(json.dumps(asdict(asyncio.run(perform(job)))))


if __name__ == "__main__":
    main(sys.argv[1])
