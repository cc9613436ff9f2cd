"""The key of the L1 account that deploys a rollup and pays for its batches. It comes by environment, never by flag:
flags stand in everybody's process list."""

import os

from protocol.crypto import private_key_address
from protocol.errors import InvalidInput

OPERATOR_KEY_VARIABLE = "TOMBOLO_OPERATOR_KEY"


def operator_key() -> bytes | None:
    """The key that the environment names, or None; raises InvalidInput when it is not a key."""
    text = os.environ.get(OPERATOR_KEY_VARIABLE)
    if text is None:
        return None
    try:
        key = bytes.fromhex(text.removeprefix("0x"))
        private_key_address(key)
    except ValueError as error:
        raise InvalidInput(f"{OPERATOR_KEY_VARIABLE} is not a private key of 32 bytes in hex") from error
    return key
