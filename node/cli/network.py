"""Commands for networks of chains in files: new, plan, govern, add, down."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.cli.option import flag
from node.cli.parameters import DATA_DIR, MAX_CHAIN_ID, DataDir, Keystore

if TYPE_CHECKING:
    from node.new_intent import Answers

Intents = Annotated[list[Path], typer.Argument(metavar="FILE…", help="Intent files.", show_default=False)]
DEFAULT_PRESET = "teaching"


def new(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The intent file to make.", dir_okay=False)],
    preset: Annotated[
        str | None,
        typer.Option(
            help="What to start from: op-like, orbit-like, gaming, defi or teaching.", show_default=DEFAULT_PRESET
        ),
    ] = None,
    chain_id: Annotated[
        int | None, typer.Option(min=1, max=MAX_CHAIN_ID, help="Chain id of the rollup.", show_default="made up")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="GROUP.KNOB=VALUE", help="Any knob, as in the file. May be given again."),
    ] = None,
    ask: Annotated[bool, flag("--ask/--no-ask", "Ask for what is not given.", shown="ask on a terminal")] = True,
    force: Annotated[bool, flag("--force", "Replace the file if it is there.")] = False,
) -> None:
    """Write an intent file: a chain to launch, every knob with its meaning and range.

    On a terminal it asks for what is not given; Enter takes what stands in
    brackets. What is not asked is in the file, to be changed there.

    \b
    [bold]Examples[/]
      tombolo new lagoon.toml
      [dim]# without questions[/]
      tombolo new arcade.toml --preset gaming --chain-id 90002 --set da.layer=calldata
      tombolo up lagoon.toml arcade.toml
    """
    import sys

    from node.new_intent import Answers, check_new_file, write_new_intent

    check_new_file(file, force=force)
    answers = Answers(file, preset, chain_id, tuple(settings or ()))
    if ask and sys.stdin.isatty():
        answers = _asked(answers)
    write_new_intent(answers, force=force)
    typer.echo(f"{file} is written; launch it with: tombolo up {file}")


def _asked(answers: "Answers") -> "Answers":
    """Fill in what is not given, from the terminal."""
    from dataclasses import replace

    from genesis.intent_file import load_preset, preset_names
    from node.new_intent import QUESTIONS, made_up_chain_id

    preset = answers.preset
    while preset not in preset_names():
        preset = typer.prompt(f"Start from ({', '.join(preset_names())})", default=DEFAULT_PRESET)
    base = load_preset(preset)
    chain_id = answers.chain_id or 0
    while not 1 <= chain_id <= MAX_CHAIN_ID:
        chain_id = typer.prompt("Chain id", default=made_up_chain_id(answers.name), type=int)
    answers = replace(answers, preset=preset, chain_id=chain_id)
    given = {setting.partition("=")[0].strip() for setting in answers.settings}
    for question in QUESTIONS:
        if question.key not in given:
            default = question.default(base)
            while True:
                said = typer.prompt(question.text, default=default)
                problem = question.problem(said)
                if problem is None:
                    break
                typer.echo(f"  {problem}")
            if said != default:
                answers = replace(answers, settings=(*answers.settings, f"{question.key}={said}"))
    return answers


def plan(files: Intents, data_dir: DataDir = DATA_DIR) -> None:
    """Show what `up` or `add` would do with these files: chains to launch, and each knob that differs.

    Nothing is changed. Exits with 1 when something cannot be done: what is fixed
    at genesis, or only governance changes.

    \b
    [bold]Examples[/]
      tombolo plan lagoon.toml arcade.toml
    """
    from genesis.intent_file import read_intents
    from node.cli.network_view import show_plan
    from node.network.files import NetworkFolder
    from node.network.plan import make_plan

    folder = NetworkFolder(data_dir / "network")
    found = make_plan(folder.applied(), read_intents(files))
    show_plan(found, running=folder.is_running())
    if found.impossible:
        raise typer.Exit(1)


def govern(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The chain's intent file.", show_default=False)],
    wait: Annotated[
        int, typer.Option(min=0, metavar="SECONDS", help="How long to wait for announced changes to become possible.")
    ] = 120,
    data_dir: DataDir = DATA_DIR,
    operator_keystore: Keystore = None,
) -> None:
    """Change a running chain's gas limit and fees to what its file says, through its config contract on L1.

    Each change is announced, and made when the chain's timelock is over; every node
    then has it at the same block. When that takes longer than --wait, run this again
    later: it goes on where it stood. What genesis has fixed is refused, and what
    changes at the next start is left to `tombolo up`.

    The key is that of the network's operator (TOMBOLO_OPERATOR_KEY, a keystore, or the
    public one on the embedded L1). Where another account decides, the calls that it
    has to make are printed.

    \b
    [bold]Examples[/]
      tombolo plan lagoon.toml
      tombolo govern lagoon.toml
    """
    import asyncio

    from genesis.intent_file import read_intents
    from node.cli.governance_run import carry_out
    from node.network.files import NetworkFolder

    [wanted] = read_intents([file])
    asyncio.run(carry_out(NetworkFolder(data_dir / "network"), wanted, wait, operator_keystore))


def add(files: Intents, data_dir: DataDir = DATA_DIR) -> None:
    """Launch chains into the network that `tombolo up` runs, which goes on meanwhile.

    Returns when they answer. Chains that run already, unchanged, are left alone.

    \b
    [bold]Examples[/]
      tombolo add third.toml
    """
    import asyncio

    from genesis.intent_file import read_intents
    from node.cli.network_view import ProgressView
    from node.network.control import ask_add
    from node.network.files import NetworkFolder

    read_intents(files)  # what is wrong in them is told here, by the names that were typed
    texts = [(str(file), file.name.split(".")[0].lower(), file.read_text()) for file in files]
    view = ProgressView()
    names = asyncio.run(ask_add(NetworkFolder(data_dir / "network"), texts, view.progress))
    typer.echo(
        f"added: {', '.join(names)}" if names else "nothing to do: these chains run already, as they are asked for"
    )


def down(data_dir: DataDir = DATA_DIR) -> None:
    """Stop the network that `tombolo up FILE…` runs here, and wait until it has stopped.

    Its chains stay in the data folder; the next `up` goes on from there.

    \b
    [bold]Examples[/]
      tombolo down
    """
    import asyncio

    from node.clock import SystemClock
    from node.network.control import ask_down
    from node.network.files import NetworkFolder

    names = asyncio.run(ask_down(NetworkFolder(data_dir / "network"), SystemClock()))
    typer.echo(f"stopped: {', '.join(names)}")
