import json
import subprocess
import sys
from pathlib import Path

import pytest

from node.artifacts import load_artifact
from protocol.errors import InvalidInput

COUNTER = """
# pragma version 0.4.3
count: public(uint256)

@external
def increase():
    self.count += {step}
"""


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    (tmp_path / "l1").mkdir()
    (tmp_path / "l1" / "counter.vy").write_text(COUNTER.format(step=1))
    return tmp_path


def built(build: Path) -> list[Path]:
    return sorted(build.iterdir())


def test_a_cached_artifact_is_the_compiled_one(sources: Path) -> None:
    build = sources / "build"
    compiled = load_artifact("l1/counter", sources, build)
    assert len(built(build)) == 1
    assert load_artifact("l1/counter", sources, build) == compiled
    assert compiled == load_artifact("l1/counter", sources, None)
    assert {entry["name"] for entry in json.loads(compiled.abi)} == {"increase", "count"}


def test_a_changed_source_is_compiled_again(sources: Path) -> None:
    build = sources / "build"
    before = load_artifact("l1/counter", sources, build)
    (sources / "l1" / "counter.vy").write_text(COUNTER.format(step=2))
    after = load_artifact("l1/counter", sources, build)
    assert after.runtime_code != before.runtime_code


def test_a_changed_import_is_a_changed_source_however_far_it_is(sources: Path) -> None:
    build = sources / "build"
    (sources / "l1" / "far.vy").write_text("STEP: constant(uint256) = 1\n")
    (sources / "l1" / "near.vy").write_text("from . import far\nSTEP: constant(uint256) = far.STEP\n")
    (sources / "l1" / "counter.vy").write_text("from . import near\n" + COUNTER.format(step="near.STEP"))
    before = load_artifact("l1/counter", sources, build)
    (sources / "l1" / "far.vy").write_text("STEP: constant(uint256) = 2\n")
    after = load_artifact("l1/counter", sources, build)
    assert after.runtime_code != before.runtime_code
    assert len(built(build)) == 2


def test_a_contract_that_is_not_imported_leaves_the_others_built(sources: Path) -> None:
    build = sources / "build"
    load_artifact("l1/counter", sources, build)
    (sources / "l1" / "other.vy").write_text(COUNTER.format(step=5))
    load_artifact("l1/counter", sources, build)
    assert len(built(build)) == 1


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"name": "l1/counter"}', '{"name": 1, "abi": 1, "init_code": "0"}'])
def test_a_damaged_cache_file_is_replaced(sources: Path, damage: str) -> None:
    build = sources / "build"
    artifact = load_artifact("l1/counter", sources, build)
    [path] = built(build)
    whole = path.read_text()
    path.write_text(damage)
    assert load_artifact("l1/counter", sources, build) == artifact
    assert path.read_text() == whole


def test_a_build_folder_that_cannot_be_written_costs_only_time(sources: Path) -> None:
    blocked = sources / "file"
    blocked.write_text("not a folder")
    assert load_artifact("l1/counter", sources, blocked / "build") == load_artifact("l1/counter", sources, None)


def test_an_unknown_contract_is_named(sources: Path) -> None:
    with pytest.raises(InvalidInput, match="no contract source at"):
        load_artifact("l1/missing", sources)


def test_a_contract_that_does_not_compile_is_named(sources: Path) -> None:
    (sources / "broken.vy").write_text("def nonsense(")
    with pytest.raises(InvalidInput, match="contract broken does not compile"):
        load_artifact("broken", sources, None)


def test_a_warm_start_does_not_load_the_compiler() -> None:
    load_artifact("l1/inbox")
    program = (
        "import sys; from node.artifacts import load_artifact; load_artifact('l1/inbox'); print('vyper' in sys.modules)"
    )
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert output.stdout.strip() == "False"
