"""Official state tests judged by the contracts: some always, one step of each kind of every case in `make test-slow`.

`make prove-all` judges every step of all of them, in hours.
"""

from pathlib import Path

import pytest

from node.artifacts import load_artifact
from prover.prove_statetest import run_prove
from prover.verifier import DISPATCHER, LIBRARIES

WHOLE = ["stExample", "stEIP1559", "stChainId", "stLogTests", "stTransactionTest"]
SAMPLED = [
    "Cancun/stEIP1153-transientStorage",
    "Cancun/stEIP5656-MCOPY",
    "Shanghai",
    "stCreate2",
    "stCreateTest",
    "stRefundTest",
    "stReturnDataTest",
    "stRevertTest",
    "stSStoreTest",
    "VMTests/vmArithmeticTest",
]
EVERY_KIND = 0
"""Drawn steps beside the first, the last and one of each kind that occurs."""
SLOW_FOLDERS = ("stTimeConsuming", "vmPerformance")
EVERY = 5
"""Of a sampled folder's files, one in so many."""
MOST_STEPS = 3_000


@pytest.fixture(scope="module")
def contracts() -> dict[str, bytes]:
    return {name: load_artifact(name).init_code for name in (*LIBRARIES, DISPATCHER)}


@pytest.fixture(scope="module")
def suite(vectors) -> Path:
    return vectors / "ethereum-tests" / "GeneralStateTests"


def check(paths, contracts, sample=None) -> None:
    proofs = list(run_prove(paths, "vyper", sample, most_steps=MOST_STEPS, contracts=contracts))
    assert proofs
    assert [(proof.name, proof.error) for proof in proofs if not proof.passed] == []
    assert all(0 < proof.verified <= proof.steps for proof in proofs)
    assert all(proof.max_gas is not None and 0 < proof.max_gas < 12_000_000 for proof in proofs)


@pytest.mark.parametrize("folder", WHOLE)
def test_every_step_of_official_cases_is_judged_by_the_contracts(suite, contracts, folder):
    check([suite / folder], contracts)


@pytest.mark.parametrize("folder", SAMPLED)
def test_each_kind_of_step_of_official_cases_is_judged_by_the_contracts(suite, contracts, folder):
    check(sorted((suite / folder).rglob("*.json"))[::EVERY], contracts, EVERY_KIND)


@pytest.mark.slow
@pytest.mark.timeout(3 * 3600)
def test_each_kind_of_step_of_all_official_cases_is_judged_by_the_contracts(suite, contracts):
    files = [path for path in sorted(suite.rglob("*.json")) if not any(slow in str(path) for slow in SLOW_FOLDERS)]
    check(files, contracts, EVERY_KIND)
