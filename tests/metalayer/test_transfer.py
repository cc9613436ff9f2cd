"""The body of a route's message."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metalayer.message import Domain, InvalidMessage
from metalayer.transfer import TRANSFER_BYTES, Asset, Transfer, decode_transfer
from protocol.types import Address

addresses = st.binary(min_size=20, max_size=20).map(Address)
texts = st.text(max_size=8).map(str.encode).filter(lambda text: not text.endswith(b"\0"))
assets = st.builds(Asset, st.integers(0, 2**32 - 1).map(Domain), addresses, st.booleans())
transfers = st.builds(
    Transfer, addresses, st.integers(0, 2**256 - 1), assets, addresses, texts, texts, st.integers(0, 255)
)


@given(transfers)
def test_encoding_and_decoding_are_inverse(transfer: Transfer) -> None:
    assert decode_transfer(transfer.encode()) == transfer


@given(transfers, st.integers(0, TRANSFER_BYTES - 1), st.integers(1, 255))
def test_a_changed_byte_is_refused_or_another_transfer(transfer: Transfer, at: int, change: int) -> None:
    body = bytearray(transfer.encode())
    body[at] ^= change
    try:
        assert decode_transfer(bytes(body)) != transfer
    except InvalidMessage:
        return


@given(assets, assets)
def test_assets_are_told_apart(one: Asset, other: Asset) -> None:
    assert (one.id == other.id) == (one == other)


@pytest.mark.parametrize("length", [0, TRANSFER_BYTES - 1, TRANSFER_BYTES + 32])
def test_a_body_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(InvalidMessage):
        decode_transfer(bytes(length))
