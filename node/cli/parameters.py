"""Options that several commands share: name, environment variable, check and help in one place."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

import typer

DATA_DIR: Final = Path(".tombolo")
L1_URL: Final = "http://127.0.0.1:8544"
RPC_URL: Final = "http://127.0.0.1:8545"
L1_CHAIN_ID: Final = 71716
L2_CHAIN_ID: Final = 71717
MAX_CHAIN_ID: Final = 2**53 - 1
"""Above this, JavaScript clients round."""


class RoleName(StrEnum):
    """What `tombolo node` can be."""

    sequencer = "sequencer"
    verifier = "verifier"
    l1 = "l1"


class LayerName(StrEnum):
    """Where batches go; the names of `da.table`."""

    calldata = "calldata"
    file = "file"


class ForkName(StrEnum):
    """Forks that a rollup may start with."""

    cancun = "cancun"
    prague = "prague"
    osaka = "osaka"


def check_url(value: str | None) -> str | None:
    """Let through what a JSON-RPC endpoint over HTTP can be called."""
    if value is not None:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise typer.BadParameter(f"{value!r} is not a URL like {RPC_URL}")
    return value


DataDir = Annotated[
    Path,
    typer.Option("--data-dir", envvar="TOMBOLO_DATA_DIR", help="Folder that holds everything.", file_okay=False),
]
NodeDataDir = Annotated[
    Path, typer.Option("--data-dir", help="Folder of this node's database.", file_okay=False, show_default=False)
]
Rollup = Annotated[
    Path | None,
    typer.Option(
        "--rollup",
        envvar="TOMBOLO_ROLLUP",
        help="File that describes the rollup; `tombolo up` writes it.",
        show_default=str(DATA_DIR / "rollup.json"),
    ),
]
DaDir = Annotated[
    Path | None,
    typer.Option(
        "--da-dir",
        envvar="TOMBOLO_DA_DIR",
        help="Folder of the data-availability layer `file`.",
        file_okay=False,
        show_default=str(DATA_DIR / "da"),
    ),
]
L1Url = Annotated[
    str | None,
    typer.Option(
        "--l1", envvar="TOMBOLO_L1", metavar="URL", callback=check_url, help="JSON-RPC endpoint of the L1.",
        show_default=L1_URL,
    ),
]  # fmt: skip
RpcUrl = Annotated[
    str,
    typer.Option(
        "--rpc-url", envvar="TOMBOLO_RPC_URL", metavar="URL", callback=check_url, help="JSON-RPC endpoint of the node."
    ),
]
Host = Annotated[
    str,
    typer.Option("--host", envvar="TOMBOLO_HOST", help="Address to listen on; keep the default unless all may come."),
]


def port_option(name: str, what: str, variable: str | None = None, *, lowest: int = 0) -> object:
    """An option for a TCP port; 0 lets the system choose."""
    return typer.Option(name, envvar=variable, min=lowest, max=65_535, metavar="PORT", help=what)


def block_time_option(what: str) -> object:
    """An option for seconds between blocks, 1 unless given."""
    variable = "TOMBOLO_BLOCK_TIME"
    return typer.Option(
        "--block-time", envvar=variable, min=0.1, max=60.0, metavar="SECONDS", help=what, show_default="1"
    )
