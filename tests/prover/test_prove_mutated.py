"""Official cases with something changed, through the referee: the machine ends each as EELS says, in steps that hold.

TOMBOLO_MUTATION_SEED chooses other changes, TOMBOLO_MUTATIONS how many cases there are.
"""

import os
from pathlib import Path

import pytest

from protocol.forks import Fork
from prover.prove_statetest import run_prove
from tests.vm.eels.answers import answered, as_file

SEED = os.environ.get("TOMBOLO_MUTATION_SEED", "1")
COUNT = int(os.environ.get("TOMBOLO_MUTATIONS", "40"))
MOST_GAS = 60_000
"""Enough for a create and some storage; loops end soon."""


def prove_all(vectors: Path, tmp_path: Path, seed: str, count: int) -> None:
    failed, judged = [], 0
    for found in answered(vectors, f"{SEED} {seed}", count, Fork.CANCUN, MOST_GAS):
        (proof,) = run_prove([as_file(found, tmp_path)], most_steps=2_000)
        judged += proof.verified
        if not proof.passed:
            failed.append(f"{found.case.name} {found.case.changes}: {proof.error}")
    assert failed == []
    assert judged > 10 * count


def test_mutated_official_cases_are_verified_up_to_the_root_that_eels_says(vectors: Path, tmp_path: Path) -> None:
    prove_all(vectors, tmp_path, "proved", 2 * COUNT)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_more_mutated_official_cases_are_verified(vectors: Path, tmp_path: Path) -> None:
    prove_all(vectors, tmp_path, "more proved", 30 * COUNT)
