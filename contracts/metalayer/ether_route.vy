# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Ether route
@license MIT
@notice Moves ether between the network's chains: a predeploy of every member at
        0x4200000000000000000000000000000000000034. Its other half is `ether_hub.vy` on L1.
@dev Ether is not minted on one chain's word that it was burnt on another: it goes the way it would go by hand, out of
     one portal and into the next.
"""

from ..interfaces import IOutbox


event EtherSent:
    withdrawal_hash: indexed(bytes32)
    destination: indexed(uint32)
    sender: indexed(address)
    recipient: address
    amount: uint256
    expiry: uint256


event EtherArrived:
    origin: indexed(uint256)
    recipient: indexed(address)
    sender: address
    amount: uint256
    taken: bool


ALIAS: constant(uint256) = 4369 * 2**144 + 4369  # 0x1111000000000000000000000000000000001111
OUTBOX: constant(address) = 0x4200000000000000000000000000000000000016
FORWARD_GAS: constant(uint256) = 1_000_000
RECEIVE_GAS: constant(uint256) = 60_000

hub: public(immutable(address))
local_domain: public(immutable(uint32))
default_life: public(immutable(uint256))  # seconds
most_per_hour: public(immutable(uint256))  # wei that may leave; 0: no limit

waiting: public(HashMap[address, uint256])  # wei that a receiver did not take
spent: uint256  # of the hour's wei, at `spent_at`
spent_at: uint256  # seconds


@deploy
def __init__(_hub: address, _local_domain: uint32, _default_life: uint256, _most_per_hour: uint256):
    """
    @param _hub The other half, on L1 (not aliased).
    @param _local_domain This chain's number in the network.
    @param _default_life Seconds until ether goes back that does not say.
    @param _most_per_hour Wei that may leave per hour; 0: no limit.
    """
    assert _hub != empty(address), "ether: no hub"
    assert _local_domain != 0, "ether: no domain"
    hub = _hub
    assert _default_life != 0, "ether: no life"
    local_domain = _local_domain
    default_life = _default_life
    most_per_hour = _most_per_hour


@external
@payable
def send(destination: uint32, recipient: address, expiry: uint256) -> bytes32:
    """
    @notice Move the ether sent along to another chain.
    @param destination The chain's domain.
    @param recipient Who gets it there.
    @param expiry L1's first second at which it goes back instead; 0: as the chain has it.
    @return The withdrawal's hash.
    """
    assert destination != local_domain and destination != 0, "ether: not another chain"
    assert recipient != empty(address), "ether: zero receiver"
    assert msg.value != 0, "ether: nothing to send"
    self._spend(msg.value)
    ends_at: uint256 = expiry
    if ends_at == 0:
        ends_at = block.timestamp + default_life
    withdrawal_hash: bytes32 = extcall IOutbox(OUTBOX).send(
        hub,
        FORWARD_GAS,
        abi_encode(
            convert(destination, uint256),
            msg.sender,
            recipient,
            ends_at,
            method_id=method_id("forward(uint256,address,address,uint256)"),
        ),
        value=msg.value,
    )
    log EtherSent(
        withdrawal_hash=withdrawal_hash,
        destination=destination,
        sender=msg.sender,
        recipient=recipient,
        amount=msg.value,
        expiry=ends_at,
    )
    return withdrawal_hash


@external
@payable
def arrive(origin: uint256, sender: address, recipient: address):
    """
    @notice Pay out ether that has come; this chain's own domain as origin means that it came back. Only the hub, by a
            deposit. It cannot fail: what a receiver does not take waits here for it.
    @param origin The chain it comes from.
    @param sender Who sent it.
    @param recipient Who gets it.
    """
    assert msg.sender == convert((convert(hub, uint256) + ALIAS) % 2**160, address), "ether: not the hub"
    taken: bool = raw_call(recipient, b"", value=msg.value, gas=RECEIVE_GAS, revert_on_failure=False)
    if not taken:
        self.waiting[recipient] += msg.value
    log EtherArrived(origin=origin, recipient=recipient, sender=sender, amount=msg.value, taken=taken)


@external
@nonreentrant
def collect(to: address) -> uint256:
    """
    @notice Take ether that has come for the caller and that he could not receive.
    @param to Who gets it.
    @return How much, in wei.
    """
    amount: uint256 = self.waiting[msg.sender]
    assert amount != 0, "ether: nothing to collect"
    self.waiting[msg.sender] = 0
    raw_call(to, b"", value=amount)
    return amount


@external
@view
def may_leave() -> uint256:
    """
    @notice How much may leave right now.
    @return Wei.
    """
    if most_per_hour == 0:
        return max_value(uint256)
    return most_per_hour - self._still_spent()


@internal
def _spend(amount: uint256):
    """
    @dev Of a bucket that holds an hour's wei, and fills again in an hour.
    """
    if most_per_hour == 0:
        return
    spent: uint256 = self._still_spent() + amount
    assert spent <= most_per_hour, "ether: over the hour's limit"
    self.spent = spent
    self.spent_at = block.timestamp


@internal
@view
def _still_spent() -> uint256:
    back: uint256 = (block.timestamp - self.spent_at) * most_per_hour // 3600
    return self.spent - min(self.spent, back)
