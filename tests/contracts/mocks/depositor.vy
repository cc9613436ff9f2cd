# pragma version 0.4.3
# pragma evm-version cancun
"""
@title A contract that deposits, for tests.
"""


@external
@payable
def forward(target: address, calldata: Bytes[60000]):
    raw_call(target, calldata, value=msg.value)


@external
@payable
def pay(target: address):
    raw_call(target, b"", value=msg.value)
