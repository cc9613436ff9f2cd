"""Where the network's contracts are on every member, and the code that a member's genesis puts there."""

from dataclasses import dataclass

from metalayer.message import Domain
from metalayer.transfer import Asset
from protocol.bridge import proxy_address
from protocol.types import ZERO_ADDRESS, Address


def _predeploy(last: int) -> Address:
    return Address(bytes.fromhex("42") + bytes(18) + bytes((last,)))


MAILBOX_ADDRESS = _predeploy(0x30)
SETTLED_ROOTS_ADDRESS = _predeploy(0x31)
TOKEN_ROUTE_ADDRESS = _predeploy(0x32)
TOKEN_IMAGE_ADDRESS = _predeploy(0x33)
ETHER_ROUTE_ADDRESS = _predeploy(0x34)


@dataclass(frozen=True, slots=True)
class NetworkAddresses:
    """The network's contracts on L1, one of each for all members."""

    registry: Address
    ledger: Address
    hub: Address


@dataclass(frozen=True, slots=True)
class MemberCode:
    """The compiled runtime codes of `contracts/metalayer/`, without their immutables."""

    mailbox: bytes
    settled_roots: bytes
    token_route: bytes
    token_image: bytes
    ether_route: bytes


def member_contracts(
    code: MemberCode,
    network: NetworkAddresses,
    domain: Domain,
    governor: Address = ZERO_ADDRESS,
    *,
    has_ether: bool = True,
) -> dict[Address, bytes]:
    """The code of a member's predeploys. `governor` may set limits on what tokens arrive there; zero: nobody.

    A chain whose gas is another token than ether has no ether route: what it would send out is not ether.

    Vyper keeps immutables behind the code, one word each, in the order of their declaration; here they are filled in.
    """
    own = domain.to_bytes(32, "big")
    contracts = {
        MAILBOX_ADDRESS: code.mailbox + own + _words(SETTLED_ROOTS_ADDRESS),
        SETTLED_ROOTS_ADDRESS: code.settled_roots + _words(network.registry, network.ledger),
        TOKEN_ROUTE_ADDRESS: code.token_route
        + _words(MAILBOX_ADDRESS, SETTLED_ROOTS_ADDRESS, TOKEN_IMAGE_ADDRESS, governor),
        TOKEN_IMAGE_ADDRESS: code.token_image,
    }
    if has_ether:
        contracts[ETHER_ROUTE_ADDRESS] = code.ether_route + _words(network.hub) + own
    return contracts


def image_address(asset: Asset) -> Address:
    """Where an asset's image is, or will be, on every chain but its home (not of network tokens: those are alike)."""
    return proxy_address(TOKEN_ROUTE_ADDRESS, TOKEN_IMAGE_ADDRESS, asset.id)


def _words(*addresses: Address) -> bytes:
    return b"".join(bytes(12) + address for address in addresses)
