# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Bridged token
@license MIT
@notice The image on the rollup of an ERC-20 whose home is L1. Every image is a small proxy to this code, which is a
        predeploy at 0x4200000000000000000000000000000000000012.
@dev Amounts are L1's, unit for unit, so the decimals are too.
"""

from ethereum.ercs import IERC20

from ..interfaces import IBridgedToken

implements: IERC20
implements: IBridgedToken

bridge: public(immutable(address))

home: public(address)
decimals: public(uint8)
totalSupply: public(uint256)
balanceOf: public(HashMap[address, uint256])
allowance: public(HashMap[address, HashMap[address, uint256]])
name_word: bytes32
symbol_word: bytes32


@deploy
def __init__(_bridge: address):
    """
    @param _bridge The only account that may initialize, mint and burn.
    """
    assert _bridge != empty(address), "token: no bridge"
    bridge = _bridge


@external
def initialize(home: address, name: bytes32, symbol: bytes32, decimals: uint256):
    """
    @notice Become the image of an L1 token. Once, and by the bridge.
    @param home The token on L1.
    @param name Its name, at most 32 bytes, zeros behind it.
    @param symbol Its symbol, likewise.
    @param decimals Its decimals.
    """
    assert msg.sender == bridge, "token: not the bridge"
    assert self.home == empty(address) and home != empty(address), "token: already initialized"
    self.home = home
    self.name_word = name
    self.symbol_word = symbol
    self.decimals = convert(decimals, uint8)


@external
def mint(to: address, amount: uint256):
    """
    @notice Create tokens that are locked on L1.
    @param to Who gets them.
    @param amount How many.
    """
    assert msg.sender == bridge, "token: not the bridge"
    self.totalSupply += amount
    self.balanceOf[to] += amount
    log IERC20.Transfer(sender=empty(address), receiver=to, value=amount)


@external
def burn(owner: address, amount: uint256):
    """
    @notice Destroy tokens that are about to be released on L1.
    @param owner Whose tokens.
    @param amount How many.
    """
    assert msg.sender == bridge, "token: not the bridge"
    assert self.balanceOf[owner] >= amount, "token: balance too low"
    self.balanceOf[owner] -= amount
    self.totalSupply -= amount
    log IERC20.Transfer(sender=owner, receiver=empty(address), value=amount)


@external
@view
def name() -> String[32]:
    """
    @notice The token's name on L1.
    @return At most 32 bytes of it.
    """
    return self._text(self.name_word)


@external
@view
def symbol() -> String[32]:
    """
    @notice The token's symbol on L1.
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
def _move(owner: address, to: address, amount: uint256):
    # Sent to nobody, a token could never come home, yet L1 would hold it for ever.
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
