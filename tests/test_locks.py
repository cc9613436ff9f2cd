"""The lock files hold versions and hashes of everything, addresses of nothing, and do not contradict each other."""

import json
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

REPOSITORY = Path(__file__).resolve().parent.parent
PYTHON_LOCKS = ("requirements.lock", "requirements-test.lock")


def pins(lock: str) -> dict[str, str]:
    """Version by package."""
    return dict(re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", (REPOSITORY / lock).read_text(), re.MULTILINE))


@pytest.mark.parametrize("lock", [*PYTHON_LOCKS, "requirements-eels.lock", "package-lock.json"])
def test_a_lock_holds_no_address(lock: str):
    text = (REPOSITORY / lock).read_text()
    assert re.findall(r".*(?:://|--index|--find-links|git\+).*", text) == []


@pytest.mark.parametrize(("lock", "least"), [*((lock, 20) for lock in PYTHON_LOCKS), ("requirements-eels.lock", 3)])
def test_every_python_package_has_hashes(lock: str, least: int):
    entries = re.split(r"^(?=[A-Za-z0-9])", (REPOSITORY / lock).read_text(), flags=re.MULTILINE)[1:]
    assert len(entries) >= least
    assert [entry.split("\n")[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_every_npm_package_has_a_hash():
    packages = json.loads((REPOSITORY / "package-lock.json").read_text())["packages"]
    assert {"node_modules/@foundry-rs/anvil", "node_modules/ethers", "node_modules/viem"} <= packages.keys()
    assert [
        name for name, entry in packages.items() if name and not entry.get("integrity", "").startswith("sha512-")
    ] == []


def test_what_runs_is_what_is_tested():
    runtime, tested = pins("requirements.lock"), pins("requirements-test.lock")
    assert runtime.items() <= tested.items()


def test_the_locks_satisfy_the_declared_dependencies():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    declared = {
        "requirements.lock": project["project"]["dependencies"] + project["dependency-groups"]["build"],
        "requirements-test.lock": project["dependency-groups"]["test"],
        "requirements-eels.lock": project["dependency-groups"]["eels"],
    }
    for lock, requirements in declared.items():
        locked = pins(lock)
        for requirement in map(Requirement, requirements):
            assert requirement.specifier.contains(locked[requirement.name.lower()], prereleases=True), requirement


def test_the_specification_brings_nothing_that_the_tests_have_already():
    assert pins("requirements-eels.lock").keys() & pins("requirements-test.lock").keys() == set()
