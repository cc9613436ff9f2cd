"""The game's rules and an honest side's play: it wins from every step, whatever the other side says."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.crypto import keccak
from protocol.types import ZERO_HASH, Hash32
from prover.game import (
    BLOCK_BITS,
    ITEM_BITS,
    ROUNDS,
    SEAMS,
    STEP_BITS,
    Game,
    InvalidMove,
    Rules,
    Status,
    Turn,
    abandon,
    first_wrong_part,
    open_game,
    pick,
    place_of,
    post,
    prove,
    states_between,
    time_out,
)

SMALL = [Rules(100, 10, 2, 4, (1, 2, 4)), Rules(100, 10, 3, 3, (1, 2, 3)), Rules(100, 10, 4, 2, (1, 1, 2))]
FULL = Rules(1000, 100)


def letter(index: int) -> Hash32:
    return keccak(index.to_bytes(16, "big"))


def alphabet(length: int, halts_at: int | None = None):
    """State n is letter n; from `halts_at` on nothing changes."""
    return lambda position: letter(min(position, length if halts_at is None else halts_at))


def executed(state_at, game: Game) -> Hash32:
    """What L1 computes: the state after the agreed one, which is the true one where the honest side is the challenger,
    and also where it is the defender, since the challenger can agree only with what he was shown."""
    assert game.agreed == state_at(game.position)
    return state_at(game.position + 1)


def play(rules: Rules, truth, end: Hash32, defend, challenge) -> Game:
    """A whole game without waiting. `defend` gives states, `challenge` a part."""
    game = open_game(rules, truth(0), end, 0)
    while game.turn != Turn.PROVE:
        states = defend(game)
        game = post(game, states, 0)
        game = pick(game, states, challenge(game, states), 0)
    return game


@pytest.mark.parametrize("rules", SMALL, ids=lambda rules: f"{rules.arity}^{rules.rounds}")
@pytest.mark.parametrize("early", [0, 3])
def test_an_honest_challenger_wins_wherever_the_defenders_trace_goes_wrong(rules, early):
    length = rules.length(0)
    truth = alphabet(length, length - early)
    for wrong_from in range(1, length + 1):
        lie = lambda position, wrong=wrong_from: truth(position) if position < wrong else letter(10**6 + position)  # noqa: E731
        game = play(
            rules,
            truth,
            lie(length),
            lambda game, lie=lie: states_between(game, lie),
            lambda game, states: first_wrong_part(game, states, truth),
        )
        assert game.position == wrong_from - 1
        assert prove(game, executed(truth, game)).status == Status.REFUTED


@pytest.mark.parametrize("rules", SMALL, ids=lambda rules: f"{rules.arity}^{rules.rounds}")
def test_an_honest_challenger_wins_against_a_trace_that_comes_and_goes(rules):
    """Every set of positions at which the defender lies, as long as the end is a lie; right again in between."""
    length = rules.length(0)
    truth = alphabet(length)
    for lies in product([False, True], repeat=min(length - 1, 10)):
        wrong = {position + 1 for position, lied in enumerate(lies) if lied} | {length}
        claim = lambda position, wrong=wrong: letter(10**6 + position) if position in wrong else truth(position)  # noqa: E731
        game = play(
            rules,
            truth,
            claim(length),
            lambda game, claim=claim: states_between(game, claim),
            lambda game, states: first_wrong_part(game, states, truth),
        )
        assert game.claimed != truth(game.position + 1)
        assert prove(game, executed(truth, game)).status == Status.REFUTED


@pytest.mark.parametrize("rules", SMALL, ids=lambda rules: f"{rules.arity}^{rules.rounds}")
def test_an_honest_defender_wins_against_every_choice_of_parts(rules):
    length = rules.length(0)
    truth = alphabet(length, length - 2)
    for choices in product(range(rules.arity), repeat=rules.rounds):
        parts = iter(choices)
        game = play(
            rules,
            truth,
            truth(length),
            lambda game: states_between(game, truth),
            lambda game, states, parts=parts: next(parts),
        )
        assert prove(game, executed(truth, game)).status == Status.DEFENDED


@settings(max_examples=100)
@given(data=st.data())
def test_an_honest_challenger_wins_on_the_whole_length_against_any_claims(data):
    """The states claimed need not belong to any trace: each is the truth or something else, as the adversary likes."""
    halts_at = data.draw(st.integers(1, 2**50))
    truth = alphabet(2**50, halts_at)

    def defend(game):
        wrong = data.draw(st.sets(st.integers(0, 30)))
        return [letter(2**60 + i) if i in wrong else state for i, state in enumerate(states_between(game, truth))]

    end = letter(2**61)
    game = play(FULL, truth, end, defend, lambda game, states: first_wrong_part(game, states, truth))
    assert game.length == 1
    assert prove(game, executed(truth, game)).status == Status.REFUTED


seams = st.sampled_from([0, 2**STEP_BITS, 2 ** (STEP_BITS + ITEM_BITS), 2**50 - 1, 2**49])


@settings(max_examples=60)
@given(base=seams, beside=st.integers(-2, 2))
def test_a_lie_at_a_seam_between_levels_is_found_there(base, beside):
    wrong_from = min(max(base + beside, 0) + 1, 2**50)
    truth = alphabet(2**50)
    lie = lambda position: truth(position) if position < wrong_from else letter(2**60 + position)  # noqa: E731
    game = play(
        FULL,
        truth,
        lie(2**50),
        lambda game: states_between(game, lie),
        lambda game, states: first_wrong_part(game, states, truth),
    )
    assert game.position == wrong_from - 1
    block, item, step = place_of(game.position)
    assert ((block << ITEM_BITS) + item << STEP_BITS) + step == game.position
    assert block < 2**BLOCK_BITS


def test_rounds_end_exactly_at_the_seams():
    assert (ROUNDS, SEAMS) == (10, (2, 5, 10))
    assert [FULL.length(seam) for seam in SEAMS] == [2 ** (ITEM_BITS + STEP_BITS), 2**STEP_BITS, 1]


# --- what the rules refuse -------------------------------------------------------------------------------------------


def states_of(rules: Rules) -> list[Hash32]:
    return [letter(index) for index in range(1, rules.arity)]


@pytest.mark.parametrize("arity", [2, 3, 32])
def test_a_step_is_proved_only_when_one_is_left(arity):
    """Not at two, not at three, not at thirty-two."""
    rules = Rules(100, 10, arity, 1, (1,))
    game = open_game(rules, letter(0), letter(9), 0)
    assert game.length == arity
    with pytest.raises(InvalidMove):
        prove(game, letter(9))
    game = post(game, states_of(rules), 0)
    with pytest.raises(InvalidMove):
        prove(game, letter(9))
    game = pick(game, states_of(rules), 0, 0)
    assert game.length == 1
    assert prove(game, letter(1)).status == Status.DEFENDED


def test_an_equal_state_ends_the_game_for_the_defender_and_flips_nothing():
    game = replace(open_game(FULL, letter(0), letter(1), 0), round=ROUNDS)
    assert prove(game, game.claimed).status == Status.DEFENDED
    assert prove(game, game.agreed).status == Status.REFUTED


def test_nothing_moves_after_the_end():
    rules = SMALL[0]
    states = states_of(rules)
    started = open_game(rules, letter(0), letter(9), 0)
    for status in (Status.DEFENDED, Status.REFUTED, Status.MOOT):
        for game in (started, post(started, states, 1), replace(started, round=rules.rounds)):
            over = replace(game, status=status)
            for move in (
                lambda over=over: post(over, states, 2),
                lambda over=over: pick(over, states, 0, 2),
                lambda over=over: prove(over, letter(9)),
                lambda over=over: time_out(over, 10**6),
                lambda over=over: abandon(over),
            ):
                with pytest.raises(InvalidMove):
                    move()


def test_a_move_counts_until_the_last_second_and_from_then_on_a_time_out_does():
    rules = SMALL[0]
    game = open_game(rules, letter(0), letter(9), 50)
    assert game.deadline == 150
    with pytest.raises(InvalidMove):
        time_out(game, 149)
    moved = post(game, states_of(rules), 149)
    assert (moved.defender_left, moved.deadline) == (1, 249)
    with pytest.raises(InvalidMove):
        post(game, states_of(rules), 150)
    assert time_out(game, 150).status == Status.REFUTED
    with pytest.raises(InvalidMove):
        pick(moved, states_of(rules), 0, 249)
    assert time_out(moved, 249).status == Status.DEFENDED


def test_only_the_clock_of_whose_turn_it_is_runs_and_a_new_kind_of_thing_extends_both():
    rules = Rules(100, 40, 2, 3, (2, 3, 3))
    game = post(open_game(rules, letter(0), letter(9), 0), states_of(rules), 90)
    assert (game.defender_left, game.challenger_left) == (10, 100)
    game = pick(game, states_of(rules), 1, 185)
    assert (game.defender_left, game.challenger_left) == (10, 5)
    game = post(game, states_of(rules), 186)
    game = pick(game, states_of(rules), 1, 187)
    assert (game.round, game.defender_left, game.challenger_left) == (2, 40, 40)


@pytest.mark.parametrize("part", [-1, 2, 100])
def test_a_part_that_is_not_there_is_refused(part):
    rules = SMALL[0]
    game = post(open_game(rules, letter(0), letter(9), 0), states_of(rules), 0)
    with pytest.raises(InvalidMove):
        pick(game, states_of(rules), part, 0)


def test_states_other_than_those_posted_are_refused():
    rules = SMALL[1]
    game = open_game(rules, letter(0), letter(9), 0)
    with pytest.raises(InvalidMove):
        post(game, states_of(rules)[:-1], 0)
    game = post(game, states_of(rules), 0)
    with pytest.raises(InvalidMove):
        pick(game, states_of(rules)[::-1], 0, 0)


def test_a_defender_who_moves_at_the_last_second_takes_no_longer_than_is_said() -> None:
    game = open_game(FULL, ZERO_HASH, ZERO_HASH, 0)
    states = [ZERO_HASH] * (FULL.arity - 1)
    while game.turn != Turn.PROVE:
        now = game.deadline - 1
        game = pick(post(game, states, now), states, 0, now)
    late = time_out(game, game.deadline)
    assert late.status == Status.REFUTED
    assert FULL.longest_side - len(FULL.seams) <= game.deadline <= FULL.longest_side
