"""What installation leaves behind lets every process of a node start without compiling Python."""

import json
import os
import subprocess
import sys

import pytest

from tests.peers import REPOSITORY

pytestmark = pytest.mark.xdist_group("bytecode")

COUNTED = """
import importlib, json, sys
from importlib.machinery import SourceFileLoader
compiled = []
to_code = SourceFileLoader.source_to_code
SourceFileLoader.source_to_code = lambda self, data, path, **rest: (
    compiled.append(str(path)), to_code(self, data, path, **rest)
)[1]
for name in sys.argv[1:]:
    importlib.import_module(name)
print(json.dumps([len(sys.modules), compiled]))
"""


def test_no_process_of_a_node_compiles_a_module_where_python_writes_no_bytecode() -> None:
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run(["scripts/bytecode"], cwd=REPOSITORY, env=environment, check=True, timeout=300)
    modules = ("node.cli.app", "node.rollup_node", "node.dev_node", "node.decoder", "rpc.front")
    done = subprocess.run(
        [sys.executable, "-c", COUNTED, *modules],
        cwd=REPOSITORY,
        env=environment,
        check=True,
        timeout=300,
        capture_output=True,
        text=True,
    )
    imported, compiled = json.loads(done.stdout)
    assert imported > 800
    assert compiled == []


def test_it_does_nothing_while_no_file_has_changed() -> None:
    subprocess.run(["scripts/bytecode"], cwd=REPOSITORY, check=True, timeout=300)
    stamp = REPOSITORY / "node/__pycache__/.whole"
    before = stamp.stat().st_ctime_ns
    subprocess.run(["scripts/bytecode"], cwd=REPOSITORY, check=True, timeout=300)
    assert stamp.stat().st_ctime_ns == before
