"""The official state tests. The few files that take longest run in `make test-slow`; every one of them passes."""

import json
from pathlib import Path

import pytest

from protocol.crypto import keccak
from protocol.errors import InvalidInput
from vm.statetest import run_statetests
from vm.suite import CaseResult

GENERAL = "ethereum-tests/GeneralStateTests"
SLOW_FILES = {"CALLBlake2f.json", "ecpairing_inputs.json"}
"""Precompiles in Python: 100 seconds between them."""

SIMPLE = f"{GENERAL}/stExample/yulExample.json"


def failures(results: list[CaseResult]) -> list[CaseResult]:
    return [result for result in results if not result.passed]


def run(files: list[Path]) -> list[CaseResult]:
    return list(run_statetests(files))


@pytest.mark.parametrize(
    "initials", ["C", "P", "S", "V", "stA", "stB", "stC", "stD", "stE", "stH", "stI", "stL", "stM"]
)
def test_general_state_tests_pass(vectors: Path, initials: str) -> None:
    assert_folders_pass(vectors, initials)


@pytest.mark.parametrize("initials", ["stN", "stP", "stQ", "stR", "stS", "stT", "stW", "stZ"])
def test_more_general_state_tests_pass(vectors: Path, initials: str) -> None:
    assert_folders_pass(vectors, initials)


def assert_folders_pass(vectors: Path, initials: str) -> None:
    folders = [folder for folder in sorted((vectors / GENERAL).iterdir()) if folder.name.startswith(initials)]
    files = [file for folder in folders for file in sorted(folder.rglob("*.json")) if file.name not in SLOW_FILES]
    results = run(files)
    assert results
    assert failures(results) == []


@pytest.mark.slow
def test_the_slowest_general_state_tests_pass(vectors: Path) -> None:
    files = [file for file in sorted((vectors / GENERAL).rglob("*.json")) if file.name in SLOW_FILES]
    results = run(files)
    assert len(files) == len(SLOW_FILES)
    assert failures(results) == []


def test_no_folder_of_general_state_tests_is_left_out(vectors: Path) -> None:
    initials = ("C", "P", "S", "V", *(f"st{letter}" for letter in "ABCDEHILMNPQRSTWZ"))
    assert [folder.name for folder in (vectors / GENERAL).iterdir() if not folder.name.startswith(initials)] == []


@pytest.mark.parametrize("fork", ["cancun", "prague", "osaka"])
def test_execution_spec_state_tests_pass(vectors: Path, fork: str) -> None:
    results = run([vectors / "execution-spec-tests" / fork / "state_tests"])
    assert results
    assert failures(results) == []


def test_names_are_unique_within_a_fork(vectors: Path) -> None:
    results = run([vectors / GENERAL / "stExample"])
    names = [(result.name, result.fork) for result in results]
    assert len(set(names)) == len(names) > 4


def test_several_processes_give_the_same_results_in_the_same_order(vectors: Path) -> None:
    folder = vectors / GENERAL / "stExample"
    assert list(run_statetests([folder], jobs=2)) == run([folder])


def tampered(vectors: Path, tmp_path: Path, **changes: object) -> Path:
    case = json.loads((vectors / SIMPLE).read_text())
    for test in case.values():
        test["post"] = {"Cancun": test["post"]["Cancun"]}
        for post in test["post"]["Cancun"]:
            post.update(changes)
    file = tmp_path / "tampered.json"
    file.write_text(json.dumps(case))
    return file


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"hash": "0x" + "11" * 32}, "post state root mismatch"),
        ({"logs": "0x" + "11" * 32}, "post state logs hash mismatch"),
        ({"expectException": "TransactionException.NONCE_MISMATCH_TOO_LOW"}, "expected the transaction to be refused"),
        ({"txbytes": "0xc0"}, "unexpected refusal: RLP_INVALID_VALUE"),
        (
            {"txbytes": "0xc0", "expectException": "TransactionException.NONCE_MISMATCH_TOO_LOW"},
            "refused for RLP_INVALID_VALUE",
        ),
    ],
)
def test_a_wrong_result_fails_and_says_how(
    vectors: Path, tmp_path: Path, changes: dict[str, object], error: str
) -> None:
    (result,) = run([tampered(vectors, tmp_path, **changes)])
    assert not result.passed
    assert result.error is not None
    assert result.error.startswith(error)


