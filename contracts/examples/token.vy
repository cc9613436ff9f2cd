# pragma version 0.4.3
"""
@title A minimal ERC-20
@notice For walkthroughs, tests and benchmarks: fixed supply, all of it to the deployer.
"""

from ethereum.ercs import IERC20

implements: IERC20

name: public(constant(String[16])) = "Tombolo Sand"
symbol: public(constant(String[8])) = "SAND"
decimals: public(constant(uint8)) = 18

totalSupply: public(uint256)
balanceOf: public(HashMap[address, uint256])
allowance: public(HashMap[address, HashMap[address, uint256]])


@deploy
def __init__(supply: uint256):
    """
    @notice Mint the whole supply to the deployer.
    @param supply Units of 10^-18 token.
    """
    self.totalSupply = supply
    self.balanceOf[msg.sender] = supply
    log IERC20.Transfer(sender=empty(address), receiver=msg.sender, value=supply)


@external
def transfer(to: address, amount: uint256) -> bool:
    """
    @notice Move tokens from the caller.
    @param to The receiver.
    @param amount Units of 10^-18 token.
    @return True; a failure reverts.
    """
    self._move(msg.sender, to, amount)
    return True


@external
def approve(spender: address, amount: uint256) -> bool:
    """
    @notice Let `spender` move up to `amount` of the caller's tokens.
    @param spender Who may move them.
    @param amount The new allowance.
    @return True.
    """
    self.allowance[msg.sender][spender] = amount
    log IERC20.Approval(owner=msg.sender, spender=spender, value=amount)
    return True


@external
def transferFrom(owner: address, to: address, amount: uint256) -> bool:
    """
    @notice Move tokens of `owner` within the caller's allowance.
    @param owner Whose tokens.
    @param to The receiver.
    @param amount Units of 10^-18 token.
    @return True; a failure reverts.
    """
    assert self.allowance[owner][msg.sender] >= amount, "token: allowance too low"
    self.allowance[owner][msg.sender] -= amount
    self._move(owner, to, amount)
    return True


@internal
def _move(owner: address, to: address, amount: uint256):
    assert self.balanceOf[owner] >= amount, "token: balance too low"
    self.balanceOf[owner] -= amount
    self.balanceOf[to] += amount
    log IERC20.Transfer(sender=owner, receiver=to, value=amount)
