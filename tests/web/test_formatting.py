import pytest
from hypothesis import given
from hypothesis import strategies as st

from web import formatting

UNITS = {"wei": 1, "gwei": 10**9, "ETH": 10**18}


@given(st.integers(0, 2**256 - 1))
def test_an_exact_amount_can_be_read_back(wei: int) -> None:
    number, unit = formatting.ether(wei).split(" ")
    whole, _, decimals = number.replace(",", "").partition(".")
    assert int(whole + decimals) * UNITS[unit] // 10 ** len(decimals) == wei


@given(st.integers(0, 2**256 - 1))
def test_a_rounded_amount_is_the_exact_one_cut_short(wei: int) -> None:
    rounded, exact = formatting.rounded_ether(wei), formatting.ether(wei)
    if rounded != exact:
        assert rounded.startswith("≈ ")
        number, unit = rounded.removeprefix("≈ ").split(" ")
        assert exact.startswith(number)
        assert exact.endswith(f" {unit}")


@pytest.mark.parametrize(
    ("wei", "shown"),
    [
        (0, "0 ETH"),
        (1, "1 wei"),
        (5 * 10**9, "5 gwei"),
        (10**18, "1 ETH"),
        (1_234_567 * 10**18, "1,234,567 ETH"),
        (38_759_271_313_000, "≈ 0.00003875 ETH"),
        (123_456_789 * 10**10, "≈ 1.234 ETH"),
        (12_345 * 10**18 + 1, "≈ 12,345 ETH"),
    ],
)
def test_an_amount_in_a_table_says_when_it_is_rounded(wei: int, shown: str) -> None:
    assert formatting.rounded_ether(wei) == shown


@pytest.mark.parametrize(
    ("wei", "shown"), [(7, "7 wei"), (10**9, "1 gwei"), (999_999, "999,999 wei"), (3_837_512, "≈ 0.003837 gwei")]
)
def test_a_gas_price_in_little_room_says_when_it_is_rounded(wei: int, shown: str) -> None:
    assert formatting.rounded_gwei(wei) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-5, "now"),
        (1, "now"),
        (2, "2 s ago"),
        (119, "119 s ago"),
        (120, "2 min ago"),
        (7_200, "2 h ago"),
        (10**6, "11 d ago"),
    ],
)
def test_an_age_is_in_the_largest_unit_that_says_enough(seconds: float, shown: str) -> None:
    assert formatting.age(seconds) == shown


def test_a_time_beyond_all_calendars_is_still_shown() -> None:
    assert formatting.utc(0) == "1970-01-01 00:00:00 UTC"
    assert formatting.utc(2**64 - 1) == f"{2**64 - 1} s after 1970"


def test_a_hash_is_shortened_and_short_bytes_are_not() -> None:
    assert formatting.short(bytes(range(32))) == "0x000102…1e1f"
    assert formatting.short(b"\x01\x02") == "0x0102"


@pytest.mark.parametrize(("part", "whole", "shown"), [(0, 0, "0%"), (1, 2, "50%"), (1, 3, "33.3%")])
def test_a_share_has_one_decimal_at_most_and_of_nothing_is_none(part: int, whole: int, shown: str) -> None:
    assert formatting.percent(part, whole) == shown


@pytest.mark.parametrize(("count", "shown"), [(0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (2_500_000, "2.50 MB")])
def test_a_size_is_in_decimal_units(count: int, shown: str) -> None:
    assert formatting.size(count) == shown
