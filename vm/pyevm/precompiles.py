"""Precompiled contracts by fork: py-evm's, with those replaced that are slow or wrong there."""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import ckzg
from eth.exceptions import VMError
from eth.vm.forks.berlin.computation import BERLIN_PRECOMPILES
from eth.vm.forks.byzantium.computation import BYZANTIUM_PRECOMPILES
from eth.vm.forks.frontier.computation import FRONTIER_PRECOMPILES
from eth.vm.forks.istanbul.computation import ISTANBUL_PRECOMPILES
from eth.vm.forks.prague.computation import PRAGUE_PRECOMPILES

from protocol.crypto import recover_address
from protocol.forks import Fork
from protocol.kzg import trusted_setup
from protocol.rollup_limits import BLAKE2, MODEXP, PAIRING, exceeds_limits
from protocol.types import Address
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
    table = dict(_pyevm_precompiles(fork))
    table[address_of(0x01)] = ecrecover
    table[address_of(0x03)] = ripemd160
    if fork >= Fork.BYZANTIUM:
        table[address_of(0x05)] = modexp(_modexp_price(fork))
    if fork >= Fork.CANCUN:
        table[address_of(0x0A)] = point_evaluation
    if fork >= Fork.OSAKA:
        table[address_of(0x100)] = p256_verify
    if rollup:
        table |= {address: _limited(number, table[address]) for number, address in _LIMITED if address in table}
    return table


_LIMITED = tuple((number, address_of(number)) for number in (MODEXP, PAIRING, BLAKE2))


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


def _pyevm_precompiles(fork: Fork) -> Mapping[Address, Any]:
    if fork >= Fork.PRAGUE:
        return PRAGUE_PRECOMPILES  # type: ignore[no-any-return]
    if fork >= Fork.BERLIN:
        return BERLIN_PRECOMPILES  # type: ignore[no-any-return]
    if fork >= Fork.ISTANBUL:
        return ISTANBUL_PRECOMPILES  # type: ignore[no-any-return]
    if fork >= Fork.BYZANTIUM:
        return BYZANTIUM_PRECOMPILES  # type: ignore[no-any-return]
    return FRONTIER_PRECOMPILES  # type: ignore[no-any-return]


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
