"""Official state tests through the referee. The bounded part runs always, all of them in `make test-slow`."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from protocol.errors import InvalidInput
from protocol.types import ZERO_HASH
from prover.prove_statetest import prove, run_prove
from prover.statetest import cases_in

BOUNDED = [
    "stExample",
    "stEIP1559",
    "stEIP3607",
    "stEIP2930",
    "stTransactionTest",
    "stSelfBalance",
    "stChainId",
    "stCodeCopyTest",
    "stLogTests",
    "stRefundTest",
    "stZeroCallsRevert",
    "Cancun/stEIP1153-transientStorage",
    "Cancun/stEIP5656-MCOPY",
    "Shanghai",
    "Pyspecs/cancun/eip6780_selfdestruct",
]
SLOW_FOLDERS = ("stTimeConsuming", "VMTests/vmPerformance")
"""Loops of up to a hundred million steps."""
MOST_STEPS = 20_000
"""Longer traces are sampled in the slow test, since a few loops hold nine tenths of all steps."""


@pytest.fixture(scope="module")
def suite(vectors) -> Path:
    return vectors / "ethereum-tests" / "GeneralStateTests"


@pytest.mark.parametrize("folder", BOUNDED)
def test_every_step_of_official_cases_is_verified_up_to_the_expected_root(suite, folder):
    proofs = list(run_prove([suite / folder], sample=None))
    assert proofs
    assert [(proof.name, proof.error) for proof in proofs if not proof.passed] == []
    assert all(proof.verified == proof.steps > 0 for proof in proofs)


@pytest.mark.slow
@pytest.mark.timeout(6 * 3600)
def test_all_official_cases_are_verified(suite):
    failures, cases = [], 0
    for case in cases_in([suite]):
        if any(folder in case.file for folder in SLOW_FOLDERS):
            continue
        cases += 1
        proof = prove(case, most_steps=MOST_STEPS)
        if not proof.passed:
            failures.append((proof.name, proof.error))
    assert failures == []
    assert cases > 7_000


def test_a_case_with_another_expected_root_fails(suite):
    case = next(cases_in([suite / "stExample"]))
    proof = prove(replace(case, expected_root=ZERO_HASH))
    assert not proof.passed
    assert proof.error == f"post-state {proof.post}, expected 0x{'00' * 32}"
    assert proof.verified == proof.steps


def test_a_case_with_other_expected_logs_fails(suite):
    case = next(cases_in([suite / "stExample"]))
    assert prove(replace(case, expected_logs=ZERO_HASH)).error == "the logs differ from the expected ones"


def test_a_case_that_should_be_refused_and_is_not_fails(suite):
    case = next(cases_in([suite / "stExample"]))
    assert prove(replace(case, refused=True)).error == "the transaction should have been skipped"


def test_a_sample_judges_the_edges_and_the_drawn_steps(suite):
    case = next(case for case in cases_in([suite / "stRefundTest"]) if not case.refused)
    whole, some = prove(case), prove(case, sample=0)
    assert (whole.post, whole.passed) == (some.post, some.passed)
    assert 2 <= some.verified < whole.verified == whole.steps == some.steps


def test_a_wrong_path_is_said(tmp_path):
    with pytest.raises(InvalidInput, match=r"absent\.json: no such file"):
        list(run_prove([tmp_path / "absent.json"]))


def test_a_referee_without_its_contracts_is_refused_before_anything_runs():
    with pytest.raises(InvalidInput, match="needs the contracts"):
        next(run_prove([], referee="vyper"))


def test_what_cannot_be_used_fails_by_itself_and_is_named(suite, tmp_path):
    case = json.loads((suite / "stExample/yulExample.json").read_text())
    odd: dict[str, object] = {"post": {"Cancun": [{}]}}
    (tmp_path / "a.json").write_text(json.dumps({"odd": {**case["yulExample"], **odd}, **case}))
    (tmp_path / "b.json").write_text("no JSON")
    for jobs in (1, 2):
        lacking, good, broken = run_prove([tmp_path], jobs=jobs)
        assert (lacking.name, lacking.passed, lacking.steps) == ("odd", False, 0)
        assert lacking.error.endswith("a.json: odd cannot be used: KeyError: 'indexes'")
        assert (good.name, good.passed, good.error) == ("yulExample_d0g0v0", True, "")
        assert (broken.name, broken.passed) == ((tmp_path / "b.json").as_posix(), False)
        assert "cannot be read as JSON" in broken.error
    with pytest.raises(InvalidInput, match=r"a\.json: odd cannot be used: KeyError: 'indexes'"):
        list(cases_in([tmp_path]))
    with pytest.raises(InvalidInput, match=r"b\.json: cannot be read as JSON"):
        list(run_prove([tmp_path / "b.json"]))


def test_a_case_without_its_transactions_bytes_is_signed_from_its_fields(suite, tmp_path):
    case = json.loads((suite / "stExample/yulExample.json").read_text())
    del case["yulExample"]["post"]["Cancun"][0]["txbytes"]
    file = tmp_path / "unsigned.json"
    file.write_text(json.dumps(case))
    (proof,) = run_prove([file])
    assert (proof.passed, proof.error) == (True, "")


def test_a_defect_fails_its_case_and_not_the_run(suite, monkeypatch):
    def broken(case):
        raise ZeroDivisionError(case.name)

    monkeypatch.setattr("prover.prove_statetest.begin", broken)
    (proof,) = run_prove([suite / "stExample/yulExample.json"])
    assert (proof.passed, proof.error) == (False, "crash: ZeroDivisionError: yulExample_d0g0v0")
