"""What commands about networks show: progress as it comes, plans and conditions as tables."""

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

if TYPE_CHECKING:
    from node.network.control import ChainLine, ProcessLine
    from node.network.plan import Plan
    from node.network.up import Progress
    from node.status import NodeStatus


HEADS = ("unsafe", "safe", "final")


class ProgressView:
    """A line per thing that has come about, with the seconds since the command."""

    def __init__(self) -> None:
        self._console = Console(highlight=False, soft_wrap=True)

    def progress(self, progress: "Progress") -> None:
        """One line."""
        self._console.print(
            f"[dim]{progress.seconds:6.1f} s[/]  [bold]{escape(progress.subject):<14}[/] {escape(progress.text)}"
        )

    def say(self, text: str) -> None:
        """Anything else."""
        self._console.print(text)


def show_plan(plan: "Plan", *, running: bool) -> None:
    """The steps as a table; that there are none is said too."""
    console = Console(highlight=False)
    if plan.steps:
        table = Table("chain", "knob", "now", "wanted", "what happens", box=SIMPLE)
        for step in plan.steps:
            colour = "green" if step.change is None else "yellow" if step.possible else "red"
            cells = (step.chain, step.knob, step.now, step.wanted, step.verdict)
            table.add_row(*(escape(cell) for cell in cells[:4]), f"[{colour}]{escape(cells[4])}[/]")
        console.print(table)
    else:
        console.print("nothing to do: the chains are as these files say")
    if plan.untouched:
        console.print(f"[dim]left alone, as no file names them: {', '.join(plan.untouched)}[/]")
    if running and any(step.possible and step.change is not None for step in plan.steps):
        console.print("[dim]the network runs: `tombolo down`, then `tombolo up` with these files[/]")


def show_network(chains: "Sequence[ChainLine]", statuses: "Sequence[NodeStatus | None]") -> None:
    """Each chain with its heads and its processes."""
    console = Console(highlight=False)
    table = Table("chain", "id", Column("endpoint", no_wrap=True), *HEADS, "processes", box=SIMPLE, pad_edge=False)
    for chain, status in zip(chains, statuses, strict=True):
        heads = ("-",) * 3 if status is None else tuple(map(str, _heads(status)))
        processes = ", ".join(_process(process, chain.name) for process in chain.processes)
        table.add_row(chain.name, str(chain.chain_id), chain.rpc_url, *heads, processes)
    console.print(table)


def show_quote(wei: int | None) -> None:
    """Of a delivery; None where the chain asks for nothing."""
    if wei is None:
        print("nothing is asked for: every fee is a bid")
        return
    text = f"{Decimal(wei).scaleb(-18):.18f}".rstrip("0").rstrip(".")
    print(f"{text} ETH ({wei} wei)")


def _heads(status: "NodeStatus") -> tuple[int, int, int]:
    return status.unsafe.number, status.safe.number, status.finalized.number


def _process(line: "ProcessLine", chain: str) -> str:
    again = f" (restarted {line.restarts} times)" if line.restarts else ""
    return f"{line.name.removeprefix(f'{chain}-')} {line.condition}{again}"
