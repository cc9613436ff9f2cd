import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import boa
import pytest
from boa.contracts.vyper.vyper_contract import VyperContract
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from vyper import compile_code

from node.artifacts import SOURCES
from protocol.crypto import keccak
from protocol.inbox import BATCH_APPENDED, MAX_COMMITMENT_BYTES, append_calldata, next_accumulator
from protocol.types import ZERO_HASH, Hash32

SOURCE = SOURCES / "l1" / "inbox.vy"


@pytest.fixture
def batcher() -> str:
    return str(boa.env.generate_address("batcher"))


@pytest.fixture
def inbox(batcher: str) -> Iterator[VyperContract]:
    with boa.env.anchor():
        yield boa.load(str(SOURCE), batcher)


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


def test_it_compiles_without_a_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        compile_code(SOURCE.read_text(), output_formats=("bytecode",))


def test_every_external_is_documented() -> None:
    output = compile_code(SOURCE.read_text(), output_formats=("userdoc", "devdoc"))
    assert output["devdoc"]["title"] == "Inbox"
    assert set(output["userdoc"]["methods"]) == {"append(bytes)"}
    assert set(output["devdoc"]["methods"]) == {"append(bytes)"}


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


def test_an_empty_commitment_reverts(inbox: VyperContract, batcher: str) -> None:
    with boa.env.prank(batcher), boa.reverts("inbox: empty commitment"):
        inbox.append(b"")


def test_a_commitment_over_the_bound_reverts(inbox: VyperContract, batcher: str) -> None:
    calldata = append_calldata(bytes(MAX_COMMITMENT_BYTES + 1))
    assert boa.env.execute_code(inbox.address, sender=batcher, data=calldata).is_error
    assert inbox.count() == 0


def test_an_inbox_without_a_batcher_is_not_deployed() -> None:
    with boa.reverts("inbox: no batcher"):
        boa.load(str(SOURCE), "0x" + "00" * 20)


def test_it_takes_no_ether(inbox: VyperContract, batcher: str) -> None:
    boa.env.set_balance(batcher, 1)
    assert boa.env.execute_code(inbox.address, sender=batcher, data=append_calldata(b"\0"), value=1).is_error
    assert inbox.count() == 0


@pytest.mark.parametrize(("size", "most"), [(33, 6_000), (120_000, 80_000)])
def test_an_append_costs_little_beside_its_calldata(inbox: VyperContract, batcher: str, size: int, most: int) -> None:
    with boa.env.prank(batcher):
        inbox.append(b"\1")  # the first append writes two empty slots
        inbox.append(bytes(size))
    assert inbox._computation.get_gas_used() <= most
