from collections.abc import Iterator
from dataclasses import dataclass

import boa
import pytest
from boa.contracts.vyper.vyper_contract import VyperContract
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from node.artifacts import SOURCES
from protocol.config_changes import MAX_GAS_LIMIT
from protocol.crypto import keccak
from protocol.inbox import (
    BATCH_APPENDED,
    MAX_COMMITMENT_BYTES,
    append_calldata,
    next_accumulator,
    posted_commitment,
)
from protocol.types import ZERO_HASH, Address, Hash32
from tests.contracts.conftest import DEPOSIT_GAS_LIMIT, compile_strictly

SOURCE = SOURCES / "l1" / "inbox.vy"
BATCHER_KNOB = 0
BLOB_LAYER = 2
FORWARDER = """
@external
def forward(target: address, data: Bytes[1024]):
    raw_call(target, data)
"""


@pytest.fixture
def batcher() -> str:
    return str(boa.env.generate_address("batcher"))


@pytest.fixture
def config(batcher: str) -> Iterator[VyperContract]:
    """Settings that their owner, boa's own account, may change at once."""
    with boa.env.anchor():
        settings = [int(batcher, 16), 1, DEPOSIT_GAS_LIMIT, 8, 2, 0, 0, 0, 0, 0]
        yield boa.load(
            str(SOURCES / "l1" / "chain_config.vy"), boa.env.eoa, 0, DEPOSIT_GAS_LIMIT, MAX_GAS_LIMIT, settings
        )


@pytest.fixture
def inbox(config: VyperContract) -> VyperContract:
    return boa.load(str(SOURCE), config)


@dataclass(frozen=True)
class Append:
    commitment: bytes
    l1_number: int
    l1_timestamp: int
    l1_parent_hash: Hash32


appends = st.builds(
    Append,
    commitment=st.binary(min_size=1, max_size=200),
    l1_number=st.integers(1, 2**64 - 1),
    l1_timestamp=st.integers(0, 2**64 - 1),
    l1_parent_hash=st.binary(min_size=32, max_size=32).map(Hash32),
)


def test_every_external_is_documented() -> None:
    output = compile_strictly("l1/inbox")
    assert output["devdoc"]["title"] == "Inbox"
    assert set(output["userdoc"]["methods"]) == {"append(bytes)", "batcher()"}
    assert set(output["devdoc"]["methods"]) == {"append(bytes)", "batcher()"}


def test_it_starts_empty(inbox: VyperContract, batcher: str) -> None:
    assert (inbox.count(), inbox.accumulator(), inbox.batcher()) == (0, ZERO_HASH, batcher)


def test_an_append_is_logged_with_its_index_and_hash(inbox: VyperContract, batcher: str) -> None:
    with boa.env.prank(batcher):
        inbox.append(b"\1" * 33)
    [(_position, _address, topics, data)] = inbox._computation.get_raw_log_entries()
    assert topics == (int.from_bytes(BATCH_APPENDED, "big"), 0, int(batcher, 16))
    assert data == keccak(b"\1" * 33) + inbox.accumulator()


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(appends, max_size=6))
def test_the_accumulator_is_the_models(inbox: VyperContract, batcher: str, appends: list[Append]) -> None:
    patch = boa.env.evm.patch
    accumulator = ZERO_HASH
    with boa.env.anchor(), boa.env.prank(batcher):
        for append in appends:
            patch.block_number, patch.timestamp = append.l1_number, append.l1_timestamp
            patch.prev_hashes = [append.l1_parent_hash]
            inbox.append(append.commitment)
            accumulator = next_accumulator(
                accumulator,
                keccak(append.commitment),
                append.l1_number,
                append.l1_timestamp,
                append.l1_parent_hash,
            )
            assert inbox.accumulator() == accumulator
        assert inbox.count() == len(appends)


