"""The figures on docs/fees.md are what the rules compute."""

import re
from pathlib import Path

from genesis.dev import DEV_PRIVATE_KEYS
from protocol.fee_terms import FeeKnobs, FeeTerms, data_gas
from protocol.signing import UnsignedTransaction, sign_transaction
from protocol.types import Address

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "fees.md").read_text()
GWEI = 10**9


def test_the_example_adds_up_as_written() -> None:
    unsigned = UnsignedTransaction(
        71717, 0, 21_000, Address(b"\xaa" * 20), 10**18, b"", max_fee_per_gas=3 * GWEI, max_priority_fee_per_gas=GWEI
    )
    tx = sign_transaction(unsigned, DEV_PRIVATE_KEYS[0])
    assert (len(tx.raw), tx.raw.count(0)) == (120, 4)
    terms = FeeTerms(
        FeeKnobs(operator_fee_scalar=10**6, operator_fee_constant=10**12, l1_base_fee_scalar=10**6), 20 * GWEI, 1
    )
    parts = {
        "base fee": 21_000 * 2 * GWEI,
        "tip": 21_000 * (tx.effective_gas_price(2 * GWEI) - 2 * GWEI),
        "L1 data fee": terms.l1_fee(tx.raw),
        "operator fee": terms.operator_fee(21_000),
    }
    parts["in all"] = sum(parts.values())
    written = re.findall(r"^\| ([\w ]+) \|[^|]*\| ([\d,]+) \|", PAGE.split("## An example")[1], re.MULTILINE)
    assert {name: int(wei.replace(",", "")) for name, wei in written} == parts
    assert f"{data_gas(tx.raw):,} data gas" in PAGE
