"""Deposits: what the portal logs, what it refuses, and that Python reads the same."""

import boa
import pytest
from boa.contracts.vyper.vyper_contract import VyperContract
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protocol.deposit import (
    MAX_DEPOSIT_DATA_BYTES,
    TRANSACTION_DEPOSITED,
    Deposit,
    aliased,
    decode_deposit,
    minimum_gas,
    next_deposit_accumulator,
)
from protocol.fees import floor_data_gas, intrinsic_gas
from protocol.forks import Fork
from protocol.types import ZERO_HASH, Hash32
from tests.contracts.conftest import (
    DEPOSIT_GAS_LIMIT,
    ETHER,
    Settlement,
    deposit_of,
    hex_address,
    raw_address,
)

NOBODY = "0x" + "00" * 20
MOCKS = "tests/contracts/mocks"


@pytest.fixture
def alice() -> str:
    alice = str(boa.env.generate_address("alice"))
    boa.env.set_balance(alice, 100 * ETHER)
    return alice


@pytest.fixture
def depositor(settlement: Settlement) -> VyperContract:
    return boa.load(f"{MOCKS}/depositor.vy")


def test_ether_sent_to_the_portal_is_a_deposit_to_oneself(settlement: Settlement, alice: str) -> None:
    boa.env.raw_call(settlement.portal.address, sender=alice, value=ETHER)
    settlement.portal._computation = boa.env.execute_code(settlement.portal.address, sender=alice, value=ETHER)
    assert deposit_of(settlement.portal) == Deposit(
        index=1,
        sender=raw_address(alice),
        to=raw_address(alice),
        mint=ETHER,
        value=ETHER,
        gas_limit=100_000,
        data=b"",
    )
    assert boa.env.get_balance(str(settlement.portal.address)) == 2 * ETHER


def test_a_contract_cannot_send_ether_without_naming_the_receiver(
    settlement: Settlement, depositor: VyperContract, alice: str
) -> None:
    with boa.env.prank(alice), boa.reverts("portal: a contract must name the receiver"):
        depositor.pay(settlement.portal, value=ETHER)


def test_an_unknown_call_is_not_taken_for_a_deposit(settlement: Settlement, alice: str) -> None:
    assert boa.env.execute_code(settlement.portal.address, sender=alice, data=b"\1\2\3\4", value=1).is_error


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    deposits=st.lists(
        st.tuples(
            st.binary(min_size=20, max_size=20),
            st.integers(0, 10**18),
            st.integers(0, 2**256 - 1),
            st.integers(0, 60_000),
            st.booleans(),
            st.binary(max_size=300),
        ),
        min_size=1,
        max_size=4,
    ),
    number=st.integers(1_000, 2**40),  # L1 never goes back behind the deployment, which conftest puts at 1,000
    parent=st.binary(min_size=32, max_size=32).map(Hash32),
)
def test_python_reads_what_the_portal_wrote_and_computes_its_accumulator(
    settlement: Settlement, alice: str, deposits, number: int, parent: Hash32
) -> None:
    accumulator = ZERO_HASH
    patch = boa.env.evm.patch
    with boa.env.anchor(), boa.env.prank(alice):
        patch.block_number, patch.prev_hashes = number, [parent]
        for index, (to, mint, value, extra, is_creation, data) in enumerate(deposits):
            receiver = NOBODY if is_creation else hex_address(to)
            gas_limit = minimum_gas(len(data), is_creation=is_creation) + extra
            returned = settlement.portal.deposit(receiver, value, gas_limit, is_creation, data, value=mint)
            deposit = deposit_of(settlement.portal)
            assert returned == index
            assert deposit == Deposit(
                index=index,
                sender=raw_address(alice),
                to=None if is_creation else raw_address(receiver),
                mint=mint,
                value=value,
                gas_limit=gas_limit,
                data=data,
            )
            accumulator = next_deposit_accumulator(accumulator, deposit, number, patch.timestamp, parent)
            assert settlement.portal.accumulator() == accumulator
        assert settlement.portal.deposit_count() == len(deposits)


def test_a_contracts_address_is_aliased(settlement: Settlement, depositor: VyperContract, alice: str) -> None:
    calldata = settlement.portal.deposit.prepare_calldata(alice, 0, 100_000, False, b"")
    with boa.env.prank(alice):
        depositor.forward(settlement.portal, calldata)
    assert deposit_of(depositor).sender == aliased(raw_address(depositor.address))


