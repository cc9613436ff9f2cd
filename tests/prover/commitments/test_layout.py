from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prover.commitments import layout as table
from prover.commitments.document import render
from prover.commitments.layout import LAYOUTS, InvalidEncoding, Kind, Layout, decode, encode

PAGE = Path(__file__).parents[3] / "docs" / "proof" / "layouts.md"

VALUES = {
    Kind.BOOL: st.integers(0, 1),
    Kind.U8: st.integers(0, 2**8 - 1),
    Kind.U64: st.integers(0, 2**64 - 1),
    Kind.U256: st.integers(0, 2**256 - 1),
    Kind.ADDRESS: st.binary(min_size=20, max_size=20),
    Kind.BYTES32: st.binary(min_size=32, max_size=32),
    Kind.COMMITMENT: st.binary(min_size=32, max_size=32),
    Kind.PAGES: st.binary(min_size=32, max_size=32),
}
STRUCTURES = st.sampled_from(LAYOUTS)


def words_of(layout: Layout):
    return st.tuples(*(VALUES[field.kind] for field in layout.fields))


def test_no_two_structures_share_a_tag_or_a_name():
    assert len({layout.tag for layout in LAYOUTS}) == len(LAYOUTS) == len({layout.name for layout in LAYOUTS})


def test_every_structure_of_the_module_is_in_the_table():
    defined = {value.name for value in vars(table).values() if isinstance(value, Layout)}
    assert defined == {layout.name for layout in LAYOUTS}


@given(st.data())
def test_decoding_gives_back_what_was_encoded(data):
    layout = data.draw(STRUCTURES)
    words = data.draw(words_of(layout))
    preimage = encode(layout, words)
    assert len(preimage) == layout.size
    assert decode(layout, preimage) == list(words)


@given(st.data())
def test_a_preimage_is_of_one_structure_only(data):
    layout, other = data.draw(st.lists(STRUCTURES, min_size=2, max_size=2, unique_by=lambda each: each.name))
    with pytest.raises(InvalidEncoding):
        decode(other, encode(layout, data.draw(words_of(layout))))


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_a_word_above_its_kind_is_refused(layout):
    zero = {Kind.ADDRESS: bytes(20), Kind.BYTES32: bytes(32), Kind.COMMITMENT: bytes(32), Kind.PAGES: bytes(32)}
    preimage = encode(layout, [zero.get(field.kind, 0) for field in layout.fields])
    limits = {Kind.BOOL: 2, Kind.U8: 2**8, Kind.U64: 2**64, Kind.ADDRESS: 2**160}
    for index, field in enumerate(layout.fields):
        if field.kind in limits:
            start = 32 * (index + 1)
            changed = preimage[:start] + limits[field.kind].to_bytes(32, "big") + preimage[start + 32 :]
            with pytest.raises(InvalidEncoding):
                decode(layout, changed)


def test_the_page_of_layouts_is_current():
    assert PAGE.read_text() == render(), "run: python -m prover.commitments.document > docs/proof/layouts.md"
