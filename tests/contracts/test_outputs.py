"""Output roots: bonds, one chain of parents, the window, and the side that faces the game."""

import boa
import pytest
from boa import BoaError
from boa.contracts.vyper.vyper_contract import VyperContract
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from node.artifacts import SOURCES
from protocol.crypto import keccak
from tests.contracts.conftest import BOND, GENESIS_ROOT, WINDOW, Settlement, deploy, deployer, l1_hash

NOBODY = "0x" + "00" * 20
NONE, PENDING, CONFIRMED, REJECTED, SUPERSEDED = range(5)
ROOT = keccak(b"a root")


@pytest.fixture
def outputs(settlement: Settlement) -> VyperContract:
    return settlement.outputs


@pytest.fixture
def challenger() -> str:
    return str(boa.env.generate_address("challenger"))


@pytest.fixture
def other() -> str:
    return str(boa.env.generate_address("other proposer"))


def status_of(settlement: Settlement, assertion_id: int) -> int:
    return int(settlement.outputs.claim(assertion_id)[1])


def challenge(settlement: Settlement, assertion_id: int) -> None:
    with boa.env.prank(settlement.game):
        settlement.outputs.open_challenge(assertion_id)


def reject(settlement: Settlement, assertion_id: int, winner: str) -> None:
    challenge(settlement, assertion_id)
    with boa.env.prank(settlement.game):
        settlement.outputs.reject(assertion_id, winner)


def test_genesis_is_the_first_confirmed_assertion(outputs: VyperContract) -> None:
    assert outputs.claim(0) == (GENESIS_ROOT, CONFIRMED)
    assert (outputs.latest_confirmed(), outputs.count()) == (0, 1)


def test_an_assertion_is_kept_as_proposed(settlement: Settlement) -> None:
    number = boa.env.evm.patch.block_number - 1
    assertion_id = settlement.propose(ROOT, 77)
    fields = settlement.outputs.assertion(assertion_id)
    assert (assertion_id, fields.output_root, fields.parent, fields.l2_block_number) == (1, ROOT, 0, 77)
    assert (fields.l1_block_number, fields.l1_block_hash) == (number, l1_hash(number))
    assert (fields.created_at, fields.proposer) == (boa.env.evm.patch.timestamp, settlement.proposer)
    assert (fields.open_games, fields.status) == (0, PENDING)
    assert settlement.outputs.proposed(settlement.proposer, 0, 77) == 2


def test_the_largest_numbers_do_not_run_into_each_other(settlement: Settlement) -> None:
    assertion_id = settlement.propose(ROOT, 2**64 - 1)
    fields = settlement.outputs.assertion(assertion_id)
    assert (fields.parent, fields.l2_block_number) == (0, 2**64 - 1)
    with boa.reverts("outputs: block number too large"):
        settlement.propose(ROOT, 2**64)


def test_an_unchallenged_assertion_is_confirmed_when_its_window_closes(settlement: Settlement) -> None:
    assertion_id = settlement.propose(ROOT, 10)
    boa.env.time_travel(seconds=WINDOW - 1)
    with boa.reverts("outputs: window is open"):
        settlement.outputs.confirm(assertion_id)
    boa.env.time_travel(seconds=1)
    settlement.outputs.confirm(assertion_id)
    assert settlement.outputs.claim(assertion_id) == (ROOT, CONFIRMED)
    assert settlement.outputs.latest_confirmed() == assertion_id
    assert settlement.outputs.credits(settlement.proposer) == BOND
    with boa.reverts("outputs: not pending"):
        settlement.outputs.confirm(assertion_id)


def test_bonds_are_collected_once(settlement: Settlement) -> None:
    settlement.confirm(settlement.propose(ROOT, 10))
    with boa.env.prank(settlement.proposer):
        assert settlement.outputs.collect() == BOND
        with boa.reverts("outputs: nothing to collect"):
            settlement.outputs.collect()
    assert boa.env.get_balance(settlement.proposer) == BOND
    assert boa.env.get_balance(str(settlement.outputs.address)) == 0


# --- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [0, BOND - 1, BOND + 1])
def test_another_bond_is_refused(settlement: Settlement, value: int) -> None:
    boa.env.set_balance(settlement.proposer, 2 * BOND)
    with boa.env.prank(settlement.proposer), boa.reverts("outputs: wrong bond"):
        settlement.outputs.propose(0, 10, ROOT, 999, l1_hash(999), value=value)


def test_a_zero_root_is_refused(settlement: Settlement) -> None:
    with boa.reverts("outputs: zero root"):
        settlement.propose(bytes(32), 10)


