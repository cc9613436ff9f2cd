"""The command `dispute`: one lie, one game, one judgement, shown move by move."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from node.cli.chains import AsJson
from node.cli.option import flag, option, port
from node.cli.parameters import check_url

if TYPE_CHECKING:
    from node.dispute import DisputeResult


def dispute(
    lie: Annotated[
        str,
        option(
            "--lie",
            "opcode, gas, storage, memory, code, halt, refund, log, balance, nonce, skipped, receipt, forged, "
            "batch, bloom, receipts-root, transactions-root, header, gas-used, state-root, system-write, timestamp, "
            "base-fee, withdrawals, l1, output, data (with another --da than calldata), or random; on a chain with all "
            "fees and changed settings: l1-fee, operator-fee, fee-recipient, min-base-fee, settings.",
            unit="KIND",
            variable=False,
        ),
    ] = "opcode",
    at: Annotated[
        str | None,
        option(
            "--at",
            "Where in the trace.",
            unit="BLOCK:ITEM:STEP",
            shown="the first place that the kind has",
            variable=False,
        ),
    ] = None,
    seed: Annotated[
        int, option("--seed", "Which place of the kind, and which kind if it is random.", least=0, variable=False)
    ] = 0,
    liar: Annotated[str, option("--liar", "Who lies.", unit="proposer|challenger", variable=False)] = "proposer",
    da: Annotated[
        str,
        option(
            "--da",
            "Where the batch lies: calldata, blob, alt-da or file. Of the last two L1 has the hash alone.",
            unit="LAYER",
            variable=False,
        ),
    ] = "calldata",
    kept_back: Annotated[
        bool,
        flag(
            "--kept-back",
            "Keep the batch back, with --da alt-da or file: who plays blind has it shown on L1 first, and loses a "
            "bond for it.",
        ),
    ] = False,
    l1: Annotated[
        str | None,
        option(
            "--l1",
            "A development L1 whose first four accounts are those of anvil's mnemonic.",
            unit="URL",
            check=check_url,
            shown="a fresh embedded one",
            variable=False,
        ),
    ] = None,
    page: Annotated[
        int | None,
        port(
            "--page",
            "Serve a page that shows the dispute narrow, and keep it and its L1 until Ctrl-C. 0 picks a port.",
            least=0,
            shown="none",
            variable=False,
        ),
    ] = None,
    block_time: Annotated[
        float | None,
        option(
            "--block-time",
            "Of the embedded L1: a move takes one block.",
            unit="SECONDS",
            least=0.05,
            most=60,
            shown="0.2, or 1 with --page",
            variable=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Lie about a rollup, and watch L1 find out by executing one step.

    Launches a rollup with fraud proofs on a fresh L1, posts a batch of six
    transactions, and has the proposer bond an output root of a trace in which one
    state was changed, or the challenger dispute a true one. Both sides then
    bisect 2^50 states to the one step, and the contracts execute it. Prints every
    move with its gas, the disputed step with both claims beside each other, what
    L1 computed, and where the bonds went. Exits with 1 if the liar wins.

    \b
    [bold]Examples[/]
      tombolo dispute --lie storage
      [dim]# an honest proposer against a lying challenger[/]
      tombolo dispute --lie gas --liar challenger
      tombolo dispute --lie random --seed 7 --json
      [dim]# the batch on a server, or in blobs: L1 opens it when it is disputed[/]
      tombolo dispute --lie data --da alt-da
      tombolo dispute --lie batch --da blob
      [dim]# nobody has the batch but the liar: one who plays blind has it shown, another finds the lie[/]
      tombolo dispute --lie storage --da alt-da --kept-back
      [dim]# governance raises the least base fee, and the proposer builds as if it had not[/]
      tombolo dispute --lie settings
      [dim]# then open http://127.0.0.1:8550/disputes/0 and watch[/]
      tombolo dispute --page 8550
      anvil & tombolo dispute --l1 http://127.0.0.1:8545
    """
    import asyncio

    from node.dispute import DisputeOptions, DisputeResult, kind_of, run_dispute
    from node.precompile import COMPILING, missing_artifacts, precompile
    from node.proof_contracts import CONTRACTS
    from prover.lies import KINDS

    if liar not in ("proposer", "challenger"):
        raise typer.BadParameter(f"{liar!r} is neither proposer nor challenger")
    kinds = list(KINDS)
    kind = kinds[seed % len(kinds)] if lie == "random" else lie
    quiet = as_json or not (sys.stdout.isatty() or page is not None)

    async def at_the_end(result: DisputeResult) -> None:
        _show_json(result) if as_json else _show(result)
        if page is not None:
            await _until_signal(quiet=quiet)

    if kept_back and liar != "proposer":
        raise typer.BadParameter("--kept-back is for a lying proposer: only who posts batches can keep them back")
    options = DisputeOptions(
        kind=kind,
        kept_back=kept_back,
        at=_place(at),
        seed=seed,
        liar=liar,
        l1_url=l1,
        da=da,
        l1_block_seconds=block_time or (0.2 if page is None else 1.0),
        page_port=page,
    )
    kind_of(kind)  # what is wrong with it is told before anything is compiled
    if missing_artifacts(CONTRACTS):
        if not quiet:
            typer.echo(COMPILING)
        precompile(CONTRACTS)
    result = asyncio.run(run_dispute(options, (lambda _line: None) if quiet else typer.echo, at_the_end=at_the_end))
    if not result.truth_won:
        raise typer.Exit(1)


