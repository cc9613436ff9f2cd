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
FEE_SCHEDULE_ADDRESS = _predeploy(0x35)

WEEK = 7 * 86_400


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
    fee_schedule: bytes


@dataclass(frozen=True, slots=True)
class MemberOptions:
    """What a member's predeploys are told at genesis."""

    governor: Address = ZERO_ADDRESS
    """Who may set limits on what tokens arrive there, and what deliveries cost; zero: nobody."""
    has_ether: bool = True
    """Else its gas is another token, and it has no ether route: what it would send out is not ether."""
    message_life: int = WEEK
    """Seconds until a message or ether goes back that does not say when."""
    delivery_wei: int = 0
    delivery_wei_per_gas: int = 0
    """What a delivery costs: per message, and per gas of the recipient's call. 0 and 0: every fee is a bid."""
    ether_wei_per_hour: int = 0
    """Ether that may leave for other chains; 0: no limit."""


NOBODY_DECIDES = MemberOptions()


def member_contracts(
    code: MemberCode,
    network: NetworkAddresses,
    domain: Domain,
    options: MemberOptions = NOBODY_DECIDES,
) -> dict[Address, bytes]:
    """The code of a member's predeploys.

    Vyper keeps immutables behind the code, one word each, in the order of their declaration; here they are filled in.
    """
    own, life = domain.to_bytes(32, "big"), options.message_life.to_bytes(32, "big")
    prices = options.delivery_wei.to_bytes(32, "big") + options.delivery_wei_per_gas.to_bytes(32, "big")
    limit = options.ether_wei_per_hour.to_bytes(32, "big")
    contracts = {
        MAILBOX_ADDRESS: code.mailbox + own + _words(SETTLED_ROOTS_ADDRESS, FEE_SCHEDULE_ADDRESS) + life,
        SETTLED_ROOTS_ADDRESS: code.settled_roots + _words(network.registry, network.ledger),
        TOKEN_ROUTE_ADDRESS: code.token_route
        + _words(MAILBOX_ADDRESS, SETTLED_ROOTS_ADDRESS, TOKEN_IMAGE_ADDRESS, options.governor),
        TOKEN_IMAGE_ADDRESS: code.token_image,
        FEE_SCHEDULE_ADDRESS: code.fee_schedule + _words(options.governor) + prices,
    }
    if options.has_ether:
        contracts[ETHER_ROUTE_ADDRESS] = code.ether_route + _words(network.hub) + own + life + limit
    return contracts


def image_address(asset: Asset) -> Address:
    """Where an asset's image is, or will be, on every chain but its home (not of network tokens: those are alike)."""
    return proxy_address(TOKEN_ROUTE_ADDRESS, TOKEN_IMAGE_ADDRESS, asset.id)


def _words(*addresses: Address) -> bytes:
    return b"".join(bytes(12) + address for address in addresses)
