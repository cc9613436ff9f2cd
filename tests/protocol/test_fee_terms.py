"""What a rollup charges beside gas: the formulas, and the transaction that says so."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from protocol.fee_terms import (
    FEE_ORACLE,
    NO_FEES,
    SIGNATURE_GAS,
    TERMS_SENDER,
    FeeKnobs,
    FeeTerms,
    data_gas,
    is_terms,
    terms_of,
    terms_transaction,
)
from protocol.signing import UnsignedTransaction, sign_transaction
from protocol.transaction import decode_transaction, deposit_transaction
from protocol.types import ZERO_HASH, Address, Hash32

uint32, uint64, uint256 = (st.integers(0, 2**bits - 1) for bits in (32, 64, 256))
addresses = st.binary(min_size=20, max_size=20).map(Address)
knobs = st.builds(FeeKnobs, addresses, uint32, uint64, uint32, uint32)
terms = st.builds(FeeTerms, knobs, uint256, uint256)
PRICED = FeeTerms(FeeKnobs(l1_base_fee_scalar=2, l1_blob_base_fee_scalar=3), 10**9, 10**7)


def test_the_l1_fee_is_ecotones() -> None:
    """The numbers of op-geth's own test (core/types/rollup_cost_test.go): 30 bytes that are not zero."""
    assert data_gas(b"\x01" * 30) == 480
    assert PRICED.l1_fee(b"\x01" * 30) == 960_900


def test_zero_bytes_cost_a_quarter_and_an_absent_signature_is_allowed_for() -> None:
    assert data_gas(b"\x01\x00\x00") == 16 + 4 + 4
    assert data_gas(b"\x01", is_signed=False) == 16 + SIGNATURE_GAS == 16 + 1088


def test_the_operator_fee_is_isthmuss() -> None:
    charged = FeeTerms(FeeKnobs(operator_fee_scalar=1_500_000, operator_fee_constant=7), 0, 0)
    assert [charged.operator_fee(gas) for gas in (0, 1, 21_000)] == [7, 8, 31_507]


@given(terms, st.binary(max_size=300), st.binary(max_size=50))
def test_more_bytes_never_cost_less(chosen: FeeTerms, some: bytes, more: bytes) -> None:
    assert chosen.l1_fee(some) <= chosen.l1_fee(some + more)


@given(terms, st.integers(0, 2**64), st.integers(0, 2**64))
def test_less_gas_never_costs_more_so_a_refund_is_never_negative(chosen: FeeTerms, one: int, other: int) -> None:
    used, limit = sorted((one, other))
    assert chosen.operator_fee(used) <= chosen.operator_fee(limit)


@given(terms, st.binary(min_size=32, max_size=32).map(Hash32), uint64)
def test_a_block_says_its_terms_and_they_are_read_back(chosen: FeeTerms, origin: Hash32, number: int) -> None:
    tx = terms_transaction(chosen, origin, number)
    assert (tx.sender, tx.to, tx.mint, tx.value) == (TERMS_SENDER, FEE_ORACLE, 0, 0)
    assert is_terms(tx)
    assert terms_of([tx]) == terms_of([decode_transaction(tx.raw)]) == chosen


def test_every_block_has_its_own_terms_transaction() -> None:
    origins = (ZERO_HASH, Hash32(b"\x01" * 32))
    hashes = {terms_transaction(PRICED, origin, number).hash for origin in origins for number in range(5)}
    assert len(hashes) == 10


def test_only_the_first_transaction_says_terms() -> None:
    payment = sign_transaction(UnsignedTransaction(1, 0, 21_000, FEE_ORACLE), b"\x01" * 32)
    said = terms_transaction(PRICED, ZERO_HASH, 1)
    assert terms_of([]) is None
    assert terms_of([payment, said]) is None
    assert terms_of([said, payment]) == PRICED


def test_a_users_deposit_says_no_terms_whatever_its_data() -> None:
    said = terms_transaction(PRICED, ZERO_HASH, 1)
    forged = deposit_transaction(ZERO_HASH, Address(b"\x07" * 20), FEE_ORACLE, 0, 0, 300_000, said.data)
    assert terms_of([forged]) is None
    assert terms_of([replace(said, data=said.data + b"\0")]) is None
    assert terms_of([replace(said, data=b"\0" * 4 + said.data[4:])]) is None


def test_deposits_pay_nothing_and_plain_terms_charge_nothing() -> None:
    assert PRICED.most(terms_transaction(PRICED, ZERO_HASH, 1)) == 0
    payment = sign_transaction(UnsignedTransaction(1, 0, 21_000, FEE_ORACLE, data=b"\x01" * 1_000), b"\x01" * 32)
    assert FeeTerms(NO_FEES, 10**12, 10**12).most(payment) == 0
    assert PRICED.most(payment) == PRICED.l1_fee(payment.raw) > 0
