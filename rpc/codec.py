"""Parameters from JSON: each function takes one parsed JSON value and returns a typed one.

All raise InvalidParams with a text that says what was expected. Only canonical forms are taken: a quantity has no
leading zero, data has an even number of digits. Source: https://ethereum.github.io/execution-apis (schemas).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias, TypeVar

from protocol.types import UINT64_MAX, Address, Hash32
from rpc.errors import InvalidParams, Json

T = TypeVar("T")

# int(x, 16) and bytes.fromhex accept more (underscores, spaces, other scripts' digits), so the form is checked first.
_QUANTITY = re.compile(r"0x(?:0|[1-9a-fA-F][0-9a-fA-F]*)")
_DATA = re.compile(r"0x(?:[0-9a-fA-F]{2})*")
_HEX_DIGITS = re.compile(r"0x[0-9a-fA-F]*")


class BlockTag(Enum):
    """Blocks that have a name instead of a number."""

    EARLIEST = "earliest"
    LATEST = "latest"
    PENDING = "pending"
    SAFE = "safe"
    FINALIZED = "finalized"


@dataclass(frozen=True, slots=True)
class BlockHash:
    """A block by its hash (EIP-1898)."""

    hash: Hash32
    require_canonical: bool = False


BlockId: TypeAlias = BlockTag | int | BlockHash

_TAGS = {tag.value: tag for tag in BlockTag}


def _hex(value: Json) -> str:
    if not isinstance(value, str):
        raise InvalidParams(f"expected a hex string, got {_kind(value)}")
    if not value.startswith("0x"):
        raise InvalidParams("hex string without 0x prefix" if value else "empty hex string")
    return value


def _kind(value: Json) -> str:
    """The JSON type of a value, for messages."""
    names = {bool: "a boolean", str: "a string", list: "an array", dict: "an object", type(None): "null"}
    return names.get(type(value), "a number")


def quantity(value: Json, bits: int = 256) -> int:
    """An unsigned integer of at most `bits` bits."""
    digits = _hex(value)
    if len(digits) > 2 + bits // 4:
        raise InvalidParams(f"hex number > {bits} bits")
    if _QUANTITY.fullmatch(digits) is None:
        if digits == "0x":
            raise InvalidParams('hex string "0x"')
        if digits.startswith("0x0"):
            raise InvalidParams("hex number with leading zero digits")
        raise InvalidParams("invalid hex string")
    return int(digits, 16)


def uint64(value: Json) -> int:
    """An unsigned integer of at most 64 bits."""
    return quantity(value, 64)


def count(value: Json) -> int:
    """A quantity that clients also send as a JSON integer."""
    if isinstance(value, int) and not isinstance(value, bool):
        if not 0 <= value <= UINT64_MAX:
            raise InvalidParams(f"number out of range: {value}")
        return value
    return uint64(value)


def data(value: Json) -> bytes:
    """Bytes of any length."""
    digits = _hex(value)
    if _DATA.fullmatch(digits) is None:
        raise InvalidParams("hex string of odd length" if len(digits) % 2 else "invalid hex string")
    return bytes.fromhex(digits[2:])


def _fixed(value: Json, length: int, what: str) -> bytes:
    digits = _hex(value)
    if len(digits) != 2 + 2 * length:
        raise InvalidParams(f"{what}: hex string has length {len(digits) - 2}, want {2 * length}")
    if _DATA.fullmatch(digits) is None:
        raise InvalidParams(f"{what}: invalid hex string")
    return bytes.fromhex(digits[2:])


def address(value: Json) -> Address:
    """20 bytes; letter case (the EIP-55 checksum) is not looked at."""
    return Address(_fixed(value, 20, "address"))


def hash32(value: Json) -> Hash32:
    """32 bytes."""
    return Hash32(_fixed(value, 32, "hash"))


def boolean(value: Json) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise InvalidParams(f"expected a boolean, got {_kind(value)}")
    return value


def text(value: Json) -> str:
    """Any string: an id, a name."""
    if not isinstance(value, str):
        raise InvalidParams(f"expected a string, got {_kind(value)}")
    return value


def anything(value: Json) -> Json:
    """JSON as it came, for a function that knows what to expect."""
    return value


def record(value: Json) -> dict[str, Json]:
    """A JSON object."""
    if not isinstance(value, dict):
        raise InvalidParams(f"expected an object, got {_kind(value)}")
    return value


def array_of(item: Callable[[Json], T], at_most: int | None = None) -> Callable[[Json], list[T]]:
    """A codec for arrays of what `item` takes."""

    def parse(value: Json) -> list[T]:
        if not isinstance(value, list):
            raise InvalidParams(f"expected an array, got {_kind(value)}")
        if at_most is not None and len(value) > at_most:
            raise InvalidParams(f"array has {len(value)} items, at most {at_most} are allowed")
        return [item(entry) for entry in value]

    return parse


def field(source: dict[str, Json], name: str, codec: Callable[[Json], T]) -> T | None:
    """An optional member of an object; absent and null are the same."""
    value = source.get(name)
    if value is None:
        return None
    try:
        return codec(value)
    except InvalidParams as error:
        raise InvalidParams(f"{name}: {error.message}") from error


def needed(source: dict[str, Json], name: str, codec: Callable[[Json], T]) -> T:
    """A member of an object that has to be there."""
    value = field(source, name, codec)
    if value is None:
        raise InvalidParams(f"missing {name}")
    return value


def block_number(value: Json) -> BlockTag | int:
    """A block number or tag."""
    if isinstance(value, str):
        tag = _TAGS.get(value)
        if tag is not None:
            return tag
    number = quantity(value, 64)
    if number >> 63:
        raise InvalidParams("block number larger than int64")
    return number


def block_id(value: Json) -> BlockId:
    """A block number, tag, hash, or EIP-1898 object."""
    if isinstance(value, dict):
        number, block_hash = field(value, "blockNumber", block_number), field(value, "blockHash", hash32)
        if number is not None and block_hash is not None:
            raise InvalidParams("cannot specify both blockHash and blockNumber, choose one or the other")
        if block_hash is not None:
            return BlockHash(block_hash, field(value, "requireCanonical", boolean) or False)
        if number is None:
            raise InvalidParams("block object needs blockNumber or blockHash")
        return number
    if isinstance(value, str) and len(value) == 66:
        return BlockHash(hash32(value))
    return block_number(value)


@dataclass(frozen=True, slots=True)
class StorageKey:
    """A storage slot, and how to say it back: 32 bytes as they came, anything shorter as a quantity."""

    slot: int
    echo: str


def storage_key(value: Json) -> StorageKey:
    """A slot as data or quantity; leading zeros are fine up to 32 bytes."""
    digits = _hex(value)
    if _HEX_DIGITS.fullmatch(digits) is None:
        raise InvalidParams(f'invalid hex in storage key: "{digits[:80]}"')
    if len(digits) > 66:
        raise InvalidParams(f'storage key too long (want at most 32 bytes): "{digits[:80]}"')
    slot = int(digits, 16) if len(digits) > 2 else 0
    return StorageKey(slot, digits.lower() if len(digits) == 66 else hex(slot))
