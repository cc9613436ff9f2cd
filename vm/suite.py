"""Running files of official cases over processes, and how one case went."""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from protocol.errors import InvalidInput
from protocol.types import ZERO_HASH, Hash32
from vm.fixtures import fixture_files


@dataclass(frozen=True, slots=True)
class CaseResult:
    """How one case went.

    `fork` is the rules' name in the fixtures, for a chain perhaps a transition's. `state_root` is what we computed,
    zero where nothing was; `error` says why the case failed, None when it passed.
    """

    name: str
    passed: bool
    fork: str
    state_root: Hash32
    error: str | None = None

    def to_json(self) -> dict[str, str | bool]:
        """The shape of geth's `evm statetest` and `evm blocktest`."""
        shown: dict[str, str | bool] = {
            "name": self.name,
            "pass": self.passed,
            "fork": self.fork,
            "stateRoot": "0x" + self.state_root.hex(),
        }
        if self.error is not None:
            shown["error"] = self.error
        return shown


Task = tuple[Path, bool, str | None]
"""(file, whether it was named itself, the only fork wanted)."""


def run_files(
    run_file: Callable[[Task], list[CaseResult]], paths: Sequence[Path], fork: str | None, jobs: int
) -> Iterator[CaseResult]:
    """The results of `run_file` for each file below `paths`, on `jobs` processes, in the order of the files.

    A file that a folder holds and that is not JSON fails by itself, under its path.

    Raises:
        InvalidInput: A path does not exist, or a file that was named itself cannot be used.
    """
    tasks = [(file, named, fork) for file, named in fixture_files(paths)]
    run_one = partial(_run_one, run_file)
    if jobs <= 1:
        for task in tasks:
            yield from run_one(task)
        return
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        for results in pool.imap(run_one, tasks):
            yield from results


def _run_one(run_file: Callable[[Task], list[CaseResult]], task: Task) -> list[CaseResult]:
    path, named, _ = task
    try:
        return run_file(task)
    except InvalidInput as error:
        if named:
            raise
        return [CaseResult(path.as_posix(), False, "", ZERO_HASH, str(error))]
