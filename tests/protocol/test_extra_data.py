"""A header names its origin, and the base-fee rules of its child where they are not the launch's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import Halt
from protocol.extra_data import (
    BaseFeeRules,
    extra_data_of_origin,
    is_plain,
    origin_of_extra_data,
    rules_of_extra_data,
)

divisors = st.integers(1, 2**32 - 1)
rules = st.builds(BaseFeeRules, divisors, divisors, st.integers(0, 2**64 - 1))


@given(st.integers(0, 2**64 - 1), st.none() | rules)
def test_what_is_written_is_read_back_and_fits_a_header(origin: int, chosen: BaseFeeRules | None) -> None:
    data = extra_data_of_origin(origin, chosen)
    assert len(data) <= 32
    assert origin_of_extra_data(data) == origin
    assert rules_of_extra_data(data) == chosen
    assert is_plain(data) == (chosen is None)


@given(st.binary(max_size=40))
def test_any_other_bytes_name_no_origin_and_no_rules(data: bytes) -> None:
    if len(data) not in (9, 25):
        assert is_plain(data)
        assert rules_of_extra_data(data) is None
        with pytest.raises(Halt, match="names no L1 origin"):
            origin_of_extra_data(data)


@pytest.mark.parametrize("zeros", [slice(9, 13), slice(13, 17)])
def test_divisors_of_zero_say_no_rules(zeros: slice) -> None:
    data = bytearray(extra_data_of_origin(7, BaseFeeRules(8, 2, 0)))
    data[zeros] = bytes(4)
    assert rules_of_extra_data(bytes(data)) is None
