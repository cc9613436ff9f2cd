import pytest
from eth_abi.abi import encode
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.crypto import keccak
from protocol.mpt import EMPTY_ROOT, update_trie, verify_proof
from protocol.types import UINT256_MAX, ZERO_HASH, Address, Hash32
from protocol.withdrawal import (
    MAX_WITHDRAWAL_DATA_BYTES,
    MESSAGE_PASSED,
    InvalidMessage,
    Withdrawal,
    decode_message_passed,
    prove_sent,
    sent_slot,
)

addresses = st.binary(min_size=20, max_size=20).map(Address)
words = st.integers(0, UINT256_MAX)
hashes = st.binary(min_size=32, max_size=32).map(Hash32)
withdrawals = st.builds(
    Withdrawal,
    nonce=words,
    sender=addresses,
    target=addresses,
    value=words,
    gas_limit=words,
    data=st.binary(max_size=200),
)

Log = tuple[list[bytes], bytes]


def log_of(withdrawal: Withdrawal) -> Log:
    """The event as an ABI library encodes it."""
    topics = [MESSAGE_PASSED, withdrawal.nonce.to_bytes(32, "big")]
    data = encode(
        ["uint256", "uint256", "bytes", "bytes32"],
        [withdrawal.value, withdrawal.gas_limit, withdrawal.data, withdrawal.hash],
    )
    return [*topics, bytes(12) + withdrawal.sender, bytes(12) + withdrawal.target], data


@given(withdrawals)
def test_the_hash_is_that_of_the_abi_encoded_fields(withdrawal: Withdrawal) -> None:
    encoded = encode(
        ["uint256", "address", "address", "uint256", "uint256", "bytes"],
        [
            withdrawal.nonce,
            withdrawal.sender,
            withdrawal.target,
            withdrawal.value,
            withdrawal.gas_limit,
            withdrawal.data,
        ],
    )
    assert withdrawal.hash == keccak(encoded)


@given(st.lists(withdrawals, min_size=2, max_size=2, unique=True))
def test_no_two_withdrawals_have_one_hash(pair: list[Withdrawal]) -> None:
    assert pair[0].hash != pair[1].hash


@given(withdrawals)
def test_an_event_is_read_back_as_what_it_says(withdrawal: Withdrawal) -> None:
    assert decode_message_passed(*log_of(withdrawal)) == withdrawal


anything = st.tuples(
    st.lists(st.one_of(st.just(bytes(MESSAGE_PASSED)), hashes, st.binary(max_size=40)), max_size=5),
    st.binary(max_size=400),
)


@given(anything)
def test_any_log_is_read_or_rejected(log: Log) -> None:
    try:
        withdrawal = decode_message_passed(*log)
    except InvalidMessage:
        return
    assert log_of(withdrawal) == (list(log[0]), log[1])


@settings(max_examples=400)
@given(withdrawal=withdrawals, data=st.data())
def test_an_event_with_any_byte_changed_is_rejected(withdrawal: Withdrawal, data: st.DataObject) -> None:
    """The event carries the hash of everything else in it."""
    topics, body = log_of(withdrawal)
    at = data.draw(st.integers(0, len(body) - 1))
    change = data.draw(st.integers(1, 255))
    for changed in (body[:at] + bytes((body[at] ^ change,)) + body[at + 1 :], body[:at], body + bytes(32)):
        with pytest.raises(InvalidMessage):
            decode_message_passed(topics, changed)


def test_topics_of_something_else_are_rejected() -> None:
    topics, data = log_of(Withdrawal(1, Address(bytes(20)), Address(bytes(20)), 0, 0, b""))
    for wrong in (topics[:3], [ZERO_HASH, *topics[1:]], [*topics[:2], b"\1" * 32, topics[3]], [*topics[:3], b""]):
        with pytest.raises(InvalidMessage):
            decode_message_passed(wrong, data)


def test_calldata_over_the_bound_is_rejected() -> None:
    largest = Withdrawal(1, Address(bytes(20)), Address(bytes(20)), 0, 0, b"\1" * MAX_WITHDRAWAL_DATA_BYTES)
    assert decode_message_passed(*log_of(largest)) == largest
    with pytest.raises(InvalidMessage):
        decode_message_passed(
            *log_of(Withdrawal(1, Address(bytes(20)), Address(bytes(20)), 0, 0, largest.data + b"\1"))
        )


@given(st.lists(hashes, min_size=1, max_size=20, unique=True), hashes)
def test_the_proof_shows_what_was_sent_and_what_was_not(sent: list[Hash32], other: Hash32) -> None:
    nodes: dict[Hash32, bytes] = {}
    root, created = update_trie(Hash32(EMPTY_ROOT), {keccak(sent_slot(one)): b"\1" for one in sent}, nodes.__getitem__)
    nodes.update(created)
    for one in [*sent, other]:
        joined = prove_sent(root, one, nodes.__getitem__)
        proof = [node for node in nodes.values() if node in joined]
        ordered = sorted(proof, key=joined.index)
        assert b"".join(ordered) == joined
        assert verify_proof(root, keccak(sent_slot(one)), ordered) == (b"\1" if one in sent else None)
