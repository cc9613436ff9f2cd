"""Whole disputes in Python, judged by the referee: every kind of lie, in both roles, from an assertion on."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.batch import Batch, BlockClaim, encode_batch
from protocol.errors import InvalidInput
from protocol.types import Hash32
from prover.commitments.chain_structures import Output
from prover.game import Rules, Status, Turn, first_wrong_part, open_game, pick, place_of, post, prove, states_between
from prover.lies import KINDS, lie_about, lie_at
from prover.machine.step import resume
from prover.machine.vm import OUTPUT
from prover.referee import judge
from prover.trajectory import Lie, Trajectory, position_of
from tests.prover.chains import FAILER, KEYS, LOGGER, STORER, Chain, deposit, fresh_chain, transfer

RULES = Rules(1000, 100)


def small_chain() -> Chain:
    """Two batches and a deposit, with logs, storage, memory and a revert."""
    chain = fresh_chain()
    for _ in range(2):
        transactions = tuple(transfer(chain, KEYS[0], to, data=b"\1") for to in (LOGGER, STORER, FAILER))
        claims = [BlockClaim(chain.tip.timestamp + 1 + index, 0, transactions[index::2]) for index in range(2)]
        chain.feed([deposit(Random(1))], [encode_batch(Batch(chain.tip.number + 1, tuple(claims)))])
    return chain


CHAIN = small_chain()


def play(defender: Trajectory, challenger: Trajectory):
    """A game in which both play as if their own trace were true."""
    game = open_game(RULES, defender.state_hash(0), defender.end(), 0)
    while game.turn != Turn.PROVE:
        states = states_between(game, defender.state_hash)
        game = post(game, states, 0)
        game = pick(game, states, first_wrong_part(game, states, challenger.state_hash), 0)
    return game


def computed(trajectory: Trajectory, game) -> Hash32:
    """What L1 computes from the agreed state, with a witness of this side."""
    proof = trajectory.proof(game.position)
    return game.agreed if proof.witness is None else judge(proof.pre_hash, proof.witness)


def position_after(lie: Lie) -> int:
    return position_of(lie.block, lie.item, lie.change[0] - 1)


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_a_lying_proposer_loses_by_the_one_step_that_is_wrong(kind):
    lie = lie_about(kind, CHAIN.machine())
    truth, lying = Trajectory(CHAIN.machine()), Trajectory(CHAIN.machine(), lie)
    game = play(lying, truth)
    assert game.position == position_after(lie)
    assert phase_of_step(truth, game.position) == kind.phase
    assert prove(game, computed(truth, game)).status == Status.REFUTED
    assert prove(game, computed(lying, game)).status == Status.REFUTED, "the liar's own witness says the same"


def phase_of_step(trajectory: Trajectory, position: int) -> int:
    vm = trajectory.machine_at(position)
    if place_of(position)[2] == 0:
        resume(vm)
    return vm.phase


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_a_lying_challenger_loses_by_a_step_that_is_right(kind):
    lie = lie_about(kind, CHAIN.machine())
    truth, lying = Trajectory(CHAIN.machine()), Trajectory(CHAIN.machine(), lie)
    game = play(truth, lying)
    assert game.position == position_after(lie)
    assert prove(game, computed(truth, game)).status == Status.DEFENDED


@settings(max_examples=12)
@given(name=st.sampled_from(sorted(KINDS)), choice=st.integers(0, 10**6), honest_defends=st.booleans())
def test_a_lie_anywhere_is_found(name, choice, honest_defends):
    lie = lie_about(KINDS[name], CHAIN.machine(), choice)
    truth, lying = Trajectory(CHAIN.machine()), Trajectory(CHAIN.machine(), lie)
    game = play(truth, lying) if honest_defends else play(lying, truth)
    assert game.position == position_after(lie)
    assert prove(game, computed(truth, game)).status == (Status.DEFENDED if honest_defends else Status.REFUTED)


def test_the_end_of_the_trace_is_what_an_honest_assertion_claims():
    trajectory = Trajectory(CHAIN.machine())
    vm = trajectory.machine_at(2**50)
    assert isinstance(vm.cursor, Output)
    assert (vm.phase, vm.cursor.number, vm.cursor.root) == (OUTPUT, *CHAIN.output())
    assert trajectory.end() == trajectory.state_hash(2**50 - 1) == vm.digest()


@settings(max_examples=60)
@given(data=st.data())
def test_every_step_of_the_trajectory_is_judged_alike_wherever_it_lies(data):
    trajectory = Trajectory(CHAIN.machine())
    block = data.draw(st.integers(0, trajectory.blocks + 1))
    items = trajectory.items(block) if block < trajectory.blocks else 0
    item = data.draw(st.integers(0, items + 1))
    steps = trajectory.steps(block, item) if item < items else 0
    index = data.draw(st.sampled_from([0, 1, steps - 1, steps, steps + 1, 2**25 - 1, data.draw(st.integers(0, steps))]))
    position = position_of(block, item, max(index, 0))
    proof = trajectory.proof(position)
    after = trajectory.state_hash(position + 1)
    assert (trajectory.state_hash(position) if proof.witness is None else judge(proof.pre_hash, proof.witness)) == after


def test_a_lie_where_there_is_no_such_step_is_refused():
    kind = KINDS["storage"]
    lie = lie_about(kind, CHAIN.machine())
    place = (lie.block, lie.item, lie.change[0])
    assert lie_at(kind, CHAIN.machine(), *place).change[0] == place[2]
    with pytest.raises(InvalidInput, match="no such place"):
        lie_at(kind, CHAIN.machine(), 0, 0, 1)
    with pytest.raises(InvalidInput):
        Trajectory(CHAIN.machine(), Lie(0, 0, (10**6, kind.tell)))
