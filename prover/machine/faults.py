"""Exceptional halts: what makes an opcode fail its frame. The frame loses its gas, its effects are undone."""


class Fault(Exception):
    """Base of every exceptional halt. Which one it was is not committed to: all of them end a frame alike."""


class OutOfGas(Fault):
    """The frame's gas does not cover the step."""


class StackUnderflow(Fault):
    """The opcode takes more items than there are."""


class StackOverflow(Fault):
    """The opcode would leave more than 1,024 items."""


class InvalidOpcode(Fault):
    """The fork has no such opcode."""


class InvalidJump(Fault):
    """The target is not a JUMPDEST outside push data."""


class StaticViolation(Fault):
    """A change of state inside STATICCALL."""


class ReturndataOutOfBounds(Fault):
    """RETURNDATACOPY past the end of the returndata."""


class InitcodeTooLarge(Fault):
    """CREATE with more than 49,152 bytes of initcode (EIP-3860)."""


class CodeTooLarge(Fault):
    """A create that returns more than 24,576 bytes (EIP-170)."""


class ReservedCode(Fault):
    """A create whose code starts with 0xEF (EIP-3541)."""


class PrecompileFailure(Fault):
    """A precompile refuses its input."""
