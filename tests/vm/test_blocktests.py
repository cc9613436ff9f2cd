"""The official block tests: valid chains, and blocks that must be refused for the reason they name."""

import json
from pathlib import Path

import pytest

from protocol.errors import InvalidInput
from vm.blocktest import BlockTestResult, main, run_blocktests

SUITES = (
    "ethereum-tests/BlockchainTests/ValidBlocks",
    "ethereum-tests/BlockchainTests/InvalidBlocks",
    "execution-spec-tests/cancun/blockchain_tests",
    "execution-spec-tests/prague/blockchain_tests",
    "execution-spec-tests/osaka/blockchain_tests",
)
SIMPLE = "ethereum-tests/BlockchainTests/InvalidBlocks/bcInvalidHeaderTest/wrongGasUsed.json"


def run(path: Path) -> list[BlockTestResult]:
    return list(run_blocktests([path]))


@pytest.mark.parametrize("suite", SUITES)
def test_block_tests_pass(vectors: Path, suite: str) -> None:
    results = run(vectors / suite)
    assert results
    assert [result for result in results if not result.passed] == []


def tampered(vectors: Path, tmp_path: Path, **changes: object) -> Path:
    """The simple case with its one invalid block, or the case itself, changed."""
    cases = json.loads((vectors / SIMPLE).read_text())
    for case in cases.values():
        for name, value in changes.items():
            (case if name in case else case["blocks"][-1])[name] = value
    file = tmp_path / "tampered.json"
    file.write_text(json.dumps(cases))
    return file


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        (
            {"expectException": "BlockException.INVALID_STATE_ROOT"},
            "block 0: refused for INVALID_GAS_USED: ",
        ),
        ({"rlp": "0xc0"}, "block 0: refused for block: expected 3 or 4 fields, got 0"),
        ({"lastblockhash": "0x" + "11" * 32}, f"last block {'11' * 32} was not imported"),
        ({"postState": {}}, "post state root mismatch: "),
        ({"pre": {}}, "genesis state root mismatch: "),
        ({"network": "Atlantis"}, "unsupported network Atlantis"),
        ({"network": "CancunToAtlantisAtTime15k"}, "unsupported network CancunToAtlantisAtTime15k"),
        ({"blocks": [{"rlp": "0x"}]}, "block 0: unexpected refusal: "),
    ],
)
def test_a_wrong_result_fails_and_says_how(
    vectors: Path, tmp_path: Path, changes: dict[str, object], error: str
) -> None:
    (result,) = run(tampered(vectors, tmp_path, **changes))
    assert not result.passed
    assert result.error is not None
    assert result.error.startswith(error)


def test_a_block_that_should_fail_and_does_not_is_a_failure(vectors: Path, tmp_path: Path) -> None:
    valid = next((vectors / SUITES[0] / "bcExample").glob("*.json"))
    cases = json.loads(valid.read_text())
    for case in cases.values():
        case["blocks"][0]["expectException"] = "BlockException.INVALID_GAS_USED"
    file = tmp_path / "valid.json"
    file.write_text(json.dumps(cases))
    errors = {result.error for result in run(file)}
    assert errors == {"block 0: expected the block to be refused: BlockException.INVALID_GAS_USED"}


def test_several_processes_give_the_same_results_in_the_same_order(vectors: Path) -> None:
    folder = vectors / "ethereum-tests/BlockchainTests/InvalidBlocks/bcInvalidHeaderTest"
    assert list(run_blocktests([folder], jobs=2)) == run(folder)


def test_the_command_prints_failures_and_ends_with_1(
    vectors: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(vectors / SIMPLE)]) == 0
    assert capsys.readouterr().out == "1 passed, 0 failed\n"
    assert main([str(tampered(vectors, tmp_path, network="Atlantis")), "--json"]) == 1
    (shown,) = json.loads(capsys.readouterr().out)
    assert (shown["pass"], shown["network"], shown["error"]) == (False, "Atlantis", "unsupported network Atlantis")


def test_unusable_input_ends_with_one_line_and_code_2(
    vectors: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path / "absent.json")]) == 2
    assert capsys.readouterr().err == f"{tmp_path / 'absent.json'}: no such file or folder\n"
    with pytest.raises(InvalidInput, match="is not a block test"):
        run(vectors / "ethereum-tests/GeneralStateTests/stExample/yulExample.json")
