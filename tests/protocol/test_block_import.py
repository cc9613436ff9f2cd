from dataclasses import replace

import pytest

from protocol.block import Header
from protocol.block_import import attributes_of, compare_headers, reexecute
from protocol.errors import InvalidBlock, InvalidTransaction
from protocol.forks import Fork
from protocol.types import Address, Hash32
from tests.vm.conftest import make_world

ALICE = Address(b"\xa1" * 20)


def test_a_block_executes_again_to_itself() -> None:
    chain, twin = make_world(), make_world()
    executed = chain.mine(chain.sign(to=ALICE, value=1), extra_data=b"x", prev_randao=Hash32(b"\x11" * 32))
    assert reexecute(twin.engine, executed.block, twin.head, twin.state, twin.ancestor) == executed


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"gas_used": 1}, "INVALID_GAS_USED"),
        ({"state_root": Hash32(b"\x01" * 32)}, "INVALID_STATE_ROOT"),
        ({"receipts_root": Hash32(b"\x01" * 32), "state_root": Hash32(b"\x01" * 32)}, "INVALID_RECEIPTS_ROOT"),
        ({"transactions_root": Hash32(b"\x01" * 32)}, "INVALID_TRANSACTIONS_ROOT"),
        ({"withdrawals_root": Hash32(b"\x01" * 32)}, "INVALID_WITHDRAWALS_ROOT"),
        ({"bloom": 1}, "INVALID_LOG_BLOOM"),
        ({"base_fee_per_gas": 1, "gas_used": 1}, "INVALID_BASEFEE_PER_GAS"),
        ({"blob_gas_used": 1}, "INCORRECT_BLOB_GAS_USED"),
        ({"excess_blob_gas": 1}, "INCORRECT_EXCESS_BLOB_GAS"),
        ({"requests_hash": Hash32(b"\x01" * 32)}, "INVALID_REQUESTS"),
        ({"number": 7}, "INVALID_HEADER"),
    ],
)
def test_a_difference_is_named_by_its_most_telling_field(changes: dict[str, object], reason: str) -> None:
    header: Header = make_world(Fork.CANCUN).mine().block.header
    with pytest.raises(InvalidBlock) as invalid:
        compare_headers(replace(header, **changes), header)  # type: ignore[arg-type]
    assert invalid.value.reason == reason


def test_headers_that_agree_are_the_same() -> None:
    header = make_world().mine().block.header
    compare_headers(header, replace(header))


def test_the_message_holds_both_values() -> None:
    header = make_world().mine().block.header
    with pytest.raises(InvalidBlock, match=r"^INVALID_GAS_USED: block 1: gas_used is 5, execution gives 0$"):
        compare_headers(replace(header, gas_used=5), header)


def test_a_block_with_an_invalid_transaction_is_refused() -> None:
    chain, twin = make_world(), make_world()
    executed = chain.mine()
    block = replace(executed.block, transactions=(chain.sign(nonce=9),))
    with pytest.raises(InvalidTransaction, match="nonce too high"):
        reexecute(twin.engine, block, twin.head, twin.state, twin.ancestor)


def test_attributes_carry_all_that_the_author_chose() -> None:
    chain = make_world()
    builder = chain.begin(
        extra_data=b"x", prev_randao=Hash32(b"\x11" * 32), parent_beacon_block_root=Hash32(b"\x22" * 32)
    )
    assert attributes_of(builder.seal().block) == builder.attributes
