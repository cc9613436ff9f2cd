"""RLP in the two shapes the rules need: raw nested byte strings, and unsigned integers in canonical form.

Both ways are our own. The `rlp` library decodes in quadratic time of nesting depth, so that 128 kB of brackets from
anyone would hold a node for seconds: this one is linear and refuses depth beyond `MAX_DEPTH`. And it encodes four times
as slowly, which every transaction, receipt and account pays for.
Source: Ethereum yellow paper, appendix B.
"""

from collections.abc import Sequence
from typing import TypeAlias

from protocol.errors import Reject

RlpItem: TypeAlias = "bytes | Sequence[RlpItem]"

MAX_DEPTH = 64
"""Far beyond any Ethereum structure: a block with access lists nests 7 deep."""


class InvalidRlp(Reject):
    """The bytes are not the one canonical encoding of what was expected."""


def encode(item: RlpItem) -> bytes:
    """Encode nested sequences of byte strings."""
    if isinstance(item, bytes):
        return rlp_string(item)
    return rlp_list(b"".join([rlp_string(i) if isinstance(i, bytes) else encode(i) for i in item]))


def rlp_string(value: bytes) -> bytes:
    """A byte string as an RLP item."""
    length = len(value)
    if length < 56:
        return value if length == 1 and value[0] < 0x80 else _PREFIXES[0x80 + length] + value
    return _prefixed(0x80, value)


def rlp_list(payload: bytes) -> bytes:
    """Encoded items as one RLP list."""
    length = len(payload)
    return _PREFIXES[0xC0 + length] + payload if length < 56 else _prefixed(0xC0, payload)


def _prefixed(kind: int, payload: bytes) -> bytes:
    """A `payload` of 56 bytes or more behind its length; `kind` is 0x80 for a string and 0xC0 for a list."""
    length = len(payload)
    if length < 256:
        return _PREFIXES[kind + 56] + _PREFIXES[length] + payload
    size = uint_bytes(length)
    return _PREFIXES[kind + 55 + len(size)] + size + payload


_PREFIXES = [bytes((prefix,)) for prefix in range(256)]
"""One-byte strings, made once."""


def decode(data: bytes) -> RlpItem:
    """Decode one item that spans all of `data`.

    Raises:
        InvalidRlp: Not canonical, truncated, followed by more bytes, or nested deeper than `MAX_DEPTH`.
    """
    is_list, start, end = _header(data, 0, len(data))
    if end != len(data):
        raise InvalidRlp(f"malformed rlp: {len(data) - end} bytes after the item")
    return _items(data, start, end, MAX_DEPTH) if is_list else data[start:end]


def _items(data: bytes, position: int, end: int, depth: int) -> list[RlpItem]:
    """The items that fill data[position:end]."""
    if depth == 0:
        raise InvalidRlp(f"malformed rlp: nested deeper than {MAX_DEPTH}")
    items: list[RlpItem] = []
    while position < end:
        prefix = data[position]
        if prefix < 0xB8:  # short strings, which most items are, without a call for each
            stop = position + prefix - 0x7F if prefix > 0x7F else position + 1
            if stop <= end and (prefix != 0x81 or data[position + 1] > 0x7F):
                items.append(data[position + (prefix > 0x7F) : stop])
                position = stop
                continue
        is_list, start, stop = _header(data, position, end)
        items.append(_items(data, start, stop, depth - 1) if is_list else data[start:stop])
        position = stop
    return items


def _header(data: bytes, position: int, end: int) -> tuple[bool, int, int]:
    """Read one item's prefix: (is it a list, where its payload starts, where it ends). All within data[:end]."""
    if position >= end:
        raise InvalidRlp("malformed rlp: no bytes where an item should be")
    prefix = data[position]
    if prefix < 0x80:
        return False, position, position + 1
    is_list = prefix >= 0xC0
    length = prefix - (0xC0 if is_list else 0x80)
    start = position + 1
    if length > 55:
        width = length - 55
        start += width
        length = int.from_bytes(data[position + 1 : start], "big")
        if start > end or data[position + 1] == 0 or length < 56:
            raise InvalidRlp("malformed rlp: a length that is truncated or not canonical")
    stop = start + length
    if stop > end:
        raise InvalidRlp(f"malformed rlp: an item of {length} bytes where {max(0, end - start)} are left")
    if not is_list and length == 1 and data[start] < 0x80:
        raise InvalidRlp("malformed rlp: a single byte below 0x80 that is not its own encoding")
    return is_list, start, stop


def decode_list(data: bytes, what: str) -> Sequence[RlpItem]:
    """Decode one list that spans all of `data`; `what` names it in the error."""
    item = decode(data)
    if isinstance(item, bytes):
        raise InvalidRlp(f"{what}: expected a list, got {len(item)} bytes")
    return item


def split_first(data: bytes) -> tuple[bytes, bytes]:
    """Split `data` after its first RLP item: (that item's whole encoding, the rest). For files of many items."""
    _is_list, _start, end = _header(data, 0, len(data))
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
    if not isinstance(item, bytes):
        raise InvalidRlp(f"{what}: expected bytes, got a list")
    if item[:1] == b"\0":
        raise InvalidRlp(f"{what}: leading zero in integer")
    if len(item) * 8 > bits:
        raise InvalidRlp(f"{what}: integer over {bits} bits")
    return int.from_bytes(item, "big")


def as_list(item: RlpItem, what: str) -> Sequence[RlpItem]:
    """Take `item` as a list."""
    if isinstance(item, bytes):
        raise InvalidRlp(f"{what}: expected a list, got {len(item)} bytes")
    return item
