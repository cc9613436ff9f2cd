"""Data that is kept back: where a batch is named by its hash, a game comes down to whoever defends showing the data."""

import pytest

from protocol.batch import Batch, BlockClaim, encode_batch
from protocol.types import ZERO_HASH, Hash32
from prover.game import (
    Game,
    Rules,
    Status,
    Turn,
    first_wrong_part,
    open_game,
    pick,
    post,
    prove,
    states_between,
    time_out,
)
from prover.machine.batch_data import ALT_DA_LAYER, FILE_LAYER
from prover.machine.vm import BATCH_DATA
from prover.referee import judge
from prover.trajectory import Trajectory
from tests.prover.chains import KEYS, LOGGER, fresh_chain, transfer

RULES = Rules(1000, 100)


@pytest.fixture(params=[FILE_LAYER, ALT_DA_LAYER], ids=["file", "alt-da"])
def kept_back(request: pytest.FixtureRequest) -> tuple[Trajectory, bytes]:
    """A trace over two batches, and the older one's data, which its challenger has never seen."""
    chain = fresh_chain(layer=request.param)
    batches = []
    for _ in range(2):
        claim = BlockClaim(chain.tip.timestamp + 1, 0, (transfer(chain, KEYS[0], LOGGER),))
        batches.append(encode_batch(Batch(chain.tip.number + 1, (claim,))))
        chain.feed(batches=batches[-1:])
    return Trajectory(chain.machine()), batches[0]


def opening_of(trace: Trajectory) -> int:
    """The step that opens the older batch: the walk goes back, so the second one that opens any."""
    steps = [index for index in range(trace.steps(0, 0)) if trace.machine_at(index).phase == BATCH_DATA]
    assert len(steps) == 2
    return steps[1]


def play_blind(trace: Trajectory, opening: int) -> Game:
    """A challenger who knows the states up to one step, and calls wrong whatever comes after it."""

    def known(position: int) -> Hash32:
        return trace.state_hash(position) if position <= opening else ZERO_HASH

    game = open_game(RULES, trace.state_hash(0), trace.end(), 0)
    while game.turn != Turn.PROVE:
        states = states_between(game, trace.state_hash)
        game = pick(post(game, states, 0), states, first_wrong_part(game, states, known), 0)
    return game


def test_who_has_not_seen_the_data_can_have_it_shown_on_l1(kept_back: tuple[Trajectory, bytes]) -> None:
    trace, data = kept_back
    opening = opening_of(trace)
    game = play_blind(trace, opening)
    assert game.position == opening
    proof = trace.proof(opening)
    assert proof.witness is not None
    assert data in proof.witness.codes, "the winning proof carries it, so that everybody has it from then on"
    assert prove(game, judge(proof.pre_hash, proof.witness)).status == Status.DEFENDED


def test_who_defends_and_cannot_show_the_data_loses_by_the_clock(kept_back: tuple[Trajectory, bytes]) -> None:
    trace, _data = kept_back
    game = play_blind(trace, opening_of(trace))
    assert time_out(game, game.deadline).status == Status.REFUTED
