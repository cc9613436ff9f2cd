from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from protocol.errors import InvalidTransaction
from protocol.forks import Fork
from protocol.receipt import Log
from protocol.transaction import AccessEntry
from protocol.types import ZERO_ADDRESS, Address
from vm.memory_state import Allocation

if TYPE_CHECKING:
    from tests.vm.conftest import World

    WorldMaker = Callable[..., World]

ALICE = Address(b"\xa1" * 20)
BOB = Address(b"\xb0" * 20)
CONTRACT = Address(b"\xc0" * 20)
GWEI = 10**9


def code(text: str) -> bytes:
    return bytes.fromhex(text.replace(" ", ""))


def returning(opcode: str) -> bytes:
    """Code that returns the word which `opcode` pushes."""
    return code(f"{opcode} 600052 60206000f3")


def contract(body: bytes) -> dict[Address, Allocation]:
    return {CONTRACT: Allocation(code=body)}


def word(result_output: bytes) -> int:
    return int.from_bytes(result_output, "big")


def test_a_call_returns_output_and_gas(world: "WorldMaker") -> None:
    result = world(accounts=contract(returning("602a"))).call(to=CONTRACT)
    assert (result.error, word(result.output), result.gas_used, result.logs) == (None, 42, 21_000 + 18, ())


def test_nothing_is_kept(world: "WorldMaker") -> None:
    chain = world(accounts=contract(code("6001600055")))
    root = chain.state.root
    assert chain.call(to=CONTRACT).error is None
    assert (chain.state.root, chain.state.storage(CONTRACT, 0)) == (root, 0)


def test_a_revert_gives_its_data(world: "WorldMaker") -> None:
    result = world(accounts=contract(code("602a600052 60206000fd"))).call(to=CONTRACT)
    assert (result.error, word(result.output)) == ("execution reverted", 42)
    assert result.gas_used == 21_000 + 18


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("fe", "invalid opcode: INVALID"),
        ("0c", "invalid opcode: opcode 0xc not defined"),
        ("600456", "invalid jump destination"),
        ("5b600056", "out of gas"),
        ("01", "stack underflow (0 <=> 2)"),
        ("6001 02", "stack underflow (1 <=> 2)"),
        ("5b58600056", "stack limit reached 1024 (1023)"),
        ("600060205260016000603e3e", "return data out of bounds"),
        ("7f" + "ff" * 32 + "51", "out of gas"),
    ],
)
def test_faults_carry_geths_names_and_take_all_gas(world: "WorldMaker", body: str, error: str) -> None:
    result = world(accounts=contract(code(body))).call(to=CONTRACT)
    assert (result.error, result.output, result.gas_used) == (error, b"", 1_000_000)


def test_writing_inside_a_static_call_fails_that_call(world: "WorldMaker") -> None:
    # The inner fault shows only as a failed STATICCALL, so the outer frame's answer is 0.
    inner = code("6000600060006000 73") + CONTRACT + code("61ffff fa 600052 60206000f3")
    chain = world(accounts={CONTRACT: Allocation(code=code("6001600055")), BOB: Allocation(code=inner)})
    result = chain.call(to=BOB)
    assert (result.error, word(result.output)) == (None, 0)


def test_base_fee_reads_zero_unless_a_price_is_offered(world: "WorldMaker") -> None:
    chain = world(accounts=contract(returning("48")))
    assert word(chain.call(to=CONTRACT).output) == 0
    assert word(chain.call(to=CONTRACT, gas_price=0).output) == 0
    assert word(chain.call(to=CONTRACT, gas_price=2 * GWEI).output) == GWEI


def test_gas_price_reads_what_is_offered(world: "WorldMaker") -> None:
    chain = world(accounts=contract(returning("3a")))
    assert [word(chain.call(to=CONTRACT, gas_price=price).output) for price in (None, 2 * GWEI)] == [0, 2 * GWEI]


def test_a_call_sees_the_number_of_the_block_it_is_asked_about(world: "WorldMaker") -> None:
    chain = world(accounts=contract(returning("43")))
    chain.mine()
    chain.mine()
    assert word(chain.call(to=CONTRACT).output) == 2


