"""`tombolo prove statetest`: what it prints and how it ends."""

import json

import pytest

import prover.prove_statetest
from node.cli import main
from prover.prove_statetest import run_prove
from prover.statetest import cases_in


@pytest.fixture
def case_file(vectors):
    return vectors / "ethereum-tests" / "GeneralStateTests" / "stExample" / "accessListExample.json"


def test_each_case_is_a_line_with_every_step_judged(case_file, capsys):
    assert main(["prove", "statetest", str(case_file)]) == 0
    captured = capsys.readouterr()
    proofs = list(run_prove([case_file]))
    assert captured.out.splitlines() == [
        f"{proof.name}: {proof.steps} of {proof.steps} steps judged, pass" for proof in proofs
    ]
    steps = sum(proof.steps for proof in proofs)
    assert captured.err.strip() == f"{len(proofs)} cases, 0 failed, {steps} steps judged"


def test_json_has_the_fields_that_programs_read(case_file, capsys):
    assert main(["prove", "statetest", "--json", "--sample", "0", str(case_file)]) == 0
    entries = json.loads(capsys.readouterr().out)
    assert [entry["post"] for entry in entries] == [f"0x{case.expected_root.hex()}" for case in cases_in([case_file])]
    for entry in entries:
        assert (entry["pass"], entry["max_gas"]) == (True, None)
        assert 0 < entry["verified"] <= entry["steps"]


def test_a_case_that_fails_makes_the_command_fail(case_file, capsys, monkeypatch):
    monkeypatch.setattr(prover.prove_statetest, "outcome_error", lambda case, vm: "another root")
    assert main(["prove", "statetest", str(case_file)]) == 1
    assert capsys.readouterr().out.endswith("FAIL another root\n")
