"""The fee oracle says what the rules charge, and listens to derivation alone."""

from collections.abc import Iterator

import boa
import pytest
from boa.contracts.vyper.vyper_contract import VyperContract
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from node.artifacts import SOURCES
from protocol.fee_terms import TERMS_GAS_LIMIT, TERMS_SENDER, FeeKnobs, FeeTerms, data_gas, terms_transaction
from protocol.types import ZERO_HASH, Address
from tests.contracts.conftest import deployer

uint32, uint64 = (st.integers(0, 2**bits - 1) for bits in (32, 64))
prices = st.integers(0, 10**15)
addresses = st.binary(min_size=20, max_size=20).map(Address)
all_terms = st.builds(FeeTerms, st.builds(FeeKnobs, addresses, uint32, uint64, uint32, uint32), prices, prices)
TERMS = FeeTerms(FeeKnobs(Address(b"\x07" * 20), 1_500_000, 9, 11, 12), 30 * 10**9, 7)


@pytest.fixture
def oracle() -> Iterator[VyperContract]:
    with boa.env.anchor():
        yield deployer(SOURCES / "l2" / "fee_oracle.vy").deploy()


def say(oracle: VyperContract, terms: FeeTerms) -> int:
    """What derivation does at the beginning of a block; returns the gas that it took."""
    tx = terms_transaction(terms, ZERO_HASH, 1)
    computation = boa.env.execute_code(
        oracle.address, sender="0x" + TERMS_SENDER.hex(), data=tx.data, gas=TERMS_GAS_LIMIT - 30_000
    )
    assert computation.is_success
    return int(computation.get_gas_used())


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(all_terms, st.binary(max_size=80), uint64)
def test_it_charges_what_the_rules_do(oracle: VyperContract, terms: FeeTerms, data: bytes, gas: int) -> None:
    with boa.env.anchor():
        say(oracle, terms)
        assert oracle.getL1Fee(data) == terms.l1_fee(data, is_signed=False)
        assert oracle.getL1GasUsed(data) == data_gas(data, is_signed=False)
        assert oracle.getOperatorFee(gas) == terms.operator_fee(gas)
        assert (oracle.l1BaseFee(), oracle.blobBaseFee()) == (terms.l1_base_fee, terms.l1_blob_base_fee)
        knobs = terms.knobs
        assert oracle.baseFeeScalar() == knobs.l1_base_fee_scalar
        assert oracle.blobBaseFeeScalar() == knobs.l1_blob_base_fee_scalar
        assert bytes.fromhex(oracle.baseFeeRecipient()[2:]) == knobs.base_fee_recipient


def test_a_terms_transaction_has_the_gas_to_record_everything(oracle: VyperContract) -> None:
    highest = FeeTerms(FeeKnobs(Address(b"\xff" * 20), *(2**bits - 1 for bits in (32, 64, 32, 32))), 2**255, 2**255)
    assert say(oracle, highest) < TERMS_GAS_LIMIT - 100_000


@pytest.mark.parametrize("caller", ["anybody", "0x" + "00" * 20])
def test_nobody_else_records_terms(oracle: VyperContract, caller: str) -> None:
    sender = boa.env.generate_address() if caller == "anybody" else caller
    with boa.env.prank(sender), boa.reverts("oracle: not derivation"):
        oracle.set_terms(1, 1, 1, 1, 1, 1, sender)


def test_it_says_nothing_before_the_first_terms_and_once_blocks_charge_nothing(oracle: VyperContract) -> None:
    assert (oracle.getL1Fee(b"data"), oracle.getOperatorFee(5)) == (0, 0)
    say(oracle, TERMS)
    boa.env.evm.patch.block_number += 1
    assert oracle.getOperatorFee(0) == 9, "the pending block, before it has said its own"
    boa.env.evm.patch.block_number += 1
    assert (oracle.getL1Fee(b"data"), oracle.getOperatorFee(5), oracle.l1BaseFee()) == (0, 0, 0)
