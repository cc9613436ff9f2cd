"""Arithmetic, comparison and bitwise opcodes. Words are integers from 0 to 2^256 - 1."""

from prover.machine import gas
from prover.machine.frame import Frame
from prover.machine.gas import charge
from prover.machine.vm import VM

WORD_MASK = 2**256 - 1
SIGN_BIT = 2**255


def signed(word: int) -> int:
    """The word as two's complement."""
    return word - 2**256 if word & SIGN_BIT else word


def add(_vm: VM, frame: Frame) -> None:
    """Sum, modulo 2^256."""
    # Stack
    stack = frame.stack.items
    left, right = stack.pop(), stack.pop()
    # Gas
    charge(frame, gas.VERY_LOW)
    # Operation
    stack.append((left + right) & WORD_MASK)
    # Program counter
    frame.pc += 1


def mul(_vm: VM, frame: Frame) -> None:
    """Product, modulo 2^256."""
    # Stack
    stack = frame.stack.items
    left, right = stack.pop(), stack.pop()
    # Gas
    charge(frame, gas.LOW)
    # Operation
    stack.append(left * right & WORD_MASK)
    # Program counter
    frame.pc += 1


def sub(_vm: VM, frame: Frame) -> None:
    """Difference, modulo 2^256."""
    # Stack
    stack = frame.stack.items
    left, right = stack.pop(), stack.pop()
    # Gas
    charge(frame, gas.VERY_LOW)
    # Operation
    stack.append((left - right) & WORD_MASK)
    # Program counter
    frame.pc += 1


