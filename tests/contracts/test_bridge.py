"""The ERC-20 bridge, both ends: what is locked is what is minted, for ordinary and for odd tokens."""

import boa
import pytest
from boa.contracts.vyper.vyper_contract import VyperContract
from eth_abi.abi import encode
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from node.artifacts import SOURCES
from protocol.bridge import L2_BRIDGE_ADDRESS, TOKEN_TEMPLATE_ADDRESS, image_address
from protocol.deposit import aliased
from tests.contracts.conftest import (
    DELAY,
    Settlement,
    abi_tuple,
    deploy,
    deployer,
    deposit_of,
    hex_address,
    raw_address,
    withdrawal_of,
)

# boa remarks that a proxy's code is not the code behind it.
pytestmark = pytest.mark.filterwarnings("ignore:casted bytecode does not match")

NOBODY = "0x" + "00" * 20
MOCKS = SOURCES.parent / "tests" / "contracts" / "mocks"


@pytest.fixture
def alice() -> str:
    return str(boa.env.generate_address("alice"))


@pytest.fixture
def bob() -> str:
    return str(boa.env.generate_address("bob"))


@pytest.fixture
def token(settlement: Settlement, alice: str) -> VyperContract:
    with boa.env.prank(alice):
        token = deployer(SOURCES / "examples" / "token.vy").deploy(1_000)
        token.approve(settlement.bridge, 2**256 - 1)
    return token


def odd_token(
    settlement: Settlement, owner: str, *, fee: int = 0, returns: int = 1, text: bytes = b"", number: bytes = b""
) -> VyperContract:
    token = deployer(MOCKS / "odd_token.vy").deploy(fee, returns, text, number)
    token.give(owner, 1_000)
    with boa.env.prank(owner):
        token.approve(settlement.bridge, 2**256 - 1)
    return token


def deposit(settlement: Settlement, token: VyperContract, sender: str, to: str, amount: int) -> VyperContract:
    """Bridge to L2; returns the image."""
    with boa.env.prank(sender):
        settlement.bridge.deposit(token, to, amount)
    assert settlement.run_deposit(deposit_of(settlement.bridge))
    return image_of(settlement, token)


def image_of(settlement: Settlement, token: VyperContract) -> VyperContract:
    return deployer(SOURCES / "l2" / "bridged_token.vy").at(settlement.l2_bridge.image_of(token))


def withdraw(settlement: Settlement, image: VyperContract, sender: str, to: str, amount: int) -> None:
    """Bridge to L1."""
    with boa.env.prank(sender):
        settlement.l2_bridge.withdraw(image, to, amount)
    withdrawal = withdrawal_of(settlement.l2_bridge)
    settlement.portal.finalise(abi_tuple(withdrawal), settlement.prove_and_wait(withdrawal))


def test_tokens_go_there_and_back(settlement: Settlement, token: VyperContract, alice: str, bob: str) -> None:
    image = deposit(settlement, token, alice, bob, 600)
    assert (token.balanceOf(settlement.bridge), settlement.bridge.locked(token)) == (600, 600)
    assert (image.balanceOf(bob), image.totalSupply()) == (600, 600)
    with boa.env.prank(bob):
        image.transfer(alice, 250)
    withdraw(settlement, image, alice, bob, 200)
    assert (token.balanceOf(bob), token.balanceOf(alice), token.balanceOf(settlement.bridge)) == (200, 400, 400)
    assert (image.balanceOf(alice), image.totalSupply(), settlement.bridge.locked(token)) == (50, 400, 400)


def test_the_image_has_the_tokens_name_and_the_address_that_python_computes(
    settlement: Settlement, token: VyperContract, alice: str
) -> None:
    image = deposit(settlement, token, alice, alice, 1)
    assert (image.name(), image.symbol(), image.decimals()) == ("Tombolo Sand", "SAND", 18)
    assert (image.home(), image.bridge()) == (token.address, hex_address(L2_BRIDGE_ADDRESS))
    assert raw_address(image.address) == image_address(raw_address(token.address))
    assert settlement.l2_bridge.token_of(image) == token.address


def test_the_l2_end_and_the_template_are_where_l1_expects_them(settlement: Settlement) -> None:
    assert raw_address(settlement.l2_bridge.address) == L2_BRIDGE_ADDRESS
    assert raw_address(settlement.template.address) == TOKEN_TEMPLATE_ADDRESS


@pytest.mark.parametrize("returns", [0, 1])
def test_a_token_that_returns_nothing_or_true_is_taken_and_released(
    settlement: Settlement, alice: str, returns: int
) -> None:
    token = odd_token(settlement, alice, returns=returns)
    image = deposit(settlement, token, alice, alice, 10)
    withdraw(settlement, image, alice, alice, 10)
    assert (token.balanceOf(alice), settlement.bridge.locked(token)) == (1_000, 0)


