"""What transactions pay beside gas: taken first, paid out exactly, and nothing is made or lost."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.engine import ExecutedBlock
from protocol.errors import InvalidTransaction, TxError
from protocol.extra_data import BaseFeeRules, extra_data_of_origin
from protocol.fee_terms import L1_FEE_RECIPIENT, OPERATOR_FEE_RECIPIENT, FeeKnobs, FeeTerms, terms_transaction
from protocol.signing import UnsignedTransaction, unsigned_transaction
from protocol.transaction import Transaction, deposit_transaction
from protocol.types import ZERO_HASH, Address, Hash32
from tests.vm.conftest import MINER, SENDERS, make_world
from vm.memory_state import Allocation

if TYPE_CHECKING:
    from tests.vm.conftest import World

GWEI, ETHER = 10**9, 10**18
ALICE = Address(b"\xa1" * 20)
TREASURY = Address(b"\x7e" * 20)
SPENDER = Address(b"\x5e" * 20)
REVERTER = Address(b"\x4e" * 20)
SELFDESTRUCT_TO_CALLER = bytes.fromhex("33ff")
REVERT = bytes.fromhex("60006000fd")
KNOBS = FeeKnobs(TREASURY, 2_000_000, 5_000, 1_000_000, 1_000_000)
TERMS = FeeTerms(KNOBS, 30 * GWEI, GWEI)
RECIPIENTS = (L1_FEE_RECIPIENT, OPERATOR_FEE_RECIPIENT, TREASURY)


def rollup(*, fixed_base_fee: bool = False) -> "World":
    accounts = {SPENDER: Allocation(code=SELFDESTRUCT_TO_CALLER), REVERTER: Allocation(code=REVERT)}
    return make_world(accounts=accounts, allow_deposits=True, allow_blobs=False, fixed_base_fee=fixed_base_fee)


def balance(chain: "World", address: Address) -> int:
    account = chain.state.account(address)
    return 0 if account is None else account.balance


def terms_tx(chain: "World", terms: FeeTerms) -> Transaction:
    return terms_transaction(terms, ZERO_HASH, chain.head.number + 1)


def mine(chain: "World", terms: FeeTerms, *transactions: Transaction) -> ExecutedBlock:
    return chain.mine(terms_tx(chain, terms), *transactions)


def test_each_recipient_gets_its_fee_and_the_sender_pays_all_of_them() -> None:
    chain = rollup()
    tx = chain.sign(to=ALICE, value=3, gas_limit=50_000)
    before = balance(chain, tx.sender)
    executed = mine(chain, TERMS, tx)
    base_fee = executed.block.header.base_fee_per_gas
    assert base_fee is not None
    gas_used = executed.receipts[1].gas_used
    assert gas_used == 21_000
    fees = [TERMS.l1_fee(tx.raw), TERMS.operator_fee(gas_used), gas_used * base_fee]
    assert [balance(chain, recipient) for recipient in RECIPIENTS] == fees
    assert balance(chain, MINER) == gas_used * GWEI
    assert balance(chain, tx.sender) == before - 3 - gas_used * GWEI - sum(fees)


def test_saying_the_terms_takes_none_of_the_blocks_gas() -> None:
    chain = rollup()
    builder = chain.begin()
    receipt = builder.add(terms_tx(chain, TERMS))
    assert (receipt.succeeded, receipt.gas_used, builder.gas_left) == (True, 0, 30_000_000)


def test_the_base_fee_burns_unless_somebody_receives_it() -> None:
    chain = rollup()
    tx = chain.sign(to=ALICE, gas_limit=21_000)
    mine(chain, replace(TERMS, knobs=FeeKnobs(operator_fee_constant=1)), tx)
    assert balance(chain, TREASURY) == balance(chain, Address(bytes(20))) == 0
    assert balance(chain, OPERATOR_FEE_RECIPIENT) == 1


@pytest.mark.parametrize("target", [REVERTER, None])
def test_a_transaction_that_fails_pays_for_its_bytes_and_its_gas_all_the_same(target: Address | None) -> None:
    chain = rollup()
    tx = chain.sign(to=target, data=REVERT, gas_limit=100_000)
    executed = mine(chain, TERMS, tx)
    receipt = executed.receipts[1]
    assert not receipt.succeeded
    assert balance(chain, L1_FEE_RECIPIENT) == TERMS.l1_fee(tx.raw)
    assert balance(chain, OPERATOR_FEE_RECIPIENT) == TERMS.operator_fee(receipt.gas_used)


def exact_cost(chain: "World", tx: Transaction, terms: FeeTerms) -> int:
    return tx.value + tx.gas_limit * tx.max_fee_per_gas + terms.most(tx)


def test_a_sender_who_lacks_one_wei_of_the_fees_is_refused_and_nothing_changes() -> None:
    chain = rollup()
    tx = chain.sign(to=ALICE, value=5, gas_limit=30_000)
    cost = exact_cost(chain, tx, TERMS)
    assert cost > 5 + tx.gas_limit * tx.max_fee_per_gas
    for held, fits in ((cost - 1, False), (cost, True)):
        poor = make_world(accounts={SENDERS[0]: Allocation(held)}, allow_deposits=True, allow_blobs=False)
        builder = poor.begin()
        builder.add(terms_tx(poor, TERMS))
        if fits:
            assert builder.add(tx).succeeded
            continue
        with pytest.raises(InvalidTransaction) as refused:
            builder.add(tx)
        assert refused.value.reason == TxError.INSUFFICIENT_ACCOUNT_FUNDS
        assert f"tx cost {cost}, overshot 1" in str(refused.value)
        account = builder.state.account(SENDERS[0])
        assert account is not None
        assert (account.nonce, account.balance) == (0, held)


def test_a_run_cannot_spend_what_the_transaction_owes() -> None:
    chain = rollup()
    tx = chain.sign(to=ALICE, gas_limit=21_000)
    value = balance(chain, tx.sender) - exact_cost(chain, tx, TERMS)
    spend_all = chain.sign(to=ALICE, gas_limit=21_000, value=value)
    # Another value makes other bytes: leave what they cost at most.
    spend_all = chain.sign(to=ALICE, gas_limit=21_000, value=value - TERMS.most(spend_all) + TERMS.most(tx))
    executed = mine(chain, TERMS, spend_all)
    assert executed.receipts[1].succeeded
    assert balance(chain, L1_FEE_RECIPIENT) == TERMS.l1_fee(spend_all.raw)


def test_a_block_that_says_no_terms_charges_none_even_after_one_that_did() -> None:
    chain = rollup()
    mine(chain, TERMS, chain.sign(to=ALICE, gas_limit=21_000))
    before = [balance(chain, recipient) for recipient in RECIPIENTS]
    chain.mine(chain.sign(to=ALICE, gas_limit=21_000))
    assert [balance(chain, recipient) for recipient in RECIPIENTS] == before


def test_terms_said_later_in_a_block_change_nothing() -> None:
    chain = rollup()
    chain.mine(
        chain.sign(to=ALICE, gas_limit=21_000), terms_tx(chain, TERMS), chain.sign(1, to=ALICE, gas_limit=21_000)
    )
    assert [balance(chain, recipient) for recipient in RECIPIENTS] == [0, 0, 0]


def test_deposits_pay_none_of_it() -> None:
    chain = rollup()
    payer = Address(b"\xdd" * 20)
    deposit = deposit_transaction(Hash32(b"\x01" * 32), payer, ALICE, 9, 4, 100_000, b"\x01" * 100)
    executed = mine(chain, TERMS, deposit)
    assert executed.receipts[1].succeeded
    assert (balance(chain, payer), balance(chain, ALICE)) == (5, 4)
    assert [balance(chain, recipient) for recipient in RECIPIENTS] == [0, 0, 0]


def test_scalars_at_their_extremes_refuse_everybody_but_deposits() -> None:
    chain = rollup()
    extreme = FeeTerms(FeeKnobs(TREASURY, 2**32 - 1, 2**64 - 1, 2**32 - 1, 2**32 - 1), 2**256 - 1, 2**256 - 1)
    builder = chain.begin()
    builder.add(terms_tx(chain, extreme))
    with pytest.raises(InvalidTransaction, match="insufficient funds"):
        builder.add(chain.sign(to=ALICE, gas_limit=21_000))
    builder.add(deposit_transaction(Hash32(b"\x01" * 32), ALICE, ALICE, 9, 4, 100_000, b""))
    chain.adopt(builder.seal())
    assert balance(chain, ALICE) == 9


def test_free_gas_leaves_the_other_fees_due() -> None:
    chain = rollup(fixed_base_fee=True)
    tx = chain.sign(to=ALICE, gas_limit=21_000, max_fee_per_gas=0, max_priority_fee_per_gas=0)
    before = balance(chain, tx.sender)
    executed = mine(chain, TERMS, tx)
    assert executed.block.header.base_fee_per_gas == 0
    assert balance(chain, tx.sender) == before - TERMS.l1_fee(tx.raw) - TERMS.operator_fee(21_000)


def test_on_a_chain_without_fees_a_penniless_account_transacts() -> None:
    chain = make_world(accounts={SENDERS[0]: Allocation(0)}, allow_deposits=True, fixed_base_fee=True)
    executed = chain.mine(chain.sign(to=ALICE, gas_limit=21_000, max_fee_per_gas=0, max_priority_fee_per_gas=0))
    assert executed.receipts[0].succeeded
    assert balance(chain, MINER) == 0


def test_the_child_of_a_block_with_terms_has_the_base_fee_that_the_block_says() -> None:
    chain = rollup()
    minimum = 5 * GWEI
    chain.mine(terms_tx(chain, TERMS), extra_data=extra_data_of_origin(1, BaseFeeRules(8, 2, minimum)))
    executed = chain.mine()
    assert executed.block.header.base_fee_per_gas == minimum


# --- conservation ----------------------------------------------------------------------------------------------------

knobs = st.builds(
    FeeKnobs,
    st.sampled_from([Address(bytes(20)), TREASURY, SENDERS[0], MINER, L1_FEE_RECIPIENT]),
    st.integers(0, 2**32 - 1),
    st.integers(0, 10**15),
    st.integers(0, 5_000_000),
    st.integers(0, 5_000_000),
)
all_terms = st.none() | st.builds(FeeTerms, knobs, st.integers(0, 100 * GWEI), st.integers(0, 100 * GWEI))
payments = st.lists(
    st.tuples(
        st.integers(0, 4),
        st.sampled_from([ALICE, REVERTER, SPENDER, SENDERS[1], L1_FEE_RECIPIENT, MINER, None]),
        st.integers(0, ETHER),
        st.integers(21_000, 200_000),
        st.integers(0, 5 * GWEI),
        st.binary(max_size=40),
    ),
    max_size=6,
)
deposits = st.lists(st.tuples(st.integers(0, ETHER), st.integers(0, ETHER)), max_size=2)


@given(st.lists(st.tuples(all_terms, deposits, payments), min_size=1, max_size=3), st.booleans())
def test_ether_changes_by_what_deposits_mint_and_base_fees_burn_and_by_nothing_else(
    blocks: list[tuple[FeeTerms | None, list[tuple[int, int]], list[tuple[int, Address | None, int, int, int, bytes]]]],
    is_free: bool,
) -> None:
    chain = rollup(fixed_base_fee=is_free)
    seen = {*SENDERS, SPENDER, REVERTER}
    seed = 0
    for terms, minted, transactions in blocks:
        before = total(chain, seen)
        builder = chain.begin()
        if terms is not None:
            builder.add(terms_tx(chain, terms))
        mint = 0
        for amount, value in minted:
            seed += 1
            sender = Address(seed.to_bytes(20, "big"))
            source = Hash32(seed.to_bytes(32, "big"))
            builder.add(deposit_transaction(source, sender, ALICE, amount, value, 100_000, b""))
            mint += amount
        for sender_index, to, value, gas, tip, data in transactions:
            account = builder.state.account(SENDERS[sender_index])
            fields = {"nonce": 0 if account is None else account.nonce, "to": to, "value": value, "gas_limit": gas}
            tx = chain.sign(sender_index, **fields, data=data, max_fee_per_gas=10 * GWEI, max_priority_fee_per_gas=tip)
            try:
                builder.add(tx)
            except InvalidTransaction:
                assert builder.state.account(SENDERS[sender_index]) == account
        executed = builder.seal()
        chain.adopt(executed)
        seen |= executed.changes.accounts.keys()
        burnt = 0
        if terms is None or terms.knobs.base_fee_recipient == Address(bytes(20)):
            paying = zip(executed.block.transactions, executed.receipts, strict=True)
            gas = sum(receipt.gas_used for tx, receipt in paying if tx.type != 0x7E)
            burnt = gas * (executed.block.header.base_fee_per_gas or 0)
        assert total(chain, seen) == before + mint - burnt


def total(chain: "World", seen: set[Address]) -> int:
    return sum(balance(chain, address) for address in seen)


# --- what is only imagined -------------------------------------------------------------------------------------------


def test_a_simulated_block_charges_what_it_is_told_and_a_free_call_pays_nothing() -> None:
    chain = rollup()

    def simulate(price: int) -> Callable[[Address], int]:
        block = chain.begin(fee_terms=TERMS)
        unsigned = UnsignedTransaction(1337, 0, 21_000, ALICE, 1, b"", price, 0)
        block.call(unsigned_transaction(unsigned, SENDERS[0]), validate=False)

        def held(address: Address) -> int:
            account = block.state.account(address)
            return 0 if account is None else account.balance

        return held

    free, paying = simulate(0), simulate(10 * GWEI)
    assert [free(recipient) for recipient in RECIPIENTS] == [0, 0, 0]
    assert all(paying(recipient) > 0 for recipient in RECIPIENTS)


def test_a_call_must_afford_its_charges_too() -> None:
    chain = rollup()
    held = balance(chain, SENDERS[0])
    fields = {"to": ALICE, "gas_limit": 21_000, "gas_price": GWEI}
    assert chain.call(**fields, charges=held - 21_000 * GWEI).error is None
    with pytest.raises(InvalidTransaction, match=f"have {held} want {held + 1}"):
        chain.call(**fields, charges=held - 21_000 * GWEI + 1)
