"""Processes that a launcher starts, watches and stops: each runs one role, with its output in a log file."""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from node.clock import Clock
from node.l1.client import L1Client
from node.operator_key import (
    CHALLENGER_KEY_VARIABLE,
    KEYSTORE_VARIABLE,
    OPERATOR_KEY_VARIABLE,
    PASSWORD_FILE_VARIABLE,
    PROPOSER_KEY_VARIABLE,
    RELAYER_KEY_VARIABLE,
)
from protocol.errors import Halt, InvalidInput, Retry

T = TypeVar("T")

KEY_VARIABLES = (
    OPERATOR_KEY_VARIABLE,
    PROPOSER_KEY_VARIABLE,
    CHALLENGER_KEY_VARIABLE,
    RELAYER_KEY_VARIABLE,
    KEYSTORE_VARIABLE,
    PASSWORD_FILE_VARIABLE,
)
"""What no process inherits."""
START_SECONDS = 60.0
STOP_SECONDS = 15.0


class Child:
    """One role in its own process; its output goes to a log file."""

    def __init__(self, name: str, log: Path) -> None:
        self.name = name
        self.log = log
        self.process: asyncio.subprocess.Process | None = None

    async def start(
        self, arguments: list[str], environment: dict[str, str], *, append: bool = False, command: str = "node"
    ) -> None:
        """Run `tombolo node ARGUMENTS`. It ends with us: its standard input closes when this process is gone.

        The log begins anew, unless `append`.
        """
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab" if append else "wb") as output:
            self.process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "node.cli", command, *arguments, "--with-parent"),
                stdin=asyncio.subprocess.PIPE,
                stdout=output,
                stderr=output,
                env={**_without_keys(os.environ), **environment},
                start_new_session=True,  # Ctrl-C reaches us alone, so that we stop the others in order
            )

    async def stop(self) -> None:
        """Ask it to stop, wait, and end it if it does not."""
        if self.process is None or self.process.returncode is not None:
            return
        self.process.terminate()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self.process.wait()
        except TimeoutError:
            self.process.kill()
            await self.process.wait()

    def last_words(self) -> str:
        """The end of its log."""
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return "\n".join(lines[-8:])


def _without_keys(environment: Mapping[str, str]) -> dict[str, str]:
    """What a role inherits: each is told expressly what it needs of keys, and nothing else."""
    return {name: value for name, value in environment.items() if name not in KEY_VARIABLES}


@asynccontextmanager
async def stopping(children: list[Child]) -> AsyncIterator[None]:
    """Stop the processes at the end: L1 last, so that the others can still finish with it."""
    try:
        yield
    finally:
        for child in reversed(children):
            await asyncio.shield(child.stop())


async def unless_ended(children: list[Child], stop: asyncio.Event, work: Coroutine[None, None, T]) -> T | None:
    """Do `work` until it is done or `stop` is set; raise Halt as soon as a child ends by itself."""
    main = asyncio.create_task(work)
    stopped = asyncio.create_task(stop.wait())
    ends = {asyncio.create_task(child.process.wait()): child for child in children if child.process is not None}
    try:
        done, _ = await asyncio.wait([main, stopped, *ends], return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            if task in ends:
                child = ends[task]
                raise Halt(f"the {child.name} process ended by itself; {child.log} ends with:\n{child.last_words()}")
        return main.result() if main in done else None
    finally:
        for task in (main, stopped, *ends):
            task.cancel()
        await asyncio.gather(main, stopped, *ends, return_exceptions=True)


async def wait_for_rpc(client: L1Client, clock: Clock) -> None:
    """Until it answers; raises Retry when it does not within `START_SECONDS`."""
    start = clock.monotonic()
    while True:
        try:
            await client.chain_id()
            return
        except Retry as error:
            if clock.monotonic() - start > START_SECONDS:
                raise Retry(f"{client.name} did not answer within {START_SECONDS:.0f} s: {error}") from error
            await clock.sleep(0.05)


def check_port(host: str, port: int) -> None:
    """Raise InvalidInput when something listens there already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise InvalidInput(
                f"port {port} on {host} is taken ({error.strerror}): is another `tombolo up` running? "
                "Choose other ports; `tombolo up --help` names the options"
            ) from error