def test_a_proposer_bonds_once_for_a_block(settlement: Settlement, other: str) -> None:
    settlement.propose(ROOT, 10)
    for root in (ROOT, keccak(ROOT)):
        with boa.reverts("outputs: already proposed"):
            settlement.propose(root, 10)
    settlement.propose(ROOT, 10, proposer=other)
    settlement.propose(ROOT, 11)


def test_a_copy_in_front_of_a_proposal_does_not_keep_it_out(settlement: Settlement, other: str) -> None:
    """Front-running: a copied claim, even with another L1 block, stands beside the honest one."""
    settlement.propose(ROOT, 10, proposer=other)
    assertion_id = settlement.propose(ROOT, 10)
    settlement.confirm(assertion_id)
    assert status_of(settlement, assertion_id) == CONFIRMED


def test_a_block_that_is_not_after_the_parents_is_refused(settlement: Settlement) -> None:
    parent = settlement.propose(ROOT, 10)
    for number in (10, 9, 0):
        with boa.reverts("outputs: block is not after the parent's"):
            settlement.propose(ROOT, number, parent)


def test_a_proposal_read_from_a_reorganised_l1_is_refused(settlement: Settlement) -> None:
    boa.env.set_balance(settlement.proposer, BOND)
    boa.env.time_travel(blocks=5)
    number = boa.env.evm.patch.block_number
    refusals = {
        (number - 1, keccak(b"orphan")): "outputs: L1 reorganised",
        (number - 2, l1_hash(number - 1)): "outputs: L1 reorganised",
        (number, bytes(32)): "outputs: L1 block is not known",
        (number + 1, bytes(32)): "outputs: L1 block is not known",
        (0, bytes(32)): "outputs: L1 block is before the parent's",
    }
    for (l1_number, claimed), message in refusals.items():
        with boa.env.prank(settlement.proposer), boa.reverts(message):
            settlement.outputs.propose(0, 10, ROOT, l1_number, claimed, value=BOND)


def test_an_l1_block_too_old_to_be_checked_is_refused(settlement: Settlement) -> None:
    boa.env.set_balance(settlement.proposer, BOND)
    boa.env.time_travel(blocks=300)
    with boa.env.prank(settlement.proposer), boa.reverts():
        settlement.outputs.propose(0, 10, ROOT, boa.env.evm.patch.block_number - 257, bytes(32), value=BOND)


def test_an_unknown_or_closed_parent_is_refused(settlement: Settlement, challenger: str, other: str) -> None:
    with boa.reverts("outputs: parent is not open"):
        settlement.propose(ROOT, 10, parent=7)
    rejected = settlement.propose(ROOT, 10)
    reject(settlement, rejected, challenger)
    with boa.reverts("outputs: parent is not open"):
        settlement.propose(ROOT, 20, parent=rejected)
    settlement.confirm(settlement.propose(ROOT, 11))
    with boa.reverts("outputs: parent is not open"):
        settlement.propose(ROOT, 20, parent=0, proposer=other)


def test_only_the_game_speaks_for_the_game(settlement: Settlement, challenger: str) -> None:
    assertion_id = settlement.propose(ROOT, 10)
    for caller in (settlement.owner, settlement.proposer, challenger):
        with boa.env.prank(caller):
            with boa.reverts("outputs: not the game"):
                settlement.outputs.open_challenge(assertion_id)
            with boa.reverts("outputs: not the game"):
                settlement.outputs.close_challenge(assertion_id)
            with boa.reverts("outputs: not the game"):
                settlement.outputs.reject(assertion_id, challenger)


# --- one chain -------------------------------------------------------------------------------------------------------


def test_children_are_confirmed_after_their_parent(settlement: Settlement) -> None:
    parent = settlement.propose(ROOT, 10)
    child = settlement.propose(ROOT, 20, parent)
    boa.env.time_travel(seconds=WINDOW)
    with boa.reverts("outputs: parent is not the last confirmed"):
        settlement.outputs.confirm(child)
    settlement.outputs.confirm(parent)
    settlement.outputs.confirm(child)
    assert settlement.outputs.latest_confirmed() == child


def test_of_two_children_one_is_confirmed_and_the_other_gets_its_bond_back(settlement: Settlement, other: str) -> None:
    first = settlement.propose(ROOT, 10)
    second = settlement.propose(ROOT, 12, proposer=other)
    grandchild = settlement.propose(ROOT, 20, parent=second, proposer=other)
    settlement.confirm(first)
    with boa.reverts("outputs: parent is not the last confirmed"):
        settlement.outputs.confirm(second)
    with boa.reverts("outputs: not overtaken"):
        settlement.outputs.supersede(grandchild)
    settlement.outputs.supersede(second)
    settlement.outputs.supersede(grandchild)
    assert [status_of(settlement, one) for one in (second, grandchild)] == [SUPERSEDED] * 2
    assert settlement.outputs.credits(other) == 2 * BOND