def test_a_token_that_returns_false_is_not_taken(settlement: Settlement, alice: str) -> None:
    token = odd_token(settlement, alice, returns=2)
    with boa.env.prank(alice), boa.reverts("bridge: transfer failed"):
        settlement.bridge.deposit(token, alice, 10)
    assert settlement.portal.deposit_count() == 0


def test_of_a_token_that_takes_a_fee_what_arrived_is_credited(settlement: Settlement, alice: str) -> None:
    token = odd_token(settlement, alice, fee=10)
    image = deposit(settlement, token, alice, alice, 100)
    assert image.totalSupply() == settlement.bridge.locked(token) == token.balanceOf(settlement.bridge) == 90
    withdraw(settlement, image, alice, alice, 90)
    assert (token.balanceOf(alice), token.balanceOf(settlement.bridge)) == (981, 0)


def test_a_token_that_takes_everything_as_its_fee_is_refused(settlement: Settlement, alice: str) -> None:
    token = odd_token(settlement, alice, fee=100)
    with boa.env.prank(alice), boa.reverts("bridge: nothing arrived"):
        settlement.bridge.deposit(token, alice, 100)


STRING = encode(["string"], ["Odd"])
LONG_STRING = encode(["string"], ["An unreasonably long name, of more than 32 bytes"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (STRING, "Odd"),
        (LONG_STRING, "An unreasonably long name, of mo"),
        (b"MKR" + bytes(29), "MKR"),
        (b"M" * 32, "M" * 32),
        (b"", ""),
        (encode(["string"], [""]), ""),
        (bytes(96), ""),
        (b"\xff" * 96, ""),
        (b"x", ""),
        ((32).to_bytes(32, "big") + b"\xff" * 32 + b"y" * 32, "y" * 32),
    ],
)
def test_names_of_every_kind_are_read_or_left_empty(
    settlement: Settlement, alice: str, text: bytes, expected: str
) -> None:
    image = deposit(settlement, odd_token(settlement, alice, text=text), alice, alice, 1)
    assert (image.name(), image.symbol()) == (expected, expected)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (b"", 18),
        ((6).to_bytes(32, "big"), 6),
        (bytes(32), 0),
        ((255).to_bytes(32, "big"), 255),
        ((256).to_bytes(32, "big"), 18),
        (b"\xff" * 32, 18),
        (b"\6", 18),
    ],
)
def test_the_images_decimals_are_the_tokens_or_18(
    settlement: Settlement, alice: str, number: bytes, expected: int
) -> None:
    image = deposit(settlement, odd_token(settlement, alice, number=number), alice, alice, 7)
    assert (image.decimals(), image.balanceOf(alice)) == (expected, 7)


def test_an_account_without_code_is_no_token(settlement: Settlement, alice: str) -> None:
    with boa.env.prank(alice), boa.reverts():
        settlement.bridge.deposit(str(boa.env.generate_address("nothing")), alice, 1)


def test_nothing_is_bridged_to_nobody(settlement: Settlement, token: VyperContract, alice: str) -> None:
    with boa.env.prank(alice), boa.reverts("bridge: zero receiver"):
        settlement.bridge.deposit(token, NOBODY, 1)
    image = deposit(settlement, token, alice, alice, 1)
    with boa.env.prank(alice):
        with boa.reverts("bridge: zero receiver"):
            settlement.l2_bridge.withdraw(image, NOBODY, 1)
        with boa.reverts("bridge: nothing to withdraw"):
            settlement.l2_bridge.withdraw(image, alice, 0)
        with boa.reverts("token: zero receiver"):
            image.transfer(NOBODY, 1)


def test_the_gas_of_a_deposit_suffices_also_for_the_first_of_a_token(settlement: Settlement, alice: str) -> None:
    """With names as dear as they get. A deposit that failed on L2 would lose the tokens."""
    token = odd_token(settlement, alice, text=encode(["string"], ["\x7f" * 32]), number=(255).to_bytes(32, "big"))
    with boa.env.prank(alice):
        settlement.bridge.deposit(token, alice, 1_000)
    made = deposit_of(settlement.bridge)
    assert made.gas_limit == 600_000
    computation = boa.env.execute_code(
        str(settlement.l2_bridge.address), sender=hex_address(made.sender), data=made.data, gas=600_000
    )
    assert not computation.is_error
    # Room for 40 gas per byte of calldata, and as much again as was used.
    assert 21_000 + 40 * len(made.data) + 2 * computation.get_gas_used() < made.gas_limit


