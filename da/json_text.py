"""JSON from servers that nobody vouches for: parsed within bounds, taken apart with checks."""

import json
import re
from base64 import b64decode
from typing import TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
Record: TypeAlias = "dict[str, Json]"

MAX_DEPTH = 100

# A string that never ends goes up to the end: whoever looked for another quote from each quote on would take for ever.
_BRACKETS_AND_STRINGS = re.compile(rb'[\[\]{}]|"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)


class MalformedJson(ValueError):
    """The text is not JSON, or not of the shape that was agreed."""


def parse_json(body: bytes) -> Json:
    """Read one JSON text; raises MalformedJson."""
    # py-evm lifts Python's recursion limit so far that deep nesting would overflow the C stack: refuse it unread.
    if body.count(b"[") + body.count(b"{") > MAX_DEPTH and _depth(body) > MAX_DEPTH:
        raise MalformedJson(f"nested deeper than {MAX_DEPTH} levels")
    try:
        value: Json = json.loads(body.decode())
    except ValueError as error:
        raise MalformedJson(f"{len(body)} bytes that are not JSON") from error
    return value


def _depth(body: bytes) -> int:
    deepest = depth = 0
    for match in _BRACKETS_AND_STRINGS.finditer(body):
        if match[0] in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif match[0] in b"]}":
            depth -= 1
    return deepest


def as_record(value: Json, what: str) -> Record:
    """An object."""
    if not isinstance(value, dict):
        raise MalformedJson(f"{what} is no object")
    return value


def as_list(record: Record, key: str) -> list[Json]:
    """The list at `key`."""
    value = record.get(key)
    if not isinstance(value, list):
        raise MalformedJson(f"{key} is no list")
    return value


def as_number(record: Record, key: str) -> int:
    """The number at `key`, written as one or as decimal text."""
    value = record.get(key)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 20:
        return int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 64:
        raise MalformedJson(f"{key} is no whole number")
    return value


def as_hex(value: object, what: str, length: int) -> bytes:
    """`length` bytes in hex with 0x."""
    if isinstance(value, str) and len(value) == 2 + 2 * length and value.startswith("0x"):
        try:
            return bytes.fromhex(value[2:])
        except ValueError:
            pass
    raise MalformedJson(f"{what} is not {length} bytes of hex")


def as_base64(record: Record, key: str) -> bytes:
    """The bytes at `key`, in canonical base64."""
    value = record.get(key)
    try:
        return b64decode(value, validate=True) if isinstance(value, str) else _no_text(key)
    except ValueError as error:
        raise MalformedJson(f"{key} is not base64") from error


def _no_text(key: str) -> bytes:
    raise MalformedJson(f"{key} is no text")
