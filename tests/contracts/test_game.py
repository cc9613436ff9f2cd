"""The dispute game on L1: the model of `prover.game` move by move, its bonds, and the side that faces the outputs.

The verifier here only counts: these are tests of the game's own rules.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import boa
import pytest
from boa import BoaError
from boa.contracts.vyper.vyper_contract import VyperContract
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from node.artifacts import SOURCES
from protocol.crypto import keccak
from protocol.types import Hash32
from prover import game as model
from prover.calldata import SIGNATURE
from prover.commitments import layout as table
from prover.game import Game, InvalidMove, Rules, Status, Turn
from prover.machine.vm import BLOCK_DONE, DONE, EXECUTE, NEXT_BLOCK, NEXT_ITEM, OUTPUT, START
from tests.contracts.conftest import BOND, STATE_ROOT, WINDOW, Settlement, deploy, deployer

GAME_ADDRESS = "0x" + "9a" * 20
GAME_BOND = 10**17
CLOCK, EXTENSION = 300, 60
RULES_DIGEST = keccak(b"rules")
MOCKS = Path(__file__).resolve().parent / "mocks"


def vm_state(phase: int, cursor: bytes | int) -> Hash32:
    word = cursor if isinstance(cursor, bytes) else cursor.to_bytes(32, "big")
    return table.digest(table.VM, (phase, word, bytes(32), bytes(32)))


def counted(number: int) -> Hash32:
    """State `number` of the trace that the counting verifier knows."""
    return vm_state(EXECUTE, number)


def preimage(phase: int, cursor: int | bytes) -> tuple[int, bytes, bytes, bytes]:
    return (phase, cursor if isinstance(cursor, bytes) else cursor.to_bytes(32, "big"), bytes(32), bytes(32))


def arguments(number: int, phase: int = EXECUTE) -> bytes:
    return number.to_bytes(32, "big") + phase.to_bytes(32, "big")


@dataclass
class Arena:
    """Settlement with a game in front of it, and one account for each role."""

    settlement: Settlement
    game: VyperContract
    challengers: list[str] = field(default_factory=list)

    @property
    def outputs(self) -> VyperContract:
        return self.settlement.outputs

    @property
    def defender(self) -> str:
        return self.settlement.proposer

    def open(self, assertion_id: int, challenger: int = 0) -> int:
        account = self.challengers[challenger]
        boa.env.set_balance(account, boa.env.get_balance(account) + GAME_BOND)
        with boa.env.prank(account):
            return int(self.game.open(assertion_id, value=GAME_BOND))

    def post(self, game_id: int, states: Sequence[bytes], by: str | None = None) -> None:
        with boa.env.prank(by or self.defender):
            self.game.post(game_id, list(states))

    def pick(self, game_id: int, states: Sequence[bytes], part: int, by: str | None = None) -> None:
        with boa.env.prank(by or self.game.game(game_id).challenger):
            self.game.pick(game_id, list(states), part)

    def narrow(self, game_id: int, parts: list[int], state_at=None) -> None:
        """Play rounds in which the defender posts `state_at` and the challenger picks these parts."""
        for part in parts:
            length = 32 ** (10 - self.game.game(game_id).round)
            position = self.game.game(game_id).position
            states = [(state_at or counted)(position + length // 32 * index) for index in range(1, 32)]
            self.post(game_id, states)
            self.pick(game_id, states, part)

    def status(self, game_id: int) -> Status:
        return Status(self.game.game(game_id).status)


def make_arena() -> Arena:
    settlement = deploy(game=GAME_ADDRESS)
    verifier = deployer(MOCKS / "counting_verifier.vy").deploy()
    game = deployer(SOURCES / "l1" / "game.vy").deploy(
        settlement.outputs,
        verifier,
        RULES_DIGEST,
        GAME_BOND,
        CLOCK,
        EXTENSION,
        override_address=GAME_ADDRESS,
    )
    return Arena(settlement, game, [str(boa.env.generate_address(f"challenger {index}")) for index in range(3)])


@pytest.fixture
def arena() -> Iterator[Arena]:
    with boa.env.anchor():
        yield make_arena()


def test_the_game_calls_the_verifier_by_its_signature():
    source = (SOURCES / "l1" / "game.vy").read_text()
    assert f'"{SIGNATURE}"' in source


def test_a_game_is_bound_to_both_ends_of_its_assertion(arena: Arena):
    parent = arena.settlement.propose(keccak(b"parent"), 5)
    child = arena.settlement.propose(STATE_ROOT, 9, parent)
    outputs = arena.outputs
    start = table.digest(
        table.START,
        (
            RULES_DIGEST,
            keccak(b"parent"),
            outputs.assertion(parent).l1_block_hash,
            outputs.assertion(child).l1_block_hash,
        ),
    )
    end = table.digest(table.OUTPUT, (9, STATE_ROOT))
    assert arena.game.endpoints(child) == (vm_state(START, start), vm_state(OUTPUT, end))
    game = arena.game.game(arena.open(child))
    assert (game.agreed, game.claimed) == arena.game.endpoints(child)
    assert (game.assertion_id, game.defender, game.challenger) == (child, arena.defender, arena.challengers[0])
    assert (game.position, game.round, game.posted) == (0, 0, bytes(32))


# --- the model, move by move -----------------------------------------------------------------------------------------

MODEL_RULES = Rules(CLOCK, EXTENSION)
lies = st.sets(st.integers(0, 30), max_size=4)


class GameLikeTheModel(RuleBasedStateMachine):
    """Any moves of any side at any time: the contract takes what the model takes, refuses what it refuses, and money is
    neither made nor lost."""

    @initialize()
    def begin(self) -> None:
        self.anchor = boa.env.anchor()
        self.anchor.__enter__()
        self.arena = make_arena()
        self.games: dict[int, Game] = {}
        self.of_assertion: dict[int, int] = {}
        self.posted: dict[int, list[Hash32]] = {}
        self.assertions = [self.arena.settlement.propose(keccak(bytes((index,))), 10 + index) for index in range(2)]
        self.proposed_at = self.now
        self.status = dict.fromkeys(self.assertions, 1)
        self.opened: set[tuple[int, int]] = set()

    def teardown(self) -> None:
        if hasattr(self, "anchor"):
            self.anchor.__exit__(None, None, None)

    @property
    def now(self) -> int:
        return int(boa.env.evm.patch.timestamp)

    def expect(self, allowed: bool, move) -> bool:
        """Make the move; it must go through exactly if it is allowed."""
        try:
            move()
        except BoaError:
            assert not allowed
            return False
        assert allowed
        return True

    def next(self, move) -> Game | None:
        try:
            return move()
        except InvalidMove:
            return None

    @rule(assertion=st.integers(0, 1), challenger=st.integers(0, 2))
    def open(self, assertion: int, challenger: int) -> None:
        assertion_id = self.assertions[assertion]
        allowed = (
            self.status[assertion_id] == 1
            and self.now < self.proposed_at + WINDOW
            and (assertion_id, challenger) not in self.opened
        )
        if self.expect(allowed, lambda: self.arena.open(assertion_id, challenger)):
            self.opened.add((assertion_id, challenger))
            start, end = self.arena.game.endpoints(assertion_id)
            game_id = len(self.games)
            self.games[game_id] = model.open_game(MODEL_RULES, start, end, self.now)
            self.of_assertion[game_id] = assertion_id

    @precondition(lambda self: self.games)
    @rule(data=st.data(), wrong=lies, stranger=st.sampled_from([False] * 9 + [True]))
    def post(self, data, wrong: set[int], stranger: bool) -> None:
        game_id = data.draw(st.sampled_from(sorted(self.games)))
        game = self.games[game_id]
        stride = game.length // 32
        states = [counted(game.position + stride * i + (10**20 if i in wrong else 0)) for i in range(1, 32)]
        after = self.next(lambda: model.post(game, states, self.now))
        by = self.arena.challengers[0] if stranger else None
        if self.expect(after is not None and not stranger, lambda: self.arena.post(game_id, states, by)):
            assert after is not None
            self.games[game_id] = after
            self.posted[game_id] = states

    @precondition(lambda self: self.posted)
    @rule(data=st.data(), part=st.integers(0, 32), other=st.sampled_from([False] * 9 + [True]))
    def pick(self, data, part: int, other: bool) -> None:
        game_id = data.draw(st.sampled_from(sorted(self.posted)))
        states = self.posted[game_id][::-1] if other else self.posted[game_id]
        after = self.next(lambda: model.pick(self.games[game_id], states, part, self.now))
        if self.expect(after is not None, lambda: self.arena.pick(game_id, states, part)):
            assert after is not None
            self.games[game_id] = after

    @precondition(lambda self: self.games)
    @rule(data=st.data(), parts=st.lists(st.integers(0, 31), min_size=1, max_size=10))
    def narrow(self, data, parts: list[int]) -> None:
        """Several rounds of a defender who counts rightly: otherwise games seldom get to their last step."""
        game_id = data.draw(st.sampled_from(sorted(self.games)))
        for part in parts:
            game = self.games[game_id]
            if game.turn != Turn.POST or game.status != Status.OPEN or self.now >= game.deadline:
                return
            states = model.states_between(game, counted)
            self.games[game_id] = model.pick(model.post(game, states, self.now), states, part, self.now)
            self.arena.post(game_id, states)
            self.arena.pick(game_id, states, part)

    @precondition(lambda self: self.games)
    @rule(data=st.data())
    def prove(self, data) -> None:
        game_id = data.draw(st.sampled_from(sorted(self.games)))
        game = self.games[game_id]
        number = next((n for n in (game.position, game.position + 10**20) if counted(n) == game.agreed), None)
        after = None if number is None else self.next(lambda: model.prove(game, counted(number + 1)))
        number = number or 0
        move = lambda: self.arena.game.prove(game_id, preimage(EXECUTE, number), arguments(number))  # noqa: E731
        if self.expect(after is not None, move):
            assert after is not None
            self.settle(game_id, after)

    @precondition(lambda self: self.games)
    @rule(data=st.data())
    def time_out(self, data) -> None:
        game_id = data.draw(st.sampled_from(sorted(self.games)))
        after = self.next(lambda: model.time_out(self.games[game_id], self.now))
        if self.expect(after is not None, lambda: self.arena.game.time_out(game_id)):
            assert after is not None
            self.settle(game_id, after)

    @precondition(lambda self: self.games)
    @rule(data=st.data())
    def abandon(self, data) -> None:
        game_id = data.draw(st.sampled_from(sorted(self.games)))
        after = self.next(lambda: model.abandon(self.games[game_id]))
        moot = self.status[self.of_assertion[game_id]] != 1
        if self.expect(after is not None and moot, lambda: self.arena.game.abandon(game_id)):
            assert after is not None
            self.settle(game_id, after)

    def settle(self, game_id: int, after: Game) -> None:
        self.games[game_id] = after
        assertion_id = self.of_assertion[game_id]
        if after.status == Status.REFUTED and self.status[assertion_id] == 1:
            self.status[assertion_id] = 3

    @rule(seconds=st.sampled_from([1, 10, EXTENSION, CLOCK - 1, CLOCK, WINDOW]))
    def wait(self, seconds: int) -> None:
        boa.env.time_travel(seconds=seconds)

    @rule(assertion=st.integers(0, 1))
    def confirm(self, assertion: int) -> None:
        assertion_id = self.assertions[assertion]
        allowed = (
            self.status[assertion_id] == 1
            and 2 not in self.status.values()
            and self.now >= self.proposed_at + WINDOW
            and not any(self.is_open(game_id, assertion_id) for game_id in self.games)
        )
        if self.expect(allowed, lambda: self.arena.outputs.confirm(assertion_id)):
            self.status[assertion_id] = 2

    def is_open(self, game_id: int, assertion_id: int) -> bool:
        return self.of_assertion[game_id] == assertion_id and self.games[game_id].status == Status.OPEN

    @rule(who=st.integers(0, 3))
    def collect(self, who: int) -> None:
        account = [*self.arena.challengers, self.arena.defender][who]
        for contract in (self.arena.game, self.arena.outputs):
            owed, before = contract.credits(account), boa.env.get_balance(account)
            with boa.env.prank(account):
                self.expect(owed > 0, contract.collect)
            assert boa.env.get_balance(account) == before + owed

    @invariant()
    def the_contract_is_where_the_model_is(self) -> None:
        if not hasattr(self, "games"):
            return
        for game_id, game in self.games.items():
            found = self.arena.game.game(game_id)
            assert (found.agreed, found.claimed, found.posted) == (game.agreed, game.claimed, game.posted)
            assert (found.position, found.round, found.status) == (game.position, game.round, game.status)
            if game.status == Status.OPEN:
                times = (found.moved_at, found.defender_left, found.challenger_left)
                assert times == (game.moved_at, game.defender_left, game.challenger_left)

    @invariant()
    def an_assertion_stands_as_its_games_say(self) -> None:
        if not hasattr(self, "games"):
            return
        for assertion_id in self.assertions:
            found = self.arena.outputs.assertion(assertion_id)
            assert found.status == self.status[assertion_id]
            assert found.open_games == sum(self.is_open(game_id, assertion_id) for game_id in self.games)

    @invariant()
    def ether_is_conserved(self) -> None:
        if not hasattr(self, "games"):
            return
        game, outputs = self.arena.game, self.arena.outputs
        accounts = [*self.arena.challengers, self.arena.defender]
        owed = sum(game.credits(account) for account in accounts)
        running = sum(each.status == Status.OPEN for each in self.games.values())
        assert boa.env.get_balance(str(game.address)) == owed + game.burnt() + GAME_BOND * running
        pending = sum(status == 1 for status in self.status.values())
        owed = sum(outputs.credits(account) for account in accounts)
        assert boa.env.get_balance(str(outputs.address)) == owed + outputs.burnt() + BOND * pending


GameLikeTheModel.TestCase.settings = settings(max_examples=12, stateful_step_count=25, deadline=None)
TestGameLikeTheModel = GameLikeTheModel.TestCase


# --- how games end, and what that does to bonds and assertions -------------------------------------------------------


@pytest.fixture
def assertion(arena: Arena) -> int:
    return arena.settlement.propose(STATE_ROOT, 9)


def prove(arena: Arena, game_id: int, number: int, phase: int = EXECUTE, resumed: int | None = None) -> None:
    arguments_ = arguments(number, phase if resumed is None else resumed)
    arena.game.prove(game_id, preimage(phase, number), arguments_)


def at_last_step(arena: Arena, assertion: int, agreed: bytes, claimed: bytes, parts: list[int], challenger: int = 0):
    """A game at its last step with any two states, `parts` being where it lies; both sides play along."""
    game_id = arena.open(assertion, challenger)
    for part in parts:
        states = [agreed] * part + [claimed] * (31 - part)
        arena.post(game_id, states)
        arena.pick(game_id, states, part)
    return game_id


FIRST = [1] + [0] * 9
"""Somewhere at the first step of an item."""
INSIDE = [1] + [0] * 8 + [5]
"""Somewhere inside an item."""
SECOND_ITEM = [1, 0, 0, 0, 3] + [0] * 5


def test_a_defender_whose_step_is_right_wins_half_the_challengers_bond_and_the_rest_burns(arena: Arena, assertion: int):
    game_id = at_last_step(arena, assertion, counted(7), counted(8), INSIDE)
    prove(arena, game_id, 7)
    assert arena.status(game_id) == Status.DEFENDED
    assert (arena.game.credits(arena.defender), arena.game.burnt()) == (GAME_BOND // 2, GAME_BOND // 2)
    assert arena.game.credits(arena.challengers[0]) == 0
    assert arena.outputs.assertion(assertion).open_games == 0
    assert arena.outputs.claim(assertion)[1] == 1, "a lost challenge confirms nothing"
    arena.settlement.confirm(assertion)


def test_a_challenger_who_finds_the_wrong_step_gets_his_bond_and_half_the_proposers(arena: Arena, assertion: int):
    game_id = at_last_step(arena, assertion, counted(7), counted(9), INSIDE)
    prove(arena, game_id, 7)
    assert arena.status(game_id) == Status.REFUTED
    assert arena.outputs.claim(assertion)[1] == 3
    challenger = arena.challengers[0]
    assert (arena.game.credits(challenger), arena.outputs.credits(challenger)) == (GAME_BOND, BOND // 2)
    assert arena.outputs.burnt() == BOND - BOND // 2
    with boa.env.prank(challenger):
        arena.game.collect()
        arena.outputs.collect()
    assert boa.env.get_balance(challenger) == GAME_BOND + BOND // 2
    boa.env.time_travel(seconds=WINDOW)
    with boa.reverts("outputs: not pending"):
        arena.outputs.confirm(assertion)


@pytest.mark.parametrize("prover", ["defender", "challenger", "stranger"])
@pytest.mark.parametrize(("claimed", "status"), [(8, Status.DEFENDED), (9, Status.REFUTED), (7, Status.REFUTED)])
def test_what_l1_computes_decides_whoever_brings_the_witness(arena: Arena, assertion: int, prover, claimed, status):
    game_id = at_last_step(arena, assertion, counted(7), counted(claimed), INSIDE)
    account = {
        "defender": arena.defender,
        "challenger": arena.challengers[0],
        "stranger": str(boa.env.generate_address()),
    }
    with boa.env.prank(account[prover]):
        prove(arena, game_id, 7)
    assert arena.status(game_id) == status


def test_a_witness_of_another_state_proves_nothing(arena: Arena, assertion: int):
    game_id = at_last_step(arena, assertion, counted(7), counted(8), INSIDE)
    with boa.reverts("game: not the agreed state"):
        prove(arena, game_id, 8)
    with boa.reverts():
        arena.game.prove(game_id, preimage(EXECUTE, 7), arguments(8))
    with boa.reverts():
        arena.game.prove(game_id, preimage(EXECUTE, 7), b"")
    assert arena.status(game_id) == Status.OPEN


@pytest.mark.parametrize("rounds", range(10))
def test_a_step_cannot_be_proved_while_the_stretch_is_longer(arena: Arena, assertion: int, rounds: int):
    game_id = arena.open(assertion)
    arena.narrow(game_id, [0] * rounds)
    found = arena.game.game(game_id)
    assert 32 ** (10 - found.round) > 1
    with boa.reverts("game: longer than one step"):
        prove(arena, game_id, 0)


# --- where items and blocks begin and end ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("phase", "parts", "computed"),
    [
        # At the first step of an item, what is done goes on ...
        (DONE, SECOND_ITEM, (NEXT_ITEM, True)),
        (DONE, FIRST, (NEXT_ITEM, True)),
        (BLOCK_DONE, FIRST, (NEXT_BLOCK, True)),
        # ... but a block that is over stays over until the next block's first item, and the end is the end.
        (BLOCK_DONE, SECOND_ITEM, (BLOCK_DONE, False)),
        (OUTPUT, FIRST, (OUTPUT, False)),
        # Inside an item nothing goes on.
        (DONE, INSIDE, (DONE, False)),
        (BLOCK_DONE, INSIDE, (BLOCK_DONE, False)),
        (OUTPUT, INSIDE, (OUTPUT, False)),
    ],
)
def test_what_is_over_stays_as_it_is_or_goes_on(arena: Arena, assertion: int, phase, parts, computed):
    goes_on = computed[1]
    agreed = vm_state(phase, 7)
    right = counted(8) if goes_on else agreed
    wrong = agreed if goes_on else counted(8)
    for challenger, (claimed, status) in enumerate([(right, Status.DEFENDED), (wrong, Status.REFUTED)]):
        game_id = at_last_step(arena, assertion, agreed, claimed, parts, challenger)
        prove(arena, game_id, 7, phase, computed[0])
        assert arena.status(game_id) == status


# --- clocks ----------------------------------------------------------------------------------------------------------


def states_now(arena: Arena, game_id: int) -> list[Hash32]:
    return [counted(index) for index in range(1, 32)]


def test_a_defender_may_move_in_his_last_second_and_not_in_the_next(arena: Arena, assertion: int):
    first, second = arena.open(assertion), arena.open(assertion, 1)
    boa.env.time_travel(seconds=CLOCK - 1)
    with boa.reverts("game: the clock is running"):
        arena.game.time_out(first)
    arena.post(first, states_now(arena, first))
    boa.env.time_travel(seconds=1)
    with boa.reverts("game: too late"):
        arena.post(second, states_now(arena, second))
    arena.game.time_out(second)
    assert (arena.status(first), arena.status(second)) == (Status.OPEN, Status.REFUTED)


def test_a_challenger_who_lets_his_clock_run_out_loses_his_bond(arena: Arena, assertion: int):
    game_id = arena.open(assertion)
    arena.post(game_id, states_now(arena, game_id))
    boa.env.time_travel(seconds=CLOCK - 1)
    with boa.reverts("game: the clock is running"):
        arena.game.time_out(game_id)
    boa.env.time_travel(seconds=1)
    with boa.reverts("game: too late"):
        arena.pick(game_id, states_now(arena, game_id), 0)
    arena.game.time_out(game_id)
    assert arena.status(game_id) == Status.DEFENDED
    with boa.reverts("game: over"):
        arena.game.time_out(game_id)


def test_proof_does_not_race_with_the_clock(arena: Arena, assertion: int):
    """What L1 computes is true whenever it is computed, as long as nobody has called time."""
    game_id = at_last_step(arena, assertion, counted(7), counted(8), INSIDE)
    boa.env.time_travel(seconds=10 * CLOCK)
    prove(arena, game_id, 7)
    assert arena.status(game_id) == Status.DEFENDED


def test_nobody_moves_in_a_game_that_is_over(arena: Arena, assertion: int):
    game_id = at_last_step(arena, assertion, counted(7), counted(8), INSIDE)
    prove(arena, game_id, 7)
    states = states_now(arena, game_id)
    boa.env.time_travel(seconds=10 * CLOCK)
    for move in (
        lambda: arena.post(game_id, states),
        lambda: arena.pick(game_id, states, 0),
        lambda: prove(arena, game_id, 7),
        lambda: arena.game.time_out(game_id),
        lambda: arena.game.abandon(game_id),
    ):
        with boa.reverts("game: over"):
            move()


# --- many games ------------------------------------------------------------------------------------------------------


def test_the_assertion_falls_if_any_challenger_wins_and_the_games_left_over_are_moot(arena: Arena, assertion: int):
    wrong = at_last_step(arena, assertion, counted(7), counted(8), INSIDE, 0)
    right = at_last_step(arena, assertion, counted(7), counted(9), INSIDE, 1)
    left = arena.open(assertion, 2)
    prove(arena, wrong, 7)
    with boa.reverts("game: still to be decided"):
        arena.game.abandon(left)
    boa.env.time_travel(seconds=WINDOW)
    with boa.reverts("outputs: a game is open"):
        arena.outputs.confirm(assertion)
    prove(arena, right, 7)
    assert arena.outputs.claim(assertion)[1] == 3
    arena.game.abandon(left)
    assert [arena.status(game_id) for game_id in (wrong, right, left)] == [
        Status.DEFENDED,
        Status.REFUTED,
        Status.MOOT,
    ]
    assert arena.game.credits(arena.challengers[2]) == GAME_BOND
    assert arena.outputs.assertion(assertion).open_games == 0


def test_a_second_winner_gets_his_bond_and_no_second_half_of_the_proposers(arena: Arena, assertion: int):
    games = [at_last_step(arena, assertion, counted(7), counted(9), INSIDE, index) for index in range(2)]
    for game_id in games:
        prove(arena, game_id, 7)
    assert [arena.outputs.credits(account) for account in arena.challengers[:2]] == [BOND // 2, 0]
    assert [arena.game.credits(account) for account in arena.challengers[:2]] == [GAME_BOND, GAME_BOND]


def test_many_challengers_at_once_all_come_to_an_end(arena: Arena, assertion: int):
    """Sybils cannot keep a true assertion from being confirmed: each costs a bond and lasts as long as the clocks."""
    sybils = [str(boa.env.generate_address(f"sybil {index}")) for index in range(40)]
    arena.challengers = sybils
    games = [arena.open(assertion, index) for index in range(len(sybils))]
    for game_id in games:
        arena.post(game_id, states_now(arena, game_id))
    boa.env.time_travel(seconds=CLOCK)
    for game_id in games:
        arena.game.time_out(game_id)
    assert arena.game.credits(arena.defender) == 40 * (GAME_BOND // 2)
    arena.settlement.confirm(assertion)


def test_an_account_plays_once_against_an_assertion(arena: Arena, assertion: int):
    game_id = at_last_step(arena, assertion, counted(7), counted(8), INSIDE)
    with boa.reverts("game: already played"):
        arena.open(assertion)
    prove(arena, game_id, 7)
    with boa.reverts("game: already played"):
        arena.open(assertion)
    arena.open(arena.settlement.propose(STATE_ROOT, 10))


def test_playing_against_oneself_costs_half_of_a_bond(arena: Arena):
    """Whichever side of his own game somebody lets win, half of the loser's bond is gone."""
    account = arena.defender
    arena.challengers = [account]
    before = boa.env.get_balance(account)
    for loses in ("challenger", "proposer"):
        with boa.env.anchor():
            assertion = arena.settlement.propose(STATE_ROOT, 9)
            arena.open(assertion)
            paid = BOND + GAME_BOND
            if loses == "challenger":
                arena.post(0, states_now(arena, 0))
            boa.env.time_travel(seconds=CLOCK)
            arena.game.time_out(0)
            if loses == "challenger":
                arena.settlement.confirm(assertion)
            for contract in (arena.game, arena.outputs):
                with boa.env.prank(account):
                    contract.collect()
            lost = GAME_BOND // 2 if loses == "challenger" else BOND // 2
            assert boa.env.get_balance(account) == before + paid - lost


