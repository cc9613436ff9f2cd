from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.block import EMPTY_OMMERS_HASH, ZERO_NONCE, Header
from protocol.chain_config import ChainConfig
from protocol.extra_data import BaseFeeRules, extra_data_of_origin, is_plain
from protocol.fees import (
    GAS_PER_BLOB,
    MAX_BASE_FEE,
    base_fee_rules_after,
    blob_base_fee,
    first_base_fee,
    floor_data_gas,
    intrinsic_gas,
    l1_blob_base_fee,
    next_base_fee,
    next_excess_blob_gas,
)
from protocol.forks import CANCUN_BLOBS, PRAGUE_BLOBS, Fork, constant_schedule
from protocol.mpt import EMPTY_ROOT
from protocol.signing import UnsignedTransaction, sign_transaction
from protocol.transaction import AccessEntry, Authorization, Transaction
from protocol.types import ZERO_ADDRESS, ZERO_HASH

CONFIG = ChainConfig(1, constant_schedule(Fork.CANCUN))
PARENT = Header(
    ZERO_HASH,
    EMPTY_OMMERS_HASH,
    ZERO_ADDRESS,
    ZERO_HASH,
    EMPTY_ROOT,
    EMPTY_ROOT,
    bloom=0,
    difficulty=0,
    number=7,
    gas_limit=20_000_000,
    gas_used=10_000_000,
    timestamp=1,
    extra_data=b"",
    prev_randao=ZERO_HASH,
    nonce=ZERO_NONCE,
    base_fee_per_gas=1_000_000_000,
    withdrawals_root=EMPTY_ROOT,
    blob_gas_used=0,
    excess_blob_gas=0,
    parent_beacon_block_root=ZERO_HASH,
)


def unsigned(**fields: object) -> Transaction:
    defaults: dict[str, object] = {"chain_id": 1, "nonce": 0, "gas_limit": 0, "to": ZERO_ADDRESS}
    return sign_transaction(UnsignedTransaction(**{**defaults, **fields}), b"\x01" * 32)  # type: ignore[arg-type]


def test_there_is_no_base_fee_before_london() -> None:
    assert next_base_fee(replace(PARENT, base_fee_per_gas=None), CONFIG, Fork.BERLIN) == 0


def test_london_starts_at_one_gwei() -> None:
    assert next_base_fee(replace(PARENT, base_fee_per_gas=None), CONFIG, Fork.LONDON) == 10**9


@pytest.mark.parametrize(
    ("gas_used", "expected"),
    [(10_000_000, 1_000_000_000), (20_000_000, 1_125_000_000), (0, 875_000_000), (10_000_001, 1_000_000_012)],
)
def test_the_base_fee_follows_the_parents_use(gas_used: int, expected: int) -> None:
    assert next_base_fee(replace(PARENT, gas_used=gas_used), CONFIG, Fork.LONDON) == expected


def test_a_base_fee_too_small_for_an_eighth_still_rises_by_one_wei() -> None:
    parent = replace(PARENT, base_fee_per_gas=1, gas_used=10_000_001)
    assert next_base_fee(parent, CONFIG, Fork.LONDON) == 2


def test_a_chain_may_choose_its_own_elasticity_and_denominator() -> None:
    config = replace(CONFIG, elasticity=6, base_fee_change_denominator=50)
    assert next_base_fee(replace(PARENT, gas_limit=18_000_000, gas_used=18_000_000), config, Fork.CANCUN) == 11 * 10**8


