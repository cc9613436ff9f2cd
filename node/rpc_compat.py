"""The official JSON-RPC suite, against a node that runs or against one of our own over the suite's chain."""

import asyncio
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

from node.chain_file import import_chain
from node.clock import SystemClock
from node.role import run_role
from node.serve import ServeNode, ServeOptions
from protocol.errors import Halt
from rpc.compat import Outcome, load_cases, play_suite, post_to

START_SECONDS = 60


def run_rpc_compat(
    suite: Path, url: str | None, exceptions: Mapping[str, str], report: Callable[[Outcome], None]
) -> bool:
    """Play every case; returns whether all passed but the excused ones, and those did not.

    Without `url` the suite's chain is imported into a temporary folder and served from there.

    Raises:
        InvalidInput: `suite` is no such folder.
        Reject: The node does not answer.
    """
    cases = load_cases(suite)
    unknown = exceptions.keys() - {case.name for case in cases}
    good = not unknown
    with _served(suite) if url is None else _elsewhere(url) as address:
        for outcome in play_suite(cases, post_to(address), exceptions):
            report(outcome)
            good = good and outcome.passed == (outcome.excuse is None)
    return good


@contextmanager
def _elsewhere(url: str) -> Iterator[str]:
    yield url


@contextmanager
def _served(suite: Path) -> Iterator[str]:
    """The suite's chain on a free port, for as long as the block lasts."""
    with tempfile.TemporaryDirectory(prefix="tombolo-") as folder:
        data_dir = Path(folder)
        import_chain(suite / "genesis.json", suite / "chain.rlp", data_dir)
        addresses: list[str] = []
        ready, stops = Event(), []

        async def serve() -> None:
            stop = asyncio.Event()
            stops.append((asyncio.get_running_loop(), stop))
            role = ServeNode(ServeOptions(data_dir, 0), SystemClock(), announce)
            await run_role(role, stop)

        def announce(url: str, _head: object) -> None:
            addresses.append(url)
            ready.set()

        thread = Thread(target=lambda: asyncio.run(serve()), name="served suite")
        thread.start()
        try:
            if not ready.wait(START_SECONDS):
                raise Halt("the suite's chain could not be served")
            yield addresses[0]
        finally:
            for loop, stop in stops:
                loop.call_soon_threadsafe(stop.set)
            thread.join()
