"""When a challenger who may play blind does so: not before derivation has stood still for as long as he was told."""

from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from da.adapter import Commitment, Gone, NotFound, Unreachable, WrongBytes
from node.blind import KEPT, Blind, Served, last_moment
from node.challenger import PlayerConfig
from node.game_contract import GameReader
from node.node_options import PlayerOptions
from node.proof_contracts import DAY, ProofOptions
from node.settlement import SettlementOptions
from protocol.errors import InvalidInput, Retry
from protocol.l1 import L1BlockRef
from protocol.output_root import OutputRoot
from protocol.outputs import Assertion, Status
from protocol.types import ZERO_HASH, Address
from prover.game import Rules
from prover.prefix import Prefix

RULES = Rules(clock=600, extension=120)
WINDOW = 10_000
AFTER = 100
LATEST = last_moment(WINDOW, RULES)


class Game:
    """A contract with these rules."""

    async def rules(self) -> Rules:
        return RULES


class World:
    """Where derivation stands, and what is kept back; counts how often that was read."""

    def __init__(self, after: int = AFTER) -> None:
        self.processed = 7
        self.absent = True
        self.read = 0
        self.blind = Blind(self.prefix_of, lambda: self.processed, cast("GameReader", Game()), WINDOW, after)

    async def prefix_of(self, assertion: Assertion) -> Prefix | None:
        self.read += 1
        return cast("Prefix", object()) if self.absent else None

    def look(self, *seconds: int) -> None:
        for now in seconds:
            self.blind.look(now)


def an_assertion(number: int = 1, *, l1_block: int = 9, created_at: int = 0) -> Assertion:
    root, nobody = OutputRoot(ZERO_HASH), Address(bytes(20))
    return Assertion(number, root, ZERO_HASH, 0, 5, l1_block, created_at, nobody, 0, Status.PENDING)


async def test_a_game_is_due_when_derivation_has_stood_still_for_so_long() -> None:
    world = World()
    world.look(1_000)
    assert await world.blind.due_at(an_assertion(), 1_000) is None, "seen once, it may be moving"
    world.look(1_001)
    assert await world.blind.due_at(an_assertion(), 1_001) == 1_000 + AFTER
    world.look(1_050)
    assert await world.blind.due_at(an_assertion(), 1_050) == 1_000 + AFTER
    world.processed = 8
    world.look(1_060, 1_061)
    assert await world.blind.due_at(an_assertion(), 1_061) == 1_060 + AFTER, "a batch came, and the next is waited for"


async def test_what_the_node_has_derived_is_not_disputed_blind() -> None:
    world = World()
    world.look(1, 2)
    assert await world.blind.due_at(an_assertion(l1_block=7), 2) is None
    assert await world.blind.known(an_assertion(l1_block=7)) is None
    assert await world.blind.due_at(an_assertion(l1_block=8), 2) is not None


async def test_a_long_patience_ends_while_another_game_can_still_be_opened() -> None:
    world = World(after=10**6)
    world.look(50, 60)
    assert await world.blind.due_at(an_assertion(created_at=40), 60) == 40 + LATEST
    assert LATEST + RULES.longest_side < WINDOW


async def test_a_closed_window_is_left_alone() -> None:
    world = World()
    world.look(1, WINDOW + 40)
    assert await world.blind.due_at(an_assertion(created_at=41), WINDOW + 40) is not None
    assert await world.blind.due_at(an_assertion(created_at=40), WINDOW + 40) is None


@given(st.integers(1, 10**7), st.integers(1, 10**6), st.integers(1, 10**6))
def test_the_last_moment_is_in_the_window_and_leaves_a_game_s_time_where_there_is_one(
    window: int, clock: int, extension: int
) -> None:
    rules = Rules(clock, min(extension, clock))
    latest = last_moment(window, rules)
    assert 0 <= latest < window
    if window > rules.longest_side + rules.extension:
        assert 0 < latest < window - rules.longest_side
    else:
        assert latest == window // 2


