"""Options that say where roles serve, keep and find things: ports, folders, the embedded L1."""

from pathlib import Path
from typing import Annotated

import typer

from node.cli.option import flag, folder, option, port
from node.cli.parameters import DATA_DIR, L1_CHAIN_ID, MAX_CHAIN_ID, block_time_option, check_url, keystore_option

UpL1 = Annotated[
    str | None,
    option(
        "--l1",
        "Use this L1 instead of the embedded one. The operator's account must have ether on it.",
        unit="URL",
        check=check_url,
    ),
]
RpcPort = Annotated[int, port("--rpc-port", "JSON-RPC of the sequencer.")]
VerifierPort = Annotated[int, port("--verifier-port", "JSON-RPC of the verifier.")]
ChallengerPort = Annotated[int, port("--challenger-port", "JSON-RPC of the challenger, where there is one.")]
L1Port = Annotated[int, port("--l1-port", "JSON-RPC of the embedded L1.")]
L1BlockTime = Annotated[
    float,
    option("--l1-block-time", "Seconds between blocks of the embedded L1.", unit="SECONDS", least=0.1, most=60.0),
]
PagePort = Annotated[int | None, port("--page-port", "The network's page, where files are named.", shown="8540")]
RoleFolder = Annotated[
    Path | None,
    folder("--data-dir", "Folder of its database.", variable="TOMBOLO_NODE_DATA_DIR", shown=str(DATA_DIR / "ROLE")),
]
RoleKeystore = Annotated[
    Path | None,
    keystore_option("this role's", "TOMBOLO_OPERATOR_KEY, TOMBOLO_PROPOSER_KEY or TOMBOLO_CHALLENGER_KEY"),
]
ServePort = Annotated[
    int | None,
    port(
        "--rpc-port",
        "Where to serve JSON-RPC.",
        least=0,
        variable=False,
        shown="l1 8544, sequencer 8545, verifier 8546, challenger 8547",
    ),
]
L1ChainId = Annotated[
    int | None,
    option("--chain-id", "Only for l1.", least=1, most=MAX_CHAIN_ID, variable=False, shown=str(L1_CHAIN_ID)),
]
L1Pace = Annotated[float | None, block_time_option("Only for l1.")]
GiveAway = Annotated[bool, flag("--faucet", "Give ether away, on a page and by faucet_fund: development chains only.")]
Fronts = Annotated[
    int | None,
    option(
        "--rpc-fronts",
        "Read JSON-RPC requests in so many processes beside this one; 0: in this one.",
        unit="PROCESSES",
        least=0,
        most=64,
        shown="2 for a sequencer with two cores or more, else 0",
    ),
]
WithParent = Annotated[bool, typer.Option(hidden=True, help="Stop when standard input ends.")]
IntentFiles = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[FILE…]", help="Intent files: a network of these chains.", show_default=False),
]
