# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Outbox
@license MIT
@notice Where withdrawals begin: a predeploy of the rollup at 0x4200000000000000000000000000000000000016. A withdrawal
        is a call on L1, with the ether that is left here, from whoever sends it.
@dev L1 reads one thing: `sent`, in slot 0. The slot of a withdrawal is keccak256(0 as 32 bytes ‖ withdrawal hash), and
     this contract's storage root is part of every output root. The hash is OP Stack's, of (nonce, sender, target,
     value, gas limit, data), ABI-encoded.

     Ether that leaves stays here for good: this balance is what has left the rollup.
"""

from ..interfaces import IOutbox

implements: IOutbox


event MessagePassed:
    nonce: indexed(uint256)
    sender: indexed(address)
    target: indexed(address)
    amount: uint256
    gas_limit: uint256
    data: Bytes[MAX_DATA]
    withdrawal_hash: bytes32


MAX_DATA: constant(uint256) = 16384
MAX_GAS_LIMIT: constant(uint256) = 10_000_000  # well below the gas of an L1 block, or it could never be finalised
RECEIVE_GAS_LIMIT: constant(uint256) = 100_000

sent: public(HashMap[bytes32, bool])  # must stay in slot 0
nonce: public(uint256)


@external
@payable
def __default__():
    """
    @notice Withdraw ether to the sender's own address on L1. A contract may not be there, so it must say where to.
    """
    assert len(msg.data) == 0, "outbox: no such function"
    assert msg.sender == tx.origin, "outbox: a contract must name the receiver"
    self._send(msg.sender, RECEIVE_GAS_LIMIT, b"")


@external
@payable
def send(target: address, gas_limit: uint256, data: Bytes[MAX_DATA]) -> bytes32:
    """
    @notice Start a withdrawal of the ether sent along.
    @param target Whom it calls on L1.
    @param gas_limit The least gas of that call: L1 refuses to try with less.
    @param data Its calldata.
    @return The withdrawal's hash.
    """
    return self._send(target, gas_limit, data)


@internal
@payable
def _send(target: address, gas_limit: uint256, data: Bytes[MAX_DATA]) -> bytes32:
    assert gas_limit <= MAX_GAS_LIMIT, "outbox: gas limit over what L1 has"
    nonce: uint256 = self.nonce
    withdrawal_hash: bytes32 = keccak256(abi_encode(nonce, msg.sender, target, msg.value, gas_limit, data))
    self.sent[withdrawal_hash] = True
    self.nonce = nonce + 1
    log MessagePassed(
        nonce=nonce,
        sender=msg.sender,
        target=target,
        amount=msg.value,
        gas_limit=gas_limit,
        data=data,
        withdrawal_hash=withdrawal_hash,
    )
    return withdrawal_hash
