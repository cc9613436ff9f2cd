"""The command `da-server`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from node.cli.option import port as port_option
from node.cli.parameters import DATA_DIR, Host


class Commitments(StrEnum):
    """Who names the data."""

    keccak = "keccak"
    generic = "generic"


def da_server(
    data_dir: Annotated[
        Path, typer.Option("--data-dir", help="Folder that holds the data.", file_okay=False)
    ] = DATA_DIR / "da-server",
    port: Annotated[int, port_option("--port", "Where to serve.", least=0, variable="TOMBOLO_DA_SERVER_PORT")] = 3100,
    host: Host = "127.0.0.1",
    max_bytes: Annotated[int, typer.Option(min=1, max=16 << 20, help="The most that one request may bring.")] = 1 << 20,
    commitments: Annotated[
        Commitments,
        typer.Option(help="keccak: data is known by its hash. generic: this server answers with a key of its own."),
    ] = Commitments.keccak,
) -> None:
    """Serve batch data over HTTP, by the OP Stack's alt-DA protocol.

    A rollup uses it with `--da alt-da`; the OP Stack's own batcher and node can
    use it too. Anyone who can reach it may write: put what checks callers in
    front of it before it listens to more than this machine. What is lost here is
    lost to every reader of the chain: keep copies of the folder.

    POST /put takes data and answers its commitment, GET /get/0x… gives it back,
    GET /health says whether it takes data now. 404: not here (yet). 413: too
    large. 503: not now, and a batcher goes on to its next layer.

    \b
    [bold]Examples[/]
      tombolo da-server --data-dir batches
      [dim]# a rollup on it, with L1 calldata while the server is away[/]
      tombolo up --da alt-da,calldata --da-set alt-da.url=http://127.0.0.1:3100
      curl --data-binary @batch http://127.0.0.1:3100/put | xxd -p
    """
    from node.da_server import DaServerOptions, run_da_server  # noqa: PLC0415 - as every command

    options = DaServerOptions(data_dir, port, host, max_bytes, generic=commitments is Commitments.generic)
    run_da_server(options, lambda url: typer.echo(f"serving {data_dir} at {url}. Ctrl-C stops."))
