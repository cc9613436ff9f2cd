"""Commands that move value between L1 and a rollup."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.cli.option import flag
from node.cli.parameters import L1_URL, RPC_URL, L1Url, RpcUrl

if TYPE_CHECKING:
    from node.cli.bridge_run import Ends

KEY_VARIABLE = "TOMBOLO_KEY"

bridge = typer.Typer(no_args_is_help=True, rich_markup_mode="rich")

Keystore = Annotated[
    Path | None,
    typer.Option(
        "--keystore",
        envvar="TOMBOLO_KEYSTORE",
        metavar="FILE",
        help="Encrypted file with your key, instead of TOMBOLO_KEY. Its password is asked for, or is in the file that "
        "TOMBOLO_OPERATOR_PASSWORD_FILE names.",
        show_default=False,
    ),
]
Amount = Annotated[str, typer.Argument(metavar="AMOUNT", help="In ether, or in the token's own unit, e.g. 0.5.")]
Token = Annotated[
    str | None,
    typer.Option("--token", metavar="ADDRESS", help="An ERC-20, by its address on L1.", show_default="ether"),
]
To = Annotated[
    str | None,
    typer.Option("--to", metavar="ADDRESS", help="Who gets it on the other side.", show_default="your own account"),
]


@bridge.callback()
def root() -> None:
    """Move ether and tokens into a rollup and out of it, by its contracts on L1.

    In, it takes one L1 transaction: the rollup must include it, within the
    sequencing window, whether its sequencer likes you or not. Out, it takes
    three steps: start it on the rollup; prove it on L1 once a proposer has
    bonded an output root that holds it; have it paid when that root has stood
    its challenge window and your proof its delay. `claim` does the last two, for
    anybody, from anywhere, with nothing but the transaction's hash.

    \b
    [bold]Examples[/]
      [dim]# the first of the accounts that `tombolo up` shows[/]
      export TOMBOLO_KEY=0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80
      tombolo bridge deposit 1.5
      tombolo bridge withdraw 0.5
      tombolo bridge list
      tombolo bridge claim --wait 0x…
    """


@bridge.command()
def deposit(
    amount: Amount,
    token: Token = None,
    to: To = None,
    wait: Annotated[bool, flag("--wait/--no-wait", "Wait until the rollup has it.")] = True,
    l1: L1Url = None,
    rpc_url: RpcUrl = RPC_URL,
    keystore: Keystore = None,
) -> None:
    """Bring ether or tokens from L1 to the rollup.

    Tokens are locked on L1, after an approval if one is needed; the rollup has
    an image of each, with the same name, symbol and decimals.

    \b
    [bold]Examples[/]
      tombolo bridge deposit 1.5
      tombolo bridge deposit 100 --token 0x… --to 0x…
    """
    from node.cli.bridge_run import parse_addresses, run_deposit

    token_address, receiver = parse_addresses([token, to])
    run_deposit(_ends(l1, rpc_url), _key(keystore), amount, token_address, receiver, wait)


@bridge.command()
def withdraw(
    amount: Amount,
    token: Token = None,
    to: To = None,
    l1: L1Url = None,
    rpc_url: RpcUrl = RPC_URL,
    keystore: Keystore = None,
) -> None:
    """Start to bring ether or tokens from the rollup to L1.

    This is the rollup's part; `tombolo bridge claim` does L1's, when it is time.

    \b
    [bold]Examples[/]
      tombolo bridge withdraw 0.5
      tombolo bridge withdraw 25 --token 0x…
    """
    from node.cli.bridge_run import parse_addresses, run_withdraw

    token_address, receiver = parse_addresses([token, to])
    run_withdraw(_ends(l1, rpc_url), _key(keystore), amount, token_address, receiver)


@bridge.command("list")
def list_(
    account: Annotated[
        str | None,
        typer.Argument(metavar="[ADDRESS]", help="Whose; the account of your key unless given.", show_default=False),
    ] = None,
    as_json: Annotated[bool, flag("--json", "For programs.")] = False,
    l1: L1Url = None,
    rpc_url: RpcUrl = RPC_URL,
    keystore: Keystore = None,
) -> None:
    """Show withdrawals: [bold]ready[/] (act now), [bold]pending[/] (and what each waits for), [bold]done[/].

    \b
    [bold]Examples[/]
      tombolo bridge list
      tombolo bridge list 0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266 --json
    """
    from node.cli.bridge_run import parse_address, run_list
    from protocol.crypto import private_key_address

    whose = private_key_address(_key(keystore)) if account is None else parse_address(account)
    run_list(_ends(l1, rpc_url), whose, as_json=as_json)


@bridge.command()
def claim(
    transaction_hash: Annotated[
        str, typer.Argument(metavar="HASH", help="The rollup's transaction that started the withdrawal.")
    ],
    wait: Annotated[bool, flag("--wait/--no-wait", "Go on until it is paid.")] = False,
    l1: L1Url = None,
    rpc_url: RpcUrl = RPC_URL,
    keystore: Keystore = None,
) -> None:
    """Prove a withdrawal on L1, or have it paid: whatever can be done now.

    Anybody may do it for anybody; who does pays L1's gas. Any node of the rollup
    will do, because what it says is checked against L1's output root.

    \b
    [bold]Examples[/]
      tombolo bridge claim 0x…
      tombolo bridge claim --wait 0x… --rpc-url http://127.0.0.1:8546
    """
    from node.cli.bridge_run import parse_hash, run_claim

    run_claim(_ends(l1, rpc_url), _key(keystore), parse_hash(transaction_hash), wait=wait)


def _ends(l1: str | None, rpc_url: str) -> "Ends":
    from node.cli.bridge_run import Ends

    return Ends(l1 or L1_URL, rpc_url)


def _key(keystore: Path | None) -> bytes:
    from node.operator_key import key_of

    key = key_of(KEY_VARIABLE, keystore)
    if key is None:
        raise typer.BadParameter(f"whose? Set {KEY_VARIABLE} to a private key (hex), or name a file with --keystore")
    return key
