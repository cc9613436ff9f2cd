# pragma version 0.4.3
# pragma evm-version cancun
"""
@title A counter that other chains drive
@notice The same contract on both sides, as most applications of a network are: it sends to itself on the other chain.
        See docs/tutorial-crosschain.md.
"""

from ..interfaces import IMailbox
from ..interfaces import IMessageRecipient
from ..interfaces import IMessageSender

implements: IMessageRecipient
implements: IMessageSender


event Counted:
    origin: indexed(uint32)
    by: indexed(address)
    step: uint256
    total: uint256


event Undelivered:
    destination: indexed(uint32)
    step: uint256


MAILBOX: constant(address) = 0x4200000000000000000000000000000000000030
HANDLE_GAS: constant(uint64) = 150_000

owner: public(immutable(address))

total: public(uint256)
undelivered: public(uint256)
peers: public(HashMap[uint32, bytes32])  # domain → this application there


@deploy
def __init__():
    owner = msg.sender


@external
def enrol(domain: uint32, peer: address):
    """
    @notice Say where this application is on another chain. Messages of anyone else are refused.
    @param domain The chain.
    @param peer Its address there; zero: nowhere any more.
    """
    assert msg.sender == owner, "counter: not the owner"
    self.peers[domain] = convert(peer, bytes32)


@external
@payable
def count_there(destination: uint32, step: uint256, life: uint256) -> bytes32:
    """
    @notice Have the counter on another chain count. The ether sent along is the delivery's fee.
    @param destination The chain.
    @param step By how much.
    @param life Seconds in which it may be delivered.
    @return The message's id.
    """
    peer: bytes32 = self.peers[destination]
    assert peer != empty(bytes32), "counter: not enrolled"
    return extcall IMailbox(MAILBOX).dispatch(
        destination,
        peer,
        abi_encode(step, msg.sender),
        convert(block.timestamp + life, uint64),
        HANDLE_GAS,
        value=msg.value,
    )


@external
@payable
def handle(origin: uint32, sender: bytes32, body: Bytes[2048]):
    """
    @notice Count, as another chain asks for. Only the mailbox, and only for this application there.
    @param origin The chain.
    @param sender Who sent the message there.
    @param body By how much, and for whom.
    """
    assert msg.sender == MAILBOX, "counter: not the mailbox"
    assert sender == self.peers[origin] and sender != empty(bytes32), "counter: not enrolled"
    step: uint256 = 0
    by: address = empty(address)
    step, by = abi_decode(body, (uint256, address))
    self.total += step
    log Counted(origin=origin, by=by, step=step, total=self.total)


@external
@payable
def on_refund(destination: uint32, recipient: bytes32, body: Bytes[2048]):
    """
    @notice Learn that a message was never delivered; the fee that comes back goes to who had paid it.
    @param destination Where it should have gone.
    @param recipient Who should have got it.
    @param body What it said.
    """
    assert msg.sender == MAILBOX, "counter: not the mailbox"
    step: uint256 = 0
    by: address = empty(address)
    step, by = abi_decode(body, (uint256, address))
    self.undelivered += step
    log Undelivered(destination=destination, step=step)
    raw_call(by, b"", value=msg.value)
