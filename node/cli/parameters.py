"""Options that several commands share: name, environment variable, check and help in one place."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

import typer

from node.cli.option import flag, folder, option
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


DataDir = Annotated[Path, folder("--data-dir", "Folder that holds everything.")]
NodeDataDir = Annotated[Path, folder("--data-dir", "Folder of this node's database.", shown=False, variable=False)]
Rollup = Annotated[
    Path | None,
    option(
        "--rollup",
        "File that describes the rollup; `tombolo up` writes it.",
        shown=str(DATA_DIR / "rollup.json"),
    ),
]
DaDir = Annotated[
    Path | None, folder("--da-dir", "Folder of the data-availability layer `file`.", shown=str(DATA_DIR / "da"))
]
DaSet = Annotated[
    str,
    option(
        "--da-set",
        "Settings of data layers: file.max-bytes, alt-da.url, alt-da.mirror, alt-da.commitments, "
        "alt-da.max-bytes, blob.beacon-url, blob.archive-url, blob.max-blobs, blob.proofs, celestia.url, "
        "celestia.namespace, celestia.token-file, celestia.gas-price. docs/data-layers.md explains them.",
        unit="LAYER.KEY=VALUE,…",
        check=check_da_settings,
        shown=False,
    ),
]
L1Url = Annotated[str | None, option("--l1", "JSON-RPC endpoint of the L1.", unit="URL", check=check_url, shown=L1_URL)]
RpcUrl = Annotated[str, option("--rpc-url", "JSON-RPC endpoint of the node.", unit="URL", check=check_url)]
Host = Annotated[str, option("--host", "Address to listen on; keep the default unless all may come.")]
Retention = Annotated[
    str,
    option(
        "--retention",
        "Keep every state, or those of the newest blocks only. Blocks and receipts are always kept.",
        unit="archive|BLOCKS",
        check=check_retention,
    ),
]


def keystore_option(whose: str, variables: str) -> object:
    """An option for an encrypted file with a key that the environment may hold instead."""
    return option(
        "--operator-keystore",
        f"Encrypted file with {whose} key, instead of {variables}. Its password is in the file that "
        "TOMBOLO_OPERATOR_PASSWORD_FILE names, or is asked for.",
        unit="FILE",
        shown=False,
    )


Keystore = Annotated[Path | None, keystore_option("the operator's", "TOMBOLO_OPERATOR_KEY")]
EmptyBlocks = Annotated[
    bool,
    flag(
        "--empty-blocks/--no-empty-blocks",
        "Whether the sequencer makes blocks when there are no transactions; if not, one a minute.",
        variable=True,
    ),
]
L1Confirmations = Annotated[
    int,
    option(
        "--l1-confirmations",
        "How far the sequencer stays behind L1's head, so that small reorgs of L1 do not touch its blocks.",
        unit="BLOCKS",
        least=0,
        most=1000,
    ),
]
BatchInterval = Annotated[
    float,
    option(
        "--batch-interval",
        "The least time between batches, unless one is full before.",
        unit="SECONDS",
        least=0.1,
        most=86_400.0,
    ),
]
MaxBatchBytes = Annotated[
    int,
    option(
        "--max-batch-bytes",
        "The largest batch; 0: what the data layer takes.",
        unit="BYTES",
        least=0,
        most=100_000_000,
    ),
]
MaxPending = Annotated[
    int, option("--max-pending", "Batches that may be on their way to L1 at once.", unit="BATCHES", least=1, most=64)
]
PlaysBlind = Annotated[
    int | None,
    option(
        "--plays-blind",
        "Dispute also what cannot be checked, once its data has been kept back for so long: whoever defends then "
        "shows the data on L1, which costs this challenger the game's bond, or loses. For one with an account of "
        "its own, on a chain with alt-da or file.",
        unit="SECONDS",
        least=1,
        most=31_536_000,
        shown="off: wait for the data",
    ),
]
ProposalInterval = Annotated[
    int | None,
    option(
        "--proposal-interval",
        "The least time, on the rollup, between the blocks whose output roots the proposer bonds.",
        unit="SECONDS",
        least=1,
        most=31_536_000,
        shown="3600; 10 when `up` runs its own L1",
    ),
]
LogFormatOption = Annotated[LogFormat, option("--log-format", "Log lines for people, or as JSON.")]
LogLevelOption = Annotated[LogLevel, option("--log-level", "The least that is logged.")]
Config = Annotated[
    Path | None,
    option(
        "--config",
        "Settings for what is given neither here nor in the environment; see `tombolo config check --help`.",
        unit="FILE",
        is_eager=True,
        check=use_config,
        shown="tombolo.toml, if it is there",
    ),
]


def block_time_option(what: str) -> object:
    """An option for seconds between blocks, 1 unless given."""
    return option("--block-time", what, unit="SECONDS", least=0.1, most=60.0, shown="1")