@pytest.mark.parametrize("size", [1, 31, 32, 33, 120_001, MAX_COMMITMENT_BYTES])
def test_calldata_written_by_hand_is_what_the_abi_makes(inbox: VyperContract, batcher: str, size: int) -> None:
    commitment = bytes(range(256)) * (size // 256 + 1)
    calldata = append_calldata(commitment[:size])
    assert calldata == inbox.append.prepare_calldata(commitment[:size])
    boa.env.raw_call(inbox.address, sender=batcher, data=calldata)
    assert inbox.count() == 1


def test_only_the_batcher_appends(inbox: VyperContract) -> None:
    with boa.env.prank(boa.env.generate_address("stranger")), boa.reverts("inbox: not the batcher"):
        inbox.append(b"\0batch")
    assert (inbox.count(), inbox.accumulator()) == (0, ZERO_HASH)


def test_a_batcher_who_was_replaced_appends_no_more(inbox: VyperContract, config: VyperContract, batcher: str) -> None:
    successor = str(boa.env.generate_address("successor"))
    config.schedule(BATCHER_KNOB, int(successor, 16))
    config.apply(BATCHER_KNOB)
    assert inbox.batcher() == successor
    with boa.env.prank(batcher), boa.reverts("inbox: not the batcher"):
        inbox.append(b"\0batch")
    with boa.env.prank(successor):
        inbox.append(b"\0batch")
    assert inbox.count() == 1


def test_an_append_through_a_contract_reverts(config: VyperContract, inbox: VyperContract) -> None:
    """Readers take the bytes from the batcher's own transaction: what they cannot read is not counted."""
    forwarder = boa.loads(FORWARDER)
    config.schedule(BATCHER_KNOB, int(forwarder.address, 16))
    config.apply(BATCHER_KNOB)
    calldata = append_calldata(b"\0batch")
    with boa.reverts("inbox: through a contract"):
        forwarder.forward(inbox.address, calldata)
    assert boa.env.execute_code(inbox.address, sender=forwarder.address, data=calldata).is_error, "an account with code"
    assert (inbox.count(), inbox.accumulator()) == (0, ZERO_HASH)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(min_size=1, max_size=100), st.data())
def test_what_is_counted_is_what_readers_can_read(
    inbox: VyperContract, batcher: str, commitment: bytes, data: st.DataObject
) -> None:
    calldata = bytearray(append_calldata(commitment))
    for _ in range(data.draw(st.integers(0, 2))):
        calldata[data.draw(st.integers(4, len(calldata) - 1))] ^= data.draw(st.sampled_from([1, 32, 128]))
    calldata += bytes(data.draw(st.sampled_from([0, 0, 1, 32])))
    with boa.env.anchor():
        computation = boa.env.execute_code(inbox.address, sender=batcher, data=bytes(calldata))
        hashes = [] if computation.is_error else [entry[3][:32] for entry in computation.get_raw_log_entries()]
    target = Address(bytes.fromhex(inbox.address[2:]))
    for commitment_hash in hashes:
        assert posted_commitment(target, bytes(calldata), target, Hash32(commitment_hash)) is not None
    if bytes(calldata) == append_calldata(commitment) and commitment[0] != BLOB_LAYER:
        assert hashes == [keccak(commitment)]


def test_an_empty_commitment_reverts(inbox: VyperContract, batcher: str) -> None:
    with boa.env.prank(batcher), boa.reverts("inbox: empty commitment"):
        inbox.append(b"")


def test_a_commitment_over_the_bound_reverts(inbox: VyperContract, batcher: str) -> None:
    calldata = append_calldata(bytes(MAX_COMMITMENT_BYTES + 1))
    assert boa.env.execute_code(inbox.address, sender=batcher, data=calldata).is_error
    assert inbox.count() == 0


def test_an_inbox_without_settings_is_not_deployed() -> None:
    with boa.reverts("inbox: no config"):
        boa.load(str(SOURCE), "0x" + "00" * 20)


def test_it_takes_no_ether(inbox: VyperContract, batcher: str) -> None:
    boa.env.set_balance(batcher, 1)
    assert boa.env.execute_code(inbox.address, sender=batcher, data=append_calldata(b"\0"), value=1).is_error
    assert inbox.count() == 0


@pytest.mark.parametrize(("size", "most"), [(33, 11_000), (120_000, 85_000)])
def test_an_append_costs_little_beside_its_calldata(inbox: VyperContract, batcher: str, size: int, most: int) -> None:
    with boa.env.prank(batcher):
        inbox.append(b"\1")  # the first append writes two empty slots
        inbox.append(bytes(size))
    assert inbox._computation.get_gas_used() <= most
