# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Ether hub
@license MIT
@notice Moves ether from one chain's portal to another's, on L1, where it really is.
@dev Ether leaves a chain as a withdrawal to this contract and enters the next one as a deposit, in one transaction. So
     what a chain can let out is what its portal holds; the deposit needs no sequencer; and whether the ether goes on or
     goes back is decided once, here, when the withdrawal is finalised.
"""

from ..interfaces import IPortal
from ..interfaces import IRegistry


event EtherForwarded:
    origin: indexed(uint256)
    destination: indexed(uint256)
    recipient: indexed(address)
    sender: address
    amount: uint256


event EtherReturned:
    origin: indexed(uint256)
    destination: indexed(uint256)
    sender: indexed(address)
    amount: uint256


ETHER_ROUTE: constant(address) = 0x4200000000000000000000000000000000000034
ACTIVE: constant(uint256) = 2
# The arrival's gas: what the route uses itself, the intrinsic gas, and what it gives the receiver.
ARRIVAL_GAS: constant(uint256) = 250_000

registry: public(immutable(IRegistry))


@deploy
def __init__(_registry: IRegistry):
    """
    @param _registry The chain registry.
    """
    assert _registry.address != empty(address), "hub: no registry"
    registry = _registry


@external
@payable
def forward(destination: uint256, sender: address, recipient: address, expiry: uint256):
    """
    @notice Send the ether on to where it is bound, or back to its sender if it is too late or the chain is closed. Only
            by a withdrawal that a member's ether route has sent.
    @param destination The chain's domain.
    @param sender Who sent it.
    @param recipient Who gets it there.
    @param expiry The first second at which it goes back instead.
    """
    origin: uint256 = staticcall registry.domain_of_portal(msg.sender)
    assert origin != 0, "hub: not a portal"
    assert staticcall IPortal(msg.sender).l2_sender() == ETHER_ROUTE, "hub: not the ether route"
    goes_on: bool = block.timestamp < expiry and staticcall registry.status(destination) == ACTIVE
    if goes_on:
        # A portal that takes no ether, because its chain's gas is another token, is as good as closed.
        goes_on = raw_call(
            staticcall registry.portal(destination),
            self._deposit(origin, sender, recipient, msg.value),
            value=msg.value,
            revert_on_failure=False,
        )
    if goes_on:
        log EtherForwarded(
            origin=origin, destination=destination, recipient=recipient, sender=sender, amount=msg.value
        )
    else:
        raw_call(msg.sender, self._deposit(origin, sender, sender, msg.value), value=msg.value)
        log EtherReturned(origin=origin, destination=destination, sender=sender, amount=msg.value)


@internal
@pure
def _deposit(origin: uint256, sender: address, to: address, amount: uint256) -> Bytes[420]:
    """
    @dev The portal's call that has the ether route there pay `to`.
    """
    arrival: Bytes[100] = abi_encode(origin, sender, to, method_id=method_id("arrive(uint256,address,address)"))
    return abi_encode(
        ETHER_ROUTE,
        amount,
        ARRIVAL_GAS,
        False,
        arrival,
        method_id=method_id("deposit(address,uint256,uint256,bool,bytes)"),
    )