def div(_vm: VM, frame: Frame) -> None:
    """Quotient; 0 when dividing by 0."""
    # Stack
    stack = frame.stack.items
    left, right = stack.pop(), stack.pop()
    # Gas
    charge(frame, gas.LOW)
    # Operation
    stack.append(left // right if right else 0)
    # Program counter
    frame.pc += 1


def sdiv(_vm: VM, frame: Frame) -> None:
    """Signed quotient, rounded towards zero; MIN / -1 is MIN."""
    # Stack
    stack = frame.stack.items
    left, right = signed(stack.pop()), signed(stack.pop())
    # Gas
    charge(frame, gas.LOW)
    # Operation
    quotient = abs(left) // abs(right) if right else 0
    stack.append((-quotient if (left < 0) != (right < 0) else quotient) & WORD_MASK)
    # Program counter
    frame.pc += 1


def mod(_vm: VM, frame: Frame) -> None:
    """Remainder; 0 when dividing by 0."""
    # Stack
    stack = frame.stack.items
    left, right = stack.pop(), stack.pop()
    # Gas
    charge(frame, gas.LOW)
    # Operation
    stack.append(left % right if right else 0)
    # Program counter
    frame.pc += 1


def smod(_vm: VM, frame: Frame) -> None:
    """Signed remainder, with the sign of the dividend."""
    # Stack
    stack = frame.stack.items
    left, right = signed(stack.pop()), signed(stack.pop())
    # Gas
    charge(frame, gas.LOW)
    # Operation
    remainder = abs(left) % abs(right) if right else 0
    stack.append((-remainder if left < 0 else remainder) & WORD_MASK)
    # Program counter
    frame.pc += 1


def addmod(_vm: VM, frame: Frame) -> None:
    """Sum without overflow, modulo the third item."""
    # Stack
    stack = frame.stack.items
    left, right, modulus = stack.pop(), stack.pop(), stack.pop()
    # Gas
    charge(frame, gas.MID)
    # Operation
    stack.append((left + right) % modulus if modulus else 0)
    # Program counter
    frame.pc += 1


def mulmod(_vm: VM, frame: Frame) -> None:
    """Product without overflow, modulo the third item."""
    # Stack
    stack = frame.stack.items
    left, right, modulus = stack.pop(), stack.pop(), stack.pop()
    # Gas
    charge(frame, gas.MID)
    # Operation
    stack.append(left * right % modulus if modulus else 0)
    # Program counter
    frame.pc += 1


def exp(_vm: VM, frame: Frame) -> None:
    """Power, modulo 2^256."""
    # Stack
    stack = frame.stack.items
    base, exponent = stack.pop(), stack.pop()
    # Gas
    charge(frame, gas.EXP + gas.EXP_BYTE * ((exponent.bit_length() + 7) // 8))
    # Operation
    stack.append(pow(base, exponent, 2**256))
    # Program counter
    frame.pc += 1


def signextend(_vm: VM, frame: Frame) -> None:
    """Extend the sign of a number of `index + 1` bytes; from 31 on the word stays."""
    # Stack
    stack = frame.stack.items
    index, value = stack.pop(), stack.pop()
    # Gas
    charge(frame, gas.LOW)
    # Operation
    if index < 31:
        sign = 1 << (8 * index + 7)
        value = value | (WORD_MASK - sign + 1) if value & sign else value & (sign - 1)
    stack.append(value)
    # Program counter
    frame.pc += 1


def lt(_vm: VM, frame: Frame) -> None:
    """Whether the first is less."""
    # Stack
    stack = frame.stack.items
    left, right = stack.pop(), stack.pop()
    # Gas
    charge(frame, gas.VERY_LOW)
    # Operation
    stack.append(1 if left < right else 0)
    # Program counter
    frame.pc += 1


def gt(_vm: VM, frame: Frame) -> None:
    """Whether the first is greater."""
    # Stack
    stack = frame.stack.items
    left, right = stack.pop(), stack.pop()
    # Gas
    charge(frame, gas.VERY_LOW)
    # Operation
    stack.append(1 if left > right else 0)
    # Program counter
    frame.pc += 1


def slt(_vm: VM, frame: Frame) -> None:
    """Whether the first is less, signed."""
    # Stack
    stack = frame.stack.items
    left, right = signed(stack.pop()), signed(stack.pop())
    # Gas
    charge(frame, gas.VERY_LOW)
    # Operation
    stack.append(1 if left < right else 0)
    # Program counter
    frame.pc += 1


def sgt(_vm: VM, frame: Frame) -> None:
    """Whether the first is greater, signed."""
    # Stack
    stack = frame.stack.items
    left, right = signed(stack.pop()), signed(stack.pop())
    # Gas
    charge(frame, gas.VERY_LOW)
    # Operation
    stack.append(1 if left > right else 0)
    # Program counter
    frame.pc += 1


def eq(_vm: VM, frame: Frame) -> None:
    """Whether both are equal."""
    # Stack
    stack = frame.stack.items
    left, right = stack.pop(), stack.pop()
    # Gas
    charge(frame, gas.VERY_LOW)
    # Operation
    stack.append(1 if left == right else 0)
    # Program counter
    frame.pc += 1


def iszero(_vm: VM, frame: Frame) -> None:
    """Whether the item is 0."""
    # Stack
    stack = frame.stack.items
    value = stack.pop()
    # Gas
    charge(frame, gas.VERY_LOW)
    # Operation
    stack.append(0 if value else 1)
    # Program counter
    frame.pc += 1


def and_(_vm: VM, frame: Frame) -> None:
    """Bitwise and."""
    # Stack
    stack = frame.stack.items
    left, right = stack.pop(), stack.pop()
    # Gas
    charge(frame, gas.VERY_LOW)
    # Operation
    stack.append(left & right)
    # Program counter
    frame.pc += 1


def or_(_vm: VM, frame: Frame) -> None:
    """Bitwise or."""
    # Stack
    stack = frame.stack.items
    left, right = stack.pop(), stack.pop()
    # Gas
    charge(frame, gas.VERY_LOW)
    # Operation
    stack.append(left | right)
    # Program counter
    frame.pc += 1


def xor(_vm: VM, frame: Frame) -> None:
    """Bitwise exclusive or."""
    # Stack
    stack = frame.stack.items
    left, right = stack.pop(), stack.pop()
    # Gas
    charge(frame, gas.VERY_LOW)
    # Operation
    stack.append(left ^ right)
    # Program counter
    frame.pc += 1


def not_(_vm: VM, frame: Frame) -> None:
    """Bitwise complement."""
    # Stack
    stack = frame.stack.items
    value = stack.pop()
    # Gas
    charge(frame, gas.VERY_LOW)
    # Operation
    stack.append(value ^ WORD_MASK)
    # Program counter
    frame.pc += 1


def byte(_vm: VM, frame: Frame) -> None:
    """One byte of the word, counted from the most significant; 0 from 32 on."""
    # Stack
    stack = frame.stack.items
    index, value = stack.pop(), stack.pop()
    # Gas
    charge(frame, gas.VERY_LOW)
    # Operation
    stack.append(value >> (8 * (31 - index)) & 0xFF if index < 32 else 0)
    # Program counter
    frame.pc += 1


def shl(_vm: VM, frame: Frame) -> None:
    """Shift left; 0 from 256 on."""
    # Stack
    stack = frame.stack.items
    shift, value = stack.pop(), stack.pop()
    # Gas
    charge(frame, gas.VERY_LOW)
    # Operation
    stack.append(value << shift & WORD_MASK if shift < 256 else 0)
    # Program counter
    frame.pc += 1


def shr(_vm: VM, frame: Frame) -> None:
    """Shift right; 0 from 256 on."""
    # Stack
    stack = frame.stack.items
    shift, value = stack.pop(), stack.pop()
    # Gas
    charge(frame, gas.VERY_LOW)
    # Operation
    stack.append(value >> shift if shift < 256 else 0)
    # Program counter
    frame.pc += 1


def sar(_vm: VM, frame: Frame) -> None:
    """Shift right keeping the sign; only the sign is left from 256 on."""
    # Stack
    stack = frame.stack.items
    shift, value = stack.pop(), signed(stack.pop())
    # Gas
    charge(frame, gas.VERY_LOW)
    # Operation
    stack.append(value >> min(shift, 256) & WORD_MASK)
    # Program counter
    frame.pc += 1
