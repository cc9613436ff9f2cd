"""Every contract that a launch needs is compiled at installation."""

import subprocess
import sys
from dataclasses import fields
from pathlib import Path

from metalayer.predeploys import MemberCode
from node import artifacts, settlement
from node.network import greeting, membership
from node.precompile import DEPLOYED, missing_artifacts, precompile
from tests.peers import REPOSITORY


def test_what_launches_load_is_what_is_compiled_beforehand() -> None:
    loaded = {
        word
        for module in (settlement, membership, greeting)
        for word in Path(module.__file__ or "").read_text().split('"')
        if word.partition("/")[0] in ("l1", "l2", "metalayer", "examples") and "{" not in word
    } | {f"metalayer/{field.name}" for field in fields(MemberCode)}
    assert loaded - set(DEPLOYED) == set()
    assert len(loaded) > 10


def test_an_artifact_is_missing_until_it_is_compiled() -> None:
    assert precompile(["l1/inbox"]) in ([], ["l1/inbox"])
    assert artifacts.has_artifact("l1/inbox")
    assert missing_artifacts(["l1/inbox", "no/such"]) == []


def test_it_runs_as_the_installation_runs_it() -> None:
    subprocess.run([sys.executable, "-m", "node.precompile"], cwd=REPOSITORY, check=True, timeout=200)
    assert missing_artifacts() == []