async def _until_signal(*, quiet: bool) -> None:
    """Keep the page open."""
    import asyncio

    from node.role import stop_on_signals

    stop = asyncio.Event()
    stop_on_signals(stop)
    if not quiet:
        typer.echo("the page stays open; Ctrl-C ends it")
    await stop.wait()


def _place(at: str | None) -> tuple[int, int, int] | None:
    if at is None:
        return None
    parts = at.split(":")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() for part in parts):
        raise typer.BadParameter(f"{at!r} is not BLOCK:ITEM:STEP, e.g. 1:1:7")
    block, item, step = (int(part) for part in parts)
    return block, item, step


def _show_json(result: "DisputeResult") -> None:
    import json

    from prover.game import place_of

    block, item, step = place_of(result.game.game.position)
    print(
        json.dumps(
            {
                "lie": result.kind,
                "liar": result.liar,
                "truthWon": result.truth_won,
                "status": result.game.game.status.name.lower(),
                "block": block,
                "item": item,
                "step": step,
                "agreed": "0x" + result.game.game.agreed.hex(),
                "claimed": "0x" + result.game.game.claimed.hex(),
                "computed": None if result.computed is None else "0x" + result.computed.hex(),
                "shownAt": None if result.shown is None else result.shown.game.position,
                "moves": [{"what": move.what, "gas": move.gas} for move in result.moves],
                "gas": sum(move.gas for move in result.moves),
                "bonds": {
                    name: {"put": str(put), "taken": str(taken)} for name, (put, taken) in result.balances.items()
                },
            },
            indent=2,
        )
    )


def _show(result: "DisputeResult") -> None:
    from rich.box import SIMPLE
    from rich.table import Column, Table

    from node.cli.views import console
    from node.state_words import next_opcode, short_hash, state_fields
    from prover.game import place_of
    from prover.machine.vm import PHASE_NAMES

    game = result.game.game
    if result.shown is not None:
        first = result.shown
        console.print(
            f"game {first.id}, played blind: the batch is shown at step {first.game.position}, and the bond lost"
        )
    table = Table("move", "who", Column("gas", justify="right"), box=SIMPLE)
    who = {"open": "challenger", "post": "proposer", "pick": "challenger", "prove": "either", "time out": "anyone"}
    for move in result.moves:
        table.add_row(move.what, who[move.what], f"{move.gas:,}")
    table.add_row("[bold]in all[/]", "", f"[bold]{sum(move.gas for move in result.moves):,}[/]")
    console.print(table)
    block, item, step = place_of(game.position)
    before = result.honest.machine_at(game.position)
    what = next_opcode(before) or PHASE_NAMES[before.phase]
    console.print(f"disputed: block {block}, item {item}, step {step}: [bold]{what}[/]")
    right, wrong = (trace.machine_at(game.position + 1) for trace in (result.honest, result.lying))
    names = ("proposer says", "challenger says")
    columns = (wrong, right) if result.liar == "proposer" else (right, wrong)
    differences = Table("state after it", *names, box=SIMPLE)
    shown = [state_fields(vm) for vm in columns]
    for name in shown[0] | shown[1]:
        values = [fields.get(name, "-") for fields in shown]
        if values[0] != values[1]:
            differences.add_row(name, *values)
    differences.add_row("hash", *(short_hash(vm.digest()) for vm in columns))
    console.print(differences)
    computed = "nothing: the game ended by the clock" if result.computed is None else short_hash(result.computed)
    console.print(f"L1 computed {computed}: {'the assertion falls' if game.status == 3 else 'the challenge fails'}")
    for name, (put, taken) in result.balances.items():
        console.print(f"{name:<11} put {put / 10**18:g} ether, has {taken / 10**18:g} of it or of the other's")
    put, taken = (sum(entry[index] for entry in result.balances.values()) for index in range(2))
    console.print(f"{'burnt':<11} {(put - taken) / 10**18:g} ether")
