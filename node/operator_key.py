"""The key of the L1 account that deploys a rollup and pays for its batches. It comes by environment or from an
encrypted file, never by flag: flags stand in everybody's process list."""

import os
import sys
from getpass import getpass
from pathlib import Path

from node.logs import hide
from protocol.crypto import private_key_address
from protocol.errors import InvalidInput

OPERATOR_KEY_VARIABLE = "TOMBOLO_OPERATOR_KEY"
KEYSTORE_VARIABLE = "TOMBOLO_OPERATOR_KEYSTORE"
PROPOSER_KEY_VARIABLE = "TOMBOLO_PROPOSER_KEY"
"""Of the account that bonds output roots. It must not be the operator's, which sends batches by nonces of its own."""
CHALLENGER_KEY_VARIABLE = "TOMBOLO_CHALLENGER_KEY"
"""Of the account that disputes false outputs; it must not be a proposer's here, which sends by nonces of its own."""
RELAYER_KEY_VARIABLE = "TOMBOLO_RELAYER_KEY"
"""Of the account that carries messages between chains; again one of its own."""
PASSWORD_FILE_VARIABLE = "TOMBOLO_OPERATOR_PASSWORD_FILE"  # noqa: S105 - a variable's name


def operator_key(keystore: Path | None = None) -> bytes | None:
    """The key in `keystore`, or else the one in the environment, or None. It never appears in a log from then on.

    Raises:
        InvalidInput: Both are given, what is given is no key, or the keystore cannot be opened.
    """
    return key_of(OPERATOR_KEY_VARIABLE, keystore)


def key_of(variable: str, keystore: Path | None = None) -> bytes | None:
    """As `operator_key`, from another environment variable."""
    text = os.environ.get(variable)
    if keystore is not None and text:
        raise InvalidInput(f"{variable} and the keystore {keystore} are both given: leave one out")
    if keystore is not None:
        from node.keystore import read_keystore  # noqa: PLC0415 - loads cryptography, which most runs do without

        return _hidden(read_keystore(keystore, read_password(f"Password of {keystore}: ")))
    if not text:
        return None
    try:
        key = bytes.fromhex(text.removeprefix("0x"))
        private_key_address(key)
    except ValueError as error:
        raise InvalidInput(f"{variable} is not a private key of 32 bytes in hex") from error
    return _hidden(key)


def read_password(prompt: str) -> str:
    """From the file that the environment names, or else asked for on the terminal.

    Raises:
        InvalidInput: The file cannot be read, or there is neither a file nor a terminal.
    """
    name = os.environ.get(PASSWORD_FILE_VARIABLE)
    if name:
        try:
            return Path(name).read_text().rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidInput(f"{PASSWORD_FILE_VARIABLE} names {name}, which cannot be read") from error
    if not sys.stdin.isatty():
        raise InvalidInput(f"a keystore needs its password: set {PASSWORD_FILE_VARIABLE} to a file that holds it")
    return getpass(prompt)


def _hidden(key: bytes) -> bytes:
    hide(key.hex())
    return key
