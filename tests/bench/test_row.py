"""Medians of several runs, ratios, and what they are judged by."""

import pytest

from bench.row import Row, compare


def test_the_median_of_the_runs_counts():
    (row,) = compare("startup_seconds", "s", [3.0, 1.0, 2.0], {"anvil": [0.5, 0.1, 9.0]}, lower_is_better=True)
    assert row == Row(
        name="startup_seconds",
        ours=2.0,
        peer="anvil",
        peer_value=0.5,
        ratio=4.0,
        unit="s",
        lower_is_better=True,
        samples=(3.0, 1.0, 2.0),
        peer_samples=(0.5, 0.1, 9.0),
    )


@pytest.mark.parametrize(("ours", "met"), [(1999.0, False), (2000.0, True)])
def test_a_rate_must_reach_its_targets_share_of_the_peers(ours: float, met: bool):
    (row,) = compare("transfers", "tx/s", [ours], {"hardhat": [1000.0]})
    assert (row.target, row.met) == (2.0, met)


@pytest.mark.parametrize(("ours", "met"), [(400.0, True), (401.0, False)])
def test_memory_is_judged_by_its_amount_whatever_the_peer(ours: float, met: bool):
    (row,) = compare("rss_mb", "MB", [ours], {"anvil": [1.0]}, lower_is_better=True)
    assert (row.target, row.met, row.ratio_is_judged) == (400.0, met, False)


def test_a_peer_without_a_target_is_not_judged():
    (row,) = compare("erc20", "tx/s", [1.0], {"anvil": [2.0]})
    assert (row.target, row.met, row.ratio) == (None, None, 0.5)