def test_a_launch_that_says_nothing_else_leaves_time_for_both_games() -> None:
    window, proofs = SettlementOptions().challenge_window_seconds, ProofOptions()
    rules = Rules(proofs.clock_seconds, proofs.extension_seconds)
    assert (window, last_moment(window, rules)) == (7 * DAY, 3 * DAY)
    assert last_moment(window, rules) + rules.longest_side < window


async def test_what_was_read_serves_all_moves_and_is_forgotten_in_a_crash() -> None:
    world = World()
    world.look(1, 2)
    assertions = [an_assertion(number) for number in range(KEPT + 1)]
    first = await world.blind.read(assertions[0])
    assert await world.blind.known(assertions[0]) is first
    assert world.read == 1
    for one in assertions[1:]:
        await world.blind.known(one)
    assert await world.blind.known(assertions[0]) is not first, "no more are kept than there are"
    read = world.read
    world.blind.forget()
    assert await world.blind.known(assertions[0]) is None, "after a crash it looks again whether anything moves"
    world.look(3, 4)
    assert await world.blind.known(assertions[0]) is not None
    assert world.read == read + 1


async def test_data_that_is_served_after_all_is_noticed_before_a_game_is_opened() -> None:
    world = World()
    world.look(1, 2)
    assert await world.blind.read(an_assertion()) is not None
    world.absent = False
    assert await world.blind.read(an_assertion()) is None
    assert await world.blind.known(an_assertion()) is None


@pytest.mark.parametrize("config", [PlayerConfig(), PlayerOptions(bytes(32)).config])
def test_nobody_plays_blind_who_has_not_chosen_to(config: PlayerConfig) -> None:
    assert config.blind_after_seconds is None


POSTED = L1BlockRef(3, ZERO_HASH, ZERO_HASH, 0, ZERO_HASH)
FILE, OTHER_FILE, SERVER, BLOB = (
    Commitment(bytes((layer,)) + bytes(31) + bytes((end,))) for layer, end in ((1, 1), (1, 2), (3, 3), (2, 4))
)


class Layers:
    """What each commitment stands for, or why it is not served; counts what is asked."""

    def __init__(self, answers: dict[Commitment, bytes | Exception]) -> None:
        self._answers = answers
        self.asked: list[Commitment] = []

    async def contents(self, commitment: Commitment, _posted: L1BlockRef) -> tuple[bytes, ...]:
        self.asked.append(commitment)
        answer = self._answers[commitment]
        if isinstance(answer, Exception):
            raise answer
        return (answer,)


@pytest.mark.parametrize("failure", [NotFound("no"), Gone("no"), WrongBytes("no"), Unreachable("no")])
async def test_what_a_layer_behind_a_hash_does_not_serve_is_absent(failure: Exception) -> None:
    layers = Layers({FILE: failure, SERVER: b"data"})
    served = Served(layers.contents)
    assert await served.contents(FILE, POSTED) == ()
    assert await served.contents(SERVER, POSTED) == (b"data",)
    assert served.absent == {FILE}


async def test_a_layer_that_does_not_answer_is_asked_once_and_the_others_still() -> None:
    layers = Layers({FILE: Unreachable("no"), OTHER_FILE: b"never asked", SERVER: NotFound("no")})
    served = Served(layers.contents)
    for commitment in (FILE, OTHER_FILE, SERVER):
        assert await served.contents(commitment, POSTED) == ()
    assert layers.asked == [FILE, SERVER]
    assert served.absent == {FILE, OTHER_FILE, SERVER}


@pytest.mark.parametrize(
    ("commitment", "failure"),
    [(BLOB, NotFound("no")), (BLOB, Unreachable("no")), (FILE, Retry("L1 is silent"))],
    ids=["blob", "no beacon node", "no L1"],
)
async def test_nobody_plays_blind_for_blobs_or_for_an_l1_that_is_silent(
    commitment: Commitment, failure: Exception
) -> None:
    """L1 had the blobs; and what it does not say may have been shown on it."""
    served = Served(Layers({commitment: failure}).contents)
    with pytest.raises(Retry):
        await served.contents(commitment, POSTED)
    assert served.absent == set()


async def test_without_layers_nothing_is_said_to_be_absent() -> None:
    with pytest.raises(InvalidInput):
        await Served(None).contents(FILE, POSTED)