def test_the_alias_wraps_around(settlement: Settlement, alice: str) -> None:
    high = "0x" + "ff" * 20
    calldata = settlement.portal.deposit.prepare_calldata(alice, 0, 100_000, False, b"")
    computation = boa.env.execute_code(settlement.portal.address, sender=high, data=calldata)
    assert not computation.is_error  # sender is the transaction's origin here: not aliased
    code = boa.load_partial(f"{MOCKS}/depositor.vy").deploy(override_address=high)
    with boa.env.prank(alice):
        code.forward(settlement.portal, calldata)
    assert deposit_of(code).sender == aliased(raw_address(high)) == bytes.fromhex("1111" + "00" * 16 + "1110")


@pytest.mark.parametrize("is_creation", [False, True])
@pytest.mark.parametrize("size", [0, 1, 31, 32, 33, 1_000])
def test_the_gas_limit_has_a_minimum_by_size(settlement: Settlement, alice: str, size: int, is_creation: bool) -> None:
    least = minimum_gas(size, is_creation=is_creation)
    assert settlement.portal.minimum_gas(size, is_creation) == least
    with boa.env.prank(alice):
        with boa.reverts("portal: gas limit too low"):
            settlement.portal.deposit(NOBODY, 0, least - 1, is_creation, bytes(size))
        settlement.portal.deposit(NOBODY, 0, least, is_creation, bytes(size))


@given(data=st.binary(max_size=3_000), is_creation=st.booleans())
def test_the_minimum_covers_every_forks_intrinsic_gas(data: bytes, is_creation: bool) -> None:
    deposit = Deposit(0, raw_address(NOBODY), None if is_creation else raw_address(NOBODY), 0, 0, 10**6, data)
    tx = deposit.transaction(ZERO_HASH)
    least = minimum_gas(len(data), is_creation=is_creation)
    for fork in Fork:
        if fork >= Fork.ISTANBUL:
            assert least >= max(intrinsic_gas(tx, fork), floor_data_gas(tx, fork))


def test_a_creation_has_no_receiver(settlement: Settlement, alice: str) -> None:
    with boa.env.prank(alice), boa.reverts("portal: a creation has no receiver"):
        settlement.portal.deposit(alice, 0, 100_000, True, b"")


def test_the_largest_calldata_is_taken_and_one_byte_more_is_not(settlement: Settlement, alice: str) -> None:
    largest = b"\1" * MAX_DEPOSIT_DATA_BYTES
    gas_limit = minimum_gas(len(largest), is_creation=True)
    with boa.env.prank(alice):
        settlement.portal.deposit(NOBODY, 0, gas_limit, True, largest)
    assert deposit_of(settlement.portal).data == largest
    calldata = settlement.portal.deposit.prepare_calldata(NOBODY, 0, 3_000_000, True, largest)
    calldata = calldata[:164] + (MAX_DEPOSIT_DATA_BYTES + 1).to_bytes(32, "big") + calldata[196:] + bytes(32)
    assert boa.env.execute_code(settlement.portal.address, sender=alice, data=calldata).is_error


def test_the_topic_is_the_contracts(settlement: Settlement, alice: str) -> None:
    with boa.env.prank(alice):
        settlement.portal.deposit(alice, 1, 100_000, False, b"\1", value=2)
    [(_position, address, topics, data)] = settlement.portal._computation.get_raw_log_entries()
    assert bytes(address) == raw_address(settlement.portal.address)
    assert topics[0] == int.from_bytes(TRANSACTION_DEPOSITED, "big")
    assert decode_deposit([topic.to_bytes(32, "big") for topic in topics], data).data == b"\1"


def test_an_ordinary_deposit_is_cheap(settlement: Settlement, alice: str) -> None:
    with boa.env.prank(alice):
        settlement.portal.deposit(alice, ETHER, 100_000, False, b"", value=ETHER)
        settlement.portal.deposit(alice, ETHER, 100_000, False, b"", value=ETHER)
    assert settlement.portal._computation.get_gas_used() < 60_000


# --- metering --------------------------------------------------------------------------------------------------------


def fill(settlement: Settlement, gas_limit: int) -> int:
    """Deposit with this much gas; returns the gas of L1 that it took."""
    settlement.portal.deposit(NOBODY, 0, gas_limit, False, b"")
    return int(settlement.portal._computation.get_gas_used())


