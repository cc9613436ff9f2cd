"""Time, as it is passed in: tests drive it by hand."""

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """Where a role gets its time from."""

    def now(self) -> float:
        """Seconds since the Unix epoch. May jump; compare, never trust to grow."""

    def monotonic(self) -> float:
        """Seconds since some moment; only ever grows. For pacing."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The machine's own time."""

    def now(self) -> float:
        """Seconds since the Unix epoch."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds since some moment."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)
