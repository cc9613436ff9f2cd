"""A process that is started again when it ends by itself, but not for ever."""

from collections import deque
from collections.abc import Callable, Sequence
from enum import Enum
from pathlib import Path

from node.children import Child
from node.clock import Clock

MOST_RESTARTS = 3
"""Within `RESTART_WINDOW_SECONDS`; one more end and the process stays down."""
RESTART_WINDOW_SECONDS = 300.0
RESTART_AFTER_SECONDS = 1.0


class Condition(Enum):
    """How a process is."""

    WAITING = "not started"
    RUNNING = "running"
    RESTARTING = "starting again"
    FAILED = "failed"
    STOPPED = "stopped"


class Supervised:
    """One process of a network, by what a command of `tombolo` is to be told. `report` hears of its ends, in words."""

    def __init__(
        self,
        name: str,
        log: Path,
        arguments: Sequence[str],
        environment: dict[str, str],
        clock: Clock,
        report: Callable[[str], None],
        command: str = "node",
    ) -> None:
        self.name = name
        self.condition = Condition.WAITING
        self.restarts = 0
        self._log = log
        self._arguments = list(arguments)
        self._environment = environment
        self._clock = clock
        self._report = report
        self._command = command
        self._child: Child | None = None
        self._stopping = False

    @property
    def process_id(self) -> int | None:
        """Of the running process."""
        process = None if self._child is None else self._child.process
        return None if process is None or process.returncode is not None else process.pid

    async def run(self) -> None:
        """Until it is stopped, or has ended by itself too often: then its condition says so."""
        ends: deque[float] = deque(maxlen=MOST_RESTARTS)
        while not self._stopping:
            self._child = child = Child(self.name, self._log)
            await child.start(self._arguments, self._environment, append=self.restarts > 0, command=self._command)
            self.condition = Condition.RUNNING
            if child.process is None:
                raise RuntimeError("a child that was started has a process")
            status = await child.process.wait()
            if self._stopping:
                break
            said = child.last_words().splitlines()[-1:] or ["it said nothing"]
            now = self._clock.monotonic()
            if len(ends) == MOST_RESTARTS and now - ends[0] < RESTART_WINDOW_SECONDS:
                self.condition = Condition.FAILED
                self._report(
                    f"{self.name} ended again (status {status}) and stays down after {MOST_RESTARTS} restarts; "
                    f"{self._log} ends with: {said[0]}"
                )
                return
            ends.append(now)
            self.condition = Condition.RESTARTING
            self._report(f"{self.name} ended by itself (status {status}): {said[0]}; starting it again")
            await self._clock.sleep(RESTART_AFTER_SECONDS)
            self.restarts += 1
        self.condition = Condition.STOPPED

    async def stop(self) -> None:
        """Ask it to stop and wait until it has."""
        self._stopping = True
        if self._child is not None:
            await self._child.stop()
