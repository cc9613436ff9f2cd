"""The official block tests: valid chains, and blocks that must be refused for the reason they name."""

import json
from pathlib import Path

import pytest

from protocol.errors import InvalidInput
from protocol.types import ZERO_HASH
from vm.blocktest import run_blocktests
from vm.suite import CaseResult

SUITES = (
    "ethereum-tests/BlockchainTests/ValidBlocks",
    "ethereum-tests/BlockchainTests/InvalidBlocks",
    "execution-spec-tests/cancun/blockchain_tests",
    "execution-spec-tests/prague/blockchain_tests",
    "execution-spec-tests/osaka/blockchain_tests",
)
SIMPLE = "ethereum-tests/BlockchainTests/InvalidBlocks/bcInvalidHeaderTest/wrongGasUsed.json"


def run(path: Path) -> list[CaseResult]:
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


def test_only_the_wanted_network_is_run(vectors: Path) -> None:
    folder = vectors / "execution-spec-tests/cancun/blockchain_tests/cancun/eip7516_blobgasfee/blobgasfee_opcode"
    everything = run(folder)
    networks = {result.fork for result in everything}
    assert networks == {"Cancun", "ShanghaiToCancunAtTime15k"}
    for network in networks:
        assert list(run_blocktests([folder], network)) == [result for result in everything if result.fork == network]


def test_the_state_root_is_that_of_the_last_block_imported(vectors: Path, tmp_path: Path) -> None:
    (case,) = json.loads((vectors / SIMPLE).read_text()).values()
    (result,) = run(vectors / SIMPLE)
    assert result.state_root.hex() == case["genesisBlockHeader"]["stateRoot"].removeprefix("0x")
    (unknown,) = run(tampered(vectors, tmp_path, network="Atlantis"))
    assert unknown.state_root == ZERO_HASH


def test_unusable_input_is_refused(vectors: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"absent\.json: no such file or folder"):
        run(tmp_path / "absent.json")
    with pytest.raises(InvalidInput, match="is not a block test"):
        run(vectors / "ethereum-tests/GeneralStateTests/stExample/yulExample.json")
    with pytest.raises(InvalidInput, match="unknown network Atlantis; known: Frontier, "):
        list(run_blocktests([tmp_path], "Atlantis"))
