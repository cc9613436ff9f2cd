"""The chain's settings: bounds, the delay, and who may change them."""

import json

import boa
import pytest
from boa.contracts.vyper.vyper_contract import VyperContract
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from node.artifacts import SOURCES, load_artifact
from protocol.config_changes import (
    CONFIG_CHANGED,
    MAX_GAS_LIMIT,
    ChainSettings,
    Knob,
    decode_config_change,
    is_allowed,
    next_change_accumulator,
    settings_after,
    settings_of_knobs,
)
from protocol.provable import MOST_GAS
from protocol.types import ZERO_HASH
from tests.contracts.conftest import CONFIG_DELAY, DEPOSIT_GAS_LIMIT, Settlement, deployer

BATCHER, PROPOSER, GAS_LIMIT, DENOMINATOR, ELASTICITY, MIN_BASE_FEE, RECIPIENT, OPERATOR_FEE = range(8)
L1_SCALAR, BLOB_SCALAR = 8, 9
NOBODY = "0x" + "00" * 20


@pytest.fixture
def config(settlement: Settlement) -> VyperContract:
    return settlement.config


@pytest.fixture
def heir() -> str:
    return str(boa.env.generate_address("heir"))


def test_it_starts_with_the_settings_given(settlement: Settlement, config: VyperContract) -> None:
    assert (config.owner(), config.batcher(), config.proposer()) == (
        settlement.owner,
        settlement.batcher,
        settlement.proposer,
    )
    assert [config.settings(knob) for knob in range(2, 10)] == [30_000_000, 50, 6, 0, 0, 0, 0, 0]
    assert config.changes() == 10


def test_a_change_is_announced_waits_and_is_made_by_anyone(
    settlement: Settlement, config: VyperContract, heir: str
) -> None:
    with boa.env.prank(settlement.owner):
        config.schedule(BATCHER, int(heir, 16))
    [announced] = config.get_logs()
    assert (announced.knob, announced.setting) == (BATCHER, int(heir, 16))
    assert announced.ready_at == boa.env.evm.patch.timestamp + CONFIG_DELAY
    boa.env.time_travel(seconds=CONFIG_DELAY - 1)
    with boa.reverts("config: too early"):
        config.apply(BATCHER)
    boa.env.time_travel(seconds=1)
    config.apply(BATCHER)
    [changed] = config.get_logs()
    assert (changed.index, changed.knob, changed.setting) == (10, BATCHER, int(heir, 16))
    assert config.batcher() == heir
    with boa.reverts("config: nothing scheduled"):
        config.apply(BATCHER)


def test_a_second_announcement_starts_the_wait_anew(settlement: Settlement, config: VyperContract) -> None:
    with boa.env.prank(settlement.owner):
        config.schedule(ELASTICITY, 2)
        boa.env.time_travel(seconds=CONFIG_DELAY)
        config.schedule(ELASTICITY, 3)
    with boa.reverts("config: too early"):
        config.apply(ELASTICITY)
    boa.env.time_travel(seconds=CONFIG_DELAY)
    config.apply(ELASTICITY)
    assert config.settings(ELASTICITY) == 3


def test_an_announcement_can_be_taken_back(settlement: Settlement, config: VyperContract) -> None:
    with boa.env.prank(settlement.owner):
        config.schedule(ELASTICITY, 2)
        config.cancel(ELASTICITY)
        with boa.reverts("config: nothing scheduled"):
            config.cancel(ELASTICITY)
    boa.env.time_travel(seconds=CONFIG_DELAY)
    with boa.reverts("config: nothing scheduled"):
        config.apply(ELASTICITY)


def test_only_the_owner_changes_anything(settlement: Settlement, config: VyperContract, heir: str) -> None:
    for stranger in (heir, settlement.batcher, settlement.proposer):
        with boa.env.prank(stranger):
            with boa.reverts("config: not the owner"):
                config.schedule(ELASTICITY, 2)
            with boa.reverts("config: not the owner"):
                config.cancel(ELASTICITY)
            with boa.reverts("config: not the owner"):
                config.offer_ownership(stranger)
            with boa.reverts("config: not the owner"):
                config.renounce_ownership()
            with boa.reverts("config: not the heir"):
                config.accept_ownership()


