"""Reading a JSON document field by field, so that every complaint names the file and the field."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from protocol.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Fields:
    """One JSON object. `where` is the file, and the path to this object in it."""

    values: Mapping[str, object]
    where: str

    def fail(self, key: str, problem: str) -> InvalidInput:
        """The error that says where it is wrong, for the caller to raise."""
        return InvalidInput(f"{self.where}{key}: {problem}")

    def has(self, key: str) -> bool:
        """Whether the field is there and not null, which mean the same."""
        return self.values.get(key) is not None

    def child(self, key: str, *, required: bool = True) -> "Fields":
        """The object in this field; an absent one reads as empty unless required."""
        value = self.values.get(key)
        if value is None and not required:
            return Fields({}, f"{self.where}{key}.")
        if not isinstance(value, dict):
            raise self.fail(key, "expected an object" if value is not None else "is missing")
        return Fields(value, f"{self.where}{key}.")

    def uint(self, key: str, default: int | None = None, bits: int = 256) -> int:
        """An unsigned integer: a JSON integer, or a string in decimal or 0x-hexadecimal."""
        value = self.values.get(key)
        if value is None:
            if default is None:
                raise self.fail(key, "is missing")
            return default
        number = parse_uint(value)
        if number is None:
            raise self.fail(key, f'expected an unsigned integer (17, "17" or "0x11"), got {_short(value)}')
        if number >> bits:
            raise self.fail(key, f"over {bits} bits: {_short(value)}")
        return number

    def optional_uint(self, key: str, bits: int = 256) -> int | None:
        """The same; None when absent or null."""
        return self.uint(key, bits=bits) if self.has(key) else None

    def data(self, key: str, length: int | None = None, default: bytes | None = None) -> bytes:
        """Bytes in hexadecimal, with or without 0x; exactly `length` when given."""
        value = self.values.get(key)
        if value is None:
            if default is None:
                raise self.fail(key, "is missing")
            return default
        data = parse_data(value)
        if data is None:
            raise self.fail(key, f"expected bytes in hexadecimal, got {_short(value)}")
        if length is not None and len(data) != length:
            raise self.fail(key, f"expected {length} bytes, got {len(data)}")
        return data


def read_document(path: Path) -> Fields:
    """The JSON object in a file; raises InvalidInput when there is none."""
    try:
        return parse_document(path.read_bytes(), str(path))
    except OSError as error:
        raise InvalidInput(f"{path}: {error.strerror or error}") from error


def parse_document(data: bytes, name: str) -> Fields:
    """The JSON object in `data`; `name` stands for the file in errors."""
    try:
        values = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"{name}: not JSON ({error})") from error
    if not isinstance(values, dict):
        raise InvalidInput(f"{name}: expected a JSON object")
    return Fields(values, f"{name}: ")


def parse_uint(value: object) -> int | None:
    """An unsigned integer in any of the usual notations; None for anything else."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value if value >= 0 else None
    if not isinstance(value, str) or not value.isascii():
        return None
    text, base = (value[2:], 16) if value[:2] in ("0x", "0X") else (value, 10)
    digits = "0123456789abcdefABCDEF"[: 22 if base == 16 else 10]
    # int() alone would also take signs, spaces and underscores.
    return int(text, base) if 0 < len(text) <= 80 and all(digit in digits for digit in text) else None


def parse_data(value: object) -> bytes | None:
    """Bytes in hexadecimal, with or without 0x; None for anything else."""
    if not isinstance(value, str):
        return None
    text = value[2:] if value[:2] in ("0x", "0X") else value
    try:
        return bytes.fromhex(text) if " " not in text else None
    except ValueError:
        return None


def _short(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else text[:77] + "..."
