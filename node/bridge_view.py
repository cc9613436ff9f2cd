"""A withdrawal in words, for the command line and for the pages."""

from node.bridge import Bridge, Stage, Standing, Started
from node.l1.wire import Json
from node.tokens import ETHER, Unit, unit_of
from protocol.bridge import release_of
from protocol.errors import InvalidInput
from protocol.types import Address

GROUPS = ("ready", "pending", "done")
"""In the order in which people want to see them."""


async def content_of(bridge: Bridge, started: Started) -> tuple[str, Address]:
    """What it brings to whom: `("1.5 ETH", receiver)`."""
    withdrawal = started.withdrawal
    release = release_of(withdrawal, bridge.contracts.bridge)
    if release is None:
        return ETHER.show(withdrawal.value), withdrawal.target
    try:
        unit = await unit_of(bridge.l1, release.token)
    except InvalidInput:
        unit = Unit(f"units of 0x{release.token.hex()}", 0)
    return unit.show(release.amount), release.to


async def record_of(bridge: Bridge, standing: Standing) -> dict[str, Json]:
    """As JSON. `readyAt` is an L1 timestamp in seconds, null where nobody can tell."""
    what, to = await content_of(bridge, standing.started)
    return {
        "group": standing.stage.group,
        "stage": standing.stage.name.lower(),
        "waitsFor": None if standing.stage is Stage.DONE else standing.stage.value,
        "what": what,
        "to": f"0x{to.hex()}",
        "transactionHash": f"0x{standing.started.transaction_hash.hex()}",
        "withdrawalHash": f"0x{standing.started.withdrawal.hash.hex()}",
        "l2Block": standing.started.l2_block_number,
        "readyAt": standing.ready_at,
    }
