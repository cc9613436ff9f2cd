"""Changes of settings: read strictly, folded totally."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.config_changes import (
    CONFIG_CHANGED,
    ChainSettings,
    ConfigChange,
    InvalidConfigChange,
    Knob,
    decode_config_change,
    is_allowed,
    settings_after,
    settings_of_knobs,
    settings_of_rlp,
    settings_rlp,
)
from protocol.crypto import keccak
from protocol.fee_terms import FeeKnobs
from protocol.rlp_codec import InvalidRlp, decode_list, encode
from protocol.types import Address

LAUNCHED = ChainSettings(30_000_000, 8, 2)
words = st.integers(0, 2**256 - 1)
likely = st.sampled_from([0, 1, 2, 1_000_000, 200_000_000, 200_000_001, 2**32 - 1, 2**32, 2**64, 2**96, 2**160])
changes = st.lists(st.builds(ConfigChange, words, st.integers(0, 12) | words, likely | words), max_size=12)


def word(value: int) -> bytes:
    return value.to_bytes(32, "big")


def test_each_knob_changes_its_own_setting() -> None:
    values = [5, 6, 2_000_000, 50, 6, 10**9, 7, 1_500_000 << 64 | 9, 11, 12]
    found = settings_after(LAUNCHED, [ConfigChange(10 + knob, knob, value) for knob, value in enumerate(values)])
    assert found == ChainSettings(
        gas_limit=2_000_000,
        denominator=50,
        elasticity=6,
        min_base_fee=10**9,
        fees=FeeKnobs(Address(bytes(19) + b"\x07"), 1_500_000, 9, 11, 12),
        batcher=Address(bytes(19) + b"\x05"),
        proposer=Address(bytes(19) + b"\x06"),
    )
    assert settings_of_knobs(found) == tuple(values)


@given(changes)
def test_whatever_is_logged_makes_settings_within_bounds(made: list[ConfigChange]) -> None:
    found = settings_after(LAUNCHED, made)
    for knob, value in zip(Knob, settings_of_knobs(found), strict=True):
        assert is_allowed(knob, value) or (knob <= Knob.PROPOSER and value == 0)
    assert found.gas_limit // found.elasticity > 0


@given(changes, changes)
def test_the_fold_may_be_interrupted_anywhere(first: list[ConfigChange], then: list[ConfigChange]) -> None:
    assert settings_after(settings_after(LAUNCHED, first), then) == settings_after(LAUNCHED, first + then)


@given(changes)
def test_settings_survive_the_database(made: list[ConfigChange]) -> None:
    found = settings_after(LAUNCHED, made)
    assert settings_of_rlp(decode_list(encode(settings_rlp(found)), "settings")) == found


def test_settings_of_another_number_of_knobs_are_refused() -> None:
    with pytest.raises(InvalidRlp, match="expected 10 knobs, got 9"):
        settings_of_rlp(settings_rlp(LAUNCHED)[1:])


@given(words, words, words)
def test_an_event_is_read_as_the_contract_logs_it(index: int, knob: int, setting: int) -> None:
    topics = [keccak(b"ConfigChanged(uint256,uint256,uint256)"), word(index), word(knob)]
    assert decode_config_change(topics, word(setting)) == ConfigChange(index, knob, setting)


@pytest.mark.parametrize(
    ("topics", "data"),
    [
        ([], b""),
        ([CONFIG_CHANGED, word(0)], word(1)),
        ([CONFIG_CHANGED, word(0), word(1), word(2)], word(1)),
        ([CONFIG_CHANGED, word(0), word(1)], b""),
        ([CONFIG_CHANGED, word(0), word(1)], word(1) + b"\0"),
        ([word(0), word(0), word(1)], word(1)),
        ([CONFIG_CHANGED, word(0)[1:], word(1)], word(1)),
    ],
)
def test_any_other_log_is_refused(topics: list[bytes], data: bytes) -> None:
    with pytest.raises(InvalidConfigChange):
        decode_config_change(topics, data)
