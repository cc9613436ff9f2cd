"""Options that several commands share: name, environment variable, check and help in one place."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

import typer

from node.cli.settings import use_config
from node.logs import LogFormat, LogLevel
from protocol.errors import InvalidInput

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
    proposer = "proposer"
    challenger = "challenger"
    l1 = "l1"


class ForkName(StrEnum):
    """Forks that a rollup may start with."""

    cancun = "cancun"
    prague = "prague"
    osaka = "osaka"


def check_url(value: str | None) -> str | None:
    """Let through what a JSON-RPC endpoint over HTTP can be called."""
    if value is not None and not _is_http(value):
        raise typer.BadParameter(f"{value!r} is not a URL like {RPC_URL}")
    return value


def _is_http(url: str) -> bool:
    parts = urlsplit(url)
    try:
        parts.port  # noqa: B018 - asking for it is the check
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def check_layers(value: str | None) -> str | None:
    """Let through names of data layers with commas between, without blanks."""
    if value is None:
        return None
    from da.table import layer_names  # noqa: PLC0415 - loads aiohttp, which --help does without

    try:
        return ",".join(layer_names(value))
    except InvalidInput as error:
        raise typer.BadParameter(str(error)) from error


def check_da_settings(value: str) -> str:
    """Let through settings of data layers."""
    from da.table import parse_settings  # noqa: PLC0415 - as above

    try:
        parse_settings(value)
    except InvalidInput as error:
        raise typer.BadParameter(str(error)) from error
    return value


def da_settings(text: str) -> dict[str, str]:
    """What `--da-set` says, by `layer.key`."""
    from da.table import parse_settings  # noqa: PLC0415 - as above

    return parse_settings(text)


def check_retention(value: str) -> str:
    """Let through `archive` and whole numbers from 1."""
    if value != "archive" and not (value.isascii() and value.isdigit() and int(value) > 0):
        raise typer.BadParameter(f"{value!r} is neither archive nor a number of blocks from 1")
    return value


def keep_states(retention: str) -> int | None:
    """For how many blocks states are kept; None for all."""
    return None if retention == "archive" else int(retention)


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
DaSet = Annotated[
    str,
    typer.Option(
        "--da-set",
        envvar="TOMBOLO_DA_SET",
        metavar="LAYER.KEY=VALUE,…",
        callback=check_da_settings,
        help="Settings of data layers: file.max-bytes, alt-da.url, alt-da.mirror, alt-da.commitments, "
        "alt-da.max-bytes, blob.beacon-url, blob.archive-url, blob.max-blobs, blob.proofs, celestia.url, "
        "celestia.namespace, celestia.token-file, celestia.gas-price. docs/data-layers.md explains them.",
        show_default=False,
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

Retention = Annotated[
    str,
    typer.Option(
        "--retention",
        envvar="TOMBOLO_RETENTION",
        metavar="archive|BLOCKS",
        callback=check_retention,
        help="Keep every state, or those of the newest blocks only. Blocks and receipts are always kept.",
    ),
]
Keystore = Annotated[
    Path | None,
    typer.Option(
        "--operator-keystore",
        envvar="TOMBOLO_OPERATOR_KEYSTORE",
        metavar="FILE",
        help="Encrypted file with the operator's key, instead of TOMBOLO_OPERATOR_KEY. Its password is in the file "
        "that TOMBOLO_OPERATOR_PASSWORD_FILE names, or is asked for.",
        show_default=False,
    ),
]
EmptyBlocks = Annotated[
    bool,
    typer.Option(
        "--empty-blocks/--no-empty-blocks",
        envvar="TOMBOLO_EMPTY_BLOCKS",
        help="Whether the sequencer makes blocks when there are no transactions; if not, one a minute.",
    ),
]
L1Confirmations = Annotated[
    int,
    typer.Option(
        "--l1-confirmations",
        envvar="TOMBOLO_L1_CONFIRMATIONS",
        min=0,
        max=1000,
        metavar="BLOCKS",
        help="How far the sequencer stays behind L1's head, so that small reorgs of L1 do not touch its blocks.",
    ),
]
BatchInterval = Annotated[
    float,
    typer.Option(
        "--batch-interval",
        envvar="TOMBOLO_BATCH_INTERVAL",
        min=0.1,
        max=86_400.0,
        metavar="SECONDS",
        help="The least time between batches, unless one is full before.",
    ),
]
MaxBatchBytes = Annotated[
    int,
    typer.Option(
        "--max-batch-bytes",
        envvar="TOMBOLO_MAX_BATCH_BYTES",
        min=0,
        max=100_000_000,
        metavar="BYTES",
        help="The largest batch; 0: what the data layer takes.",
    ),
]
MaxPending = Annotated[
    int,
    typer.Option(
        "--max-pending",
        envvar="TOMBOLO_MAX_PENDING",
        min=1,
        max=64,
        metavar="BATCHES",
        help="Batches that may be on their way to L1 at once.",
    ),
]
ProposalInterval = Annotated[
    int | None,
    typer.Option(
        "--proposal-interval",
        envvar="TOMBOLO_PROPOSAL_INTERVAL",
        min=1,
        max=31_536_000,
        metavar="SECONDS",
        help="The least time, on the rollup, between the blocks whose output roots the proposer bonds.",
        show_default="3600; 10 when `up` runs its own L1",
    ),
]
LogFormatOption = Annotated[
    LogFormat, typer.Option("--log-format", envvar="TOMBOLO_LOG_FORMAT", help="Log lines for people, or as JSON.")
]
LogLevelOption = Annotated[
    LogLevel, typer.Option("--log-level", envvar="TOMBOLO_LOG_LEVEL", help="The least that is logged.")
]
Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        envvar="TOMBOLO_CONFIG",
        metavar="FILE",
        is_eager=True,
        callback=use_config,
        help="Settings for what is given neither here nor in the environment; see `tombolo config check --help`.",
        show_default="tombolo.toml, if it is there",
    ),
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
