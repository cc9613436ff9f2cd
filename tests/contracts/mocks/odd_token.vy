# pragma version 0.4.3
# pragma evm-version cancun
"""
@title A token with the oddities of real ones, for tests.
"""

balanceOf: public(HashMap[address, uint256])
allowance: public(HashMap[address, HashMap[address, uint256]])

fee: public(uint256)  # taken of each transfer, in hundredths
returns: uint256  # 0: nothing, 1: true, 2: false
text: Bytes[160]
number: Bytes[64]
hook: address
hook_succeeded: public(bool)
hook_calldata: Bytes[1000]


@deploy
def __init__(_fee: uint256, _returns: uint256, _text: Bytes[160], _number: Bytes[64]):
    self.fee = _fee
    self.returns = _returns
    self.text = _text
    self.number = _number


@external
def give(owner: address, amount: uint256):
    self.balanceOf[owner] += amount


@external
def take(owner: address, amount: uint256):
    self.balanceOf[owner] -= amount


@external
def approve(spender: address, amount: uint256):
    self.allowance[msg.sender][spender] = amount


@external
def call_on_transfer(hook: address, calldata: Bytes[1000]):
    self.hook = hook
    self.hook_calldata = calldata


@external
@raw_return
def transfer(to: address, amount: uint256) -> Bytes[32]:
    self._move(msg.sender, to, amount)
    return self._answer()


@external
@raw_return
def transferFrom(owner: address, to: address, amount: uint256) -> Bytes[32]:
    self.allowance[owner][msg.sender] -= amount
    self._move(owner, to, amount)
    return self._answer()


@external
@raw_return
def name() -> Bytes[160]:
    return self._meta()


@external
@raw_return
def symbol() -> Bytes[160]:
    return self._meta()


@external
@raw_return
def decimals() -> Bytes[64]:
    assert len(self.number) != 0
    return self.number


@internal
@view
def _meta() -> Bytes[160]:
    assert len(self.text) != 0
    return self.text


@internal
def _move(owner: address, to: address, amount: uint256):
    if self.hook != empty(address):
        hook: address = self.hook
        self.hook = empty(address)
        self.hook_succeeded = raw_call(hook, self.hook_calldata, revert_on_failure=False)
    self.balanceOf[owner] -= amount
    self.balanceOf[to] += amount - amount * self.fee // 100


@internal
@view
def _answer() -> Bytes[32]:
    if self.returns == 0:
        return b""
    return abi_encode(self.returns == 1)
