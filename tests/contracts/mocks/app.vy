# pragma version 0.4.3
# pragma evm-version cancun
"""
@title An application on a chain of the network, for tests: it records what it is told, and does what it is told to.
"""

count: public(uint256)
origin: public(uint32)
sender: public(bytes32)
body: public(Bytes[2048])
refunds: public(uint256)
refund_value: public(uint256)
gas_seen: public(uint256)
refusing: public(bool)
module: address
hook: address
hook_calldata: Bytes[12000]
hook_succeeded: public(bool)
verdict: bool


@external
@payable
def __default__():
    pass


@external
def refuse(refusing: bool):
    self.refusing = refusing


@external
def choose(module: address):
    self.module = module


@external
def call_on_message(hook: address, calldata: Bytes[12000]):
    self.hook = hook
    self.hook_calldata = calldata


@external
@view
def interchainSecurityModule() -> address:
    return self.module


@external
@payable
def handle(origin: uint32, sender: bytes32, body: Bytes[2048]):
    self.gas_seen = msg.gas
    assert not self.refusing, "app: refusing"
    self.count += 1
    self.origin = origin
    self.sender = sender
    self.body = body
    self._call()


@external
@payable
def on_refund(destination: uint32, recipient: bytes32, body: Bytes[2048]):
    assert not self.refusing, "app: refusing"
    self.refunds += 1
    self.refund_value += msg.value
    self._call()


@external
@payable
def forward(target: address, calldata: Bytes[12000]):
    raw_call(target, calldata, value=msg.value)


@external
def say(verdict: bool):
    self.verdict = verdict


@external
@view
def verify(metadata: Bytes[1056], message: Bytes[2142]) -> bool:
    return self.verdict


@internal
def _call():
    if self.hook != empty(address):
        hook: address = self.hook
        self.hook = empty(address)
        self.hook_succeeded = raw_call(hook, self.hook_calldata, revert_on_failure=False)
