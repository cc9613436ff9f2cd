"""What the commands show: tables and progress for people, JSON for programs. Progress goes to standard error."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

if TYPE_CHECKING:  # each command loads only its own part
    from node.status import Head, NodeStatus
    from node.verify import Verified
    from vm.statetest import StateTestResult

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
    table = _facts()
    table.add_row("rebuilt to block", f"{result.number}")
    table.add_row("block hash", "0x" + result.block_hash.hex())
    table.add_row("state root", "0x" + result.state_root.hex())
    table.add_row("transactions", f"{result.transactions}")
    if against is not None:
        table.add_row("compared", f"{result.compared} blocks with {against}: all the same")
    console.print(table)


def show_status(status: "NodeStatus", *, as_json: bool) -> None:
    """What `status` found."""
    if as_json:
        console.print_json(json.dumps(status.answer))
        return
    table = _facts()
    table.add_row("node", f"{status.client} at {status.url}")
    table.add_row("chain id", f"{status.chain_id} ({status.chain_id:#x})")
    for name, head in (("unsafe", status.unsafe), ("safe", status.safe), ("finalized", status.finalized)):
        table.add_row(f"{name} head", _head(head, status.unsafe))
    for name, value in status.details.items():
        table.add_row(name, value)
    console.print(table)


def _head(head: "Head", newest: "Head") -> str:
    behind = newest.number - head.number
    lag = f"  {behind} behind" if behind else ""
    return f"{head.number}  {head.hash}{lag}"


def show_statetests(results: "Iterable[StateTestResult]", *, as_json: bool) -> bool:
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
                console.print(f"[red]FAIL[/] {result.fork} {result.name}: {result.error}", soft_wrap=True)
    console.print(f"{passed} passed, {failed} failed")
    return failed == 0


def _facts() -> Table:
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    return table
