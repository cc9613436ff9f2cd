from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.crypto import keccak
from protocol.mpt import EMPTY_ROOT
from protocol.rlp_codec import encode
from protocol.state import Account
from protocol.transaction import Transaction, deposit_transaction
from protocol.types import UINT256_MAX, Address, Hash32
from vm.memory_state import Allocation

if TYPE_CHECKING:
    from tests.vm.conftest import World

    WorldMaker = Callable[..., World]

DEPOSITOR = Address(b"\xde" * 20)
ALICE = Address(b"\xa1" * 20)
CONTRACT = Address(b"\xc0" * 20)
MINER = Address(b"\xcc" * 20)
STORE_CALLVALUE = bytes.fromhex("3460005500")
REVERT = bytes.fromhex("60006000fd")
SOURCE = Hash32(b"\x50" * 32)


def deposit(
    to: Address | None = ALICE, mint: int = 0, value: int = 0, gas_limit: int = 100_000, data: bytes = b""
) -> Transaction:
    return deposit_transaction(SOURCE, DEPOSITOR, to, mint, value, gas_limit, data)


@pytest.fixture
def rollup(world: "WorldMaker") -> "World":
    """A chain that takes deposits, with a contract that keeps what it is sent and one that reverts."""
    return world(
        accounts={CONTRACT: Allocation(code=STORE_CALLVALUE), REVERTING: Allocation(code=REVERT)}, allow_deposits=True
    )


REVERTING = Address(b"\xbb" * 20)


def test_a_deposit_mints_and_moves_value_free_of_charge(rollup: "World") -> None:
    (receipt,) = rollup.mine(deposit(mint=10, value=4)).receipts
    assert (receipt.type, receipt.outcome, receipt.gas_used) == (0x7E, 1, 21_000)
    assert rollup.state.account(DEPOSITOR) == Account(1, 6, EMPTY_ROOT)
    assert rollup.state.account(ALICE) == Account(0, 4, EMPTY_ROOT)
    assert rollup.state.account(MINER) is None
    assert rollup.head.gas_used == 21_000


def test_a_deposit_runs_code_and_spends_what_the_account_already_had(rollup: "World") -> None:
    rollup.mine(deposit(to=DEPOSITOR, mint=5))
    (receipt,) = rollup.mine(deposit(to=CONTRACT, mint=1, value=6)).receipts
    assert receipt.succeeded
    assert rollup.state.storage(CONTRACT, 0) == 6
    assert rollup.state.account(DEPOSITOR) == Account(2, 0, EMPTY_ROOT)


@pytest.mark.parametrize(
    ("failing", "gas_used"),
    [
        (deposit(mint=10, value=11), 100_000),
        (deposit(mint=10, gas_limit=20_999), 20_999),
        (deposit(mint=10, gas_limit=30_000_001), 30_000_000),
        (deposit(to=REVERTING, mint=10, value=10), 21_006),
        (deposit(to=None, mint=10, data=b"\xfe"), 100_000),
    ],
)
def test_a_deposit_that_fails_keeps_mint_and_nonce(rollup: "World", failing: Transaction, gas_used: int) -> None:
    (receipt,) = rollup.mine(failing).receipts
    assert (receipt.outcome, receipt.gas_used) == (0, gas_used)
    assert rollup.state.account(DEPOSITOR) == Account(1, 10, EMPTY_ROOT)
    assert rollup.state.account(ALICE) is None


def test_deposits_fill_a_block_to_its_limit_and_no_further(rollup: "World") -> None:
    big = deposit(to=Address(b"\xfe" * 20), mint=1, gas_limit=20_000_000, data=b"")
    executed = rollup.mine(
        deposit(mint=1, value=2, gas_limit=20_000_000), deposit(mint=1, value=9, gas_limit=20_000_000), big
    )
    assert [receipt.gas_used for receipt in executed.receipts] == [20_000_000, 10_000_000, 0]
    assert executed.block.header.gas_used == 30_000_000
    assert rollup.state.account(DEPOSITOR) == Account(3, 3, EMPTY_ROOT)


def test_a_deposit_may_create_a_contract(rollup: "World") -> None:
    (receipt,) = rollup.mine(deposit(to=None, mint=1, value=1)).receipts
    assert receipt.succeeded
    assert receipt.contract_address == keccak(encode([DEPOSITOR, b""]))[12:]
    assert rollup.state.account(Address(receipt.contract_address)) == Account(1, 1, EMPTY_ROOT)


def test_a_contract_may_deposit(world: "WorldMaker") -> None:
    chain = world(accounts={DEPOSITOR: Allocation(code=STORE_CALLVALUE)}, allow_deposits=True)
    (receipt,) = chain.mine(deposit(mint=3, value=3)).receipts
    assert receipt.succeeded
    assert chain.state.account(ALICE) == Account(0, 3, EMPTY_ROOT)


def test_what_is_minted_saturates_instead_of_overflowing(rollup: "World") -> None:
    rollup.mine(deposit(to=DEPOSITOR, mint=UINT256_MAX), deposit(to=DEPOSITOR, mint=UINT256_MAX))
    assert rollup.state.account(DEPOSITOR) == Account(2, UINT256_MAX, EMPTY_ROOT)


amounts = st.one_of(st.integers(0, 20), st.integers(0, UINT256_MAX), st.just(UINT256_MAX))


@given(
    to=st.sampled_from([None, ALICE, CONTRACT, REVERTING, DEPOSITOR]),
    mint=amounts,
    value=amounts,
    gas_limit=st.one_of(st.integers(0, 200_000), st.integers(0, 2**64 - 1)),
    data=st.binary(max_size=40),
)
def test_no_deposit_can_be_refused(to: Address | None, mint: int, value: int, gas_limit: int, data: bytes) -> None:
    from tests.vm.conftest import make_world

    chain = make_world(
        accounts={CONTRACT: Allocation(code=STORE_CALLVALUE), REVERTING: Allocation(code=REVERT)}, allow_deposits=True
    )
    (receipt,) = chain.mine(deposit(to, mint, value, gas_limit, data)).receipts
    depositor = chain.state.account(DEPOSITOR)
    assert depositor is not None
    assert depositor.nonce >= 1
    assert receipt.gas_used <= min(gas_limit, 30_000_000)
    if not receipt.succeeded:
        assert depositor.balance == mint
