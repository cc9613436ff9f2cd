"""Commands for chains at rest: rebuild from L1, move through files, serve; and the official suites."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.cli.option import flag, port
from node.cli.parameters import (
    DATA_DIR,
    L1_URL,
    RPC_URL,
    DaDir,
    DaSet,
    Host,
    L1Url,
    NodeDataDir,
    Rollup,
    check_url,
    da_settings,
)

if TYPE_CHECKING:
    from vm.suite import CaseResult

FixturePaths = Annotated[
    list[Path], typer.Argument(metavar="PATH…", help="Fixture files, or folders of them.", show_default=False)
]
Jobs = Annotated[int, typer.Option("--jobs", "-j", min=1, max=256, help="Processes to use.")]
AsJson = Annotated[bool, flag("--json", "Print JSON on a terminal too, instead of a summary for people.")]


def verify(
    rollup: Rollup = None,
    l1: L1Url = None,
    da_dir: DaDir = None,
    da_set: DaSet = "",
    against: Annotated[
        str,
        typer.Option(
            envvar="TOMBOLO_RPC_URL", metavar="URL", callback=check_url, help="Compare each block with this node's."
        ),
    ] = RPC_URL,
    compare: Annotated[bool, flag("--compare/--no-compare", "Only rebuild, ask no node.")] = True,
    into: Annotated[
        Path | None,
        typer.Option(help="Keep the rebuilt database in this folder.", file_okay=False, show_default="a temporary one"),
    ] = None,
) -> None:
    """Rebuild the chain from L1 and the data layer into a fresh database, and compare every block.

    Nothing is taken from the node but the hashes to compare with. Exits with 1
    and names the block if one differs.

    \b
    [bold]Examples[/]
      [dim]# the rollup that `up` runs[/]
      tombolo verify
      tombolo verify --rollup mine/rollup.json --no-compare --into rebuilt
    """
    import asyncio

    from node.cli.views import bar, show_verified
    from node.clock import SystemClock
    from node.interpreter import tune
    from node.rollup_file import load_rollup
    from node.verify import VerifyOptions
    from node.verify import verify as rebuild

    options = VerifyOptions(
        rollup=load_rollup(rollup or DATA_DIR / "rollup.json"),
        l1_url=l1 or L1_URL,
        da_dir=da_dir or DATA_DIR / "da",
        against_url=against if compare else None,
        data_dir=into,
        da_settings=da_settings(da_set),
    )
    tune()
    with bar("rebuilding", "L1 blocks") as report:
        result = asyncio.run(
            rebuild(options, SystemClock(), lambda done, total, built: report(done, total, f"rebuilt to block {built}"))
        )
    show_verified(result, options.against_url)


def import_(
    genesis: Annotated[Path, typer.Option(help="Genesis file in geth's format.", show_default=False)],
    chain: Annotated[
        Path, typer.Option(help="RLP blocks one after another, as `geth export` writes them.", show_default=False)
    ],
    data_dir: NodeDataDir,
) -> None:
    """Read a chain from a file: validate and execute each of its blocks.

    Blocks that are there already are passed over, so an interrupted import goes
    on where it stopped. A name that ends in `.gz` is decompressed.

    \b
    [bold]Examples[/]
      tombolo import --genesis genesis.json --chain chain.rlp --data-dir imported
      [dim]# and ask it anything[/]
      tombolo serve --data-dir imported
    """
    from node.chain_file import import_chain
    from node.cli.views import bar

    with bar("importing", "bytes") as report:
        head = import_chain(
            genesis, chain, data_dir, lambda step: report(step.done, step.total, f"block {step.number}")
        )
    typer.echo(f"head is block {head.number} 0x{head.hash.hex()}, state root 0x{head.state_root.hex()}")


def export(
    data_dir: NodeDataDir,
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write.", show_default=False, dir_okay=False)],
    first: Annotated[int, typer.Option(min=0, help="First block.")] = 0,
    last: Annotated[int | None, typer.Option(min=0, help="Last block.", show_default="the head")] = None,
) -> None:
    """Write a chain to a file that `import`, here and in geth, reads.

    The node that uses the database must be stopped. A name that ends in `.gz`
    makes the file compressed.

    \b
    [bold]Examples[/]
      tombolo export --data-dir .tombolo/verifier --out chain.rlp.gz
      tombolo export --data-dir imported --first 1 --last 100 --out part.rlp
    """
    from node.chain_file import export_chain
    from node.cli.views import bar

    with bar("exporting", "blocks") as report:
        count = export_chain(
            data_dir, out, first, last, lambda step: report(step.done, step.total, f"block {step.number}")
        )
    typer.echo(f"{count} blocks written to {out}")


def serve(
    data_dir: NodeDataDir,
    rpc_port: Annotated[int, port("--rpc-port", "Where to serve JSON-RPC.", least=0)] = 8545,
    host: Host = "127.0.0.1",
) -> None:
    """Serve JSON-RPC over a chain that stands still: no blocks are made, the pool takes transactions all the same.

    For an imported chain, or to look at a stopped node's database.

    \b
    [bold]Examples[/]
      tombolo serve --data-dir imported --rpc-port 8600
      cast block latest --rpc-url http://127.0.0.1:8600
    """
    from node.serve import ServeOptions, run_serve

    run_serve(
        ServeOptions(data_dir, rpc_port, host),
        lambda url, head: typer.echo(f"serving {data_dir} at {url}; head is block {head.number}. Ctrl-C stops."),
    )


def statetest(
    paths: FixturePaths,
    fork: Annotated[
        str | None, typer.Option(help="Only this fork, by its name in the fixtures.", show_default="all")
    ] = None,
    jobs: Jobs = 1,
    as_json: AsJson = False,
) -> None:
    """Run Ethereum's official state tests.

    Prints what geth's `evm statetest` does: a JSON array of name, pass, fork,
    stateRoot and, for a failure, error. On a terminal, failures and a count
    instead, unless `--json` is given. Exits with 1 if any case failed. A case
    that expects an exception passes only if the transaction is refused for that
    kind of reason.

    \b
    [bold]Examples[/]
      tombolo statetest GeneralStateTests --fork Cancun --jobs 2
      tombolo statetest stExample/add11.json --json
    """
    from vm.statetest import run_statetests

    _show(run_statetests(paths, fork, jobs), as_json)


def blocktest(
    paths: FixturePaths,
    fork: Annotated[
        str | None,
        typer.Option(
            help="Only this fork, or transition like CancunToPragueAtTime15k, by its name in the fixtures.",
            show_default="all",
        ),
    ] = None,
    jobs: Jobs = 1,
    as_json: AsJson = False,
) -> None:
    """Run Ethereum's official block tests: whole chains, and blocks that must be refused.

    Prints what `statetest` does; stateRoot is that of the last block imported.
    A block that must be refused passes only if it is for the reason the case
    names.

    \b
    [bold]Examples[/]
      tombolo blocktest BlockchainTests/ValidBlocks --jobs 2
      tombolo blocktest prague/blockchain_tests --fork CancunToPragueAtTime15k --json
    """
    from vm.blocktest import run_blocktests

    _show(run_blocktests(paths, fork, jobs), as_json)


def _show(results: "Iterator[CaseResult]", as_json: bool) -> None:
    from node.cli.views import show_cases

    if not show_cases(results, as_json=as_json or not sys.stdout.isatty()):
        raise typer.Exit(1)


def rpc_compat(
    suite: Annotated[
        Path,
        typer.Argument(
            metavar="DIR", help="Folder of the suite: METHOD/NAME.io, genesis.json, chain.rlp.", show_default=False
        ),
    ],
    url: Annotated[
        str | None,
        typer.Option(
            metavar="URL", callback=check_url, help="A node that has the suite's chain.", show_default="one of our own"
        ),
    ] = None,
    exceptions: Annotated[
        Path | None,
        typer.Option(help="Cases that need not pass, as lines of `case: reason`.", exists=True, dir_okay=False),
    ] = None,
) -> None:
    """Play the official JSON-RPC suite (ethereum/execution-apis).

    Compares by the suite's own rules and prints what differs, and how many
    cases pass. Exits with 1 if one fails that is not excused, or one passes
    that is.

    \b
    [bold]Examples[/]
      [dim]# import the suite's chain, serve it, play[/]
      tombolo rpc-compat execution-apis
      tombolo rpc-compat execution-apis --url http://127.0.0.1:8600
    """
    from node.cli.views import CompatReport
    from node.rpc_compat import run_rpc_compat
    from rpc.compat import load_exceptions

    report = CompatReport()
    good = run_rpc_compat(suite, url, load_exceptions(exceptions), report.add)
    report.summary()
    if not good:
        raise typer.Exit(1)
