"""Lies about fees and settings lose by the one step that is wrong, in both roles, judged by both referees."""

import pytest

from node.artifacts import load_artifact
from protocol.batch import Batch, BlockClaim, encode_batch
from protocol.config_changes import Knob
from prover.fee_lies import FEE_KINDS
from prover.game import Status, prove
from prover.lies import lie_about
from prover.trajectory import Trajectory
from prover.vyper_referee import VyperReferee
from tests.prover.chains import KEYS, LOGGER, STORER, Chain, fresh_chain, transfer
from tests.prover.machine.test_charges import EVERY_FEE
from tests.prover.test_dispute import computed, phase_of_step, play, position_after


def charging_chain() -> Chain:
    """Two batches; between them governance raises the least base fee."""
    chain = fresh_chain(fees=EVERY_FEE)
    for changes in ([], [(Knob.MIN_BASE_FEE, 3 * 10**9)]):
        transactions = tuple(transfer(chain, KEYS[0], to, data=b"\1") for to in (LOGGER, STORER))
        claims = [BlockClaim(chain.tip.timestamp + 1 + index, 2**60, transactions[index::2]) for index in range(2)]
        chain.feed(batches=[encode_batch(Batch(chain.tip.number + 1, tuple(claims)))], changes=changes)
    return chain


CHAIN = charging_chain()


@pytest.fixture(scope="module")
def contracts() -> VyperReferee:
    return VyperReferee(lambda name: load_artifact(name).init_code)


@pytest.mark.parametrize("liar", ["proposer", pytest.param("challenger", marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", FEE_KINDS.values(), ids=lambda kind: kind.name)
def test_who_lies_about_a_fee_loses_by_the_step_that_is_wrong(contracts: VyperReferee, kind, liar):
    lie = lie_about(kind, CHAIN.machine())
    truth, lying = Trajectory(CHAIN.machine()), Trajectory(CHAIN.machine(), lie)
    game = play(lying, truth) if liar == "proposer" else play(truth, lying)
    assert game.position == position_after(lie)
    assert phase_of_step(truth, game.position) == kind.phase
    proof = truth.proof(game.position)
    assert proof.witness is not None
    judged = contracts.judge(proof.pre_hash, proof.witness)
    assert judged == computed(truth, game) == truth.state_hash(game.position + 1)
    assert prove(game, judged).status == (Status.REFUTED if liar == "proposer" else Status.DEFENDED)
