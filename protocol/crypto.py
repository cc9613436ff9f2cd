"""Keccak and secp256k1, the only cryptography that the rules use directly."""

from collections.abc import Callable
from importlib import import_module
from typing import cast

from coincurve import PrivateKey, PublicKey

from protocol.types import Address, Hash32

SECP256K1_N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def _fastest_keccak() -> Callable[[bytes], Hash32]:
    """safe-pysha3 where it is installed (Linux has wheels), else what eth-hash finds, which takes five times as long.

    A plain transfer needs ten hashes, so this is an eighth of all that a node does under load.
    """
    try:
        keccak_256 = import_module("sha3").keccak_256
    except ImportError:
        return cast(Callable[[bytes], Hash32], import_module("eth_hash.auto").keccak)
    return lambda data: keccak_256(data).digest()


keccak = _fastest_keccak()
"""keccak256 as Ethereum uses it (not SHA3-256)."""

EMPTY_KECCAK = keccak(b"")


def recover_address(message_hash: bytes, y_parity: int, r: int, s: int) -> Address:
    """The address whose key signed `message_hash` (32 bytes).

    Raises:
        ValueError: no public key fits (r or s zero or out of range, parity not 0 or 1, point not on the curve).
    """
    if y_parity not in (0, 1) or not (0 < r < SECP256K1_N and 0 < s < SECP256K1_N):
        raise ValueError("signature values out of range")
    signature = r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes((y_parity,))
    try:
        key = PublicKey.from_signature_and_message(signature, message_hash, hasher=None)
    except Exception as error:  # coincurve raises a bare Exception when recovery has no solution
        raise ValueError("signature does not recover to a public key") from error
    return _address_of(key)


def sign(message_hash: bytes, private_key: bytes) -> tuple[int, int, int]:
    """Sign 32 bytes deterministically (RFC 6979); returns (y_parity, r, s) with s low (EIP-2)."""
    signature = PrivateKey(private_key).sign_recoverable(message_hash, hasher=None)
    return signature[64], int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:64], "big")


def private_key_address(private_key: bytes) -> Address:
    """The account that a 32-byte private key controls."""
    return _address_of(PrivateKey(private_key).public_key)


def _address_of(key: PublicKey) -> Address:
    return Address(keccak(key.format(compressed=False)[1:])[12:])
