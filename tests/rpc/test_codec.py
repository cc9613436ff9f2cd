"""Parameters: only canonical forms are taken, and each refusal says why."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.types import Hash32
from rpc import codec
from rpc.codec import BlockHash, BlockTag
from rpc.errors import InvalidParams

HASH = "0x" + "ab" * 32
AB = Hash32(b"\xab" * 32)
NOT_HEX: list[Any] = [
    None,
    1,
    1.5,
    True,
    [],
    {},
    "",
    "2",
    "0X1",
    " 0x1",
    "0x1 ",
    "0x1_0",
    "0xg",
    "0x\u0661",
    "x",
    "\ud800",
    "0x\n1",
]
EVERY_CODEC = [
    codec.quantity,
    codec.uint64,
    codec.count,
    codec.data,
    codec.address,
    codec.hash32,
    codec.boolean,
    codec.text,
    codec.record,
    codec.block_number,
    codec.block_id,
    codec.storage_key,
    codec.array_of(codec.quantity),
]

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.from_regex(r"0x[0-9a-fA-F]{0,70}", fullmatch=True)
    | st.sampled_from(["latest", "0x", "0x0", "0x00", HASH]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize("parse", EVERY_CODEC)
@given(value=json_values)
def test_a_codec_returns_or_says_invalid_params(parse, value):
    refusal = None
    try:
        parse(value)
    except InvalidParams as error:
        refusal = error
    assert refusal is None or (refusal.code == -32602 and refusal.message)


@given(st.integers(0, 2**256 - 1))
def test_a_quantity_is_what_hex_makes(number):
    assert codec.quantity(hex(number)) == number


@pytest.mark.parametrize("value", [*NOT_HEX, "0x", "0x01", "0x00", "-0x1", hex(2**256)])
def test_what_is_no_quantity(value):
    with pytest.raises(InvalidParams):
        codec.quantity(value)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("2", "hex string without 0x prefix"),
        ("", "empty hex string"),
        ("0x", 'hex string "0x"'),
        ("0x01", "hex number with leading zero digits"),
        ("0xzz", "invalid hex string"),
        (hex(2**256), "hex number > 256 bits"),
        (5, "expected a hex string, got a number"),
        (True, "expected a hex string, got a boolean"),
    ],
)
def test_a_refused_quantity_says_why(value, message):
    with pytest.raises(InvalidParams) as refusal:
        codec.quantity(value)
    assert refusal.value.message == message


@given(st.binary())
def test_data_is_what_hex_makes(value):
    assert codec.data("0x" + value.hex()) == value
    assert codec.data("0x" + value.hex().upper()) == value


@pytest.mark.parametrize("value", [*NOT_HEX, "0x1", "0x1 2", "0x12 34"])
def test_what_is_no_data(value):
    with pytest.raises(InvalidParams):
        codec.data(value)


@pytest.mark.parametrize(("parse", "length"), [(codec.address, 20), (codec.hash32, 32)])
def test_fixed_data_has_its_length(parse, length):
    assert parse("0x" + "Ab" * length) == b"\xab" * length
    for value in (*NOT_HEX, "0x", "0x" + "ab" * (length - 1), "0x" + "ab" * (length + 1), "0x" + "g" * 2 * length):
        with pytest.raises(InvalidParams):
            parse(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("latest", BlockTag.LATEST),
        ("earliest", BlockTag.EARLIEST),
        ("pending", BlockTag.PENDING),
        ("safe", BlockTag.SAFE),
        ("finalized", BlockTag.FINALIZED),
        ("0x0", 0),
        ("0x1b", 27),
        (HASH, BlockHash(AB)),
        ({"blockNumber": "0x1b"}, 27),
        ({"blockNumber": "safe"}, BlockTag.SAFE),
        ({"blockHash": HASH}, BlockHash(AB)),
        ({"blockHash": HASH, "requireCanonical": True}, BlockHash(AB, require_canonical=True)),
        ({"blockHash": HASH, "requireCanonical": False}, BlockHash(AB)),
    ],
)
def test_the_ways_to_name_a_block(value, expected):
    assert codec.block_id(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        0,
        27,
        "27",
        "0x01",
        "Latest",
        "",
        hex(2**63),
        HASH[:-2],
        {},
        {"blockNumber": 27},
        {"blockHash": "0x1"},
        {"blockNumber": "0x1", "blockHash": HASH},
        {"blockHash": HASH, "requireCanonical": "yes"},
        [],
        True,
    ],
)
def test_what_names_no_block(value):
    with pytest.raises(InvalidParams):
        codec.block_id(value)


def test_a_hash_is_no_block_number():
    with pytest.raises(InvalidParams):
        codec.block_number(HASH)


@pytest.mark.parametrize(
    ("value", "slot", "echo"),
    [
        ("0x0", 0, "0x0"),
        ("0x00", 0, "0x0"),
        ("0x", 0, "0x0"),
        ("0x01", 1, "0x1"),
        ("0xABC", 0xABC, "0xabc"),
        ("0x" + "00" * 31 + "0F", 15, "0x" + "00" * 31 + "0f"),
    ],
)
def test_a_storage_key_is_echoed_whole_or_minimal(value, slot, echo):
    assert codec.storage_key(value) == codec.StorageKey(slot, echo)


@pytest.mark.parametrize("value", ["0x" + "0" * 65, "0xxyz", "1", 1, None])
def test_what_is_no_storage_key(value):
    with pytest.raises(InvalidParams):
        codec.storage_key(value)


@pytest.mark.parametrize(("value", "expected"), [(10, 10), ("0xa", 10), (0, 0)])
def test_a_count_may_be_a_json_integer(value, expected):
    assert codec.count(value) == expected


@pytest.mark.parametrize("value", [-1, 2**64, 1.0, True, "10"])
def test_what_is_no_count(value):
    with pytest.raises(InvalidParams):
        codec.count(value)


def test_an_array_has_a_bound():
    parse = codec.array_of(codec.uint64, at_most=2)
    assert parse(["0x1", "0x2"]) == [1, 2]
    with pytest.raises(InvalidParams, match="array has 3 items, at most 2 are allowed"):
        parse(["0x1", "0x2", "0x3"])
