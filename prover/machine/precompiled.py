"""The precompiled functions of Cancun, 0x01 to 0x0a without the identity: bytes to bytes, and what they cost.

Those that are slow here remember their last results, since a dispute runs the same steps again and again: as many as a
block of 30M gas has calls that take longer than the other steps of a call.
"""

import hashlib
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import ckzg

from protocol.blake2 import INPUT_BYTES, blake2_f
from protocol.bn128 import bn128_add, bn128_multiply
from protocol.bn128_pairing import PAIR_BYTES, bn128_pairing
from protocol.crypto import recover_address
from protocol.kzg import trusted_setup
from prover.machine.faults import PrecompileFailure
from prover.machine.gas import words_of

FIELD_ELEMENTS_PER_BLOB = 4_096
BLS_MODULUS = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
MODEXP_MINIMUM = 200
REMEMBERED, REMEMBERED_PAIRINGS = 1 << 14, 1 << 10


class Precompile(NamedTuple):
    """`gas` is due before `run`, which may raise PrecompileFailure. Neither looks beyond the first `most` bytes."""

    gas: Callable[[bytes], int]
    run: Callable[[bytes], bytes]
    most: int = 2**64


def _number(data: bytes, start: int, length: int = 32) -> int:
    """A big-endian number; behind the input's end there are zeros."""
    return int.from_bytes(data[start : start + length].ljust(length, b"\0"), "big")


def _ecrecover(data: bytes) -> bytes:
    """The address that signed a hash, or nothing."""
    v, r, s = (_number(data, start) for start in (32, 64, 96))
    try:
        return bytes(12) + recover_address(data[:32].ljust(32, b"\0"), v - 27, r, s)
    except ValueError:
        return b""


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _ripemd160(data: bytes) -> bytes:
    # Not hashlib's, which many builds of OpenSSL no longer have; imported late, for what comes with it.
    from Crypto.Hash import RIPEMD160  # noqa: PLC0415

    return bytes(12) + RIPEMD160.new(data).digest()


def _modexp_lengths(data: bytes) -> tuple[int, int, int]:
    return _number(data, 0), _number(data, 32), _number(data, 64)


def modexp_input(data: bytes) -> int:
    """How many bytes of an input that begins with `data` a power looks at."""
    return 96 + sum(_modexp_lengths(data))


def _modexp_gas(data: bytes) -> int:
    """EIP-2565."""
    base_length, exponent_length, modulus_length = _modexp_lengths(data)
    complexity = ((max(base_length, modulus_length) + 7) // 8) ** 2
    head = _number(data, 96 + base_length, min(exponent_length, 32)) if base_length < len(data) else 0
    iterations = max(head.bit_length() - 1, 0) + 8 * max(exponent_length - 32, 0)
    return max(MODEXP_MINIMUM, complexity * max(iterations, 1) // 3)


def _modexp(data: bytes) -> bytes:
    base_length, exponent_length, modulus_length = _modexp_lengths(data)
    if not modulus_length:
        return b""
    base = _number(data, 96, base_length)
    exponent = _number(data, 96 + base_length, exponent_length)
    modulus = _number(data, 96 + base_length + exponent_length, modulus_length)
    return (pow(base, exponent, modulus) if modulus else 0).to_bytes(modulus_length, "big")


def _checked(function: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """`function`, where an input that it refuses fails the call."""

    def run(data: bytes) -> bytes:
        try:
            return function(data)
        except ValueError as error:
            raise PrecompileFailure from error

    return run


def _pairing_gas(data: bytes) -> int:
    """EIP-1108."""
    return 45_000 + 34_000 * (len(data) // PAIR_BYTES)


def _blake2_gas(data: bytes) -> int:
    """EIP-152."""
    return _number(data, 0, 4) if len(data) == INPUT_BYTES else 0


def _point_evaluation(data: bytes) -> bytes:
    """EIP-4844."""
    if len(data) != 192:
        raise PrecompileFailure
    commitment = data[96:144]
    if data[:32] != b"\x01" + hashlib.sha256(commitment).digest()[1:]:
        raise PrecompileFailure
    try:
        valid = ckzg.verify_kzg_proof(commitment, data[32:64], data[64:96], data[144:], trusted_setup())
    except RuntimeError as error:  # ckzg's word for a point or field element that is not one
        raise PrecompileFailure from error
    if not valid:
        raise PrecompileFailure
    return FIELD_ELEMENTS_PER_BLOB.to_bytes(32, "big") + BLS_MODULUS.to_bytes(32, "big")


GAS_OF_HASH: dict[int, Callable[[int], int]] = {
    0x02: lambda length: 60 + 12 * words_of(length),
    0x03: lambda length: 600 + 120 * words_of(length),
}
"""By the input's length in bytes."""

# Where the length itself is checked, one byte too many is as good as all of them.
PRECOMPILES: dict[int, Precompile] = {
    0x01: Precompile(lambda _data: 3_000, _ecrecover, 128),
    0x02: Precompile(lambda data: GAS_OF_HASH[0x02](len(data)), _sha256),
    0x03: Precompile(lambda data: GAS_OF_HASH[0x03](len(data)), _ripemd160),
    0x05: Precompile(_modexp_gas, _modexp),
    0x06: Precompile(lambda _data: 150, _checked(bn128_add), 128),
    0x07: Precompile(lambda _data: 6_000, lru_cache(REMEMBERED)(_checked(bn128_multiply)), 96),
    0x08: Precompile(_pairing_gas, lru_cache(REMEMBERED_PAIRINGS)(_checked(bn128_pairing))),
    0x09: Precompile(_blake2_gas, lru_cache(REMEMBERED)(_checked(blake2_f)), INPUT_BYTES + 1),
    0x0A: Precompile(lambda _data: 50_000, _point_evaluation, 193),
}
