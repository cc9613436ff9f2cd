"""Messages: Hyperlane's published vectors first, then what holds for all of them."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metalayer.message import Domain, InvalidMessage, Message, decode_message, padded, unpadded
from protocol.types import Address, Hash32

words = st.binary(min_size=32, max_size=32).map(Hash32)
domains = st.integers(0, 2**32 - 1).map(Domain)
common = {
    "nonce": st.integers(0, 2**32 - 1),
    "origin": domains,
    "sender": words,
    "destination": domains,
    "recipient": words,
    "body": st.binary(max_size=100),
}
limits = {
    "expiry": st.integers(0, 2**64 - 1),
    "gas_limit": st.integers(0, 2**64 - 1),
    "flags": st.integers(0, 255),
}
messages = st.one_of(
    st.builds(Message, version=st.just(3), **common), st.builds(Message, version=st.just(4), **common, **limits)
)


def test_hyperlanes_messages_have_hyperlanes_ids(vectors: Path) -> None:
    cases = json.loads((vectors / "hyperlane" / "message.json").read_text())
    for case in cases:
        message = Message(
            version=case["version"],
            nonce=case["nonce"],
            origin=case["origin"],
            sender=Hash32(bytes.fromhex(case["sender"][2:])),
            destination=case["destination"],
            recipient=Hash32(bytes.fromhex(case["recipient"][2:])),
            body=bytes(case["body"]),
        )
        assert "0x" + message.id.hex() == case["id"]
        assert decode_message(message.encode()) == message


def test_a_message_of_the_layout_before_versions_is_refused(vectors: Path) -> None:
    case = json.loads((vectors / "hyperlane" / "messageWithProof.json").read_text())
    with pytest.raises(InvalidMessage):
        decode_message(bytes.fromhex(case["message"][2:]))


@given(messages)
def test_encoding_and_decoding_are_inverse(message: Message) -> None:
    assert decode_message(message.encode()) == message


@given(st.binary(max_size=200))
def test_whatever_decodes_encodes_to_the_same_bytes(data: bytes) -> None:
    try:
        message = decode_message(data)
    except InvalidMessage:
        return
    assert message.encode() == data


@given(messages, messages)
def test_different_messages_have_different_ids(one: Message, other: Message) -> None:
    assert (one.id == other.id) == (one == other)


def test_the_fields_of_version_4_lie_where_the_design_says() -> None:
    message = Message(4, 1, Domain(2), Hash32(b"s" * 32), Domain(3), Hash32(b"r" * 32), b"body", 4, 5, 6)
    data = message.encode()
    assert (data[77:85], data[85:93], data[93:94], data[94:]) == (
        (4).to_bytes(8, "big"),
        (5).to_bytes(8, "big"),
        b"\x06",
        b"body",
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"version": 2},
        {"version": 3, "expiry": 1},
        {"nonce": 2**32},
        {"origin": -1},
        {"expiry": 2**64},
        {"flags": 256},
        {"sender": b"short"},
    ],
)
def test_fields_that_do_not_fit_are_refused(fields: dict) -> None:
    given_fields = {"version": 4, "nonce": 0, "origin": 1, "sender": bytes(32), "destination": 2}
    with pytest.raises(InvalidMessage):
        Message(**{**given_fields, "recipient": bytes(32), "body": b"", **fields})


def test_only_twenty_bytes_are_an_address() -> None:
    address = Address(b"\x11" * 20)
    assert unpadded(padded(address)) == address
    with pytest.raises(InvalidMessage):
        unpadded(Hash32(b"\x01" * 32))
