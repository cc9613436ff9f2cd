"""The oracle's process, and what both of its tests say to it."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import reject

from protocol.forks import Fork
from protocol.types import Address
from vm.memory_state import Allocation

PYTHON = Path(__file__).resolve().parents[3] / ".venv-eels" / "bin" / "python"
ORACLE = Path(__file__).with_name("oracle.py")


class Eels:
    """Ethereum's executable specification, asked through a pipe."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def ask(self, kind: str, fork: Fork, accounts: Mapping[Address, Allocation], **more: object) -> Any:
        question = {"ask": kind, "fork": fork.name.lower(), "accounts": _accounts(accounts), **more}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        # EELS 2.20.0 adds modexp's lengths in 256 bits before it looks at the gas: it has no answer there.
        if "modexp.py" in answer.get("bug", "") and "OverflowError" in answer["bug"]:
            reject()
        assert "bug" not in answer, answer["bug"]
        return answer


@pytest.fixture(scope="session")
def eels() -> Iterator[Eels]:
    if not PYTHON.exists():
        pytest.skip("EELS is not installed in .venv-eels; run `make install-eels`")
    command = [str(PYTHON), "-W", "ignore", str(ORACLE)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Eels(process)
        process.stdin.close()  # type: ignore[union-attr]


def _accounts(accounts: Mapping[Address, Allocation]) -> dict[str, object]:
    return {
        address.hex(): {
            "balance": account.balance,
            "nonce": account.nonce,
            "code": account.code.hex(),
            "storage": {str(slot): word for slot, word in account.storage.items()},
        }
        for address, account in accounts.items()
    }
