from hypothesis import given
from hypothesis import strategies as st

from protocol.crypto import keccak
from protocol.output_root import output_root
from protocol.types import Hash32

hashes = st.binary(min_size=32, max_size=32).map(Hash32)


@given(hashes, hashes, hashes)
def test_it_is_the_keccak_of_four_words(state: Hash32, outbox: Hash32, block: Hash32) -> None:
    assert output_root(state, outbox, block) == keccak(bytes(32) + state + outbox + block)


@given(st.lists(hashes, min_size=3, max_size=3, unique=True))
def test_no_two_parts_can_be_exchanged(parts: list[Hash32]) -> None:
    state, outbox, block = parts
    assert (
        len({output_root(*order) for order in [(state, outbox, block), (outbox, state, block), (state, block, outbox)]})
        == 3
    )
