# pragma version 0.4.3
# pragma evm-version cancun
"""
@title An application that takes no ether but with a refund, for tests.
"""

interface IMailbox:
    def dispatch(
        destination: uint32, recipient: bytes32, body: Bytes[2048], expiry: uint64, gas_limit: uint64
    ) -> bytes32: payable


MAILBOX: constant(address) = 0x4200000000000000000000000000000000000030


@external
@payable
def say(destination: uint32, expiry: uint64):
    extcall IMailbox(MAILBOX).dispatch(destination, convert(self, bytes32), b"hello", expiry, 100_000, value=msg.value)


@external
@payable
def on_refund(destination: uint32, recipient: bytes32, body: Bytes[2048]):
    pass
