"""Which chains fraud proofs can judge is said in one place, and each refusal names the knob to turn."""

import pytest

from protocol.forks import Fork
from protocol.provable import MOST_GAS, unprovable


def test_a_cancun_chain_with_calldata_and_plain_fees_can_be_proved() -> None:
    assert unprovable(Fork.CANCUN, layers=("calldata",), gas_limit=30_000_000) is None


@pytest.mark.parametrize(
    ("changed", "knob"),
    [
        ({"fork": Fork.PRAGUE}, "chain.fork"),
        ({"gas_limit": MOST_GAS + 1}, "chain.gas_limit"),
        ({"layers": ("calldata", "celestia")}, "da.layer"),
    ],
)
def test_what_cannot_be_proved_is_named_by_its_knob(changed: dict[str, object], knob: str) -> None:
    chosen: dict[str, object] = {"fork": Fork.CANCUN, "gas_limit": MOST_GAS, **changed}
    reason = unprovable(**chosen)  # type: ignore[arg-type]
    assert reason is not None
    assert reason.knob == knob
    assert str(reason).endswith(f"({knob})")
