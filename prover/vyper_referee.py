"""The verifier's contracts as a referee: each step is a call in a local EVM (pyrevm, a dependency of the tests).

The same seam as `prover.referee.judge`. pyrevm runs Cancun, and about 76,000 small calls a second.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from protocol.errors import InvalidInput
from protocol.types import Address, Hash32
from prover.calldata import step_calldata
from prover.commitments.tape import InvalidWitness, Witness
from prover.verifier import deploy_verifier

if TYPE_CHECKING:
    import pyrevm

_CALLER = "0x" + "ca" * 20
_GAS_LIMIT = 30_000_000
"""Of one step: an L1 block's."""
CALLS_PER_EVM = 100_000
"""pyrevm keeps a journal of all calls, about a kilobyte each; so now and then a new one takes its place."""


class VyperReferee:
    """Judges steps by the contracts. `gas_used` is what the last judged step would cost as a transaction of its own."""

    def __init__(self, load: Callable[[str], bytes]) -> None:
        """Deploy the contracts; `load` gives their init code by name, as `node.artifacts` has it.

        Raises:
            InvalidInput: pyrevm is not installed.
        """
        self._begin(lambda: deploy_verifier(load, self._deploy))

    @classmethod
    def of_library(cls, load: Callable[[str], bytes], name: str) -> "VyperReferee":
        """One library alone, without the dispatcher: it refuses what is not its own."""
        referee = cls.__new__(cls)
        referee._begin(lambda: referee._deploy(load(name)))
        return referee

    def _begin(self, deploy: Callable[[], Address]) -> None:
        self._deploy_all = deploy
        self._evm = _local_evm()
        self._address = "0x" + deploy().hex()
        self._calls = 0
        self.gas_used = 0

    def judge(self, pre_hash: Hash32, witness: Witness) -> Hash32:
        """The hash of the state after the state with hash `pre_hash`.

        Raises:
            InvalidWitness: The contracts reverted.
        """
        return self.call(step_calldata(pre_hash, witness))

    def call(self, calldata: bytes, gas: int = _GAS_LIMIT) -> Hash32:
        """What the verifier answers to this calldata with so much gas.

        Raises:
            InvalidWitness: It reverted, or did not answer with a hash.
        """
        if self._calls == CALLS_PER_EVM:
            self._begin(self._deploy_all)
        self._calls += 1
        try:
            answer = bytes(self._evm.message_call(_CALLER, self._address, calldata=calldata, gas=gas, is_static=True))
        except RuntimeError as error:
            raise InvalidWitness(f"the verifier reverted: {_reason(str(error))}") from error
        if len(answer) != 32:
            raise InvalidWitness(f"the verifier answered {len(answer)} bytes")
        result = self._evm.result
        assert result is not None  # noqa: S101
        self.gas_used = int(result.gas_used)
        return Hash32(answer)

    def _deploy(self, code: bytes) -> Address:
        return Address(bytes.fromhex(self._evm.deploy(_CALLER, code)[2:]))


def _local_evm() -> "pyrevm.EVM":
    try:
        import pyrevm  # noqa: PLC0415 - only who judges by the contracts needs it
    except ImportError as error:
        raise InvalidInput("the vyper referee needs pyrevm: pip install pyrevm==0.3.7") from error
    return pyrevm.EVM(gas_limit=2**40)


def _reason(message: str) -> str:
    """The text of `Error(string)` in pyrevm's message, or the message."""
    _, found, hexadecimal = message.partition("0x08c379a0")
    if not found:
        return message
    data = bytes.fromhex(hexadecimal.split('"')[0].split(" ")[0].split(",")[0].rstrip(" })"))
    return data[64 : 64 + int.from_bytes(data[32:64], "big")].decode(errors="replace")
