"""What a game needs to know of a chain's fees and settings is read from its launch and from L1."""

from types import SimpleNamespace
from typing import cast

import pytest

from node import claims
from node.fee_options import FeeOptions
from node.l1.client import L1Client
from node.l1.wire import L1Log
from node.rollup import new_rollup, rollup_chain_config
from protocol.config_changes import CONFIG_CHANGED, ConfigChange, Knob, next_change_accumulator
from protocol.errors import Retry
from protocol.l1 import L1BlockRef
from protocol.rollup import RollupConfig, SettlementContracts
from protocol.types import ZERO_HASH, Address, Hash32
from prover.chain import chain_rules
from prover.commitments.chain_structures import Settings

CHAIN_CONFIG = Address(b"\x02" * 20)


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


def test_the_machine_takes_fees_of_any_kind() -> None:
    chosen = FeeOptions(min_base_fee_wei=7, fixed_base_fee=True, operator_fee_scalar=3, operator_fee_constant_wei=1)
    rules = chain_rules(config(chosen))
    assert isinstance(rules.settings, Settings)
    assert (rules.settings.min_base_fee, rules.fixed_base_fee) == (7, True)
    assert rules.settings.operator_fee == 3 << 64 | 1
    assert rules.chain_config == CHAIN_CONFIG


@pytest.mark.parametrize(("index", "is_change"), [(0, False), (len(Knob) - 1, False), (len(Knob), True)])
async def test_what_the_config_contract_was_made_with_is_no_change(
    index: int, is_change: bool, monkeypatch: pytest.MonkeyPatch
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
    [entry] = await claims.read_entries(cast("L1Client", Client()), config(FeeOptions()), 6, 6)
    assert (entry.commitments, entry.deposits) == ([], [])
    assert list(entry.changes) == ([ConfigChange(index, 0, 0)] if is_change else [])


class Logs:
    """An L1 that tells of one contract's changes, each with its block, in ranges of at most 2,000 blocks."""

    def __init__(self, changes: list[tuple[int, int, int]], accumulator: Hash32) -> None:
        self.changes, self.accumulator = changes, accumulator

    async def call(self, _to: Address, _data: bytes, _at: int) -> bytes:
        return self.accumulator

    async def find_logs(self, address: Address, topics: list[Hash32], first: int, last: int) -> list[tuple[int, L1Log]]:
        assert (address, topics) == (CHAIN_CONFIG, [CONFIG_CHANGED])
        assert last - first < 2_000
        found = []
        for index, (number, knob, setting) in enumerate(self.changes):
            words = [Hash32(word.to_bytes(32, "big")) for word in (len(Knob) + index, knob, setting)]
            log = L1Log(address, (CONFIG_CHANGED, words[0], words[1]), words[2], ZERO_HASH, 0)
            found += [(number, log)] if first <= number <= last else []
        return found


async def test_old_changes_are_those_that_the_contract_has_recorded() -> None:
    made = [(2_500, 2, 7_000_000), (2_500, 5, 9), (6_999, 7, 1)]
    chain = ZERO_HASH
    for number, knob, setting in made:
        chain = next_change_accumulator(chain, knob, setting, number)
    read = claims._changes_before
    found = await read(cast("L1Client", Logs(made, chain)), CHAIN_CONFIG, 1_000, 7_000)
    assert [(number, change.knob, change.setting) for number, change in found] == made
    with pytest.raises(Retry, match="are not those that its contract has recorded"):
        await read(cast("L1Client", Logs(made[:2], chain)), CHAIN_CONFIG, 1_000, 7_000)
    assert await read(cast("L1Client", Logs(made, ZERO_HASH)), CHAIN_CONFIG, 1_000, 7_000) == []