def test_only_the_other_end_mints(settlement: Settlement, token: VyperContract, alice: str) -> None:
    """Not even an L2 account at the L1 end's own address."""
    arguments = (token.address, alice, alice, 1, bytes(32), bytes(32), 18)
    stranger = hex_address(aliased(raw_address(alice)))
    for caller in (alice, str(settlement.bridge.address), stranger, str(settlement.portal.address)):
        with boa.env.prank(caller), boa.reverts("bridge: not the other end"):
            settlement.l2_bridge.finalise_deposit(*arguments)


def test_only_the_portal_speaking_for_the_other_end_releases(
    settlement: Settlement, token: VyperContract, alice: str
) -> None:
    deposit(settlement, token, alice, alice, 100)
    arguments = (token.address, alice, alice, 100)
    for caller in (alice, settlement.owner, hex_address(L2_BRIDGE_ADDRESS)):
        with boa.env.prank(caller), boa.reverts("bridge: not the portal"):
            settlement.bridge.finalise_withdrawal(*arguments)
    with boa.env.prank(str(settlement.portal.address)), boa.reverts("bridge: not the other end"):
        settlement.bridge.finalise_withdrawal(*arguments)
    forged = settlement.send(
        alice, str(settlement.bridge.address), 0, settlement.bridge.finalise_withdrawal.prepare_calldata(*arguments)
    )
    prover = settlement.prove_and_wait(forged)
    with boa.reverts("portal: call failed"):
        settlement.portal.finalise(abi_tuple(forged), prover)


def test_more_than_is_locked_is_never_released(settlement: Settlement, token: VyperContract, alice: str) -> None:
    """The bound under every message: even the other end cannot release what was not locked."""
    deposit(settlement, token, alice, alice, 100)
    with boa.env.prank(alice):
        token.transfer(settlement.bridge, 50)  # a gift is not locked
    calldata = settlement.bridge.finalise_withdrawal.prepare_calldata(token.address, alice, alice, 101)
    withdrawal = settlement.send(hex_address(L2_BRIDGE_ADDRESS), str(settlement.bridge.address), 0, calldata)
    prover = settlement.prove_and_wait(withdrawal)
    with boa.reverts("portal: call failed"):
        settlement.portal.finalise(abi_tuple(withdrawal), prover)


def test_what_is_not_an_image_is_not_withdrawn(settlement: Settlement, token: VyperContract, alice: str) -> None:
    for contract in (token, settlement.template, settlement.outbox):
        with boa.env.prank(alice), boa.reverts("bridge: not an image"):
            settlement.l2_bridge.withdraw(contract, alice, 1)


def test_nobody_withdraws_more_than_he_has(settlement: Settlement, token: VyperContract, alice: str, bob: str) -> None:
    image = deposit(settlement, token, alice, alice, 100)
    for who, amount in ((alice, 101), (bob, 1)):
        with boa.env.prank(who), boa.reverts("token: balance too low"):
            settlement.l2_bridge.withdraw(image, who, amount)


def test_a_release_that_fails_is_retried(settlement: Settlement, alice: str) -> None:
    """A token whose balances change by themselves: the bridge does not hold enough for a while."""
    token = odd_token(settlement, alice)
    image = deposit(settlement, token, alice, alice, 100)
    token.take(settlement.bridge, 1)
    with boa.env.prank(alice):
        settlement.l2_bridge.withdraw(image, alice, 100)
    withdrawal = withdrawal_of(settlement.l2_bridge)
    prover = settlement.prove_and_wait(withdrawal)
    with boa.reverts("portal: call failed"):
        settlement.portal.finalise(abi_tuple(withdrawal), prover)
    assert settlement.bridge.locked(token) == 100
    token.give(settlement.bridge, 1)
    settlement.portal.finalise(abi_tuple(withdrawal), prover)
    assert (token.balanceOf(alice), settlement.bridge.locked(token)) == (1_000, 0)


def test_a_token_that_reenters_is_not_counted_twice(settlement: Settlement, alice: str) -> None:
    token = odd_token(settlement, alice)
    token.give(token.address, 500)
    calldata = settlement.bridge.deposit.prepare_calldata(token.address, alice, 500)
    boa.env.execute_code(  # the token approves the bridge for what it holds itself
        str(token.address),
        sender=str(token.address),
        data=token.approve.prepare_calldata(settlement.bridge.address, 2**255),
    )
    token.call_on_transfer(settlement.bridge, calldata)
    with boa.env.prank(alice):
        settlement.bridge.deposit(token, alice, 100)
    assert not token.hook_succeeded()
    assert settlement.bridge.locked(token) == token.balanceOf(settlement.bridge) == 100


# --- the image as a token --------------------------------------------------------------------------------------------


@pytest.fixture
def image(settlement: Settlement, token: VyperContract, alice: str) -> VyperContract:
    return deposit(settlement, token, alice, alice, 100)