def test_a_candidate_for_confirmation_is_not_superseded(settlement: Settlement) -> None:
    assertion_id = settlement.propose(ROOT, 10)
    boa.env.time_travel(seconds=WINDOW)
    with boa.reverts("outputs: not overtaken"):
        settlement.outputs.supersede(assertion_id)


def test_a_false_assertion_delays_nobody(settlement: Settlement, other: str) -> None:
    """Griefing: the honest proposer builds beside it, on the same parent, and is confirmed in time."""
    false = settlement.propose(keccak(b"a lie"), 10, proposer=other)
    challenge(settlement, false)
    honest = settlement.propose(ROOT, 10)
    settlement.confirm(honest)
    assert settlement.outputs.latest_confirmed() == honest
    assert status_of(settlement, false) == PENDING


def test_children_of_a_rejected_assertion_are_rejected_and_their_bonds_burn(
    settlement: Settlement, challenger: str, other: str
) -> None:
    parent = settlement.propose(ROOT, 10, proposer=other)
    child = settlement.propose(ROOT, 20, parent, proposer=other)
    grandchild = settlement.propose(ROOT, 30, child, proposer=other)
    with boa.reverts("outputs: parent is not rejected"):
        settlement.outputs.reject_child(child)
    reject(settlement, parent, challenger)
    settlement.outputs.reject_child(child)
    settlement.outputs.reject_child(grandchild)
    assert [status_of(settlement, one) for one in (parent, child, grandchild)] == [REJECTED] * 3
    assert settlement.outputs.burnt() == 2 * BOND + BOND // 2
    assert settlement.outputs.credits(other) == 0


# --- the game --------------------------------------------------------------------------------------------------------


def test_an_open_game_holds_confirmation_back_beyond_the_window(settlement: Settlement) -> None:
    assertion_id = settlement.propose(ROOT, 10)
    challenge(settlement, assertion_id)
    challenge(settlement, assertion_id)
    boa.env.time_travel(seconds=WINDOW)
    for _ in range(2):
        with boa.reverts("outputs: a game is open"):
            settlement.outputs.confirm(assertion_id)
        with boa.env.prank(settlement.game):
            settlement.outputs.close_challenge(assertion_id)
    settlement.outputs.confirm(assertion_id)


def test_a_lost_challenge_confirms_nothing(settlement: Settlement, challenger: str) -> None:
    assertion_id = settlement.propose(ROOT, 10)
    challenge(settlement, assertion_id)
    with boa.env.prank(settlement.game):
        settlement.outputs.close_challenge(assertion_id)
    assert status_of(settlement, assertion_id) == PENDING
    reject(settlement, assertion_id, challenger)
    assert status_of(settlement, assertion_id) == REJECTED


def test_a_game_opens_up_to_the_last_second_of_the_window(settlement: Settlement) -> None:
    assertion_id = settlement.propose(ROOT, 10)
    boa.env.time_travel(seconds=WINDOW - 1)
    challenge(settlement, assertion_id)
    boa.env.time_travel(seconds=1)
    with boa.reverts("outputs: window is closed"):
        challenge(settlement, assertion_id)


def test_one_winner_is_enough_among_many_games(settlement: Settlement, challenger: str) -> None:
    assertion_id = settlement.propose(ROOT, 10)
    for _ in range(3):
        challenge(settlement, assertion_id)
    with boa.env.prank(settlement.game):
        settlement.outputs.close_challenge(assertion_id)
        settlement.outputs.reject(assertion_id, challenger)
        with boa.reverts("outputs: not pending"):
            settlement.outputs.reject(assertion_id, challenger)
        settlement.outputs.close_challenge(assertion_id)
        with boa.reverts("outputs: no open game"):
            settlement.outputs.close_challenge(assertion_id)
    boa.env.time_travel(seconds=WINDOW)
    with boa.reverts("outputs: not pending"):
        settlement.outputs.confirm(assertion_id)
    assert settlement.outputs.credits(challenger) == BOND // 2


def test_no_rejection_without_a_game_and_a_winner(settlement: Settlement, challenger: str) -> None:
    assertion_id = settlement.propose(ROOT, 10)
    with boa.env.prank(settlement.game):
        with boa.reverts("outputs: no open game"):
            settlement.outputs.reject(assertion_id, challenger)
        settlement.outputs.open_challenge(assertion_id)
        with boa.reverts("outputs: no winner"):
            settlement.outputs.reject(assertion_id, NOBODY)


def test_what_is_confirmed_or_unknown_cannot_be_challenged(settlement: Settlement) -> None:
    settlement.confirm(settlement.propose(ROOT, 10))
    for assertion_id in (0, 1, 2):
        with boa.reverts("outputs: not pending"):
            challenge(settlement, assertion_id)


