"""Options that say where roles serve, keep and find things: ports, folders, the embedded L1."""

from pathlib import Path
from typing import Annotated

import typer

from node.cli.parameters import DATA_DIR, L1_CHAIN_ID, MAX_CHAIN_ID, block_time_option, check_url, port_option

UpL1 = Annotated[
    str | None,
    typer.Option(
        "--l1",
        envvar="TOMBOLO_L1",
        metavar="URL",
        callback=check_url,
        help="Use this L1 instead of the embedded one. The operator's account must have ether on it.",
    ),
]
RpcPort = Annotated[int, port_option("--rpc-port", "JSON-RPC of the sequencer.", "TOMBOLO_RPC_PORT", lowest=1)]
VerifierPort = Annotated[
    int, port_option("--verifier-port", "JSON-RPC of the verifier.", "TOMBOLO_VERIFIER_PORT", lowest=1)
]
ChallengerPort = Annotated[
    int,
    port_option(
        "--challenger-port", "JSON-RPC of the challenger, where there is one.", "TOMBOLO_CHALLENGER_PORT", lowest=1
    ),
]
L1Port = Annotated[int, port_option("--l1-port", "JSON-RPC of the embedded L1.", "TOMBOLO_L1_PORT", lowest=1)]
L1BlockTime = Annotated[
    float,
    typer.Option(
        envvar="TOMBOLO_L1_BLOCK_TIME",
        min=0.1,
        max=60.0,
        metavar="SECONDS",
        help="Seconds between blocks of the embedded L1.",
    ),
]
PagePort = Annotated[
    int | None,
    typer.Option(
        envvar="TOMBOLO_PAGE_PORT",
        min=1,
        max=65_535,
        metavar="PORT",
        help="The network's page, where files are named.",
        show_default="8540",
    ),
]
RoleFolder = Annotated[
    Path | None,
    typer.Option(
        envvar="TOMBOLO_NODE_DATA_DIR",
        file_okay=False,
        help="Folder of its database.",
        show_default=str(DATA_DIR / "ROLE"),
    ),
]
ServePort = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=65_535,
        metavar="PORT",
        help="Where to serve JSON-RPC.",
        show_default="l1 8544, sequencer 8545, verifier 8546, challenger 8547",
    ),
]
L1ChainId = Annotated[
    int | None, typer.Option(min=1, max=MAX_CHAIN_ID, help="Only for l1.", show_default=str(L1_CHAIN_ID))
]
L1Pace = Annotated[float | None, block_time_option("Only for l1.")]
GiveAway = Annotated[
    bool, typer.Option("--faucet", help="Give ether away, on a page and by faucet_fund: development chains only.")
]
Fronts = Annotated[
    int | None,
    typer.Option(
        envvar="TOMBOLO_RPC_FRONTS",
        min=0,
        max=64,
        metavar="PROCESSES",
        help="Read JSON-RPC requests in so many processes beside this one; 0: in this one.",
        show_default="2 for a sequencer with two cores or more, else 0",
    ),
]
WithParent = Annotated[bool, typer.Option(hidden=True, help="Stop when standard input ends.")]
IntentFiles = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[FILE…]", help="Intent files: a network of these chains.", show_default=False),
]
