# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Guestbook
@license MIT
@notice The smallest application that hears from other chains: it writes down what it is told, and by whom. `tombolo up`
        puts one on a new chain, through the deterministic deployment proxy, and sends it the network's first message.
"""

from ..interfaces import IMessageRecipient

implements: IMessageRecipient


event Signed:
    origin: indexed(uint32)
    sender: indexed(bytes32)
    words: Bytes[2048]


MAILBOX: constant(address) = 0x4200000000000000000000000000000000000030

entries: public(uint256)
last: public(Bytes[2048])


@external
@payable
def handle(origin: uint32, sender: bytes32, body: Bytes[2048]):
    """
    @notice Sign the book. Only the mailbox, for anybody on any chain.
    @param origin The chain it comes from.
    @param sender Who sent it there.
    @param body What to write.
    """
    assert msg.sender == MAILBOX, "guestbook: not the mailbox"
    self.entries += 1
    self.last = body
    log Signed(origin=origin, sender=sender, words=body)
