"""RLP in the two shapes the rules need: raw nested byte strings, and unsigned integers in canonical form.

The coding itself is the `rlp` library's; this file fixes strictness and error type.
Source: Ethereum yellow paper, appendix B.
"""

from collections.abc import Sequence
from typing import TypeAlias, cast

from rlp.codec import consume_length_prefix, encode_raw
from rlp.codec import decode as _decode
from rlp.exceptions import DecodingError

from protocol.errors import Reject

RlpItem: TypeAlias = "bytes | Sequence[RlpItem]"


class InvalidRlp(Reject):
    """The bytes are not the one canonical encoding of what was expected."""


def encode(item: RlpItem) -> bytes:
    """Encode nested sequences of byte strings."""
    return cast(bytes, encode_raw(item))


def decode(data: bytes) -> RlpItem:
    """Decode one item that spans all of `data`.

    Raises:
        InvalidRlp: Not canonical, truncated, followed by more bytes, or nested beyond what Python can hold.
    """
    try:
        return cast(RlpItem, _decode(data, strict=True))
    except (DecodingError, RecursionError) as error:
        raise InvalidRlp(f"malformed rlp: {error}") from error


def decode_list(data: bytes, what: str) -> Sequence[RlpItem]:
    """Decode one list that spans all of `data`; `what` names it in the error."""
    item = decode(data)
    if isinstance(item, bytes):
        raise InvalidRlp(f"{what}: expected a list, got {len(item)} bytes")
    return item


def split_first(data: bytes) -> tuple[bytes, bytes]:
    """Split `data` after its first RLP item: (that item's whole encoding, the rest). For files of many items."""
    try:
        _prefix, _kind, length, start = consume_length_prefix(data, 0)
    except (DecodingError, IndexError) as error:
        raise InvalidRlp(f"malformed rlp: {error}") from error
    end = start + length
    if end > len(data):
        raise InvalidRlp(f"truncated rlp: item needs {end} bytes, {len(data)} are left")
    return data[:end], data[end:]


def uint_bytes(value: int) -> bytes:
    """The canonical byte string of an unsigned integer: big-endian, no leading zero, empty for 0."""
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def as_bytes(item: RlpItem, what: str, length: int | None = None) -> bytes:
    """Take `item` as a byte string, of exactly `length` bytes when given."""
    if not isinstance(item, bytes):
        raise InvalidRlp(f"{what}: expected bytes, got a list")
    if length is not None and len(item) != length:
        raise InvalidRlp(f"{what}: expected {length} bytes, got {len(item)}")
    return item


def as_uint(item: RlpItem, what: str, bits: int = 256) -> int:
    """Take `item` as an unsigned integer of at most `bits` bits in canonical form."""
    data = as_bytes(item, what)
    if data[:1] == b"\0":
        raise InvalidRlp(f"{what}: leading zero in integer")
    if len(data) * 8 > bits:
        raise InvalidRlp(f"{what}: integer over {bits} bits")
    return int.from_bytes(data, "big")


def as_list(item: RlpItem, what: str) -> Sequence[RlpItem]:
    """Take `item` as a list."""
    if isinstance(item, bytes):
        raise InvalidRlp(f"{what}: expected a list, got {len(item)} bytes")
    return item