def test_deposits_of_one_l1_block_fit_into_one_l2_block(settlement: Settlement) -> None:
    fill(settlement, DEPOSIT_GAS_LIMIT - 100_000)
    with boa.reverts("deposit gas: this L1 block is full"):
        fill(settlement, 100_001)
    fill(settlement, 100_000)
    assert settlement.portal.deposit_rate()[1] == 0
    with boa.reverts("deposit gas: this L1 block is full"):
        fill(settlement, 21_000)
    boa.env.time_travel(blocks=1)
    fill(settlement, 21_000)


def test_one_deposit_cannot_exceed_the_limit(settlement: Settlement) -> None:
    for gas_limit in (DEPOSIT_GAS_LIMIT + 1, 2**64, 2**256 - 1):
        with boa.reverts():
            fill(settlement, gas_limit)


def test_deposit_gas_is_paid_for_with_gas(settlement: Settlement) -> None:
    fill(settlement, 21_000)
    assert 1_000_000 <= fill(settlement, DEPOSIT_GAS_LIMIT - 21_000) < 1_100_000


def test_the_rate_rises_after_full_blocks_and_falls_after_empty_ones(settlement: Settlement) -> None:
    least = 2**16 // 8
    assert settlement.portal.deposit_rate() == (least, DEPOSIT_GAS_LIMIT)
    rates = []
    for _ in range(40):
        fill(settlement, DEPOSIT_GAS_LIMIT)
        boa.env.time_travel(blocks=1)
        rates.append(settlement.portal.deposit_rate()[0])
    assert rates[:3] == [9216, 10368, 11664]
    assert rates == sorted(rates)
    assert rates[-1] == 2**16 * 8
    boa.env.time_travel(blocks=1)
    assert settlement.portal.deposit_rate()[0] == 2**16 * 7
    boa.env.time_travel(blocks=31)
    assert settlement.portal.deposit_rate()[0] == least
    boa.env.time_travel(blocks=10**9)
    assert settlement.portal.deposit_rate() == (least, DEPOSIT_GAS_LIMIT)


def test_half_full_blocks_leave_the_rate(settlement: Settlement) -> None:
    for _ in range(5):
        fill(settlement, DEPOSIT_GAS_LIMIT)
        boa.env.time_travel(blocks=1)
    before = settlement.portal.deposit_rate()[0]
    fill(settlement, DEPOSIT_GAS_LIMIT // 2)
    boa.env.time_travel(blocks=1)
    assert settlement.portal.deposit_rate()[0] == before


def test_keeping_every_block_full_costs_more_gas_than_l1_has(settlement: Settlement) -> None:
    for _ in range(40):
        fill(settlement, DEPOSIT_GAS_LIMIT)
        boa.env.time_travel(blocks=1)
    assert fill(settlement, DEPOSIT_GAS_LIMIT) > 60_000_000


def test_a_deposit_without_the_gas_to_pay_reverts(settlement: Settlement, alice: str) -> None:
    calldata = settlement.portal.deposit.prepare_calldata(NOBODY, 0, DEPOSIT_GAS_LIMIT, False, b"")
    for gas in range(40_000, 1_000_000, 60_000):
        assert boa.env.execute_code(settlement.portal.address, sender=alice, data=calldata, gas=gas).is_error
    assert not boa.env.execute_code(settlement.portal.address, sender=alice, data=calldata, gas=1_200_000).is_error


@pytest.mark.parametrize("limit", [0, 999_999, 2**32])
def test_a_portal_with_a_useless_deposit_limit_is_not_deployed(settlement: Settlement, limit: int) -> None:
    with boa.reverts("deposit gas: limit out of range"):
        boa.load("contracts/l1/portal.vy", settlement.outputs, 1, limit)


def test_an_idle_portal_takes_the_same_gas_in_every_block(settlement: Settlement) -> None:
    """What a wallet estimated is enough when the deposit is mined some blocks later."""
    alice = str(boa.env.generate_address("alice"))
    boa.env.set_balance(alice, 10 * ETHER)
    used = []
    for idle in (40, 1, 2, 7, 33):
        boa.env.evm.patch.block_number += idle
        with boa.env.anchor(), boa.env.prank(alice):
            settlement.portal.deposit(alice, 1, 100_000, False, b"", value=1)
            used.append(settlement.portal._computation.get_gas_used())
    assert len(set(used)) == 1, used
