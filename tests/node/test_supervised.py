"""A process that ends by itself is started again, a bounded number of times."""

import asyncio
from pathlib import Path

from node.clock import SystemClock
from node.supervised import MOST_RESTARTS, Condition, Supervised


class NoWaiting(SystemClock):
    """Time in which nobody waits."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)


async def test_one_that_cannot_live_stays_down_after_its_restarts_and_says_what_it_said(tmp_path: Path) -> None:
    said: list[str] = []
    clock = NoWaiting()
    process = Supervised("king", tmp_path / "logs" / "king.log", ["--role", "king"], {}, clock, said.append)
    await asyncio.wait_for(process.run(), 60)
    assert process.condition is Condition.FAILED
    assert process.restarts == MOST_RESTARTS
    assert clock.slept == [1.0] * MOST_RESTARTS
    assert len(said) == MOST_RESTARTS + 1
    assert said[0].startswith("king ended by itself (status 2): tombolo: ")
    assert said[-1].startswith(f"king ended again (status 2) and stays down after {MOST_RESTARTS} restarts; ")
    # Each attempt's words are kept: the first may hold the reason.
    assert (tmp_path / "logs" / "king.log").read_text().count("tombolo: ") == MOST_RESTARTS + 1


async def test_one_that_is_told_to_stop_is_not_started_again(tmp_path: Path) -> None:
    said: list[str] = []
    arguments = ["--role", "verifier", "--data-dir", str(tmp_path / "db"), "--rollup", str(tmp_path / "never.json")]
    process = Supervised("v", tmp_path / "v.log", [*arguments, "--rpc-port", "0"], {}, SystemClock(), said.append)
    running = asyncio.create_task(process.run())
    for _ in range(1000):
        if process.process_id is not None:
            break
        await asyncio.sleep(0.01)
    assert process.condition is Condition.RUNNING
    await process.stop()
    await asyncio.wait_for(running, 30)
    assert [process.condition] == [Condition.STOPPED]
    assert (process.restarts, process.process_id, said) == (0, None, [])
