"""The commands of `tombolo`, in the order in which a reader meets them. A docstring is its command's help."""

from typing import Annotated

import typer

from node.cli.bridge import bridge
from node.cli.chains import blocktest, export, import_, rpc_compat, serve, statetest, verify
from node.cli.config import config, keystore
from node.cli.da_server import da_server
from node.cli.delivery import quote, set_price
from node.cli.dev import dev
from node.cli.dispute import dispute
from node.cli.network import add, down, govern, new, plan
from node.cli.option import option
from node.cli.prove import prove
from node.cli.relay import relay
from node.cli.roles import node
from node.cli.running import status, up

app = typer.Typer(
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
"""Errors and tracebacks are `entry`'s."""


def _show_version(wanted: bool) -> None:
    if wanted:
        from node.version import CLIENT_VERSION

        typer.echo(CLIENT_VERSION)
        raise typer.Exit


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    version: Annotated[
        bool,
        option("--version", "Print the version and exit.", unit="", check=_show_version, is_eager=True, variable=False),
    ] = False,
) -> None:
    """A rollup node to read, run and break.

    [bold]tombolo up[/] starts a whole rollup on this machine: an L1, a sequencer,
    a batcher, a verifier and JSON-RPC. [bold]tombolo new[/] writes a file for a chain of
    your own, [bold]tombolo up FILE…[/] launches any number of them as one network. The
    other commands are their parts, and tools for chains in files.

    Options that have an environment variable take it when the option is absent.
    Exit status: 0 done, 1 failed, 2 asked for wrongly.
    """
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


app.command()(up)
app.command()(new)
app.command()(plan)
app.command()(govern)
app.command()(add)
app.command()(down)
app.command()(status)
app.command()(node)
app.command()(relay)
app.command()(quote)
app.command("set-price")(set_price)
app.command("da-server")(da_server)
app.command()(dev)
app.command()(verify)
app.command("import")(import_)
app.command()(export)
app.command()(serve)
app.command()(statetest)
app.command()(blocktest)
app.add_typer(bridge, name="bridge")
app.add_typer(config, name="config")
app.add_typer(keystore, name="keystore")
app.add_typer(prove, name="prove")
app.command()(dispute)
app.command("rpc-compat")(rpc_compat)
