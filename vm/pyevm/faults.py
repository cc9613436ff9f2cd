"""What can end a call badly, in the words that geth uses and clients match on.

py-evm's opcodes raise py-evm's exceptions; those raised here derive from them, so that both end a frame alike.
"""

from eth import exceptions as pyevm


class OutOfGas(pyevm.OutOfGas):  # type: ignore[misc]
    """The frame's gas does not cover the next step; `asked` is what that took, where it is known."""

    def __init__(self, asked: int = 0) -> None:
        super().__init__("out of gas")
        self.asked = asked


class StackUnderflow(pyevm.InsufficientStack):  # type: ignore[misc]
    """The opcode needs more items than the stack holds."""

    def __init__(self, height: int, needed: int) -> None:
        super().__init__(f"stack underflow ({height} <=> {needed})")


class StackOverflow(pyevm.FullStack):  # type: ignore[misc]
    """The opcode would leave more than 1,024 items; `limit` is the height it could start from."""

    def __init__(self, height: int, limit: int) -> None:
        super().__init__(f"stack limit reached {height} ({limit})")


class InvalidJump(pyevm.InvalidJumpDestination):  # type: ignore[misc]
    """The jump does not lead to a JUMPDEST."""

    def __init__(self) -> None:
        super().__init__("invalid jump destination")


class InvalidOpcode(pyevm.InvalidInstruction):  # type: ignore[misc]
    """The fork does not know this opcode."""

    def __init__(self, opcode: int) -> None:
        name = "INVALID" if opcode == 0xFE else f"opcode 0x{opcode:x} not defined"
        super().__init__(f"invalid opcode: {name}")


class CreateCollision(pyevm.ContractCreationCollision):  # type: ignore[misc]
    """The new contract's address is taken."""

    def __init__(self) -> None:
        super().__init__("contract address collision")


class CodeStoreOutOfGas(pyevm.OutOfGas):  # type: ignore[misc]
    """The gas left after initialisation does not pay for storing the code."""

    def __init__(self) -> None:
        super().__init__("contract creation code storage out of gas")


class CodeTooLarge(pyevm.OutOfGas):  # type: ignore[misc]
    """The new code exceeds EIP-170's limit."""

    def __init__(self) -> None:
        super().__init__("max code size exceeded")


class ReservedCode(pyevm.ReservedBytesInCode):  # type: ignore[misc]
    """The new code starts with 0xEF (EIP-3541)."""

    def __init__(self) -> None:
        super().__init__("invalid code: must not begin with 0xef")


_GETH_WORDS: tuple[tuple[type[Exception], str], ...] = (
    (pyevm.Revert, "execution reverted"),
    (pyevm.OutOfGas, "out of gas"),
    (pyevm.WriteProtection, "write protection"),
    (pyevm.OutOfBoundsRead, "return data out of bounds"),
    (pyevm.InvalidJumpDestination, "invalid jump destination"),
    (pyevm.StackDepthLimit, "max call depth exceeded"),
    (pyevm.InsufficientFunds, "insufficient balance for transfer"),
)


def fault_name(error: Exception) -> str:
    """The fault in geth's words."""
    if type(error).__module__ == __name__:
        return str(error)
    for kind, words in _GETH_WORDS:
        if isinstance(error, kind):
            return words
    return str(error)
