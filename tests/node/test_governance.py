"""What governance may take from an intent, and what the contract is told."""

from dataclasses import replace

import pytest

from genesis.intent import Intent, places, value_of
from genesis.intent_file import parse_intent
from genesis.knobs import Change
from node.governance import check_governable, governed_part, wanted_settings
from protocol.config_changes import ChainSettings, settings_of_knobs
from protocol.errors import InvalidInput
from protocol.fee_terms import FeeKnobs
from protocol.types import Address
from tests.node.network.test_launch import CHANGED

NOW = parse_intent("chain.chain_id = 5\n", "aa.toml", "aa")
WANTED = parse_intent(CHANGED, "aa.toml", "aa")


def test_the_contract_is_told_what_the_intent_says_of_every_governed_knob() -> None:
    """Each is changed alone: something is told otherwise, so none is forgotten."""
    governed = [place for place in places() if place.knob.change is Change.GOVERNANCE]
    assert len(governed) == 9
    for place in governed:
        group = replace(getattr(NOW, place.group), **{place.name: value_of(WANTED, place)})
        one = replace(NOW, **{place.group: group})
        assert wanted_settings(one) != wanted_settings(NOW), place.key
    assert wanted_settings(WANTED) == ChainSettings(
        40_000_000, 9, 3, 11, FeeKnobs(Address(b"\x22" * 20), 13, 12, 14, 15)
    )
    assert settings_of_knobs(wanted_settings(WANTED))[2:] == (
        *(40_000_000, 9, 3, 11, int.from_bytes(b"\x22" * 20, "big"), 13 << 64 | 12, 14, 15),
    )


def test_what_is_kept_afterwards_is_the_governed_part_alone() -> None:
    kept = governed_part(NOW, WANTED)
    for place in places():
        source: Intent = WANTED if place.knob.change is Change.GOVERNANCE else NOW
        assert value_of(kept, place) == value_of(source, place), place.key
    assert governed_part(kept, WANTED) == kept


def test_what_genesis_has_fixed_is_refused_by_name_and_the_rest_is_not() -> None:
    check_governable(NOW, governed_part(NOW, WANTED))
    check_governable(NOW, replace(NOW, node=WANTED.node))
    with pytest.raises(InvalidInput) as refused:
        check_governable(NOW, replace(NOW, proof=WANTED.proof, chain=WANTED.chain))
    lines = str(refused.value).splitlines()
    assert (
        'aa: chain.fork is "cancun", not "osaka": impossible: fixed at genesis; launch another chain instead' in lines
    )
    assert not any("gas_limit" in line for line in lines)