def test_a_price_must_cover_the_base_fee_and_be_affordable(world: "WorldMaker") -> None:
    chain = world()
    with pytest.raises(InvalidTransaction, match="max fee per gas less than block base fee: maxFeePerGas 1, baseFee"):
        chain.call(to=ALICE, gas_price=1)
    with pytest.raises(InvalidTransaction) as refused:
        chain.call(sender=ALICE, to=BOB, gas_price=GWEI, value=5, gas_limit=21_000)
    assert str(refused.value) == (
        f"insufficient funds for gas * price + value: address 0x{ALICE.hex()} have 0 want {21_000 * GWEI + 5}"
    )


def test_value_needs_funds_and_gas_must_cover_the_intrinsic(world: "WorldMaker") -> None:
    chain = world()
    with pytest.raises(InvalidTransaction, match="insufficient funds"):
        chain.call(sender=ALICE, to=BOB, value=1)
    with pytest.raises(InvalidTransaction, match="intrinsic gas too low: have 20999, want 21000"):
        chain.call(to=BOB, gas_limit=20_999)


def test_the_zero_address_may_call_and_contracts_may_too(world: "WorldMaker") -> None:
    chain = world(accounts=contract(returning("33")))
    assert word(chain.call(sender=ZERO_ADDRESS, to=CONTRACT).output) == 0
    assert word(chain.call(sender=CONTRACT, to=CONTRACT).output) == word(CONTRACT)


def test_a_create_returns_the_code_it_would_install(world: "WorldMaker") -> None:
    result = world().call(to=None, data=code("600160005360016000f3"))
    assert (result.error, result.output) == (None, b"\x01")


def test_a_call_follows_a_delegation(world: "WorldMaker") -> None:
    accounts = {
        CONTRACT: Allocation(code=returning("30")),
        ALICE: Allocation(code=b"\xef\x01\x00" + CONTRACT),
    }
    assert word(world(Fork.PRAGUE, accounts).call(to=ALICE).output) == word(ALICE)
    assert world(Fork.CANCUN, accounts).call(to=ALICE).error == "invalid opcode: opcode 0xef not defined"


def test_logs_come_back_unless_the_call_failed(world: "WorldMaker") -> None:
    log = "60076000 6000a1"
    assert world(accounts=contract(code(log))).call(to=CONTRACT).logs == (
        Log(CONTRACT, ((7).to_bytes(32, "big"),), b""),
    )
    assert world(accounts=contract(code(log + "60006000fd"))).call(to=CONTRACT).logs == ()


def test_the_access_list_names_what_was_touched_beyond_the_obvious(world: "WorldMaker") -> None:
    touch = code("600554 6001600655 73") + ALICE + code("31 33 31 30 31 41 31 6001 31")
    result = world(accounts=contract(touch)).call(to=CONTRACT)
    assert result.access_list == (AccessEntry(ALICE, ()), AccessEntry(CONTRACT, (5, 6)))


def test_the_access_list_includes_what_a_reverted_frame_touched(world: "WorldMaker") -> None:
    result = world(accounts=contract(code("73") + ALICE + code("31 600754 60006000fd"))).call(to=CONTRACT)
    assert result.error == "execution reverted"
    assert result.access_list == (AccessEntry(ALICE, ()), AccessEntry(CONTRACT, (7,)))


def test_a_given_access_list_is_paid_for_and_used(world: "WorldMaker") -> None:
    chain = world(accounts=contract(code("600554")))
    entry = AccessEntry(CONTRACT, (5,))
    without, given = chain.call(to=CONTRACT), chain.call(to=CONTRACT, access_list=(entry,))
    assert given.gas_used - without.gas_used == 2_400 + 1_900 - 2_000
    assert without.access_list == given.access_list == (entry,)


def test_a_refund_counts_in_gas_used(world: "WorldMaker") -> None:
    chain = world(accounts={CONTRACT: Allocation(code=code("6000600055"), storage={0: 1})})
    assert chain.call(to=CONTRACT).gas_used == 21_000 + 6 + 5_000 - 4_800


def test_deep_recursion_ends_at_the_call_depth_not_in_python(world: "WorldMaker") -> None:
    # Counts how deep calls of itself go: returns 1 + the inner call's answer.
    body = code("6020600060006000600030 5a f1 50 600051600101600052 60206000f3")
    result = world(accounts=contract(body)).call(to=CONTRACT, gas_limit=2**40)
    assert (result.error, word(result.output)) == (None, 1025)
