"""Private keys in encrypted files: the Web3 Secret Storage format that geth, cast and every wallet read and write.

Source: https://ethereum.org/en/developers/docs/data-structures-and-encoding/web3-secret-storage/
"""

import json
import os
import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from hmac import compare_digest
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from protocol.crypto import keccak, private_key_address
from protocol.errors import InvalidInput

MAX_BYTES = 64 * 1024
MAX_SCRYPT_MEMORY = 1 << 30
"""Of bytes, 128 * n * r: what a file may make us use. geth's own setting takes a quarter of it."""
MAX_PBKDF2_ROUNDS = 10_000_000

SCRYPT_N = 1 << 18
"""geth's standard: 256 MiB and about a second, for us and for who guesses passwords."""


@dataclass(frozen=True, slots=True)
class _Sealed:
    """What decrypting needs: the derivation of 32 bytes from a password, and what it opens."""

    derive: Callable[[bytes], bytes]
    iv: bytes
    ciphertext: bytes
    mac: bytes


def read_keystore(path: Path, password: str) -> bytes:
    """The private key in the file.

    Raises:
        InvalidInput: The file is missing or of another format, or the password is wrong. The message holds neither.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        raise InvalidInput(f"{path}: cannot be read ({error.strerror})") from error
    if len(text) > MAX_BYTES:
        raise InvalidInput(f"{path}: {len(text)} bytes are no keystore")
    try:
        sealed = _parse(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidInput(f"{path}: not a keystore of version 3 ({type(error).__name__}: {error})") from error
    try:
        derived = sealed.derive(password.encode())
    except (ValueError, TypeError, OverflowError, MemoryError) as error:
        raise InvalidInput(f"{path}: its key derivation cannot be done ({type(error).__name__})") from error
    if not compare_digest(keccak(derived[16:32] + sealed.ciphertext), sealed.mac):
        raise InvalidInput(f"{path}: wrong password")
    key = _aes(derived[:16], sealed.iv, sealed.ciphertext)
    try:
        private_key_address(key)
    except ValueError as error:
        raise InvalidInput(f"{path}: holds {len(key)} bytes that are no private key") from error
    return key


def write_keystore(path: Path, key: bytes, password: str, *, scrypt_n: int = SCRYPT_N) -> None:
    """Encrypt `key` into a new file that only its owner may read.

    Raises:
        InvalidInput: There is a file already, or the folder cannot be written to.
    """
    salt, iv = secrets.token_bytes(32), secrets.token_bytes(16)
    derived = Scrypt(salt=salt, length=32, n=scrypt_n, r=8, p=1).derive(password.encode())
    ciphertext = _aes(derived[:16], iv, key)
    document = {
        "version": 3,
        "id": str(uuid.uuid4()),
        "address": private_key_address(key).hex(),
        "crypto": {
            "cipher": "aes-128-ctr",
            "cipherparams": {"iv": iv.hex()},
            "ciphertext": ciphertext.hex(),
            "kdf": "scrypt",
            "kdfparams": {"dklen": 32, "n": scrypt_n, "r": 8, "p": 1, "salt": salt.hex()},
            "mac": keccak(derived[16:32] + ciphertext).hex(),
        },
    }
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise InvalidInput(f"{path}: cannot be made ({error.strerror})") from error
    with os.fdopen(handle, "w") as file:
        file.write(json.dumps(document, indent=2) + "\n")


def _parse(document: dict[str, object]) -> _Sealed:
    if document["version"] != 3:
        raise ValueError(f"version {document['version']!r}")
    crypto = _fields(document.get("crypto") or document.get("Crypto"))
    if crypto["cipher"] != "aes-128-ctr":
        raise ValueError(f"cipher {crypto['cipher']!r}")
    return _Sealed(
        derive=_derivation(crypto["kdf"], _fields(crypto["kdfparams"])),
        iv=_hex(_fields(crypto["cipherparams"])["iv"], 16),
        ciphertext=_hex(crypto["ciphertext"], 32),
        mac=_hex(crypto["mac"], 32),
    )


def _derivation(name: object, params: dict[str, object]) -> Callable[[bytes], bytes]:
    salt = _hex(params["salt"])
    if _number(params["dklen"]) != 32:
        raise ValueError(f"dklen {params['dklen']}")
    if name == "scrypt":
        n, r, p = (_number(params[letter]) for letter in "nrp")
        if 128 * n * r > MAX_SCRYPT_MEMORY or p > 16:
            raise ValueError(f"scrypt with n {n}, r {r}, p {p} takes too much")
        return lambda password: Scrypt(salt=salt, length=32, n=n, r=r, p=p).derive(password)
    if name == "pbkdf2" and params["prf"] == "hmac-sha256":
        rounds = _number(params["c"])
        if rounds > MAX_PBKDF2_ROUNDS:
            raise ValueError(f"pbkdf2 with {rounds} rounds takes too long")
        return lambda password: PBKDF2HMAC(SHA256(), length=32, salt=salt, iterations=rounds).derive(password)
    raise ValueError(f"key derivation {name!r}")


def _aes(key: bytes, iv: bytes, data: bytes) -> bytes:
    stream = Cipher(AES(key), CTR(iv)).encryptor()
    return stream.update(data) + stream.finalize()


def _fields(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise TypeError("an object is missing")
    return value


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError("a number is missing")
    return value


def _hex(value: object, length: int | None = None) -> bytes:
    if not isinstance(value, str):
        raise TypeError("hex is missing")
    data = bytes.fromhex(value.removeprefix("0x"))
    if length is not None and len(data) != length:
        raise ValueError(f"{len(data)} bytes where {length} belong")
    return data
