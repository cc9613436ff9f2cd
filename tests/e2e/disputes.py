"""Fixtures of the dispute: `lying_proposer(kind, at)` and `lying_challenger(kind, at)` run a whole one on a real L1.

async def test_it(lying_proposer):
    result = await lying_proposer("storage", (1, 1, 14))
    assert result.truth_won
"""

from collections.abc import Awaitable, Callable

import pytest

from node.dispute import DisputeOptions, DisputeResult, run_dispute

Lying = Callable[..., Awaitable[DisputeResult]]


def _liar(liar: str, l1_url: str | None) -> Lying:
    async def lie(
        kind: str, at: tuple[int, int, int] | None = None, *, seed: int = 0, restarts: bool = False
    ) -> DisputeResult:
        options = DisputeOptions(kind, at, seed, liar, l1_url, restarts=restarts)
        return await run_dispute(options, lambda _line: None)

    return lie


@pytest.fixture
def lying_proposer() -> Lying:
    """A proposer whose trace is wrong from one state on, against an honest challenger."""
    return _liar("proposer", None)


@pytest.fixture
def lying_challenger() -> Lying:
    """A challenger whose trace is wrong from one state on, against an honest proposer."""
    return _liar("challenger", None)
