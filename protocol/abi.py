"""Calls of contracts in bytes: as much of the ABI as the node itself speaks.

Source: https://docs.soliditylang.org/en/latest/abi-spec.html
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

from protocol.crypto import keccak
from protocol.types import Address

Argument: TypeAlias = "int | bytes | Dynamic | tuple[Argument, ...]"
"""A word as a number, an address or 32 bytes; `Dynamic` for bytes of any length; a tuple for a struct."""


@dataclass(frozen=True, slots=True)
class Dynamic:
    """An argument of type `bytes`."""

    data: bytes


def encode_call(signature: str, *arguments: Argument) -> bytes:
    """Calldata of the function with this canonical signature, e.g. ``"transfer(address,uint256)"``."""
    return selector(signature) + encode_arguments(arguments)


@cache
def selector(signature: str) -> bytes:
    """The four bytes that name a function."""
    return bytes(keccak(signature.encode())[:4])


def encode_arguments(arguments: Sequence[Argument]) -> bytes:
    """Heads, then the tails that they point to."""
    encoded = [_encode(argument) for argument in arguments]
    position = sum(32 if is_dynamic else len(data) for data, is_dynamic in encoded)
    heads, tails = [], []
    for data, is_dynamic in encoded:
        if is_dynamic:
            heads.append(position.to_bytes(32, "big"))
            tails.append(data)
            position += len(data)
        else:
            heads.append(data)
    return b"".join(heads + tails)


def words_of(data: bytes) -> list[int]:
    """An answer that is nothing but words."""
    return [int.from_bytes(data[start : start + 32], "big") for start in range(0, len(data) - 31, 32)]


def address_of(word: int) -> Address:
    """The address in a word's low 20 bytes."""
    return Address((word % 2**160).to_bytes(20, "big"))


def _encode(argument: Argument) -> tuple[bytes, bool]:
    match argument:
        case int():
            return argument.to_bytes(32, "big"), False
        case bytes():
            if len(argument) not in (20, 32):
                raise ValueError(f"{len(argument)} bytes are neither an address nor a word: make them Dynamic")
            return argument.rjust(32, b"\0"), False
        case Dynamic(data):
            return len(data).to_bytes(32, "big") + data + bytes(-len(data) % 32), True
        case tuple():
            return encode_arguments(argument), any(_is_dynamic(field) for field in argument)


def _is_dynamic(argument: Argument) -> bool:
    return isinstance(argument, Dynamic) or (isinstance(argument, tuple) and any(_is_dynamic(one) for one in argument))
