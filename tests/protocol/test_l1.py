import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.crypto import keccak
from protocol.l1 import L1Block, L1BlockRef, L1Window
from protocol.types import ZERO_HASH, Hash32


def name(number: int) -> Hash32:
    return keccak(number.to_bytes(8, "big"))


def block(number: int, deposits: tuple[bytes, ...] = ()) -> L1Block:
    return L1Block(L1BlockRef(number, name(number), name(number - 1), number, ZERO_HASH), deposits)


def test_a_block_that_does_not_follow_is_refused() -> None:
    window = L1Window([block(5)])
    with pytest.raises(ValueError, match="L1 block 7 does not follow block 5"):
        window.append(block(7))
    with pytest.raises(KeyError, match="L1 block 4 is outside the window"):
        window[4]


@given(st.lists(st.booleans(), min_size=1, max_size=30), st.data())
def test_first_with_deposits_is_what_a_scan_would_find(has: list[bool], data: st.DataObject) -> None:
    window = L1Window([block(10)])
    for number, deposits in enumerate(has, start=11):
        window.append(block(number, (b"d",) if deposits else ()))
    window.drop_before(data.draw(st.integers(0, 50)))
    after, up_to = data.draw(st.integers(window.oldest - 1, 45)), data.draw(st.integers(0, 45))
    held = range(window.oldest, window.newest.number + 1)
    expected = [n for n in held if after < n <= up_to and window[n].deposits]
    assert window.first_with_deposits(after, up_to) == (expected[0] if expected else None)