@pytest.mark.parametrize(
    "expected", ["TransactionException.NONCE_IS_MAX|TransactionException.RLP_INVALID_VALUE", "TR_RLP_WRONGVALUE"]
)
def test_any_of_the_alternatives_and_the_old_names_are_accepted(vectors: Path, tmp_path: Path, expected: str) -> None:
    (refused,) = run([tampered(vectors, tmp_path, txbytes="0xc0")])
    untouched, no_logs = "0x" + refused.state_root.hex(), "0x" + keccak(b"\xc0").hex()
    file = tampered(vectors, tmp_path, txbytes="0xc0", expectException=expected, hash=untouched, logs=no_logs)
    assert [result.error for result in run([file])] == [None]


def test_a_refused_transaction_must_leave_the_state_alone(vectors: Path, tmp_path: Path) -> None:
    (result,) = run([tampered(vectors, tmp_path, txbytes="0xc0", expectException="TR_RLP_WRONGVALUE")])
    assert result.error is not None
    assert result.error.startswith("post state root mismatch")


def test_a_case_without_transaction_bytes_is_signed_from_its_fields(vectors: Path, tmp_path: Path) -> None:
    case = json.loads((vectors / SIMPLE).read_text())
    for test in case.values():
        for posts in test["post"].values():
            for post in posts:
                del post["txbytes"]
    file = tmp_path / "unsigned.json"
    file.write_text(json.dumps(case))
    assert [result.passed for result in run([file])] == [result.passed for result in run([vectors / SIMPLE])]


def test_a_fork_nobody_knows_fails_its_case(vectors: Path, tmp_path: Path) -> None:
    case = json.loads((vectors / SIMPLE).read_text())
    for test in case.values():
        test["post"] = {"Atlantis": test["post"]["Cancun"]}
    file = tmp_path / "atlantis.json"
    file.write_text(json.dumps(case))
    assert {result.error for result in run([file])} == {"unsupported fork Atlantis"}


@pytest.mark.parametrize(
    ("content", "message"),
    [("{", "cannot be read as JSON"), ("[]", "expected an object"), ('{"a": {}}', "not a state")],
)
def test_a_file_that_is_no_state_test_is_refused(tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "other.json"
    file.write_text(content)
    with pytest.raises(InvalidInput, match=message):
        run([file])


def test_other_files_in_a_folder_are_passed_over(vectors: Path, tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text('{"a": {"blocks": []}}')
    assert run([tmp_path]) == []


def test_an_absent_path_and_an_unknown_fork_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"absent\.json: no such file or folder"):
        run([tmp_path / "absent.json"])
    with pytest.raises(InvalidInput, match="unknown fork Atlantis; known: Frontier, "):
        list(run_statetests([tmp_path], "Atlantis"))


def test_what_cannot_be_used_fails_by_itself(vectors: Path, tmp_path: Path) -> None:
    good = json.loads((vectors / SIMPLE).read_text())["yulExample"]
    odd = {
        "_info": {},
        "no list of forks": {**good, "post": []},
        "no indexes": {**good, "post": {"Cancun": [{}]}},
        "good": {**good, "post": {"Cancun": good["post"]["Cancun"]}, "config": None},
    }
    (tmp_path / "odd.json").write_text(json.dumps(odd))
    (tmp_path / "list.json").write_text("[1]")
    (tmp_path / "torn.json").write_text("{")
    verdicts = [(Path(result.name).name, result.passed) for result in run([tmp_path])]
    assert verdicts == [
        ("no list of forks", False),
        ("no indexes", False),
        ("good_d0g0v0", True),
        ("torn.json", False),
    ]
