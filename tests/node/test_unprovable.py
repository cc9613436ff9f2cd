"""What fraud proofs cannot judge yet is said before anybody relies on them."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from node import claims
from node.clock import SystemClock
from node.fee_options import FeeOptions
from node.l1_client import L1Client
from node.l1_wire import L1Log
from node.launch import LaunchOptions, launch_rollup
from node.rollup_file import new_rollup, rollup_chain_config
from node.settlement import SettlementOptions
from protocol.config_changes import CONFIG_CHANGED, Knob
from protocol.errors import InvalidInput
from protocol.l1 import L1BlockRef
from protocol.rollup import RollupConfig, SettlementContracts
from protocol.types import ZERO_HASH, Address, Hash32
from prover.chain import chain_rules

CHAIN_CONFIG = Address(b"\x02" * 20)
CHARGING = FeeOptions(operator_fee_constant_wei=1)


def config(fees: FeeOptions) -> RollupConfig:
    others = Address(b"\x03" * 20)
    settlement = SettlementContracts(
        CHAIN_CONFIG, others, others, others, others, bond=1, challenge_window=1, finalisation_delay=1
    )
    rollup = new_rollup(
        chain=rollup_chain_config(71717),
        l1_chain_id=1,
        l1_genesis=L1BlockRef(5, ZERO_HASH, ZERO_HASH, 1_700_000_000, ZERO_HASH),
        inbox_address=Address(b"\x01" * 20),
        accounts={},
        block_time_milliseconds=1000,
        gas_limit=30_000_000,
        da_layer="calldata",
        settlement=settlement,
        fees=fees,
    )
    return rollup.config


async def test_a_chain_with_fees_beside_gas_is_not_launched_under_a_game() -> None:
    game = SettlementOptions(game=Address(b"\x6a" * 20))
    with pytest.raises(InvalidInput, match="fraud proofs do not know fees beside gas yet"):
        await launch_rollup(
            cast("L1Client", None),
            SystemClock(),
            b"\x01" * 32,
            LaunchOptions(71717, fees=CHARGING, settlement=game),
            Path("unused"),
        )


def test_the_machine_takes_a_base_fee_of_any_kind_and_no_other_fee() -> None:
    rules = chain_rules(config(FeeOptions(min_base_fee_wei=7, fixed_base_fee=True)))
    assert (rules.min_base_fee, rules.fixed_base_fee) == (7, True)
    with pytest.raises(InvalidInput, match="do not know fees beside gas"):
        chain_rules(config(CHARGING))


@pytest.mark.parametrize(("index", "is_provable"), [(0, True), (len(Knob) - 1, True), (len(Knob), False)])
async def test_settings_that_changed_after_launch_are_refused(
    index: int, is_provable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    topics = (CONFIG_CHANGED, Hash32(index.to_bytes(32, "big")), Hash32(bytes(32)))
    log = L1Log(CHAIN_CONFIG, topics, bytes(32), ZERO_HASH, 0)

    async def header(_client: object, number: int) -> SimpleNamespace:
        return SimpleNamespace(number=number, hash=ZERO_HASH)

    class Client:
        async def logs_of(self, _block_hash: Hash32, wanted: dict[Address, Hash32]) -> tuple[L1Log, ...]:
            assert wanted[CHAIN_CONFIG] == CONFIG_CHANGED
            return (log,)

    monkeypatch.setattr(claims, "l1_header", header)
    reading = claims.read_entries(cast("L1Client", Client()), config(FeeOptions()), 6, 6)
    if is_provable:
        [entry] = await reading
        assert (entry.commitments, entry.deposits) == ([], [])
        return
    with pytest.raises(InvalidInput, match="settings changed in L1 block 6: fraud proofs do not know such changes yet"):
        await reading