@pytest.mark.parametrize(
    ("knob", "value", "message"),
    [
        (BATCHER, 0, "config: zero key"),
        (PROPOSER, 0, "config: zero key"),
        (BATCHER, 2**160, "config: not an address"),
        (RECIPIENT, 2**160, "config: not an address"),
        (GAS_LIMIT, DEPOSIT_GAS_LIMIT - 1, "config: deposits would not fit"),
        (GAS_LIMIT, 200_000_001, "config: gas limit too high"),
        (DENOMINATOR, 0, "config: zero divisor"),
        (ELASTICITY, 0, "config: zero divisor"),
        (DENOMINATOR, 2**32, "config: too large"),
        (ELASTICITY, 1_001, "config: too large"),
        (MIN_BASE_FEE, 2**64, "config: too large"),
        (OPERATOR_FEE, 2**96, "config: too large"),
        (OPERATOR_FEE, 2**256 - 1, "config: too large"),
        (L1_SCALAR, 2**32, "config: too large"),
        (BLOB_SCALAR, 2**32, "config: too large"),
        (10, 0, "config: no such knob"),
        (2**256 - 1, 0, "config: no such knob"),
    ],
)
def test_a_setting_out_of_bounds_is_refused_when_announced(
    settlement: Settlement, config: VyperContract, knob: int, value: int, message: str
) -> None:
    with boa.env.prank(settlement.owner), boa.reverts(message):
        config.schedule(knob, value)


@pytest.mark.parametrize("knob", [BATCHER, PROPOSER, DENOMINATOR, ELASTICITY, GAS_LIMIT])
def test_a_chain_does_not_start_with_a_setting_out_of_bounds(settlement: Settlement, knob: int) -> None:
    values = [1, 1, 30_000_000, 50, 6, 0, 0, 0, 0, 0]
    values[knob] = 0
    with boa.reverts():
        deployer(SOURCES / "l1" / "chain_config.vy").deploy(
            settlement.owner, 0, DEPOSIT_GAS_LIMIT, MAX_GAS_LIMIT, values
        )


def test_ownership_passes_only_to_who_accepts_it(settlement: Settlement, config: VyperContract, heir: str) -> None:
    with boa.env.prank(settlement.owner):
        config.offer_ownership(heir)
    assert config.owner() == settlement.owner
    with boa.env.prank(heir):
        config.accept_ownership()
        config.schedule(ELASTICITY, 2)
    with boa.env.prank(settlement.owner), boa.reverts("config: not the owner"):
        config.schedule(ELASTICITY, 2)


def test_nobody_inherits_from_zero(settlement: Settlement, config: VyperContract) -> None:
    with boa.env.prank(NOBODY), boa.reverts():
        config.accept_ownership()


def test_an_offer_can_be_taken_back(settlement: Settlement, config: VyperContract, heir: str) -> None:
    with boa.env.prank(settlement.owner):
        config.offer_ownership(heir)
        config.offer_ownership(NOBODY)
    with boa.env.prank(heir), boa.reverts("config: not the heir"):
        config.accept_ownership()


def test_a_renounced_config_stays_as_it_is(settlement: Settlement, config: VyperContract, heir: str) -> None:
    with boa.env.prank(settlement.owner):
        config.offer_ownership(heir)
        config.renounce_ownership()
        with boa.reverts("config: not the owner"):
            config.schedule(ELASTICITY, 2)
    with boa.env.prank(heir), boa.reverts("config: not the heir"):
        config.accept_ownership()


def test_a_config_without_an_owner_is_not_deployed() -> None:
    with boa.reverts("config: no owner"):
        deployer(SOURCES / "l1" / "chain_config.vy").deploy(NOBODY, 0, DEPOSIT_GAS_LIMIT, MAX_GAS_LIMIT, [1] * 10)


def raw_logs(config: VyperContract) -> list[tuple[list[bytes], bytes]]:
    """Topics and data of each ConfigChanged of the last call, as a node reads them."""
    found = []
    for _index, _address, topics, data in config._computation.get_raw_log_entries():
        words = [topic.to_bytes(32, "big") for topic in topics]
        if words[0] == CONFIG_CHANGED:
            found.append((words, data))
    return found


EDGES = [0, 1, 1_000, 1_001, 10**6, MOST_GAS, MOST_GAS + 1, MAX_GAS_LIMIT, 2**32, 2**64, 2**96, 2**160]
words = st.integers(0, 2**256 - 1) | st.sampled_from(EDGES)


