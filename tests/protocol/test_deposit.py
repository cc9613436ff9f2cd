from dataclasses import replace

import pytest
from eth_abi.abi import encode
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.crypto import keccak
from protocol.deposit import (
    MAX_DEPOSIT_DATA_BYTES,
    TRANSACTION_DEPOSITED,
    Deposit,
    InvalidDeposit,
    aliased,
    decode_deposit,
    deposit_hash,
    minimum_gas,
    next_deposit_accumulator,
    source_hash,
    unaliased,
)
from protocol.transaction import DEPOSIT, decode_transaction
from protocol.types import UINT64_MAX, UINT256_MAX, ZERO_HASH, Address, Hash32

addresses = st.binary(min_size=20, max_size=20).map(Address)
words = st.integers(0, UINT256_MAX)
hashes = st.binary(min_size=32, max_size=32).map(Hash32)
deposits = st.builds(
    Deposit,
    index=words,
    sender=addresses,
    to=st.none() | addresses,
    mint=words,
    value=words,
    gas_limit=st.integers(0, UINT64_MAX),
    data=st.binary(max_size=200),
)

Log = tuple[list[bytes], bytes]


def log_of(deposit: Deposit) -> Log:
    """The event as an ABI library encodes it."""
    topics = [TRANSACTION_DEPOSITED, bytes(12) + deposit.sender, bytes(12) + (deposit.to or bytes(20))]
    data = encode(
        ["uint256", "uint256", "uint256", "bool", "bytes"],
        [deposit.mint, deposit.value, deposit.gas_limit, deposit.to is None, deposit.data],
    )
    return [*topics, deposit.index.to_bytes(32, "big")], data


@given(deposits)
def test_an_event_is_read_back_as_what_it_says(deposit: Deposit) -> None:
    assert decode_deposit(*log_of(deposit)) == deposit


@given(deposits, hashes)
def test_a_deposit_is_one_canonical_transaction(deposit: Deposit, l1_hash: Hash32) -> None:
    tx = deposit.transaction(l1_hash)
    assert decode_transaction(tx.raw) == tx
    assert (tx.type, tx.sender, tx.to, tx.mint, tx.value) == (
        DEPOSIT,
        deposit.sender,
        deposit.to,
        deposit.mint,
        deposit.value,
    )
    assert (tx.gas_limit, tx.data, tx.source_hash) == (
        deposit.gas_limit,
        deposit.data,
        source_hash(l1_hash, deposit.index),
    )


@given(st.lists(st.tuples(hashes, words), min_size=2, max_size=2, unique=True))
def test_no_two_deposits_have_one_source(places: list[tuple[Hash32, int]]) -> None:
    assert source_hash(*places[0]) != source_hash(*places[1])


def test_the_source_hash_is_that_of_the_user_deposit_domain() -> None:
    inner = keccak(bytes([7]) * 32 + (5).to_bytes(32, "big"))
    assert source_hash(Hash32(bytes([7]) * 32), 5) == keccak(bytes(32) + inner)


@given(addresses)
def test_an_alias_is_undone(address: Address) -> None:
    assert unaliased(aliased(address)) == address
    assert aliased(address) != address


def test_the_alias_is_the_well_known_offset() -> None:
    assert aliased(Address(bytes(20))).hex() == "1111000000000000000000000000000000001111"
    assert aliased(Address(b"\xff" * 20)).hex() == "1111000000000000000000000000000000001110"


# --- malformed logs --------------------------------------------------------------------------------------------------

anything = st.tuples(
    st.lists(st.one_of(st.just(bytes(TRANSACTION_DEPOSITED)), hashes, st.binary(max_size=40)), max_size=5),
    st.binary(max_size=400),
)


@given(anything)
def test_any_log_is_read_or_rejected(log: Log) -> None:
    try:
        deposit = decode_deposit(*log)
    except InvalidDeposit:
        return
    assert log_of(deposit) == (list(log[0]), log[1])


@settings(max_examples=400)
@given(deposit=deposits, data=st.data())
def test_a_changed_event_is_rejected_or_says_something_else(deposit: Deposit, data: st.DataObject) -> None:
    """What is read is always what an ABI library would have written: there is one encoding."""
    topics, body = log_of(deposit)
    at = data.draw(st.integers(0, len(body) - 1))
    change = data.draw(st.integers(1, 255))
    changed = body[:at] + bytes((body[at] ^ change,)) + body[at + 1 :]
    cut = data.draw(st.sampled_from([changed, body[:at], body + bytes(32), body + bytes(at)]))
    if cut == body:
        return
    try:
        read = decode_deposit(topics, cut)
    except InvalidDeposit:
        return
    assert read != deposit
    assert log_of(read) == (topics, cut)


def refused(log: Log, message: str) -> None:
    with pytest.raises(InvalidDeposit, match=message):
        decode_deposit(*log)


def test_what_the_portal_never_logs_is_rejected() -> None:
    good = Deposit(0, Address(bytes([1]) * 20), Address(bytes([2]) * 20), 1, 2, 30_000, b"\1\2\3")
    topics, data = log_of(good)
    refused((topics[:3], data), "3 topics")
    refused(([ZERO_HASH, *topics[1:]], data), "topics that are not")
    refused(([*topics[:3], bytes(31)], data), "topics that are not")
    refused(([topics[0], b"\1" * 32, *topics[2:]], data), "is no address")
    refused((topics, data[:-1]), "expected whole words")
    refused((topics, data + bytes(32)), "is not encoded")
    refused(log_of(replace(good, gas_limit=UINT64_MAX + 1)), f"gas limit {UINT64_MAX + 1}")
    creation = log_of(replace(good, to=None))
    refused(([*creation[0][:2], topics[2], topics[3]], creation[1]), "creation flag 1, to 0x0202")
    refused((topics, data[:96] + (2).to_bytes(32, "big") + data[128:]), "creation flag 2")


def test_the_largest_calldata_is_read_and_one_byte_more_is_not() -> None:
    largest = Deposit(0, Address(bytes(20)), None, 0, 0, 10**7, b"\1" * MAX_DEPOSIT_DATA_BYTES)
    assert decode_deposit(*log_of(largest)) == largest
    refused(log_of(replace(largest, data=largest.data + b"\1")), "49153 bytes")


# --- the hash chain --------------------------------------------------------------------------------------------------


@given(st.lists(deposits, min_size=2, max_size=2, unique=True))
def test_deposits_that_differ_beyond_their_index_hash_differently(pair: list[Deposit]) -> None:
    one, other = (replace(deposit, index=0) for deposit in pair)
    # The receiver of a creation is zero in the event, and its flag keeps the two apart.
    assert (deposit_hash(one) == deposit_hash(other)) == (one == other)


@given(deposits, hashes, st.integers(0, UINT64_MAX), st.integers(0, UINT64_MAX), hashes)
def test_the_accumulator_binds_deposit_and_l1_block(
    deposit: Deposit, accumulator: Hash32, number: int, timestamp: int, parent: Hash32
) -> None:
    words = encode(
        ["bytes32", "bytes32", "uint256", "uint256", "bytes32"],
        [accumulator, deposit_hash(deposit), number, timestamp, parent],
    )
    assert next_deposit_accumulator(accumulator, deposit, number, timestamp, parent) == keccak(words)


@given(st.integers(0, MAX_DEPOSIT_DATA_BYTES))
def test_the_minimum_gas_grows_with_size_and_for_creations(size: int) -> None:
    assert minimum_gas(size, is_creation=True) > minimum_gas(size, is_creation=False) == 21_000 + 40 * size
