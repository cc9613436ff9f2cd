# pragma version 0.4.3
# pragma evm-version cancun
"""
@title L1 bridge
@license MIT
@notice L1's end of the ERC-20 bridge: it locks tokens, and releases them for withdrawals of the rollup's end.
@dev What counts is what arrives: tokens that take a fee are credited without it. Tokens that return nothing are taken
     as well, tokens that return false are not. Of a token whose balances change by themselves, the last to withdraw
     may have to wait until the bridge holds enough again; other tokens are not touched by that.
"""

from ethereum.ercs import IERC20

from ..interfaces import IPortal


event DepositStarted:
    token: indexed(address)
    sender: indexed(address)
    to: indexed(address)
    amount: uint256


event WithdrawalFinalised:
    token: indexed(address)
    sender: indexed(address)
    to: indexed(address)
    amount: uint256


L2_BRIDGE: constant(address) = 0x4200000000000000000000000000000000000010
# Enough to create the token's image there, under any fork: a deposit that ran out of gas would lose the tokens.
MINT_GAS_LIMIT: constant(uint256) = 600_000
DEFAULT_DECIMALS: constant(uint256) = 18

portal: public(immutable(IPortal))

locked: public(HashMap[address, uint256])


@deploy
def __init__(_portal: IPortal):
    """
    @param _portal The rollup's portal.
    """
    assert _portal.address != empty(address), "bridge: no portal"
    portal = _portal


@external
@nonreentrant
def deposit(token: address, to: address, amount: uint256) -> uint256:
    """
    @notice Lock tokens here and have them minted on the rollup. The caller must have approved this contract.
    @param token The token.
    @param to Who gets it on the rollup. Contracts have other addresses there.
    @param amount How many units to take.
    @return How many units arrived, and are minted.
    """
    assert to != empty(address), "bridge: zero receiver"
    balance_before: uint256 = staticcall IERC20(token).balanceOf(self)
    assert extcall IERC20(token).transferFrom(
        msg.sender, self, amount, default_return_value=True
    ), "bridge: transfer failed"
    arrived: uint256 = staticcall IERC20(token).balanceOf(self) - balance_before
    assert arrived != 0, "bridge: nothing arrived"
    self.locked[token] += arrived
    log DepositStarted(token=token, sender=msg.sender, to=to, amount=arrived)
    extcall portal.deposit(
        L2_BRIDGE,
        0,
        MINT_GAS_LIMIT,
        False,
        abi_encode(
            token,
            msg.sender,
            to,
            arrived,
            self._text(token, method_id("name()", output_type=Bytes[4])),
            self._text(token, method_id("symbol()", output_type=Bytes[4])),
            self._decimals(token),
            method_id=method_id("finalise_deposit(address,address,address,uint256,bytes32,bytes32,uint256)"),
        ),
    )
    return arrived


@external
@nonreentrant
def finalise_withdrawal(token: address, sender: address, to: address, amount: uint256):
    """
    @notice Release tokens that were burnt on the rollup. Only by a withdrawal that the rollup's end has sent.
    @param token The token.
    @param sender Who burnt it there.
    @param to Who gets it.
    @param amount How many units.
    """
    assert msg.sender == portal.address, "bridge: not the portal"
    assert staticcall portal.l2_sender() == L2_BRIDGE, "bridge: not the other end"
    assert self.locked[token] >= amount, "bridge: more than is locked"
    self.locked[token] -= amount
    log WithdrawalFinalised(token=token, sender=sender, to=to, amount=amount)
    assert extcall IERC20(token).transfer(to, amount, default_return_value=True), "bridge: transfer failed"


@internal
@view
def _text(token: address, method: Bytes[4]) -> bytes32:
    """
    @dev A name or symbol of at most 32 bytes, zeros behind it; longer ones are cut, missing ones are empty. Old tokens
         answer with a bytes32 instead of a string.
    """
    success: bool = False
    answer: Bytes[96] = b""
    success, answer = raw_call(
        token, method, max_outsize=96, is_static_call=True, revert_on_failure=False
    )
    if not success:
        return empty(bytes32)
    if len(answer) == 32:
        return extract32(answer, 0)
    if len(answer) < 96 or convert(extract32(answer, 0), uint256) != 32:
        return empty(bytes32)
    length: uint256 = min(convert(extract32(answer, 32), uint256), 32)
    if length == 0:
        return empty(bytes32)
    kept: uint256 = convert(extract32(answer, 64), uint256) >> (256 - 8 * length) << (256 - 8 * length)
    return convert(kept, bytes32)


@internal
@view
def _decimals(token: address) -> uint256:
    success: bool = False
    answer: Bytes[32] = b""
    success, answer = raw_call(
        token, method_id("decimals()", output_type=Bytes[4]), max_outsize=32, is_static_call=True, revert_on_failure=False
    )
    if not success or len(answer) != 32 or convert(answer, uint256) > 255:
        return DEFAULT_DECIMALS
    return convert(answer, uint256)
