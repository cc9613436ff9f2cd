"""`python -m bench`: measure this node beside its peers, in one run, on the same signed transactions."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench.load import LoadFailed
from bench.machine import describe_machine
from bench.measures import MEASURES
from bench.measures.measure import QUICK, Measure, MeasureFailed, Plan, Sizes
from bench.peers.anvil import Anvil
from bench.peers.bare_aiohttp import BareAiohttp
from bench.peers.eth_tester import EthTester
from bench.peers.hardhat import Hardhat
from bench.peers.ours import Ours
from bench.peers.peer import PeerFailed
from bench.report import RESULTS, plot, read_rows, show, write_json
from bench.row import Row

PEERS = (Anvil(), Hardhat(), EthTester(), BareAiohttp())
NAMES = [name for measure in MEASURES for name in measure.names]

Only = Annotated[list[str] | None, typer.Option(help=f"Measure this alone; may be given again. {', '.join(NAMES)}.")]
WithPeer = Annotated[list[str] | None, typer.Option(help="Beside this peer alone; may be given again.")]


def main(
    only: Only = None,
    peer: WithPeer = None,
    quick: Annotated[
        bool, typer.Option(help="A minute to see that everything runs; the figures mean nothing.")
    ] = False,
    rounds: Annotated[int | None, typer.Option(min=1, help="Turns of each peer; the median counts.")] = None,
    output: Annotated[Path, typer.Option(help="The JSON file; the plot goes beside it.")] = RESULTS / "latest.json",
) -> None:
    """Measure this node beside anvil, hardhat 2 and eth-tester; print ratios, write JSON and a plot."""
    console = Console()
    sizes = QUICK if quick else Sizes()
    if rounds is not None:
        sizes = Sizes(**{**{name: getattr(sizes, name) for name in sizes.__slots__}, "rounds": rounds})
    chosen = _choose(only, console)
    peers = [candidate for candidate in PEERS if peer is None or candidate.name in peer]
    for candidate in (*peers, Ours()):
        if (reason := candidate.missing()) is not None:
            console.print(f"[red]{candidate.name}: {reason}[/]")
            raise typer.Exit(1)
    machine = describe_machine()
    plan = Plan(sizes, Ours(), peers, lambda text: console.print(text, style="dim", highlight=False))
    rows, failed = _measure(chosen, plan, console)
    if only is not None and output.exists() and not quick:
        # What was not measured now keeps the figures it had.
        fresh = {row.name for row in rows}
        rows = [*(row for row in read_rows(output) if row.name not in fresh), *rows]
    show(rows, console)
    write_json(rows, machine, output)
    drawn = plot(rows, machine, output.with_suffix(".svg"))
    console.print(
        f"{output}{' and ' + output.with_suffix('.svg').name if drawn else ' (no plot: matplotlib is absent)'}"
    )
    raise typer.Exit(1 if failed else 0)


def _choose(only: list[str] | None, console: Console) -> list[Measure]:
    unknown = set(only or ()) - set(NAMES)
    if unknown:
        console.print(f"[red]unknown measure {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}[/]")
        raise typer.Exit(2)
    return [measure for measure in MEASURES if only is None or set(only) & set(measure.names)]


def _measure(measures: list[Measure], plan: Plan, console: Console) -> tuple[list[Row], bool]:
    """Every measure's rows; one that fails leaves the others their figures."""
    rows: list[Row] = []
    failed = False
    for measure in measures:
        try:
            rows += measure.run(plan)
        except (MeasureFailed, LoadFailed, PeerFailed, TimeoutError) as error:
            failed = True
            console.print(f"[red]{', '.join(measure.names)}: {error}[/]", highlight=False)
    return rows, failed


if __name__ == "__main__":
    typer.run(main)
