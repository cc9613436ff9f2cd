"""Running a role: its endless tasks side by side until one fails or a signal asks to stop, then a clean close."""

import asyncio
import logging
import signal
import sys
from collections.abc import Coroutine
from typing import Protocol

logger = logging.getLogger(__name__)


class Role(Protocol):
    """A long-running part of the node."""

    async def start(self) -> None:
        """Open what the role needs; after this it serves."""

    def tasks(self) -> list[Coroutine[None, None, None]]:
        """Its endless loops. One that ends or fails ends the role."""

    async def close(self) -> None:
        """Stop serving and close everything. Called also after a failed start."""


async def run_role(role: Role, stop: asyncio.Event) -> None:
    """Run until `stop` is set. Raises what the first failing task raised, after closing."""
    running: list[asyncio.Task[None]] = []
    waiter = asyncio.create_task(stop.wait())
    try:
        await role.start()
        running = [asyncio.create_task(task) for task in role.tasks()]
        done, _ = await asyncio.wait([*running, waiter], return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        waiter.cancel()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, waiter, return_exceptions=True)
        await role.close()


def stop_on_signals(stop: asyncio.Event, *, with_parent: bool = False) -> None:
    """Set `stop` on SIGINT or SIGTERM; `with_parent` also when standard input ends, i.e. when our launcher is gone."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if with_parent:
        loop.add_reader(sys.stdin.fileno(), _on_input, stop)


def _on_input(stop: asyncio.Event) -> None:
    if not sys.stdin.buffer.read1(1024):  # type: ignore[union-attr]
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        stop.set()
