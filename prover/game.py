"""The dispute game: its rules and how an honest side plays it. `contracts/l1/game.vy` is this file on L1.

An assertion's defender claims how one long trace of states ends; a challenger disagrees. Both know its first state. The
defender posts the states that cut the disputed stretch into ARITY parts, the challenger picks the first part whose end
he disagrees with, and so on, until the stretch is one step long. Then L1 executes that step itself: what it computes
decides, whoever brings the witness.

The trace has 2^50 states: 2^10 blocks of 2^15 items of 2^25 steps each, and what is over stays as it is. Nothing about
lengths is ever negotiated. A side that lets its clock run out loses.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from protocol.crypto import keccak
from protocol.errors import Reject
from protocol.types import ZERO_HASH, Hash32

ARITY = 32
BLOCK_BITS, ITEM_BITS, STEP_BITS = 10, 15, 25
ROUNDS = (BLOCK_BITS + ITEM_BITS + STEP_BITS) // 5
SEAMS = (BLOCK_BITS // 5, (BLOCK_BITS + ITEM_BITS) // 5, ROUNDS)
"""After so many rounds another kind of thing is disputed: the items of a block, the steps of an item, one step."""


class Status(IntEnum):
    """How a game stands."""

    NONE, OPEN, DEFENDED, REFUTED, MOOT = range(5)


class Turn(IntEnum):
    """What comes next."""

    POST, PICK, PROVE = range(3)


class InvalidMove(Reject):
    """The rules do not allow it now; nothing has changed."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The constants of one deployment. Seconds."""

    clock: int
    """What each side has in all."""
    extension: int
    """What each side has at least whenever another kind of thing begins to be disputed."""
    arity: int = ARITY
    rounds: int = ROUNDS
    seams: tuple[int, ...] = SEAMS

    def length(self, round_: int) -> int:
        """Steps of the stretch that is disputed after so many rounds."""
        return int(self.arity ** (self.rounds - round_))

    @property
    def longest_side(self) -> int:
        """Seconds that one side can take for all its moves of a game, if it always moves at the last moment."""
        return self.clock + self.extension * len(self.seams)


@dataclass(frozen=True, slots=True)
class Game:
    """One challenger against one assertion. Both agree on state `position`; `claimed` is what the defender says the
    state `length` steps later is. `posted` commits to the states between, when it is the challenger's turn."""

    rules: Rules
    agreed: Hash32
    claimed: Hash32
    moved_at: int
    defender_left: int
    challenger_left: int
    position: int = 0
    round: int = 0
    posted: Hash32 = ZERO_HASH
    status: Status = Status.OPEN

    @property
    def length(self) -> int:
        """Steps of the disputed stretch."""
        return self.rules.length(self.round)

    @property
    def turn(self) -> Turn:
        """What comes next. The defender posts, the challenger picks; either may prove, on the defender's clock."""
        if self.round == self.rules.rounds:
            return Turn.PROVE
        return Turn.POST if self.posted == ZERO_HASH else Turn.PICK

    @property
    def deadline(self) -> int:
        """The second at which whose turn it is has run out of time."""
        return self.moved_at + (self.challenger_left if self.turn == Turn.PICK else self.defender_left)


def open_game(rules: Rules, start: Hash32, end: Hash32, now: int) -> Game:
    """A game about a whole trace."""
    return Game(rules, start, end, now, rules.clock, rules.clock)


def post(game: Game, states: Sequence[Hash32], now: int) -> Game:
    """The defender says what the states between are."""
    _expect(game, Turn.POST, now)
    if len(states) != game.rules.arity - 1:
        raise InvalidMove(f"{len(states)} states, expected {game.rules.arity - 1}")
    return replace(game, posted=commitment(states), defender_left=game.deadline - now, moved_at=now)


def pick(game: Game, states: Sequence[Hash32], part: int, now: int) -> Game:
    """The challenger says in which part the first step lies that he disagrees with."""
    _expect(game, Turn.PICK, now)
    if commitment(states) != game.posted:
        raise InvalidMove("these states were not posted")
    if not 0 <= part < game.rules.arity:
        raise InvalidMove(f"there is no part {part}")
    bounds = [game.agreed, *states, game.claimed]
    defender_left, challenger_left = game.defender_left, game.deadline - now
    if game.round + 1 in game.rules.seams:
        defender_left = max(defender_left, game.rules.extension)
        challenger_left = max(challenger_left, game.rules.extension)
    return replace(
        game,
        agreed=bounds[part],
        claimed=bounds[part + 1],
        position=game.position + part * game.length // game.rules.arity,
        round=game.round + 1,
        posted=ZERO_HASH,
        moved_at=now,
        defender_left=defender_left,
        challenger_left=challenger_left,
    )


def prove(game: Game, computed: Hash32) -> Game:
    """The step has been executed from the agreed state: what came of it decides. Either side, at any time."""
    if game.status != Status.OPEN or game.turn != Turn.PROVE:
        raise InvalidMove("the stretch is longer than one step, or the game is over")
    return replace(game, status=Status.DEFENDED if computed == game.claimed else Status.REFUTED)


def time_out(game: Game, now: int) -> Game:
    """Whose turn it is has not moved in time, and loses."""
    if game.status != Status.OPEN or now < game.deadline:
        raise InvalidMove(f"it is {now}, the clock runs until {game.deadline}")
    return replace(game, status=Status.DEFENDED if game.turn == Turn.PICK else Status.REFUTED)


def abandon(game: Game) -> Game:
    """The assertion fell by another game: nothing is left to decide."""
    if game.status != Status.OPEN:
        raise InvalidMove("the game is over")
    return replace(game, status=Status.MOOT)


def commitment(states: Sequence[Hash32]) -> Hash32:
    """What the contract keeps of the posted states."""
    return keccak(b"".join(states))


def _expect(game: Game, turn: Turn, now: int) -> None:
    if game.status != Status.OPEN or game.turn != turn:
        raise InvalidMove(f"{turn.name} is not what comes next")
    if now >= game.deadline:
        raise InvalidMove(f"it is {now}, the clock ran until {game.deadline}")


# --- how an honest side plays ----------------------------------------------------------------------------------------

StateAt = Callable[[int], Hash32]
"""The hash of the trace's state at a position, by one's own computation."""


def states_between(game: Game, state_at: StateAt) -> list[Hash32]:
    """What an honest defender posts."""
    stride = game.length // game.rules.arity
    return [state_at(game.position + stride * index) for index in range(1, game.rules.arity)]


def first_wrong_part(game: Game, states: Sequence[Hash32], state_at: Callable[[int], Hash32 | None]) -> int:
    """What an honest challenger picks: the first part that ends in a state which is not the true one.

    He agrees with where that part begins, and the stretch's end is wrong, so there is one. Where `state_at` has None he
    cannot tell, and whatever is claimed counts as wrong.
    """
    stride = game.length // game.rules.arity
    for index, claimed in enumerate(states):
        if claimed != state_at(game.position + stride * (index + 1)):
            return index
    return game.rules.arity - 1


def place_of(position: int) -> tuple[int, int, int]:
    """Block, item and step that a position means."""
    items = position >> STEP_BITS
    return items >> ITEM_BITS, items & ((1 << ITEM_BITS) - 1), position & ((1 << STEP_BITS) - 1)
