"""Running one role as a process: `tombolo node` and `tombolo serve` end up here."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from node.clock import SystemClock
from node.interpreter import tune
from node.l1_node import L1Node, L1Options
from node.node_options import NodeOptions
from node.role import Role, run_role, stop_on_signals
from node.rollup_node import RollupNode
from protocol.errors import InvalidInput

logger = logging.getLogger(__name__)

ROLLUP_FILE_SECONDS = 60.0


def run_l1(options: L1Options, *, with_parent: bool = False) -> None:
    """The embedded L1, until a signal. Raises Halt when its database cannot be used, OSError when its port is taken."""
    run_process(lambda: L1Node(options, SystemClock()), with_parent=with_parent)


def run_rollup(options: NodeOptions, *, with_parent: bool = False) -> None:
    """A sequencer or verifier, until a signal.

    `with_parent` (under `tombolo up`) also ends with the launcher, and waits until that has written `rollup.json`.
    """
    needs = options.rollup if with_parent else None
    run_process(lambda: RollupNode(options, SystemClock()), needs=needs, with_parent=with_parent)


def run_dev(make_node: Callable[[], Role]) -> None:
    """A dev chain, until a signal. Raises as `run_l1` does."""
    run_process(make_node)


def run_process(make_role: Callable[[], Role], *, needs: Path | None = None, with_parent: bool = False) -> None:
    """Run a role until a signal, or the end of the launcher; `needs` is a file that it waits for first."""

    async def main() -> None:
        tune()
        stop = asyncio.Event()
        stop_on_signals(stop, with_parent=with_parent)
        if needs is not None:
            await _wait_for_file(needs, stop)
        if not stop.is_set():
            await run_role(make_role(), stop)
            logger.info("stopped as asked")

    asyncio.run(main())


async def _wait_for_file(path: Path, stop: asyncio.Event) -> None:
    for _ in range(int(ROLLUP_FILE_SECONDS / 0.02)):
        if path.exists() or stop.is_set():  # noqa: ASYNC240 - a local stat, nothing to wait for
            return
        await asyncio.sleep(0.02)
    raise InvalidInput(f"{path} did not appear within {ROLLUP_FILE_SECONDS:.0f} s: was the rollup launched?")
