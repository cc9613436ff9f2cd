"""Precompiled contracts by fork: two of py-evm's, and ours where those are slow or wrong."""

import hashlib
from collections.abc import Callable, Mapping

import ckzg
from eth.exceptions import VMError
from eth.precompiles import identity, sha256

from protocol.blake2 import INPUT_BYTES, blake2_f
from protocol.crypto import recover_address
from protocol.forks import Fork
from protocol.kzg import trusted_setup
from protocol.rollup_limits import BLAKE2, MODEXP, PAIRING, exceeds_limits
from protocol.types import Address
from vm.pyevm.bls12_381 import bls12_381_precompiles
from vm.pyevm.bn128 import bn128_precompiles
from vm.pyevm.faults import OutOfGas
from vm.pyevm.frame import Frame
from vm.pyevm.modexp import ModexpPrice, modexp, price_eip198, price_eip2565, price_eip7883
from vm.pyevm.osaka import p256_verify

GAS_ECRECOVER = 3_000
GAS_RIPEMD160, GAS_RIPEMD160_WORD = 600, 120
GAS_POINT_EVALUATION = 50_000
FIELD_ELEMENTS_PER_BLOB = 4_096
BLS_MODULUS = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001

Precompile = Callable[[Frame], object]


def address_of(number: int) -> Address:
    """The address of the precompile with this number."""
    return Address(number.to_bytes(20, "big"))


def precompiles_of(fork: Fork, rollup: bool = False) -> Mapping[Address, Precompile]:
    """The fork's precompiles by address; with the limits of a rollup, if it is for one."""
    table: dict[int, Precompile] = {0x01: ecrecover, 0x02: sha256, 0x03: ripemd160, 0x04: identity}
    if fork >= Fork.BYZANTIUM:
        table |= {0x05: modexp(_modexp_price(fork)), **bn128_precompiles(fork)}
    if fork >= Fork.ISTANBUL:
        table[0x09] = blake2
    if fork >= Fork.CANCUN:
        table[0x0A] = point_evaluation
    if fork >= Fork.PRAGUE:
        table |= bls12_381_precompiles()
    if fork >= Fork.OSAKA:
        table[0x100] = p256_verify
    if rollup:
        table |= {number: _limited(number, table[number]) for number in (MODEXP, PAIRING, BLAKE2) if number in table}
    return {address_of(number): precompile for number, precompile in table.items()}


def _limited(number: int, precompile: Precompile) -> Precompile:
    """The precompile, out of gas beyond what L1 could execute in a step."""

    def run(frame: Frame) -> None:
        data = bytes(frame.msg.data)
        if exceeds_limits(number, data, len(data)):
            raise OutOfGas
        precompile(frame)

    return run


def _modexp_price(fork: Fork) -> ModexpPrice:
    if fork >= Fork.OSAKA:
        return price_eip7883
    return price_eip2565 if fork >= Fork.BERLIN else price_eip198


def ecrecover(frame: Frame) -> None:
    """0x01: the address that signed a hash, or nothing. Replaced: py-evm recovers in Python, 4 ms."""
    frame.consume_gas(GAS_ECRECOVER)
    data = frame.msg.data[:128].ljust(128, b"\0")
    v, r, s = (int.from_bytes(data[start : start + 32], "big") for start in (32, 64, 96))
    try:
        frame.output = bytes(12) + recover_address(data[:32], v - 27, r, s)
    except ValueError:
        frame.output = b""


def ripemd160(frame: Frame) -> None:
    """0x03: RIPEMD-160. Replaced: py-evm takes it from OpenSSL, and many builds of that no longer have it."""
    from Crypto.Hash import RIPEMD160  # noqa: PLC0415 - with a parser for C behind it, that few chains ever need

    data = frame.msg.data
    frame.consume_gas(GAS_RIPEMD160 + GAS_RIPEMD160_WORD * ((len(data) + 31) // 32))
    frame.output = bytes(12) + RIPEMD160.new(data).digest()


def blake2(frame: Frame) -> None:
    """0x09 (EIP-152): BLAKE2b's compression, a gas a round. Replaced: py-evm's checks its input in 50 µs."""
    data = bytes(frame.msg.data)
    frame.consume_gas(int.from_bytes(data[:4], "big") if len(data) == INPUT_BYTES else 0)
    try:
        frame.output = blake2_f(data)
    except ValueError as error:
        raise VMError(f"blake2: {error}") from error


def point_evaluation(frame: Frame) -> None:
    """0x0a (EIP-4844): check a KZG proof. Replaced: py-evm loads the trusted setup at every call, 8 s."""
    frame.consume_gas(GAS_POINT_EVALUATION)
    data = frame.msg.data
    if len(data) != 192:
        raise VMError("invalid input length")
    versioned_hash, z, y, commitment, proof = data[:32], data[32:64], data[64:96], data[96:144], data[144:]
    if versioned_hash != b"\x01" + hashlib.sha256(commitment).digest()[1:]:
        raise VMError("mismatched versioned hash")
    try:
        valid = ckzg.verify_kzg_proof(commitment, z, y, proof, trusted_setup())
    except RuntimeError as error:  # ckzg's word for a point or field element that is not one
        raise VMError("error verifying kzg proof") from error
    if not valid:
        raise VMError("error verifying kzg proof")
    frame.output = FIELD_ELEMENTS_PER_BLOB.to_bytes(32, "big") + BLS_MODULUS.to_bytes(32, "big")
