from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from protocol.block import EMPTY_OMMERS_HASH, ZERO_NONCE, Block, Header
from protocol.chain_config import ChainConfig
from protocol.errors import InvalidBlock
from protocol.fees import GAS_PER_BLOB, next_base_fee, next_excess_blob_gas
from protocol.forks import Fork, constant_schedule
from protocol.header_rules import check_block, check_header, difficulty_after
from protocol.mpt import EMPTY_ROOT
from protocol.types import ZERO_ADDRESS, ZERO_HASH, Hash32

OTHER_HASH = Hash32(b"\x99" * 32)


def parent_under(fork: Fork) -> Header:
    return Header(
        parent_hash=ZERO_HASH,
        ommers_hash=EMPTY_OMMERS_HASH,
        fee_recipient=ZERO_ADDRESS,
        state_root=ZERO_HASH,
        transactions_root=EMPTY_ROOT,
        receipts_root=EMPTY_ROOT,
        bloom=0,
        difficulty=0 if fork >= Fork.PARIS else 131_072,
        number=9,
        gas_limit=30_000_000,
        gas_used=20_000_000,
        timestamp=1_000,
        extra_data=b"",
        prev_randao=ZERO_HASH,
        nonce=ZERO_NONCE,
        base_fee_per_gas=10**9 if fork >= Fork.LONDON else None,
        withdrawals_root=EMPTY_ROOT if fork >= Fork.SHANGHAI else None,
        blob_gas_used=4 * GAS_PER_BLOB if fork >= Fork.CANCUN else None,
        excess_blob_gas=7 * GAS_PER_BLOB if fork >= Fork.CANCUN else None,
        parent_beacon_block_root=ZERO_HASH if fork >= Fork.CANCUN else None,
        requests_hash=ZERO_HASH if fork >= Fork.PRAGUE else None,
    )


def child_of(parent: Header, config: ChainConfig, fork: Fork, seconds: int = 12) -> Header:
    """A header that keeps every rule."""
    schedule = config.forks.blobs_at(parent.timestamp + seconds)
    return replace(
        parent,
        parent_hash=parent.hash,
        number=parent.number + 1,
        timestamp=parent.timestamp + seconds,
        gas_used=0,
        difficulty=0 if fork >= Fork.PARIS else difficulty_after(parent, parent.timestamp + seconds, fork),
        base_fee_per_gas=next_base_fee(parent, config, fork) if fork >= Fork.LONDON else None,
        blob_gas_used=0 if fork >= Fork.CANCUN else None,
        excess_blob_gas=next_excess_blob_gas(parent, schedule, fork) if schedule else None,
    )


forks = st.sampled_from(list(Fork))


@given(forks, st.integers(1, 10_000), st.integers(-29_295, 29_295))
def test_a_header_that_keeps_every_rule_is_accepted(fork, seconds, gas_limit_step):
    config = ChainConfig(1, constant_schedule(fork))
    parent = parent_under(fork)
    child = child_of(parent, config, fork, seconds)
    child = replace(child, gas_limit=parent.gas_limit + gas_limit_step)
    check_header(child, parent, config)
    body = Block(child, (), (), () if fork >= Fork.SHANGHAI else None)
    check_block(body, parent, config, lambda block_hash: None)


BROKEN: dict[str, tuple[Any, str]] = {
    "parent_hash": (OTHER_HASH, "UNKNOWN_PARENT"),
    "number": (11, "INVALID_BLOCK_NUMBER"),
    "timestamp": (1_000, "INVALID_BLOCK_TIMESTAMP_OLDER_THAN_PARENT"),
    "extra_data": (bytes(33), "EXTRA_DATA_TOO_BIG"),
    "gas_limit": (30_029_296, "INVALID_GASLIMIT"),
    "gas_used": (30_000_001, "INVALID_GAS_USED_ABOVE_LIMIT"),
}
BROKEN_SINCE: dict[str, tuple[Fork, Any, str]] = {
    "base_fee_per_gas": (Fork.LONDON, 1, "INVALID_BASEFEE_PER_GAS"),
    "difficulty": (Fork.PARIS, 1, "IMPORT_IMPOSSIBLE_DIFFICULTY_OVER_PARIS"),
    "ommers_hash": (Fork.PARIS, OTHER_HASH, "IMPORT_IMPOSSIBLE_UNCLES_OVER_PARIS"),
    "nonce": (Fork.PARIS, b"\1" * 8, "INVALID_NONCE"),
    "withdrawals_root": (Fork.SHANGHAI, None, "INCORRECT_BLOCK_FORMAT"),
    "excess_blob_gas": (Fork.CANCUN, 1, "INCORRECT_EXCESS_BLOB_GAS"),
    "parent_beacon_block_root": (Fork.CANCUN, None, "INCORRECT_BLOCK_FORMAT"),
    "requests_hash": (Fork.PRAGUE, None, "INCORRECT_BLOCK_FORMAT"),
}