def test_challenging_oneself_costs_half_the_bond(settlement: Settlement) -> None:
    assertion_id = settlement.propose(ROOT, 10)
    reject(settlement, assertion_id, settlement.proposer)
    assert settlement.outputs.credits(settlement.proposer) == BOND // 2
    assert settlement.outputs.burnt() == BOND - BOND // 2


# --- deployment ------------------------------------------------------------------------------------------------------


def test_in_permissioned_mode_only_the_configs_proposer_proposes(other: str) -> None:
    with boa.env.anchor():
        settlement = deploy(permissioned=True)
        with boa.reverts("outputs: not the proposer"):
            settlement.propose(ROOT, 10, proposer=other)
        settlement.propose(ROOT, 10)


@pytest.mark.parametrize(
    ("position", "value", "message"),
    [
        (0, NOBODY, "outputs: no config"),
        (1, NOBODY, "outputs: no game"),
        (2, 0, "outputs: no bond"),
        (3, 0, "outputs: no window"),
        (5, bytes(32), "outputs: zero root"),
    ],
)
def test_outputs_without_a_part_are_not_deployed(
    settlement: Settlement, position: int, value: object, message: str
) -> None:
    arguments = [settlement.config, settlement.game, BOND, WINDOW, False, GENESIS_ROOT]
    arguments[position] = value
    with boa.reverts(message):
        deployer(SOURCES / "l1" / "outputs.vy").deploy(*arguments)


# --- random sequences ------------------------------------------------------------------------------------------------


class OutputsMachine(RuleBasedStateMachine):
    """Any order of calls: ether is conserved, statuses never go back, confirmed assertions form one chain."""

    def __init__(self) -> None:
        super().__init__()
        self._anchor = boa.env.anchor()
        self._anchor.__enter__()

    @initialize()
    def start(self) -> None:
        self.settlement = deploy()
        self.outputs = self.settlement.outputs
        self.people = [str(boa.env.generate_address(name)) for name in ("one", "two", "three")]
        self.statuses = [CONFIRMED]
        self.paid_in = 0
        self.paid_out = 0

    def teardown(self) -> None:
        self._anchor.__exit__(None, None, None)

    @rule(who=st.integers(0, 2), parent=st.integers(0, 6), step=st.integers(1, 3))
    def propose(self, who: int, parent: int, step: int) -> None:
        number = int(self.outputs.assertion(parent).l2_block_number) + step
        try:
            self.settlement.propose(ROOT, number, parent, self.people[who])
        except BoaError:
            return
        self.paid_in += BOND
        self.statuses.append(PENDING)

    @rule(seconds=st.sampled_from([1, WINDOW // 2, WINDOW]))
    def wait(self, seconds: int) -> None:
        boa.env.time_travel(seconds=seconds)

    @rule(method=st.sampled_from(["confirm", "supersede", "reject_child"]), assertion_id=st.integers(0, 7))
    def settle(self, method: str, assertion_id: int) -> None:
        try:
            getattr(self.outputs, method)(assertion_id)
        except BoaError:
            return

    @rule(
        method=st.sampled_from(["open_challenge", "close_challenge", "reject"]),
        assertion_id=st.integers(0, 7),
        who=st.integers(0, 2),
    )
    def play(self, method: str, assertion_id: int, who: int) -> None:
        arguments = (assertion_id, self.people[who]) if method == "reject" else (assertion_id,)
        try:
            with boa.env.prank(self.settlement.game):
                getattr(self.outputs, method)(*arguments)
        except BoaError:
            return

    @rule(who=st.integers(0, 2))
    def collect(self, who: int) -> None:
        try:
            with boa.env.prank(self.people[who]):
                self.paid_out += int(self.outputs.collect())
        except BoaError:
            return

    @invariant()
    def holds(self) -> None:
        statuses = [status_of(self.settlement, index) for index in range(len(self.statuses))]
        for before, now in zip(self.statuses, statuses, strict=True):
            assert before in (now, PENDING)
        self.statuses = statuses
        balance = boa.env.get_balance(str(self.outputs.address))
        credits = sum(int(self.outputs.credits(one)) for one in self.people)
        assert balance == self.paid_in - self.paid_out
        assert balance == BOND * statuses.count(PENDING) + credits + int(self.outputs.burnt())
        chain = {index for index, status in enumerate(statuses) if status == CONFIRMED}
        tip = int(self.outputs.latest_confirmed())
        seen = {tip}
        while tip:
            tip = int(self.outputs.assertion(tip).parent)
            seen.add(tip)
        assert seen == chain


OutputsMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestOutputsMachine = OutputsMachine.TestCase
