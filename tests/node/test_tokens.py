import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.tokens import ETHER, Unit
from protocol.errors import InvalidInput


@given(st.integers(1, 2**256 - 1), st.integers(0, 255))
def test_an_amount_is_read_as_it_is_shown(amount: int, decimals: int) -> None:
    unit = Unit("T", decimals)
    assert unit.parse(unit.show(amount).removesuffix(" T")) == amount


@pytest.mark.parametrize("text", ["", "a", "-1", "0", "1e80", "nan", "inf", "0.0000000000000000001", "1,5"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="no amount of ETH"):
        ETHER.parse(text)


def test_amounts_are_exact() -> None:
    assert ETHER.parse("1.000000000000000001") == 10**18 + 1
    assert ETHER.show(10**18 + 1) == "1.000000000000000001 ETH"
    assert ETHER.show(25 * 10**18) == "25 ETH"
