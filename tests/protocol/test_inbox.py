from hypothesis import given
from hypothesis import strategies as st

from protocol.crypto import keccak
from protocol.inbox import append_calldata, posted_commitment
from protocol.types import Address, Hash32

INBOX = Address(b"\x11" * 20)
OTHER = Address(b"\x22" * 20)


@given(st.binary(min_size=1, max_size=300))
def test_a_posted_commitment_is_read_back(commitment: bytes) -> None:
    calldata = append_calldata(commitment)
    assert len(calldata) % 32 == 4
    assert posted_commitment(INBOX, calldata, INBOX, keccak(commitment)) == commitment


@given(st.binary(min_size=1, max_size=100))
def test_a_commitment_passed_through_another_contract_does_not_count(commitment: bytes) -> None:
    calldata = append_calldata(commitment)
    assert posted_commitment(OTHER, calldata, INBOX, keccak(commitment)) is None
    assert posted_commitment(None, calldata, INBOX, keccak(commitment)) is None


@given(st.binary(max_size=300), st.binary(min_size=32, max_size=32))
def test_arbitrary_calldata_never_raises_nor_counts_against_another_hash(calldata: bytes, digest: bytes) -> None:
    assert posted_commitment(INBOX, calldata, INBOX, Hash32(digest)) is None


@given(st.binary(min_size=1, max_size=100), st.data())
def test_only_the_one_encoding_counts(commitment: bytes, data: st.DataObject) -> None:
    calldata = bytearray(append_calldata(commitment))
    position = data.draw(st.integers(0, len(calldata) - 1))
    calldata[position] ^= data.draw(st.integers(1, 255))
    assert posted_commitment(INBOX, bytes(calldata), INBOX, keccak(commitment)) is None
    trailing = append_calldata(commitment) + data.draw(st.binary(min_size=1, max_size=64))
    assert posted_commitment(INBOX, trailing, INBOX, keccak(commitment)) is None


def test_a_length_beyond_the_calldata_does_not_count() -> None:
    calldata = append_calldata(b"x")[:36] + b"\xff" * 32 + b"x"
    assert posted_commitment(INBOX, calldata, INBOX, keccak(b"x")) is None
