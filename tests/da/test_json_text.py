"""JSON of servers that nobody vouches for: read as it is, or refused before it can do harm."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from da.json_text import MAX_DEPTH, MalformedJson, parse_json

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(values, st.text('[{]}"\\', min_size=MAX_DEPTH, max_size=3 * MAX_DEPTH))
def test_what_was_written_is_read_whatever_stands_in_its_texts(value: object, brackets: str) -> None:
    assert parse_json(json.dumps({brackets: value}).encode()) == {brackets: value}


@pytest.mark.parametrize(("opening", "closing"), ["[]", ('{"a":', "}")])
def test_nesting_has_a_bound(opening: str, closing: str) -> None:
    def nested(levels: int) -> bytes:
        return (opening * levels + "0" + closing * levels).encode()

    parse_json(nested(MAX_DEPTH))
    parse_json(b"[%b]" % b",".join([nested(MAX_DEPTH - 1)] * 3))
    with pytest.raises(MalformedJson, match="nested deeper than 100 levels"):
        parse_json(nested(MAX_DEPTH + 1))


@pytest.mark.parametrize("end", [b"", b"\\", b"\\\n", b"\n"])
def test_a_text_that_never_ends_is_passed_over_once(end: bytes) -> None:
    """Looking for its end from each of its quotes would take hours."""
    quotes = b'\\"' * 2_000_000
    with pytest.raises(MalformedJson, match="nested deeper"):
        parse_json(b"[" * (MAX_DEPTH + 1) + b'"' + quotes + end)
    with pytest.raises(MalformedJson, match="bytes that are not JSON"):
        parse_json(b"[]," * (MAX_DEPTH + 1) + b'"' + quotes + end)
