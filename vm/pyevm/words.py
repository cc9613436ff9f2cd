"""Opcodes on 256-bit words, memory words and call data: the ones that most code consists of.

They replace py-evm's because those spend most of their time on converting and checking what is checked already. Their
constant gas is paid, and the stack is high enough, before they start.
"""

from protocol.crypto import keccak
from protocol.types import UINT256_MAX
from vm.pyevm.frame import Frame

GAS_SHA3_WORD = 6


def add(frame: Frame) -> None:
    """ADD."""
    stack = frame.stack
    stack.append((stack.pop() + stack.pop()) & UINT256_MAX)


def mul(frame: Frame) -> None:
    """MUL."""
    stack = frame.stack
    stack.append((stack.pop() * stack.pop()) & UINT256_MAX)


def sub(frame: Frame) -> None:
    """SUB."""
    stack = frame.stack
    stack.append((stack.pop() - stack.pop()) & UINT256_MAX)


def div(frame: Frame) -> None:
    """DIV: rounded down; by zero it is 0."""
    stack = frame.stack
    dividend, divisor = stack.pop(), stack.pop()
    stack.append(dividend // divisor if divisor else 0)


def mod(frame: Frame) -> None:
    """MOD: by zero it is 0."""
    stack = frame.stack
    dividend, divisor = stack.pop(), stack.pop()
    stack.append(dividend % divisor if divisor else 0)


def less(frame: Frame) -> None:
    """LT."""
    stack = frame.stack
    stack.append(int(stack.pop() < stack.pop()))


def greater(frame: Frame) -> None:
    """GT."""
    stack = frame.stack
    stack.append(int(stack.pop() > stack.pop()))


def equal(frame: Frame) -> None:
    """EQ."""
    stack = frame.stack
    stack.append(int(stack.pop() == stack.pop()))


def is_zero(frame: Frame) -> None:
    """ISZERO."""
    stack = frame.stack
    stack[-1] = int(not stack[-1])


def bitwise_and(frame: Frame) -> None:
    """AND."""
    stack = frame.stack
    stack.append(stack.pop() & stack.pop())


def bitwise_or(frame: Frame) -> None:
    """OR."""
    stack = frame.stack
    stack.append(stack.pop() | stack.pop())


def bitwise_xor(frame: Frame) -> None:
    """XOR."""
    stack = frame.stack
    stack.append(stack.pop() ^ stack.pop())


def bitwise_not(frame: Frame) -> None:
    """NOT."""
    stack = frame.stack
    stack[-1] ^= UINT256_MAX


def shift_left(frame: Frame) -> None:
    """SHL (EIP-145)."""
    stack = frame.stack
    shift, value = stack.pop(), stack.pop()
    stack.append((value << shift) & UINT256_MAX if shift < 256 else 0)


def shift_right(frame: Frame) -> None:
    """SHR (EIP-145)."""
    stack = frame.stack
    shift, value = stack.pop(), stack.pop()
    stack.append(value >> shift if shift < 256 else 0)


def sha3(frame: Frame) -> None:
    """SHA3 (KECCAK256) of a range of memory."""
    start, size = frame.stack.pop(), frame.stack.pop()
    frame.consume_gas(GAS_SHA3_WORD * ((size + 31) // 32))
    frame.extend_memory(start, size)
    frame.stack.append(int.from_bytes(keccak(frame.memory_read_bytes(start, size)), "big"))


def call_value(frame: Frame) -> None:
    """CALLVALUE."""
    frame.stack.append(frame.msg.value)


def call_data_load(frame: Frame) -> None:
    """CALLDATALOAD: 32 bytes, zeros behind the end."""
    stack = frame.stack
    start = stack.pop()
    stack.append(int.from_bytes(frame.msg.data[start : start + 32].ljust(32, b"\0"), "big"))


def call_data_size(frame: Frame) -> None:
    """CALLDATASIZE."""
    frame.stack.append(len(frame.msg.data))


def memory_load(frame: Frame) -> None:
    """MLOAD."""
    stack = frame.stack
    start = stack.pop()
    frame.extend_memory(start, 32)
    stack.append(int.from_bytes(frame.memory[start : start + 32], "big"))


def memory_store(frame: Frame) -> None:
    """MSTORE."""
    start, value = frame.stack.pop(), frame.stack.pop()
    frame.extend_memory(start, 32)
    frame.memory[start : start + 32] = value.to_bytes(32, "big")
