"""What the commands show: tables and progress for people, JSON for programs. Progress goes to standard error."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column, Table

if TYPE_CHECKING:  # each command loads only its own part
    from node.cli.settings import Effective
    from node.status import NodeStatus
    from node.verify import Verified
    from rpc.compat import Outcome
    from vm.suite import CaseResult

Report = Callable[[int, int, str], None]
"""Called with (done, total, what is at hand)."""

console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)


@contextmanager
def bar(doing: str, unit: str) -> Iterator[Report]:
    """A progress bar while the block runs; nothing where standard error is no terminal."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(f"{unit} · {{task.fields[now]}}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as progress:
        task = progress.add_task(doing, total=None, now="")
        yield lambda done, total, now: progress.update(task, completed=done, total=total, now=now)


def show_verified(result: "Verified", against: str | None) -> None:
    """What `verify` found."""
    _line("rebuilt to block", str(result.number))
    _line("block hash", "0x" + result.block_hash.hex())
    _line("state root", "0x" + result.state_root.hex())
    _line("transactions", str(result.transactions))
    if against is not None:
        _line("compared", f"{result.compared} blocks with {against}: all the same")


def show_status(status: "NodeStatus", *, as_json: bool) -> None:
    """What `status` found."""
    if as_json:
        print(json.dumps(status.answer, indent=2))
        return
    _line("node", f"{status.client} at {status.url}")
    _line("chain id", f"{status.chain_id} ({status.chain_id:#x})")
    table = Table("head", Column("block", justify="right"), Column("behind", justify="right"), "hash", box=SIMPLE)
    for name, head in (("unsafe", status.unsafe), ("safe", status.safe), ("finalized", status.finalized)):
        behind = status.unsafe.number - head.number
        table.add_row(name, str(head.number), str(behind) if behind else "", f"{head.hash[:18]}…{head.hash[-8:]}")
    console.print(table)
    for name, value in status.details.items():
        _line(name, value)


def show_settings(settings: "Iterable[Effective]") -> None:
    """What `config check` found: a table per command."""
    table = ""
    for setting in settings:
        if setting.table != table:
            table = setting.table
            console.print(f"[bold]{escape(f'[{table}]')}[/]")
        source = f"  [dim]{setting.source}[/]" if setting.source else ""
        console.print(f"{setting.key:<22} {escape(setting.value)}{source}", soft_wrap=True)


def _line(name: str, value: str) -> None:
    console.print(f"[dim]{name:<18}[/]{escape(value)}", soft_wrap=True)


def show_cases(results: "Iterable[CaseResult]", *, as_json: bool) -> bool:
    """Print the results; returns whether all passed."""
    if as_json:
        collected = list(results)
        print(json.dumps([result.to_json() for result in collected], indent=2))
        return all(result.passed for result in collected)
    passed = failed = 0
    with errors.status("running") as running:
        for result in results:
            passed, failed = passed + result.passed, failed + (not result.passed)
            running.update(f"{passed} passed, {failed} failed")
            if not result.passed:
                console.print(f"[red]FAIL[/] {escape(f'{result.fork} {result.name}: {result.error}')}", soft_wrap=True)
    console.print(f"{passed} passed, {failed} failed")
    return failed == 0


class CompatReport:
    """What `rpc-compat` finds, as it finds it."""

    DIFFERENCES = 5

    def __init__(self) -> None:
        self._played = 0
        self._passed = 0

    def add(self, outcome: "Outcome") -> None:
        """Count a case; show one that fails, or passes against expectation."""
        self._played += 1
        self._passed += outcome.passed
        if outcome.passed:
            if outcome.excuse is not None:
                print(f"PASS {outcome.name}, although excused: {outcome.excuse}")
            return
        print(f"{'FAIL' if outcome.excuse is None else 'skip'} {outcome.name}")
        for difference in outcome.differences[: self.DIFFERENCES] if outcome.excuse is None else (outcome.excuse,):
            print(f"     {difference}")

    def summary(self) -> None:
        """The count."""
        print(f"{self._passed} of {self._played} cases pass")
