"""A rollup whose value is an ERC-20: locked going in, released coming out, and never ether."""

from dataclasses import replace
from itertools import count
from pathlib import Path

import boa
import pytest
from boa.contracts.vyper.vyper_contract import VyperContract
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from node.artifacts import SOURCES
from protocol.deposit import next_deposit_accumulator
from protocol.types import ZERO_HASH, Address
from protocol.withdrawal import Withdrawal
from tests.contracts.conftest import (
    DELAY,
    DEPOSIT_GAS_LIMIT,
    ETHER,
    Settlement,
    abi_tuple,
    deploy,
    deployer,
    deposit_of,
    hex_address,
    raw_address,
)

MOCKS = Path(__file__).parent / "mocks"
GAS = 100_000
BOB = "0x" + "b0" * 20


addresses = count(0x70C0 << 144)
"""titanoboa takes what it knows of an address's storage from one test to the next: nobody else has these."""


def own_address() -> str:
    return f"0x{next(addresses):040x}"


def odd_token(fee: int = 0, returns: int = 1, decimals: int = 18) -> VyperContract:
    source = deployer(MOCKS / "odd_token.vy")
    return source.deploy(fee, returns, b"", decimals.to_bytes(32, "big"), override_address=own_address())


def on_token(settlement: Settlement, token: VyperContract) -> Settlement:
    """The same settlement behind a portal for this token."""
    source = deployer(SOURCES / "l1" / "token_portal.vy")
    arguments = (settlement.outputs, DELAY, DEPOSIT_GAS_LIMIT, token)
    portal = source.deploy(*arguments, override_address=own_address())
    return replace(settlement, portal=portal)


@pytest.fixture
def token() -> VyperContract:
    return odd_token()


@pytest.fixture
def chain(settlement: Settlement, token: VyperContract) -> Settlement:
    return on_token(settlement, token)


@pytest.fixture
def alice(chain: Settlement, token: VyperContract) -> str:
    """An account with a hundred tokens, which the portal may take."""
    account = str(boa.env.generate_address("alice"))
    token.give(account, 100 * ETHER)
    with boa.env.prank(account):
        token.approve(chain.portal, 2**256 - 1)
    return account


def deposit_token(chain: Settlement, sender: str, amount: int, to: str = BOB, value: int | None = None) -> None:
    boa.env.set_balance(sender, ETHER)
    with boa.env.prank(sender):
        chain.portal.deposit_token(to, amount, amount if value is None else value, GAS, False, b"")


def test_a_deposit_locks_tokens_and_mints_as_many(chain: Settlement, token: VyperContract, alice: str) -> None:
    deposit_token(chain, alice, 7, value=5)
    deposit = deposit_of(chain.portal)
    assert (deposit.sender, deposit.to) == (raw_address(alice), Address(bytes.fromhex(BOB[2:])))
    assert (deposit.mint, deposit.value, deposit.index) == (7, 5, 0)
    assert (token.balanceOf(chain.portal), token.balanceOf(alice)) == (7, 100 * ETHER - 7)
    number, timestamp = boa.env.evm.patch.block_number, boa.env.evm.patch.timestamp
    parent = boa.env.evm.patch.prev_hashes[0]
    assert chain.portal.accumulator() == next_deposit_accumulator(ZERO_HASH, deposit, number, timestamp, parent)


def test_ether_is_refused_on_every_way_in(chain: Settlement, alice: str) -> None:
    boa.env.set_balance(alice, ETHER)
    with boa.env.prank(alice):
        with boa.reverts("portal: the rollup's value is a token"):
            chain.portal.deposit(BOB, 1, GAS, False, b"", value=1)
        with boa.reverts():
            chain.portal.deposit_token(BOB, 1, 1, GAS, False, b"", value=1)
    plain = boa.env.execute_code(chain.portal.address, sender=alice, value=1)
    assert b"portal: the rollup's value is a token" in plain.output
    assert boa.env.get_balance(str(chain.portal.address)) == 0
    assert chain.portal.deposit_count() == 0


