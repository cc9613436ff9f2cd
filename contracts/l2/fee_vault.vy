# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Fee vault
@license MIT
@notice Where fees gather unless a chain names other recipients: predeploys of the rollup at 0x4200…0011 (priority fees),
        0x4200…001A (L1 data fees) and 0x4200…001B (operator fees). Anyone may send what is there to its owner on L1.
@dev Blocks credit fees to these addresses directly; no call is made.
"""

from ..interfaces import IOutbox

WITHDRAWAL_GAS_LIMIT: constant(uint256) = 100_000

recipient: public(immutable(address))  # on L1
outbox: public(immutable(IOutbox))


@deploy
def __init__(_recipient: address, _outbox: IOutbox):
    """
    @param _recipient Who gets the fees, on L1.
    @param _outbox The rollup's outbox.
    """
    assert _recipient != empty(address), "vault: no recipient"
    recipient = _recipient
    outbox = _outbox


@external
@payable
def __default__():
    """
    @notice Take a gift.
    """
    assert len(msg.data) == 0, "vault: no such function"


@external
def withdraw() -> bytes32:
    """
    @notice Start the withdrawal of everything here to the recipient on L1.
    @return The withdrawal's hash.
    """
    assert self.balance != 0, "vault: empty"
    return extcall outbox.send(recipient, WITHDRAWAL_GAS_LIMIT, b"", value=self.balance)
