# pragma version 0.4.3
# pragma evm-version cancun
"""
@title A target of withdrawals, for tests: it records its calls, fails when told to, and re-enters when told to.
"""

interface IPortal:
    def l2_sender() -> address: view


portal: immutable(IPortal)

calls: public(uint256)
gas_seen: public(uint256)
sender_seen: public(address)
refusing: public(bool)
inner_failures: public(uint256)
reentry: Bytes[20000]
reentry_succeeded: public(bool)


@deploy
def __init__(_portal: IPortal):
    portal = _portal


@external
@payable
def __default__():
    self._record()


@external
@payable
def record():
    self._record()


@external
@payable
def swallow():
    """
    @notice Try something that needs 50,000 gas, and go on if it fails: whoever starves it of gas makes it drop that.
    """
    success: bool = raw_call(
        self, method_id("spend()"), gas=msg.gas - 60_000, revert_on_failure=False
    )
    if not success:
        self.inner_failures += 1


@external
def spend():
    assert msg.sender == self
    for i: uint256 in range(2):
        self.calls += 1
    start: uint256 = msg.gas
    for i: uint256 in range(1000):
        if start - msg.gas > 50_000:
            break


@external
def refuse(refusing: bool):
    self.refusing = refusing


@external
def reenter_with(calldata: Bytes[20000]):
    self.reentry = calldata


@internal
@payable
def _record():
    self.gas_seen = msg.gas
    assert not self.refusing, "target: refusing"
    self.calls += 1
    self.sender_seen = staticcall portal.l2_sender()
    calldata: Bytes[20000] = self.reentry
    if len(calldata) != 0:
        self.reentry = b""
        self.reentry_succeeded = raw_call(portal.address, calldata, revert_on_failure=False)