def test_a_transaction_can_be_forced_without_value(chain: Settlement, alice: str) -> None:
    with boa.env.prank(alice):
        chain.portal.deposit(BOB, 9, GAS, False, b"data")
    deposit = deposit_of(chain.portal)
    assert (deposit.mint, deposit.value, deposit.data) == (0, 9, b"data")


def test_a_token_that_takes_a_fee_or_says_no_is_refused(settlement: Settlement) -> None:
    for token, message in (
        (odd_token(fee=1), "portal: another amount arrived"),
        (odd_token(returns=2), "portal: transfer failed"),
    ):
        chain = on_token(settlement, token)
        sender = str(boa.env.generate_address())
        token.give(sender, ETHER)
        with boa.env.prank(sender):
            token.approve(chain.portal, ETHER)
            with boa.reverts(message):
                chain.portal.deposit_token(BOB, ETHER, ETHER, GAS, False, b"")


def test_a_token_that_returns_nothing_is_taken(settlement: Settlement) -> None:
    token = odd_token(returns=0)
    chain = on_token(settlement, token)
    sender = str(boa.env.generate_address())
    token.give(sender, ETHER)
    with boa.env.prank(sender):
        token.approve(chain.portal, ETHER)
    deposit_token(chain, sender, ETHER)
    assert token.balanceOf(chain.portal) == ETHER


def test_reentering_while_tokens_move_is_refused(settlement: Settlement) -> None:
    token = odd_token()
    chain = on_token(settlement, token)
    sender = str(boa.env.generate_address())
    token.give(sender, ETHER)
    token.give(str(token.address), ETHER)
    again = chain.portal.deposit_token.prepare_calldata(BOB, 1, 1, GAS, False, b"")
    token.call_on_transfer(chain.portal, again)
    with boa.env.prank(str(token.address)):
        token.approve(chain.portal, ETHER)
    with boa.env.prank(sender):
        token.approve(chain.portal, ETHER)
    deposit_token(chain, sender, ETHER)
    assert not token.hook_succeeded()
    assert chain.portal.deposit_count() == 1


@pytest.mark.parametrize("decimals", [0, 6, 17, 19])
def test_a_token_of_other_decimals_is_no_gas_token(settlement: Settlement, decimals: int) -> None:
    with boa.reverts("portal: the gas token has not 18 decimals"):
        on_token(settlement, odd_token(decimals=decimals))


def test_a_chain_without_its_token_is_not_deployed(settlement: Settlement) -> None:
    with boa.reverts("portal: no gas token"):
        deployer(SOURCES / "l1" / "token_portal.vy").deploy(
            settlement.outputs, DELAY, DEPOSIT_GAS_LIMIT, "0x" + "00" * 20
        )


# --- out --------------------------------------------------------------------------------------------------------------


def test_a_withdrawal_releases_the_token_and_calls_without_ether(
    chain: Settlement, token: VyperContract, alice: str
) -> None:
    deposit_token(chain, alice, 10 * ETHER)
    target = deployer(MOCKS / "target.vy").deploy(chain.portal, override_address=own_address())
    withdrawal = chain.send(alice, str(target.address), 3 * ETHER, b"")
    prover = chain.prove_and_wait(withdrawal)
    chain.portal.finalise(abi_tuple(withdrawal), prover)
    assert token.balanceOf(target) == 3 * ETHER
    assert token.balanceOf(chain.portal) == 7 * ETHER
    assert boa.env.get_balance(str(target.address)) == 0
    with boa.reverts("portal: already finalised"):
        chain.portal.finalise(abi_tuple(withdrawal), prover)


def test_no_withdrawal_makes_the_portal_call_its_token(chain: Settlement, token: VyperContract, alice: str) -> None:
    """It holds everybody's tokens: `transfer` called in its name would take them."""
    deposit_token(chain, alice, 10 * ETHER)
    theft = token.transfer.prepare_calldata(alice, 10 * ETHER)
    withdrawal = chain.send(alice, str(token.address), 0, theft)
    prover = chain.prove_and_wait(withdrawal)
    with boa.reverts("portal: target is the gas token"):
        chain.portal.finalise(abi_tuple(withdrawal), prover)
    assert token.balanceOf(chain.portal) == 10 * ETHER