def test_allowances_are_used_up_except_the_largest(image: VyperContract, alice: str, bob: str) -> None:
    with boa.env.prank(alice):
        image.approve(bob, 30)
    with boa.env.prank(bob):
        image.transferFrom(alice, bob, 20)
        with boa.reverts("token: allowance too low"):
            image.transferFrom(alice, bob, 11)
    assert (image.allowance(alice, bob), image.balanceOf(bob)) == (10, 20)
    with boa.env.prank(alice):
        image.approve(bob, 2**256 - 1)
    with boa.env.prank(bob):
        image.transferFrom(alice, bob, 20)
    assert image.allowance(alice, bob) == 2**256 - 1


def test_a_transfer_to_oneself_changes_nothing(image: VyperContract, alice: str) -> None:
    with boa.env.prank(alice):
        image.transfer(alice, 100)
        with boa.reverts("token: balance too low"):
            image.transfer(alice, 101)
    assert (image.balanceOf(alice), image.totalSupply()) == (100, 100)


def test_only_the_bridge_initializes_mints_and_burns(settlement: Settlement, image: VyperContract, alice: str) -> None:
    for contract in (image, settlement.template):
        with boa.env.prank(alice):
            with boa.reverts("token: not the bridge"):
                contract.initialize(alice, bytes(32), bytes(32), 18)
            with boa.reverts("token: not the bridge"):
                contract.mint(alice, 1)
            with boa.reverts("token: not the bridge"):
                contract.burn(alice, 1)


def test_an_image_is_initialized_once(settlement: Settlement, image: VyperContract, alice: str) -> None:
    with boa.env.prank(str(settlement.l2_bridge.address)), boa.reverts("token: already initialized"):
        image.initialize(alice, bytes(32), bytes(32), 18)


# --- random sequences ------------------------------------------------------------------------------------------------


class BridgeMachine(RuleBasedStateMachine):
    """Deposits and withdrawals in any order, of an honest token and one with a fee: nothing appears or vanishes."""

    def __init__(self) -> None:
        super().__init__()
        self._anchor = boa.env.anchor()
        self._anchor.__enter__()

    @initialize()
    def start(self) -> None:
        self.settlement = deploy()
        self.people = [str(boa.env.generate_address(name)) for name in ("one", "two")]
        self.tokens = [odd_token(self.settlement, self.people[0], fee=fee, returns=fee) for fee in (0, 1)]
        self.images: dict[int, VyperContract] = {}
        self.waiting: list[tuple[int, int, object, str]] = []

    def teardown(self) -> None:
        self._anchor.__exit__(None, None, None)

    @rule(which=st.integers(0, 1), to=st.integers(0, 1), amount=st.integers(1, 300))
    def deposit(self, which: int, to: int, amount: int) -> None:
        token, sender = self.tokens[which], self.people[0]
        amount = min(amount, int(token.balanceOf(sender)))
        if amount:
            boa.env.time_travel(blocks=1)  # an L1 block takes only so much deposit gas
            self.images[which] = deposit(self.settlement, token, sender, self.people[to], amount)

    @rule(which=st.integers(0, 1), who=st.integers(0, 1), amount=st.integers(1, 300))
    def withdraw(self, which: int, who: int, amount: int) -> None:
        if which not in self.images:
            return
        amount = min(amount, int(self.images[which].balanceOf(self.people[who])))
        if amount:
            with boa.env.prank(self.people[who]):
                self.settlement.l2_bridge.withdraw(self.images[which], self.people[0], amount)
            withdrawal = withdrawal_of(self.settlement.l2_bridge)
            prover = self.settlement.prove(
                withdrawal, self.settlement.assert_outbox(withdrawal, parent=self.settlement.outputs.latest_confirmed())
            )
            self.waiting.append((which, amount, abi_tuple(withdrawal), prover))

    @rule()
    def finalise_all(self) -> None:
        boa.env.time_travel(seconds=DELAY)
        for _which, _amount, withdrawal, prover in self.waiting:
            self.settlement.portal.finalise(withdrawal, prover)
        self.waiting = []

    @invariant()
    def holds(self) -> None:
        for which, token in enumerate(self.tokens):
            in_flight = sum(amount for other, amount, _withdrawal, _prover in self.waiting if other == which)
            supply = int(self.images[which].totalSupply()) if which in self.images else 0
            assert self.settlement.bridge.locked(token) == supply + in_flight
            assert token.balanceOf(self.settlement.bridge) == supply + in_flight


BridgeMachine.TestCase.settings = settings(max_examples=15, stateful_step_count=15, deadline=None)
TestBridgeMachine = BridgeMachine.TestCase
