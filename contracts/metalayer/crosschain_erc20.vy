# pragma version 0.4.3
# pragma evm-version cancun
"""
@title The common part of tokens that the route mints and burns
@license MIT
@notice ERC-20 and ERC-7802: a module of the images and of network tokens.
"""

from ethereum.ercs import IERC20

from ..interfaces import ICrosschainToken


ROUTE: constant(address) = 0x4200000000000000000000000000000000000032

ERC165: constant(bytes4) = 0x01ffc9a7
ERC7802: constant(bytes4) = 0x33331994
ERC20: constant(bytes4) = 0x36372b07

decimals: public(uint8)
totalSupply: public(uint256)
balanceOf: public(HashMap[address, uint256])
allowance: public(HashMap[address, HashMap[address, uint256]])
name_word: bytes32
symbol_word: bytes32


@external
@view
def supportsInterface(interface_id: bytes4) -> bool:
    """
    @notice ERC-165.
    @param interface_id The interface asked for.
    @return True for ERC-165, ERC-20 and ERC-7802.
    """
    return interface_id in [ERC165, ERC7802, ERC20]


@external
def crosschainMint(to: address, amount: uint256):
    """
    @notice Create tokens that have left another chain. Only the route.
    @param to Who gets them.
    @param amount How many units.
    """
    assert msg.sender == ROUTE, "token: not the route"
    self._mint(to, amount)
    log ICrosschainToken.CrosschainMint(to=to, amount=amount, sender=msg.sender)


@external
def crosschainBurn(owner: address, amount: uint256):
    """
    @notice Destroy tokens that are about to leave. Only the route, which asks for its caller.
    @param owner Whose.
    @param amount How many units.
    """
    assert msg.sender == ROUTE, "token: not the route"
    assert self.balanceOf[owner] >= amount, "token: balance too low"
    self.balanceOf[owner] -= amount
    self.totalSupply -= amount
    log IERC20.Transfer(sender=owner, receiver=empty(address), value=amount)
    log ICrosschainToken.CrosschainBurn(sender_of_tokens=owner, amount=amount, sender=msg.sender)


@external
@view
def name() -> String[32]:
    """
    @notice The token's name.
    @return At most 32 bytes of it.
    """
    return self._text(self.name_word)


@external
@view
def symbol() -> String[32]:
    """
    @notice The token's symbol.
    @return At most 32 bytes of it.
    """
    return self._text(self.symbol_word)


@external
def transfer(to: address, amount: uint256) -> bool:
    """
    @notice Move tokens from the caller.
    @param to The receiver.
    @param amount How many units.
    @return True; a failure reverts.
    """
    self._move(msg.sender, to, amount)
    return True


@external
def approve(spender: address, amount: uint256) -> bool:
    """
    @notice Let `spender` move up to `amount` of the caller's tokens.
    @param spender Who may move them.
    @param amount The new allowance; the largest possible is never used up.
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
    @param amount How many units.
    @return True; a failure reverts.
    """
    allowed: uint256 = self.allowance[owner][msg.sender]
    assert allowed >= amount, "token: allowance too low"
    if allowed != max_value(uint256):
        self.allowance[owner][msg.sender] = allowed - amount
    self._move(owner, to, amount)
    return True


@internal
def _describe(name: bytes32, symbol: bytes32, decimals: uint256):
    self.name_word = name
    self.symbol_word = symbol
    self.decimals = convert(decimals, uint8)


@internal
def _mint(to: address, amount: uint256):
    self.totalSupply += amount
    self.balanceOf[to] += amount
    log IERC20.Transfer(sender=empty(address), receiver=to, value=amount)


@internal
def _move(owner: address, to: address, amount: uint256):
    assert to != empty(address), "token: zero receiver"
    assert self.balanceOf[owner] >= amount, "token: balance too low"
    self.balanceOf[owner] -= amount
    self.balanceOf[to] += amount
    log IERC20.Transfer(sender=owner, receiver=to, value=amount)


@internal
@pure
def _text(word: bytes32) -> String[32]:
    """
    @dev The bytes before the first zero.
    """
    length: uint256 = 32
    for i: uint256 in range(32):
        if convert(word, uint256) << (8 * i) >> 248 == 0:
            length = i
            break
    return convert(slice(word, 0, length), String[32])