def test_a_withdrawal_that_fails_takes_nothing_and_can_be_tried_again(
    chain: Settlement, token: VyperContract, alice: str
) -> None:
    deposit_token(chain, alice, ETHER)
    withdrawal = chain.send(alice, BOB, 2 * ETHER)
    prover = chain.prove_and_wait(withdrawal)
    with boa.reverts():
        chain.portal.finalise(abi_tuple(withdrawal), prover)
    assert not chain.portal.finalised(withdrawal.hash)
    deposit_token(chain, alice, ETHER)
    chain.portal.finalise(abi_tuple(withdrawal), prover)
    assert (token.balanceOf(BOB), token.balanceOf(chain.portal)) == (2 * ETHER, 0)


def test_only_what_is_proven_and_confirmed_and_waited_for_is_paid(chain: Settlement, alice: str) -> None:
    deposit_token(chain, alice, ETHER)
    withdrawal = chain.send(alice, BOB, ETHER)
    with boa.reverts("portal: not proven"):
        chain.portal.finalise(abi_tuple(withdrawal), alice)
    prover = chain.prove(withdrawal, chain.assert_outbox(withdrawal))
    with boa.reverts("portal: too early"):
        chain.portal.finalise(abi_tuple(withdrawal), prover)


# --- conservation -----------------------------------------------------------------------------------------------------


class TokenLaws(RuleBasedStateMachine):
    """What the portal holds is what went in less what came out, whatever is tried in between."""

    @initialize()
    def launch(self) -> None:
        self.anchor = boa.env.anchor()
        self.anchor.__enter__()
        settlement = deploy()
        self.token = odd_token()
        self.chain = on_token(settlement, self.token)
        self.accounts = [str(boa.env.generate_address()) for _ in range(3)]
        for account in self.accounts:
            self.token.give(account, ETHER)
            with boa.env.prank(account):
                self.token.approve(self.chain.portal, 2**256 - 1)
        self.minted = self.left = 0
        self.open: list[tuple[Withdrawal, str]] = []

    def teardown(self) -> None:
        if hasattr(self, "anchor"):
            self.anchor.__exit__(None, None, None)

    @rule(who=st.integers(0, 2), amount=st.integers(0, 2 * ETHER))
    def deposit(self, who: int, amount: int) -> None:
        sender = self.accounts[who]
        if amount > self.token.balanceOf(sender):
            with boa.reverts():
                deposit_token(self.chain, sender, amount)
            return
        deposit_token(self.chain, sender, amount)
        assert deposit_of(self.chain.portal).mint == amount
        self.minted += amount

    @rule(who=st.integers(0, 2), share=st.integers(0, 100))
    def withdraw(self, who: int, share: int) -> None:
        amount = (self.minted - self.left) * share // 100
        self.left += amount
        withdrawal = self.chain.send(self.accounts[who], self.accounts[who], amount)
        self.open.append((withdrawal, self.chain.prove_and_wait(withdrawal)))

    @rule(twice=st.booleans())
    def finalise(self, twice: bool) -> None:
        if not self.open:
            return
        withdrawal, prover = self.open.pop(0)
        before = self.token.balanceOf(hex_address(withdrawal.target))
        self.chain.portal.finalise(abi_tuple(withdrawal), prover)
        assert self.token.balanceOf(hex_address(withdrawal.target)) == before + withdrawal.value
        if twice:
            with boa.reverts("portal: already finalised"):
                self.chain.portal.finalise(abi_tuple(withdrawal), prover)

    @invariant()
    def locked_is_minted_less_released(self) -> None:
        if not hasattr(self, "chain"):
            return
        waiting = sum(withdrawal.value for withdrawal, _prover in self.open)
        assert self.token.balanceOf(self.chain.portal) == self.minted - self.left + waiting
        assert sum(self.token.balanceOf(one) for one in (*self.accounts, self.chain.portal)) == 3 * ETHER


TestTokenLaws = TokenLaws.TestCase
TestTokenLaws.settings = settings(max_examples=8, stateful_step_count=12, deadline=None)