@given(st.integers(1, 10**12), st.integers(5_000, 10**8), st.data())
def test_the_base_fee_never_moves_by_more_than_its_bound(base_fee: int, gas_limit: int, data: st.DataObject) -> None:
    gas_used = data.draw(st.integers(0, gas_limit))
    parent = replace(PARENT, base_fee_per_gas=base_fee, gas_limit=gas_limit, gas_used=gas_used)
    change = next_base_fee(parent, CONFIG, Fork.CANCUN) - base_fee
    # An odd gas limit rounds the target down, so that use can exceed twice the target by one part in the target.
    assert -(base_fee // 8) <= change <= max(base_fee // 8 + base_fee // (8 * (gas_limit // 2)) + 1, 1)


@pytest.mark.parametrize(
    ("fork", "fields", "gas"),
    [
        (Fork.FRONTIER, {}, 21_000),
        (Fork.FRONTIER, {"to": None}, 21_000),
        (Fork.HOMESTEAD, {"to": None}, 53_000),
        (Fork.BYZANTIUM, {"data": b"\0\x01"}, 21_072),
        (Fork.ISTANBUL, {"data": b"\0\x01"}, 21_020),
        (Fork.PARIS, {"to": None, "data": b"\0" * 33}, 53_132),
        (Fork.SHANGHAI, {"to": None, "data": b"\0" * 33}, 53_136),
        (Fork.BERLIN, {"access_list": (AccessEntry(ZERO_ADDRESS, (1, 2)),)}, 27_200),
        (Fork.PRAGUE, {"authorizations": (Authorization(1, ZERO_ADDRESS, 0, 0, 1, 1),) * 2}, 71_000),
    ],
)
def test_intrinsic_gas_by_fork(fork: Fork, fields: dict[str, object], gas: int) -> None:
    assert intrinsic_gas(unsigned(type=4 if "authorizations" in fields else 2, **fields), fork) == gas


def test_the_data_floor_starts_with_prague() -> None:
    tx = unsigned(data=b"\0\x01")
    assert (floor_data_gas(tx, Fork.CANCUN), floor_data_gas(tx, Fork.PRAGUE)) == (0, 21_050)


def test_excess_blob_gas_is_what_exceeds_the_target() -> None:
    full = replace(PARENT, excess_blob_gas=GAS_PER_BLOB, blob_gas_used=6 * GAS_PER_BLOB)
    assert next_excess_blob_gas(full, CANCUN_BLOBS, Fork.CANCUN) == 4 * GAS_PER_BLOB
    assert next_excess_blob_gas(PARENT, CANCUN_BLOBS, Fork.CANCUN) == 0


def test_a_parent_from_before_cancun_counts_as_no_blobs() -> None:
    parent = replace(PARENT, excess_blob_gas=None, blob_gas_used=None, parent_beacon_block_root=None)
    assert next_excess_blob_gas(parent, CANCUN_BLOBS, Fork.CANCUN) == 0


def test_osaka_keeps_excess_while_execution_gas_dwarfs_the_blob_price() -> None:
    parent = replace(PARENT, excess_blob_gas=6 * GAS_PER_BLOB, blob_gas_used=3 * GAS_PER_BLOB)
    assert next_excess_blob_gas(parent, PRAGUE_BLOBS, Fork.PRAGUE) == 3 * GAS_PER_BLOB
    assert next_excess_blob_gas(parent, PRAGUE_BLOBS, Fork.OSAKA) == 7 * GAS_PER_BLOB


def test_osaka_lets_excess_fall_when_blobs_are_dear_enough() -> None:
    parent = replace(PARENT, base_fee_per_gas=16, excess_blob_gas=6 * GAS_PER_BLOB, blob_gas_used=3 * GAS_PER_BLOB)
    assert next_excess_blob_gas(parent, PRAGUE_BLOBS, Fork.OSAKA) == 3 * GAS_PER_BLOB


@pytest.mark.parametrize(("excess", "fee"), [(0, 1), (2_314_057, 1), (2_314_058, 2), (10 * 1024 * 1024, 23)])
def test_the_blob_base_fee_matches_eip_4844(excess: int, fee: int) -> None:
    assert blob_base_fee(excess, CANCUN_BLOBS) == fee


@given(st.integers(0, 10**8), st.integers(0, 10**6))
def test_the_blob_base_fee_never_falls_with_excess(excess: int, more: int) -> None:
    assert blob_base_fee(excess + more, CANCUN_BLOBS) >= blob_base_fee(excess, CANCUN_BLOBS)


def test_a_vanished_target_does_not_divide_by_zero() -> None:
    parent = replace(PARENT, gas_limit=1, gas_used=1)
    assert next_base_fee(parent, CONFIG, Fork.CANCUN) == 1_125_000_000


ROLLUP = replace(CONFIG, allow_deposits=True)
headers = st.builds(
    lambda fee, limit, used, rules: replace(
        PARENT,
        base_fee_per_gas=fee,
        gas_limit=limit,
        gas_used=min(used, limit),
        extra_data=extra_data_of_origin(1, rules),
    ),
    st.integers(0, MAX_BASE_FEE),
    st.integers(1_000_000, 200_000_000),
    st.integers(0, 200_000_000),
    st.none()
    | st.builds(BaseFeeRules, st.integers(1, 2**32 - 1), st.integers(1, 2**32 - 1), st.integers(0, 2**64 - 1)),
)


@given(headers, st.integers(0, 2**64 - 1))
def test_the_base_fee_never_leaves_its_bounds(parent: Header, minimum: int) -> None:
    config = replace(ROLLUP, min_base_fee=minimum)
    assert base_fee_rules_after(parent, config).minimum <= next_base_fee(parent, config, Fork.CANCUN) <= MAX_BASE_FEE


@given(headers)
def test_a_minimum_that_does_not_bind_changes_nothing(parent: Header) -> None:
    free = next_base_fee(replace(parent, extra_data=b""), ROLLUP, Fork.CANCUN)
    bounded = replace(ROLLUP, min_base_fee=min(free, 2**64 - 1))
    assert next_base_fee(replace(parent, extra_data=b""), bounded, Fork.CANCUN) == free


@given(headers, st.integers(0, 2**64 - 1))
def test_a_fixed_base_fee_is_the_minimum_in_every_block(parent: Header, minimum: int) -> None:
    config = replace(ROLLUP, min_base_fee=minimum, fixed_base_fee=True)
    expected = minimum if is_plain(parent.extra_data) else base_fee_rules_after(parent, config).minimum
    assert next_base_fee(parent, config, Fork.CANCUN) == expected


def test_a_rollups_block_may_say_the_rules_for_its_child_and_an_l1s_may_not() -> None:
    full = replace(PARENT, gas_used=20_000_000, extra_data=extra_data_of_origin(1, BaseFeeRules(100, 4, 0)))
    assert next_base_fee(full, ROLLUP, Fork.CANCUN) == 10**9 + 3 * 10**9 // 100
    assert next_base_fee(full, CONFIG, Fork.CANCUN) == 1_125_000_000


def test_genesis_starts_at_one_gwei_unless_the_minimum_is_more_or_gas_has_one_price() -> None:
    assert first_base_fee(ROLLUP) == 10**9
    assert first_base_fee(replace(ROLLUP, min_base_fee=2 * 10**9)) == 2 * 10**9
    assert first_base_fee(replace(ROLLUP, fixed_base_fee=True)) == 0


def test_l1s_blob_base_fee_follows_eip_4844_and_is_bounded() -> None:
    fraction = CANCUN_BLOBS.base_fee_update_fraction
    assert l1_blob_base_fee(10 * fraction, fraction) == blob_base_fee(10 * fraction, CANCUN_BLOBS) == 22_026
    assert l1_blob_base_fee(2**64 - 1, fraction) == MAX_BASE_FEE
    assert l1_blob_base_fee(88 * fraction - 1, fraction) <= MAX_BASE_FEE
