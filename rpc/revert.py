"""What a revert says: Solidity's and Vyper's `Error(string)`, and Solidity's `Panic(uint256)`.

Source: https://docs.soliditylang.org/en/latest/control-structures.html#panic-via-assert-and-error-via-require
"""

from protocol.crypto import keccak
from protocol.engine import CallResult

ERROR_SELECTOR = keccak(b"Error(string)")[:4]
PANIC_SELECTOR = keccak(b"Panic(uint256)")[:4]

EXECUTION_REVERTED = "execution reverted"
"""A `CallResult`'s error when the outermost frame reverted."""

PANICS = {
    0x00: "generic panic",
    0x01: "assert(false)",
    0x11: "arithmetic underflow or overflow",
    0x12: "division or modulo by zero",
    0x21: "enum overflow",
    0x22: "invalid encoded storage byte array accessed",
    0x31: "out-of-bounds array access; popping on an empty array",
    0x32: "out-of-bounds access of an array or bytesN",
    0x41: "out of memory",
    0x51: "uninitialized function",
}


def revert_message(result: CallResult) -> str:
    """`execution reverted`, followed by the reason when the data holds one."""
    reason = revert_reason(result.output)
    return "execution reverted" if reason is None else f"execution reverted: {reason}"


def revert_reason(output: bytes) -> str | None:
    """The reason in a revert's data; None when there is none that can be read."""
    selector, body = output[:4], output[4:]
    if selector == PANIC_SELECTOR and len(body) >= 32:
        code = int.from_bytes(body[:32], "big")
        return PANICS.get(code, f"unknown panic code: {code:#x}")
    if selector != ERROR_SELECTOR or len(body) < 64:
        return None
    start = int.from_bytes(body[:32], "big")
    length_word = body[start : start + 32]
    length = int.from_bytes(length_word, "big")
    text = body[start + 32 : start + 32 + length]
    if len(length_word) != 32 or len(text) != length:
        return None
    return text.decode("utf-8", "replace")
