"""The chain's settings: bounds, the delay, and who may change them."""

import boa
import pytest
from boa.contracts.vyper.vyper_contract import VyperContract

from node.artifacts import SOURCES
from tests.contracts.conftest import CONFIG_DELAY, DEPOSIT_GAS_LIMIT, Settlement, deployer

BATCHER, PROPOSER, GAS_LIMIT, DENOMINATOR, ELASTICITY, MIN_BASE_FEE, RECIPIENT, OPERATOR_FEE = range(8)
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
        (ELASTICITY, 2**32, "config: too large"),
        (MIN_BASE_FEE, 2**64, "config: too large"),
        (OPERATOR_FEE, 2**256 - 1, "config: too large"),
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
        deployer(SOURCES / "l1" / "chain_config.vy").deploy(settlement.owner, 0, DEPOSIT_GAS_LIMIT, values)


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
        deployer(SOURCES / "l1" / "chain_config.vy").deploy(NOBODY, 0, DEPOSIT_GAS_LIMIT, [1] * 10)