# --- adversaries who say nothing, or nonsense ------------------------------------------------------------------------


def test_an_idle_defender_loses_by_his_clock(arena: Arena, assertion: int):
    game_id = arena.open(assertion)
    boa.env.time_travel(seconds=CLOCK)
    arena.game.time_out(game_id)
    assert arena.outputs.claim(assertion)[1] == 3


def test_a_defender_who_posts_zeros_loses_at_the_first_step(arena: Arena, assertion: int):
    game_id = arena.open(assertion)
    for _ in range(10):
        arena.post(game_id, [bytes(32)] * 31)
        arena.pick(game_id, [bytes(32)] * 31, 0)
    found = arena.game.game(game_id)
    assert (found.position, found.claimed, found.agreed) == (0, bytes(32), arena.game.endpoints(assertion)[0])


@pytest.mark.parametrize("value", [0, GAME_BOND - 1, GAME_BOND + 1])
def test_another_bond_is_refused(arena: Arena, assertion: int, value: int):
    account = arena.challengers[0]
    boa.env.set_balance(account, 2 * GAME_BOND)
    with boa.env.prank(account), boa.reverts("game: wrong bond"):
        arena.game.open(assertion, value=value)


def test_an_assertion_that_is_not_there_or_not_pending_cannot_be_disputed(arena: Arena, assertion: int):
    for assertion_id in (0, assertion + 1):
        with boa.reverts("outputs: not pending"):
            arena.open(assertion_id)
    arena.settlement.confirm(assertion)
    with boa.reverts("outputs: not pending"):
        arena.open(assertion)


def test_only_the_sides_move(arena: Arena, assertion: int):
    game_id = arena.open(assertion)
    states = states_now(arena, game_id)
    with boa.reverts("game: not the defender"):
        arena.post(game_id, states, by=arena.challengers[0])
    with boa.reverts("game: not your turn"):
        arena.pick(game_id, states, 0)
    arena.post(game_id, states)
    with boa.reverts("game: not your turn"):
        arena.post(game_id, states)
    with boa.reverts("game: not the challenger"):
        arena.pick(game_id, states, 0, by=arena.defender)
