"""Calls to contracts, as bytes: the part of Solidity's ABI that the network's contracts use.

Source: https://docs.soliditylang.org/en/latest/abi-spec.html
"""

from collections.abc import Sequence

from protocol.crypto import keccak

Argument = int | bytes | bool | Sequence["Argument"]
"""`uint…`: int; `bool`: bool; `address`: 20 bytes; `bytes32` and shorter, left-aligned: bytes; `bytes`: bytes;
a tuple, written `(…)`: a sequence."""


def encode_call(signature: str, *arguments: Argument) -> bytes:
    """The calldata of a function, e.g. ``encode_call("send(address,uint256)", address, 5)``.

    Raises:
        ValueError: The arguments do not fit the signature.
    """
    types = signature[signature.index("(") :]
    return keccak(signature.encode())[:4] + _encode_tuple(_members(types), arguments)


def encode(types: str, *arguments: Argument) -> bytes:
    """Arguments alone, e.g. of a constructor: ``encode("(address,uint256)", address, 5)``; raises as `encode_call`."""
    return _encode_tuple(_members(types), arguments)


def _encode_tuple(types: Sequence[str], arguments: Sequence[Argument]) -> bytes:
    if len(types) != len(arguments):
        raise ValueError(f"{len(arguments)} arguments for {len(types)} types {','.join(types)}")
    parts = [_encode(kind, argument) for kind, argument in zip(types, arguments, strict=True)]
    dynamic = [_is_dynamic(kind) for kind in types]
    offset = sum(32 if is_dynamic else len(part) for part, is_dynamic in zip(parts, dynamic, strict=True))
    head, tail = b"", b""
    for part, is_dynamic in zip(parts, dynamic, strict=True):
        if is_dynamic:
            head += (offset + len(tail)).to_bytes(32, "big")
            tail += part
        else:
            head += part
    return head + tail


def _encode(kind: str, argument: Argument) -> bytes:
    if kind.startswith("(") and isinstance(argument, Sequence) and not isinstance(argument, bytes):
        return _encode_tuple(_members(kind), argument)
    if kind == "bytes" and isinstance(argument, bytes):
        return len(argument).to_bytes(32, "big") + argument + bytes(-len(argument) % 32)
    if kind == "address" and isinstance(argument, bytes) and len(argument) == 20:
        return bytes(12) + argument
    if kind.startswith("bytes") and isinstance(argument, bytes) and len(argument) == int(kind[5:]):
        return argument.ljust(32, b"\0")
    if kind == "bool" and isinstance(argument, bool):
        return int(argument).to_bytes(32, "big")
    if kind.startswith("uint") and isinstance(argument, int) and 0 <= argument < 2 ** int(kind[4:]):
        return argument.to_bytes(32, "big")
    raise ValueError(f"{argument!r} is not of type {kind}")


def _is_dynamic(kind: str) -> bool:
    return kind == "bytes" or (kind.startswith("(") and any(_is_dynamic(one) for one in _members(kind)))


def _members(types: str) -> list[str]:
    """The parts of "(a,(b,c),d)"."""
    members, depth, start = [], 0, 1
    for at, character in enumerate(types):
        if character == "(":
            depth += 1
        elif character == ")":
            depth -= 1
        if (character == "," and depth == 1) or (character == ")" and depth == 0):
            members.append(types[start:at])
            start = at + 1
    return [one for one in members if one]