@given(forks, st.sampled_from([*BROKEN, *BROKEN_SINCE]))
def test_one_broken_field_is_enough(fork, name):
    if name in BROKEN:
        value, reason = BROKEN[name]
    else:
        since, value, reason = BROKEN_SINCE[name]
        assume(fork >= since)
    config = ChainConfig(1, constant_schedule(fork))
    parent = parent_under(fork)
    with pytest.raises(InvalidBlock) as caught:
        check_header(replace(child_of(parent, config, fork), **{name: value}), parent, config)
    assert caught.value.reason == reason


@given(forks, st.sampled_from(["base_fee_per_gas", "withdrawals_root", "blob_gas_used", "requests_hash"]))
def test_a_field_of_a_later_fork_is_refused(fork, name):
    since = {"base_fee_per_gas": Fork.LONDON, "withdrawals_root": Fork.SHANGHAI, "blob_gas_used": Fork.CANCUN}
    assume(fork < since.get(name, Fork.PRAGUE))
    config = ChainConfig(1, constant_schedule(fork))
    parent = parent_under(fork)
    value: Any = OTHER_HASH if name.endswith(("root", "hash")) else 1
    child = replace(child_of(parent, config, fork), **{name: value})
    with pytest.raises(InvalidBlock, match=f"INCORRECT_BLOCK_FORMAT: header has {name} under {fork.name}"):
        check_header(child, parent, config)


def test_blocks_of_a_rollup_may_share_a_second():
    parent = parent_under(Fork.CANCUN)
    rollup = ChainConfig(1, constant_schedule(Fork.CANCUN), allow_deposits=True)
    check_header(child_of(parent, rollup, Fork.CANCUN, seconds=0), parent, rollup)
    with pytest.raises(InvalidBlock, match="INVALID_BLOCK_TIMESTAMP_OLDER_THAN_PARENT: timestamp 999, parent 1000"):
        check_header(child_of(parent, rollup, Fork.CANCUN, seconds=-1), parent, rollup)


def test_the_least_gas_limit():
    config = ChainConfig(1, constant_schedule(Fork.CANCUN))
    parent = replace(parent_under(Fork.CANCUN), gas_limit=5_000, gas_used=2_500)
    child = child_of(parent, config, Fork.CANCUN)
    check_header(child, parent, config)
    with pytest.raises(InvalidBlock, match="INVALID_GASLIMIT: gas limit 4999, at least 5000"):
        check_header(replace(child, gas_limit=4_999), parent, config)


def test_blob_gas_of_another_body_is_refused():
    config = ChainConfig(1, constant_schedule(Fork.CANCUN))
    parent = parent_under(Fork.CANCUN)
    child = replace(child_of(parent, config, Fork.CANCUN), blob_gas_used=GAS_PER_BLOB)
    with pytest.raises(InvalidBlock, match="INCORRECT_BLOB_GAS_USED: blob gas used is 131072, expected 0"):
        check_block(Block(child, (), (), ()), parent, config, lambda block_hash: None)


def test_a_chain_without_a_blob_schedule_has_no_cancun_blocks():
    config = ChainConfig(1, replace(constant_schedule(Fork.CANCUN), blobs_by_time=()))
    parent = parent_under(Fork.CANCUN)
    with pytest.raises(InvalidBlock, match="the chain has no blob schedule at time 1012"):
        check_header(replace(child_of(parent, config, Fork.CANCUN), excess_blob_gas=0), parent, config)


@pytest.mark.parametrize(
    ("fork", "delay"),
    [
        (Fork.HOMESTEAD, 0),
        (Fork.BYZANTIUM, 3_000_000),
        (Fork.CONSTANTINOPLE, 5_000_000),
        (Fork.ISTANBUL, 5_000_000),
        (Fork.MUIR_GLACIER, 9_000_000),
        (Fork.BERLIN, 9_000_000),
        (Fork.LONDON, 9_700_000),
        (Fork.ARROW_GLACIER, 10_700_000),
        (Fork.GRAY_GLACIER, 11_400_000),
    ],
)
def test_the_bomb_ticks_by_the_delay_of_each_fork(fork, delay):
    for number, bomb in ((199_999, 0), (200_000, 1), (300_000, 2), (1_000_000, 256)):
        parent = replace(parent_under(fork), number=delay + number - 1)
        assert difficulty_after(parent, parent.timestamp + 15, fork) == 131_072 + bomb
