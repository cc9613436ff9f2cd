import json
from pathlib import Path

import pytest
import rlp
from hypothesis import given
from hypothesis import strategies as st

from protocol.rlp_codec import MAX_DEPTH, InvalidRlp, RlpItem, as_uint, decode, encode, split_first, uint_bytes

nested = st.recursive(st.binary(max_size=80), lambda items: st.lists(items, max_size=6), max_leaves=30)


def official(vectors: Path) -> list[tuple[str, dict]]:
    files = sorted((vectors / "ethereum-tests" / "RLPTests").rglob("*.json"))
    return [(name, case) for file in files for name, case in json.loads(file.read_text()).items()]


def as_items(value: object) -> RlpItem:
    if isinstance(value, list):
        return [as_items(item) for item in value]
    if isinstance(value, str):
        return uint_bytes(int(value[1:])) if value.startswith("#") else value.encode()
    assert isinstance(value, int)
    return uint_bytes(value)


def test_the_official_suite_passes(vectors: Path) -> None:
    cases = official(vectors)
    assert len(cases) > 30
    for name, case in cases:
        data = bytes.fromhex(case["out"].removeprefix("0x"))
        if case["in"] == "INVALID":
            with pytest.raises(InvalidRlp):
                decode(data)
        elif case["in"] == "VALID":
            assert encode(decode(data)) == data, name
        else:
            assert decode(data) == as_items(case["in"]), name
            assert encode(as_items(case["in"])) == data, name


@given(nested)
def test_what_is_encoded_decodes_to_itself(item: RlpItem) -> None:
    assert decode(encode(item)) == item


@given(nested, st.integers(0, 70_000))
def test_items_of_any_size_are_encoded_as_the_library_encodes_them(item: RlpItem, size: int) -> None:
    for value in (item, b"x" * size, [b"x" * size, item]):
        assert encode(value) == rlp.encode(value)


@given(st.binary(max_size=120))
def test_arbitrary_bytes_are_judged_as_the_library_judges_them(data: bytes) -> None:
    try:
        expected = rlp.decode(data, strict=True)
    except rlp.exceptions.DecodingError:
        with pytest.raises(InvalidRlp):
            decode(data)
    else:
        assert decode(data) == expected


@given(nested, st.binary(max_size=10))
def test_the_first_of_several_items_is_split_off(item: RlpItem, rest: bytes) -> None:
    assert split_first(encode(item) + rest) == (encode(item), rest)


def test_nesting_is_bounded_however_large_the_input() -> None:
    def brackets(depth: int) -> bytes:
        item: RlpItem = b""
        for _ in range(depth):
            item = [item]
        return encode(item)

    assert encode(decode(brackets(MAX_DEPTH))) == brackets(MAX_DEPTH)
    with pytest.raises(InvalidRlp, match="nested deeper than 64"):
        decode(brackets(MAX_DEPTH + 1))
    data = b""
    for _ in range(40_000):
        data = (bytes((0xC0 + len(data),)) if len(data) < 56 else b"\xf9" + len(data).to_bytes(2, "big")) + data
        if len(data) > 60_000:
            break
    with pytest.raises(InvalidRlp, match="nested deeper than 64"):
        decode(data)


@pytest.mark.parametrize("data", [b"\x00", b"\x00\x01"])
def test_an_integer_has_no_leading_zero(data: bytes) -> None:
    with pytest.raises(InvalidRlp, match="leading zero"):
        as_uint(data, "nonce")
