"""kill -9 at random moments under load: no block once reported is lost or half-written, and everybody agrees."""

import asyncio
import random
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from statistics import fmean

import pytest

from tests.e2e.network import running
from tests.faults.sequencer import Ledger, launch_sequencer, verifier_of

SEED = 20_261


@pytest.mark.parametrize("lives", [5, pytest.param(50, marks=[pytest.mark.slow, pytest.mark.timeout(3600)])])
async def test_a_sequencer_killed_at_random_moments_loses_nothing_it_reported(
    lives: int,
    l1_url: str,
    tmp_path: Path,
    free_port: Callable[[], int],
    record_property: Callable[[str, object], None],
) -> None:
    chance = random.Random(SEED)
    sequencer = await launch_sequencer(l1_url, tmp_path, free_port())
    ledger, verifier = Ledger(sequencer), verifier_of(sequencer, l1_url)

    async def load() -> None:
        try:
            while True:
                await ledger.send(chance.randint(5, 40))
                await ledger.note()
        except (OSError, HTTPException):
            return  # killed

    async with running(verifier):
        try:
            for _ in range(lives):
                await sequencer.start()
                await ledger.check()
                await ledger.resume()
                busy = asyncio.create_task(load())
                await asyncio.sleep(chance.uniform(0.1, 2.5))
                sequencer.kill()
                await busy
            await sequencer.start()
            await ledger.check()
            await ledger.resume()
            head = await ledger.settle(verifier)
        finally:
            sequencer.kill()
    assert len(ledger.reported) > 2 * lives, "too little was mined before the kills to show anything"
    # Reported, not asserted: the machine may be busy with other tests.
    found = {
        "restart_seconds_mean": fmean(sequencer.starts),
        "restart_seconds_worst": max(sequencer.starts),
        "restart_cpu_seconds_mean": fmean(sequencer.cpu),
        "restart_cpu_seconds_worst": max(sequencer.cpu),
    }
    for name, seconds in found.items():
        record_property(name, round(seconds, 2))
    print(f"{lives} kills, {len(ledger.reported)} transactions in {head} blocks, none lost; start to first answer:")
    print(", ".join(f"{name} {seconds:.2f}" for name, seconds in found.items()))
