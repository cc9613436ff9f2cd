# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Token portal
@license MIT
@notice The door of a rollup whose native value is an ERC-20 of this chain instead of ether: deposits lock the token,
        withdrawals release it, and ether is refused. All else is the portal's: hash chain, proofs, delays, deposit gas.
@dev The token must have 18 decimals, move exactly what it is told to, and not move by itself (no fee on transfer, no
     rebasing). What it cannot do silently is checked; who launches a chain on it answers for the rest.

     A withdrawal may never call the token: this contract holds everybody's, so such a call could take them.
"""

from ethereum.ercs import IERC20
from ethereum.ercs import IERC20Detailed

from ..interfaces import IOutputs
from ..interfaces import IPortal
from . import portal

implements: IPortal
initializes: portal

exports: (
    portal.accumulator,
    portal.deposit_count,
    portal.deposit_gas_limit,
    portal.deposit_rate,
    portal.finalisation_delay,
    portal.finalised,
    portal.l2_sender,
    portal.minimum_gas,
    portal.outputs,
    portal.prove,
    portal.proven,
)

DECIMALS: constant(uint8) = 18

gas_token: public(immutable(IERC20))


@deploy
def __init__(_outputs: IOutputs, _finalisation_delay: uint256, _deposit_gas_limit: uint256, _gas_token: address):
    """
    @param _outputs The output roots.
    @param _finalisation_delay Seconds from proving a withdrawal to finalising it, if its output is confirmed by then.
    @param _deposit_gas_limit Gas that deposits may take per L1 block; at most the gas limit of the rollup's blocks.
    @param _gas_token What the rollup's native value stands for.
    """
    assert _gas_token != empty(address), "portal: no gas token"
    assert staticcall IERC20Detailed(_gas_token).decimals() == DECIMALS, "portal: the gas token has not 18 decimals"
    gas_token = IERC20(_gas_token)
    portal.__init__(_outputs, _finalisation_delay, _deposit_gas_limit)


@external
@payable
def __default__():
    """
    @notice Refuse ether, which the rollup has no use for.
    """
    raise "portal: the rollup's value is a token"


@external
@payable
def deposit(
    to: address, l2_value: uint256, gas_limit: uint256, is_creation: bool, data: Bytes[portal.MAX_DEPOSIT_DATA]
) -> uint256:
    """
    @notice Force a transaction into the rollup, with value that its sender has there. Ether is refused.
    @param to Whom it calls there; zero for a creation.
    @param l2_value Units of the token, in wei, that it sends there.
    @param gas_limit Its gas there. It is paid for with gas here.
    @param is_creation Whether it creates a contract.
    @param data Its calldata, or initcode.
    @return The deposit's index.
    """
    gas_at_start: uint256 = msg.gas
    assert msg.value == 0, "portal: the rollup's value is a token"
    sender: address = portal._l2_address()
    index: uint256 = portal._record(
        sender, to, 0, l2_value, gas_limit, is_creation, keccak256(data), len(data), gas_at_start
    )
    log portal.TransactionDeposited(
        sender=sender,
        to=to,
        index=index,
        mint=0,
        l2_value=l2_value,
        gas_limit=gas_limit,
        is_creation=is_creation,
        data=data,
    )
    return index


@external
@nonreentrant
def deposit_token(
    to: address,
    amount: uint256,
    l2_value: uint256,
    gas_limit: uint256,
    is_creation: bool,
    data: Bytes[portal.MAX_DEPOSIT_DATA],
) -> uint256:
    """
    @notice The same with tokens, which the caller has approved: they are locked here and minted to the sender there,
            whatever happens to the transaction.
    @param to Whom it calls there; zero for a creation.
    @param amount Units to lock.
    @param l2_value Units that it sends there; may differ from what is locked.
    @param gas_limit Its gas there. It is paid for with gas here.
    @param is_creation Whether it creates a contract.
    @param data Its calldata, or initcode.
    @return The deposit's index.
    """
    gas_at_start: uint256 = msg.gas
    before: uint256 = staticcall gas_token.balanceOf(self)
    assert extcall gas_token.transferFrom(
        msg.sender, self, amount, default_return_value=True
    ), "portal: transfer failed"
    assert staticcall gas_token.balanceOf(self) - before == amount, "portal: another amount arrived"
    sender: address = portal._l2_address()
    index: uint256 = portal._record(
        sender, to, amount, l2_value, gas_limit, is_creation, keccak256(data), len(data), gas_at_start
    )
    log portal.TransactionDeposited(
        sender=sender,
        to=to,
        index=index,
        mint=amount,
        l2_value=l2_value,
        gas_limit=gas_limit,
        is_creation=is_creation,
        data=data,
    )
    return index


@external
@nonreentrant
def finalise(withdrawal: portal.Withdrawal, prover: address):
    """
    @notice Give a proven withdrawal's tokens to its target and make its call, once its output is confirmed and the
            delay is over. Anyone may. The call brings no ether, and may not be the token's.
    @param withdrawal As it was proven.
    @param prover Who proved it.
    """
    assert withdrawal.target != gas_token.address, "portal: target is the gas token"
    withdrawal_hash: bytes32 = portal._withdrawal_hash(withdrawal)
    portal._mark_finalised(withdrawal_hash, prover)
    if withdrawal.amount != 0:
        assert extcall gas_token.transfer(
            withdrawal.target, withdrawal.amount, default_return_value=True
        ), "portal: transfer failed"
    assert msg.gas >= withdrawal.gas_limit * 64 // 63 + portal.CALL_OVERHEAD, "portal: not enough gas for the call"
    portal.l2_sender = withdrawal.sender
    success: bool = raw_call(withdrawal.target, withdrawal.data, revert_on_failure=False)
    portal.l2_sender = empty(address)
    assert success, "portal: call failed"
