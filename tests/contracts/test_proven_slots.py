"""The storage words that a dispute reads of L1 are those that the contracts keep there, a gas token's portal too."""

import pytest

from node.artifacts import SOURCES
from prover.machine.boot import INBOX_ACCUMULATOR_SLOT, PORTAL_ACCUMULATOR_SLOT, PORTAL_COUNT_SLOT
from prover.machine.chain_settings import CHANGES_SLOT
from tests.contracts.conftest import deployer


@pytest.mark.parametrize(
    ("contract", "slots"),
    [
        ("inbox", {"accumulator": INBOX_ACCUMULATOR_SLOT}),
        ("portal", {"deposit_count": PORTAL_COUNT_SLOT, "accumulator": PORTAL_ACCUMULATOR_SLOT}),
        ("token_portal", {"deposit_count": PORTAL_COUNT_SLOT, "accumulator": PORTAL_ACCUMULATOR_SLOT}),
        ("chain_config", {"accumulator": CHANGES_SLOT}),
    ],
)
def test_a_dispute_looks_where_the_contract_writes(contract: str, slots: dict[str, int]) -> None:
    layout = deployer(SOURCES / "l1" / f"{contract}.vy").compiler_data.storage_layout["storage_layout"]
    variables = {**layout, **layout.get("portal", {})}
    assert {name: variables[name]["slot"] for name in slots} == slots
