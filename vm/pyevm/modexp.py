"""0x05, modular exponentiation, with its three prices. py-evm's answers 0 to 0^0 and lacks the third price."""

from collections.abc import Callable
from dataclasses import dataclass

from eth.exceptions import VMError

from vm.pyevm.frame import Frame

MAX_OPERAND_SIZE = 1024
"""Bytes (EIP-7823)."""


@dataclass(frozen=True, slots=True)
class ModexpSizes:
    """The operands' lengths in bytes, and the integer that the exponent's first 32 bytes are."""

    base: int
    exponent: int
    modulus: int
    exponent_head: int


ModexpPrice = Callable[[ModexpSizes], int]


def modexp(price: ModexpPrice) -> Callable[[Frame], None]:
    """The precompile at this price."""

    def run(frame: Frame) -> None:
        data = frame.msg.data
        sizes = _sizes(data)
        frame.consume_gas(price(sizes))
        frame.output = _power(data, sizes)

    return run


def _sizes(data: bytes) -> ModexpSizes:
    base, exponent, modulus = (int.from_bytes(_padded(data, start, 32), "big") for start in (0, 32, 64))
    head = _padded(data, 96 + base, min(exponent, 32))
    return ModexpSizes(base, exponent, modulus, int.from_bytes(head, "big"))


def _power(data: bytes, sizes: ModexpSizes) -> bytes:
    if not sizes.modulus:
        return b""  # before anything is padded: nothing was paid for the other operands' lengths
    exponent_start = 96 + sizes.base
    modulus_start = exponent_start + sizes.exponent
    base = int.from_bytes(_padded(data, 96, sizes.base), "big")
    exponent = int.from_bytes(_padded(data, exponent_start, sizes.exponent), "big")
    modulus = int.from_bytes(_padded(data, modulus_start, sizes.modulus), "big")
    result = pow(base, exponent, modulus) if modulus else 0
    return result.to_bytes(sizes.modulus, "big")


def _padded(data: bytes, start: int, size: int) -> bytes:
    """`size` bytes from `start`; the data goes on with zeros."""
    return data[start : start + size].ljust(size, b"\0")


def _exponent_bits(sizes: ModexpSizes, bits_per_byte: int) -> int:
    """The position of the exponent's highest bit, where each byte behind the first 32 counts `bits_per_byte`."""
    return max(sizes.exponent_head.bit_length() - 1, 0) + bits_per_byte * max(sizes.exponent - 32, 0)


def price_eip198(sizes: ModexpSizes) -> int:
    """Byzantium to Istanbul."""
    length = max(sizes.base, sizes.modulus)
    if length <= 64:
        complexity = length**2
    elif length <= 1024:
        complexity = length**2 // 4 + 96 * length - 3_072
    else:
        complexity = length**2 // 16 + 480 * length - 199_680
    return complexity * max(_exponent_bits(sizes, 8), 1) // 20


def price_eip2565(sizes: ModexpSizes) -> int:
    """Berlin to Prague."""
    words = (max(sizes.base, sizes.modulus) + 7) // 8
    return max(200, words**2 * max(_exponent_bits(sizes, 8), 1) // 3)


def price_eip7883(sizes: ModexpSizes) -> int:
    """Osaka; raises VMError for an operand above EIP-7823's limit."""
    if max(sizes.base, sizes.exponent, sizes.modulus) > MAX_OPERAND_SIZE:
        raise VMError("modexp operand above 1024 bytes")
    length = max(sizes.base, sizes.modulus)
    complexity = 16 if length <= 32 else 2 * ((length + 7) // 8) ** 2
    return max(500, complexity * max(_exponent_bits(sizes, 16), 1))
