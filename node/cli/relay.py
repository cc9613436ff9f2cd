"""The command `relay`: carry messages between the chains of a network."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.cli.parameters import DATA_DIR, L1_URL, L1Url, LogFormatOption, LogLevelOption, keystore_option
from node.logs import LogFormat, LogLevel

if TYPE_CHECKING:
    from metalayer.message import Domain


def relay(
    chains: Annotated[
        list[str] | None,
        typer.Option(
            "--chain", metavar="CHAIN_ID=URL", help="A member and a node of it; once for each.", show_default=False
        ),
    ] = None,
    network: Annotated[
        Path, typer.Option(help="File with the network's contracts on L1; `tombolo up FILE…` writes it.")
    ] = DATA_DIR / "network" / "mesh.json",
    l1: L1Url = None,
    least_fee: Annotated[
        int | None,
        typer.Option(
            min=0,
            metavar="WEI",
            help="Leave messages that offer less to other relayers.",
            show_default="what was asked for each when it was sent",
        ),
    ] = None,
    poll: Annotated[
        float, typer.Option(min=0.1, max=3600.0, metavar="SECONDS", help="How often to look at the chains.")
    ] = 1.0,
    operator_keystore: Annotated[Path | None, keystore_option("the relayer's", "TOMBOLO_RELAYER_KEY")] = None,
    log_format: LogFormatOption = LogFormat.text,
    log_level: LogLevelOption = LogLevel.info,
    with_parent: Annotated[bool, typer.Option(hidden=True, help="Stop when standard input ends.")] = False,
) -> None:
    """Carry messages, tokens and ether between the chains of a network, in the foreground.

    Anyone may, beside others, and nobody has to trust who does: the chains check
    every proof. TOMBOLO_RELAYER_KEY, or a keystore, holds the key of the account
    that pays for gas, on L1 and on each chain; fees come to it once their delivery is
    proven. `tombolo up FILE…` runs one.

    \b
    [bold]Examples[/]
      TOMBOLO_RELAYER_KEY=0x… tombolo relay --chain 90001=http://127.0.0.1:8545 --chain 90002=http://127.0.0.1:8555
    """
    from node.logs import set_up_logging
    from node.network.mesh import read_addresses
    from node.operator_key import RELAYER_KEY_VARIABLE, key_of
    from node.relay.relayer import RelayerOptions
    from node.relay.role import run_relayer

    set_up_logging(log_format, log_level)
    key = key_of(RELAYER_KEY_VARIABLE, operator_keystore)
    if key is None:
        raise typer.BadParameter(f"a relayer needs {RELAYER_KEY_VARIABLE} or --operator-keystore: the key that pays")
    endpoints = dict(map(_endpoint, chains or ()))
    if len(endpoints) < 2:
        raise typer.BadParameter("--chain: name two chains or more, each as CHAIN_ID=URL")
    run_relayer(
        RelayerOptions(l1 or L1_URL, read_addresses(network), endpoints, key, least_fee, poll), with_parent=with_parent
    )


def _endpoint(text: str) -> "tuple[Domain, str]":
    from node.network.membership import domain_of

    chain_id, has_url, url = text.partition("=")
    if not has_url or not chain_id.isascii() or not chain_id.isdigit() or not url.startswith(("http://", "https://")):
        raise typer.BadParameter(f"--chain: {text!r} is not like 90001=http://127.0.0.1:8545")
    return domain_of(int(chain_id)), url
