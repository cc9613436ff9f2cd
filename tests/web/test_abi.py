"""The explorer's own ABI decoder against ethers'."""

import subprocess
from pathlib import Path

import pytest

from tests.peers import REPOSITORY, node_with


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_it_reads_what_ethers_writes_and_writes_the_same(seed: int) -> None:
    node = node_with("ethers")
    script = Path(__file__).with_name("abi_against_ethers.mjs")
    result = subprocess.run(
        [node, str(script), str(seed)], cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=False
    )
    assert (result.stdout.strip(), result.returncode) == ("400", 0), result.stderr
