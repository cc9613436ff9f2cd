"""Commands about settings and keys in files: `config check`, `keystore new`."""

from pathlib import Path
from typing import Annotated

import typer

from node.config import CONFIG_FILE

config = typer.Typer(no_args_is_help=True, rich_markup_mode="rich")
keystore = typer.Typer(no_args_is_help=True, rich_markup_mode="rich")


@config.callback()
def config_group() -> None:
    """Settings in a file.

    The file has a table for each of `up` and `node`; a key is an option's name
    without dashes. `tombolo.toml` in the working directory is read by itself.

    \b
    [bold]Examples[/]
      tombolo config check
    """


@keystore.callback()
def keystore_group() -> None:
    """Keys in encrypted files.

    \b
    [bold]Examples[/]
      tombolo keystore new operator.json
    """


@config.command()
def check(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file with the settings.")] = CONFIG_FILE,
) -> None:
    """Check a file of settings, and show what each command would use with it, here and now.

    A line per setting: its value, and whether the file (with its line), the
    environment or the default says so. A setting that is not there, or a value
    that it does not take, is named with its line, and the command exits with 1.

    \b
    [bold]Examples[/]
      tombolo config check
      tombolo config check mine/tombolo.toml
    """
    from node.cli.settings import effective_settings
    from node.cli.views import show_settings

    show_settings(effective_settings(file, context.find_root().command))


@keystore.command()
def new(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to make.", show_default=False)],
) -> None:
    """Make an encrypted file with a key: the one in TOMBOLO_OPERATOR_KEY, or else a fresh one.

    The password comes from the file that TOMBOLO_OPERATOR_PASSWORD_FILE names, or
    is asked for. geth, cast and wallets read the file too.

    \b
    [bold]Examples[/]
      tombolo keystore new operator.json
      tombolo node --role sequencer --operator-keystore operator.json
    """
    import secrets

    from node.keystore import write_keystore
    from node.operator_key import operator_key, read_password
    from protocol.crypto import private_key_address

    key = operator_key() or secrets.token_bytes(32)
    write_keystore(file, key, read_password(f"Password for {file}: "))
    typer.echo(f"0x{private_key_address(key).hex()}")
