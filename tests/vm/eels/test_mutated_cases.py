"""Official state tests with something changed: whatever EELS makes of them, our engine and our runner make, too.

TOMBOLO_MUTATION_SEED chooses other changes, TOMBOLO_MUTATIONS how many cases each of the parts has.
"""

import os
from pathlib import Path

import pytest

from tests.vm.eels.answers import answered, as_file, difference
from vm.statetest import run_statetests

SEED = os.environ.get("TOMBOLO_MUTATION_SEED", "1")
COUNT = int(os.environ.get("TOMBOLO_MUTATIONS", "40"))


def compare(vectors: Path, tmp_path: Path, part: int, count: int) -> None:
    different = []
    for index, found in enumerate(answered(vectors, f"{SEED} {part}", count)):
        error = difference(found.case, found.answer)
        if not error:
            (result,) = run_statetests([as_file(found, tmp_path)])
            error = result.error or ""
        if error:
            different.append(f"{part}/{index} {found.case.name} {found.case.changes}: {error}")
    assert different == []


@pytest.mark.parametrize("part", range(4))
def test_mutated_official_cases_end_as_eels_says(vectors: Path, tmp_path: Path, part: int) -> None:
    compare(vectors, tmp_path, part, COUNT)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("part", range(4, 8))
def test_more_mutated_official_cases_end_as_eels_says(vectors: Path, tmp_path: Path, part: int) -> None:
    compare(vectors, tmp_path, part, 30 * COUNT)
