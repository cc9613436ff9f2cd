"""Commands about what deliveries to other chains cost: quote, set-price."""

from typing import Annotated

import typer

from node.cli.parameters import L1_URL, RPC_URL, Keystore, L1Url, check_url

OriginRpc = Annotated[
    str, typer.Option(envvar="TOMBOLO_RPC_URL", metavar="URL", callback=check_url, help="A node of the origin.")
]
MAX_DOMAIN = 2**32 - 1


def quote(
    destination: Annotated[
        int, typer.Argument(metavar="CHAIN_ID", min=1, max=MAX_DOMAIN, help="The chain it goes to.", show_default=False)
    ],
    rpc: OriginRpc = RPC_URL,
    l1: L1Url = None,
    body_bytes: Annotated[
        int | None, typer.Option("--bytes", min=0, max=2048, help="Length of a message's body.", show_default=False)
    ] = None,
    gas_limit: Annotated[
        int, typer.Option("--gas", min=0, max=10_000_000, help="Gas of the recipient's call, with --bytes.")
    ] = 200_000,
) -> None:
    """Say what a delivery to another chain of the network costs: a token's transfer, or a message with --bytes.

    That is what relayers ask for. More comes back when sending; less is a bid,
    which they may leave until somebody adds to it. Ether costs nothing but gas.
    Which chains are in the network, the L1 under it says.

    \b
    [bold]Examples[/]
      tombolo quote 90002
      tombolo quote 90002 --rpc http://127.0.0.1:8555 --bytes 64 --gas 300000
    """
    import asyncio

    from node.cli.network_view import show_quote
    from node.l1.client import L1Client
    from node.network.delivery_price import check_destination, quote_delivery

    async def ask() -> int | None:
        async with L1Client(rpc, who="the node", attempts=1) as chain, L1Client(l1 or L1_URL, attempts=1) as under:
            await check_destination(chain, under, destination, value=body_bytes is None)
            return await quote_delivery(chain, destination, body_bytes, gas_limit)

    show_quote(asyncio.run(ask()))


def _wei(what: str) -> object:
    return typer.Option(min=0, max=10**18, metavar="WEI", help=what, show_default="as it is")


def set_price(
    destination: Annotated[
        int,
        typer.Argument(
            metavar="[CHAIN_ID]",
            min=0,
            max=MAX_DOMAIN,
            help="The chain they go to; without it all that have no price of their own.",
            show_default=False,
        ),
    ] = 0,
    per_message: Annotated[int | None, _wei("For each message.")] = None,
    per_byte: Annotated[int | None, _wei("Beside that, for each byte of its body.")] = None,
    per_gas: Annotated[int | None, _wei("Beside that, for each gas of the recipient's call.")] = None,
    rpc: OriginRpc = RPC_URL,
    operator_keystore: Keystore = None,
) -> None:
    """Set what deliveries to other chains cost, as the chain's governor; what is not given stays as it is.

    The governor is who the intent's `metalayer.governor` names, the network's
    operator unless it says otherwise (TOMBOLO_OPERATOR_KEY, a keystore, or the public
    key on the embedded L1). The account needs ether on the chain for gas. Messages under way
    keep the price that they were sent at; the dearest one costs at most an ether.

    \b
    [bold]Examples[/]
      tombolo set-price --per-message 200000000000000
      tombolo set-price 90002 --rpc http://127.0.0.1:8555 --per-message 0 --per-byte 0 --per-gas 0
    """
    import asyncio

    from node.clock import SystemClock
    from node.l1.client import L1Client
    from node.network.delivery_price import ELSEWHERE, Price, delivery_price, set_delivery_price
    from node.operator_key import operator_key
    from node.up.keys import OPERATOR_KEY

    if per_message is None and per_byte is None and per_gas is None:
        raise typer.BadParameter("nothing to set: give --per-message, --per-byte or --per-gas")
    key = operator_key(operator_keystore) or OPERATOR_KEY

    async def change() -> tuple[Price, int]:
        async with L1Client(rpc, who="the node", attempts=1) as chain:
            found = await delivery_price(chain, destination)
            given = (per_message, per_byte, per_gas)
            now = (found.message, found.byte, found.gas)
            price = Price(*(old if new is None else new for old, new in zip(now, given, strict=True)))
            return price, await set_delivery_price(chain, SystemClock(), key, destination, price)

    price, block = asyncio.run(change())
    where = "to chains without a price of their own" if destination == ELSEWHERE else f"to chain {destination}"
    typer.echo(
        f"from block {block} on, deliveries {where} cost {price.message} wei a message, {price.byte} per byte of "
        f"its body, {price.gas} per gas of the recipient's call"
    )