@pytest.mark.parametrize("most_gas", [MAX_GAS_LIMIT, MOST_GAS], ids=["alone", "under a game"])
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from([GAS_LIMIT, *range(11)]), words), max_size=8))
def test_derivations_fold_of_the_events_is_what_the_contract_holds(
    settlement: Settlement, most_gas: int, announced: list[tuple[int, int]]
) -> None:
    """And what the contract refuses is out of the bounds that derivation knows: the two have one set of them."""
    with boa.env.anchor():
        config = new_config(settlement, most_gas)
        accumulator = ZERO_HASH  # what the contract was deployed with is not in it
        assert config.accumulator() == accumulator
        derived = settings_after(ChainSettings(0, 0, 0), [decode_config_change(*log) for log in initial_logs(config)])
        for knob, value in announced:
            fits = knob < len(Knob) and is_allowed(Knob(knob), value, most_gas)
            fits = fits and not (knob == GAS_LIMIT and value < DEPOSIT_GAS_LIMIT)
            with boa.env.prank(settlement.owner):
                if not fits:
                    with boa.reverts():
                        config.schedule(knob, value)
                    continue
                config.schedule(knob, value)
            boa.env.time_travel(seconds=CONFIG_DELAY)
            config.apply(knob)
            derived = settings_after(derived, [decode_config_change(*log) for log in raw_logs(config)])
            accumulator = next_change_accumulator(accumulator, knob, value, boa.env.evm.patch.block_number)
        assert settings_of_knobs(derived) == tuple(config.settings(knob) for knob in range(10))
        assert config.accumulator() == accumulator


def new_config(settlement: Settlement, most_gas: int) -> VyperContract:
    """Like the settlement's, with a bound of its own on the gas limit."""
    values = [settlement.config.settings(knob) for knob in range(10)]
    return deployer(SOURCES / "l1" / "chain_config.vy").deploy(
        settlement.owner, CONFIG_DELAY, DEPOSIT_GAS_LIMIT, most_gas, values
    )


def test_under_a_game_no_gas_limit_passes_what_the_game_walks_through(settlement: Settlement) -> None:
    config = new_config(settlement, MOST_GAS)
    assert config.max_gas_limit() == MOST_GAS
    with boa.env.prank(settlement.owner):
        config.schedule(GAS_LIMIT, MOST_GAS)
        with boa.reverts("config: gas limit too high"):
            config.schedule(GAS_LIMIT, MOST_GAS + 1)
    boa.env.time_travel(seconds=CONFIG_DELAY)
    config.apply(GAS_LIMIT)
    assert config.settings(GAS_LIMIT) == MOST_GAS


@pytest.mark.parametrize("most_gas", [29_999_999, MAX_GAS_LIMIT + 1], ids=["below its limit", "beyond any"])
def test_a_chain_does_not_start_with_another_bound(settlement: Settlement, most_gas: int) -> None:
    with boa.reverts("config: gas limit too high"):
        new_config(settlement, most_gas)


def initial_logs(config: VyperContract) -> list[tuple[list[bytes], bytes]]:
    """What the constructor logged, said by the getters: the fixture's deployment is long past."""

    def word(value: int) -> bytes:
        return value.to_bytes(32, "big")

    return [([CONFIG_CHANGED, word(knob), word(knob)], word(config.settings(knob))) for knob in range(10)]


def test_there_is_nothing_to_pause_or_to_upgrade() -> None:
    """What a user must be able to rely on: the only doors are those of announced settings and of ownership."""
    entries = json.loads(load_artifact("l1/chain_config").abi)
    functions = [entry for entry in entries if entry["type"] in ("function", "fallback", "receive")]
    changing = {entry.get("name") for entry in functions if entry["stateMutability"] in ("nonpayable", "payable")}
    assert changing == {
        "schedule",
        "cancel",
        "apply",
        "offer_ownership",
        "accept_ownership",
        "renounce_ownership",
    }


def test_what_was_announced_and_when_it_holds_is_visible_before_it_does(
    settlement: Settlement, config: VyperContract
) -> None:
    with boa.env.prank(settlement.owner):
        config.schedule(MIN_BASE_FEE, 7)
    at = boa.env.evm.patch.timestamp + CONFIG_DELAY
    assert tuple(config.scheduled(MIN_BASE_FEE)) == (7, at)
    assert config.settings(MIN_BASE_FEE) == 0
