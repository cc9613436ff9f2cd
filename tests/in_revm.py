"""A contract in pyrevm, where thousands of calls take seconds."""

import pyrevm

from node.artifacts import load_artifact

CALLER = "0x" + "ca" * 20


class Refused(Exception):
    """The contract reverted."""


class InRevm:
    """One of the tree's contracts, deployed. `gas_used` is the last call's, its calldata's included."""

    def __init__(self, name: str) -> None:
        self._evm = pyrevm.EVM(gas_limit=2**40)
        self._address = self._evm.deploy(CALLER, load_artifact(name).init_code)
        self.gas_used = 0

    def call(self, calldata: bytes) -> bytes:
        try:
            answer = bytes(self._evm.message_call(CALLER, self._address, calldata=calldata, is_static=True))
        except RuntimeError as error:
            raise Refused(str(error)) from error
        result = self._evm.result
        assert result is not None
        self.gas_used = int(result.gas_used)
        return answer
