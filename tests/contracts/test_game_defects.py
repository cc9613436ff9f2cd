"""Defects put into the game, those of its closest relative first: what `test_game` looks at notices each."""

import shutil
from collections.abc import Callable
from pathlib import Path

import boa
import pytest
from boa import BoaError

from node.artifacts import SOURCES
from prover.game import Status
from prover.machine.vm import EXECUTE
from tests.contracts.conftest import STATE_ROOT, deploy, deployer
from tests.contracts.test_game import (
    CLOCK,
    EXTENSION,
    GAME_ADDRESS,
    GAME_BOND,
    INSIDE,
    MOCKS,
    RULES_DIGEST,
    Arena,
    arguments,
    at_last_step,
    counted,
    preimage,
)

TOO_LONG = "a step of a longer stretch is judged"
GOES_ON = "a game goes on after its step was judged"
ANOTHER = "a witness of another state is taken"

DEFECTS = {
    "one step is enough for a stretch of thirty-two": (
        '    assert g.round == ROUNDS, "game: longer than one step"\n    assert layout',
        '    assert g.round + 1 >= ROUNDS, "game: longer than one step"\n    assert layout',
        TOO_LONG,
    ),
    "an equal state passes the turn instead of ending the game": (
        "    if computed == g.claimed:\n        self._defended(game_id, g)\n",
        "    if computed == g.claimed:\n        pass\n",
        GOES_ON,
    ),
    "the agreed state is whatever the prover says": (
        'assert layout._vm_digest(state) == g.agreed, "game: not the agreed state"',
        "pass",
        ANOTHER,
    ),
}


OURS = "the agreed state is whatever the prover says"
"""Compiling takes seconds: this one, which nobody has had, is for the slow run."""


def arena_of(source: Path) -> Arena:
    settlement = deploy(game=GAME_ADDRESS)
    verifier = deployer(MOCKS / "counting_verifier.vy").deploy()
    game = deployer(source).deploy(
        settlement.outputs, verifier, RULES_DIGEST, GAME_BOND, CLOCK, EXTENSION, override_address=GAME_ADDRESS
    )
    return Arena(settlement, game, [str(boa.env.generate_address(f"challenger {index}")) for index in range(3)])


def is_taken(prove: Callable[[], None]) -> bool:
    try:
        prove()
    except BoaError:
        return False
    return True


def notices(arena: Arena) -> str:
    """The first thing that goes wrong; empty if nothing does."""
    assertion = arena.settlement.propose(STATE_ROOT, 9)
    early = at_last_step(arena, assertion, counted(7), counted(8), INSIDE[:9])
    if is_taken(lambda: arena.game.prove(early, preimage(EXECUTE, 7), arguments(7))):
        return TOO_LONG
    last = at_last_step(arena, assertion, counted(7), counted(8), INSIDE, challenger=1)
    if is_taken(lambda: arena.game.prove(last, preimage(EXECUTE, 6), arguments(6))):
        return ANOTHER
    arena.game.prove(last, preimage(EXECUTE, 7), arguments(7))
    return "" if arena.status(last) == Status.DEFENDED else GOES_ON


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if name == OURS else []) for name in DEFECTS]
)
def test_a_game_with_the_defect_is_noticed(tmp_path, name):
    right, wrong, words = DEFECTS[name]
    shutil.copytree(SOURCES, tmp_path / "contracts", ignore=shutil.ignore_patterns("build"))
    source = tmp_path / "contracts" / "l1" / "game.vy"
    text = source.read_text()
    assert text.count(right) == 1, "the defect has nothing to replace"
    source.write_text(text.replace(right, wrong))
    with boa.env.anchor():
        assert notices(arena_of(source)) == words


def test_the_game_as_it_is_has_nothing_to_notice():
    with boa.env.anchor():
        assert notices(arena_of(SOURCES / "l1" / "game.vy")) == ""
