"""Data that is kept back: where a batch is named by its hash, a game comes down to whoever defends showing the data."""

from dataclasses import dataclass, replace

import pytest

from protocol.batch import Batch, BlockClaim, encode_batch
from protocol.crypto import keccak
from protocol.types import ZERO_HASH, Hash32
from prover.chain import start_chain
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
from prover.lies import KINDS, lie_about
from prover.machine.batch_data import ALT_DA_LAYER, FILE_LAYER
from prover.machine.vm import BATCH_DATA
from prover.prefix import Prefix, prefix_of
from prover.referee import judge
from prover.trajectory import Trajectory
from tests.prover.chains import KEYS, LOGGER, Chain, fresh_chain, published, transfer

RULES = Rules(1000, 100)


@dataclass(frozen=True)
class KeptBack:
    """A trace over two batches, the older one's data, and the trace as far as it can be told without that."""

    chain: Chain
    trace: Trajectory
    data: bytes
    prefix: Prefix


def without(chain: Chain, *data: bytes) -> Prefix:
    """What is known of a chain's trace to who has not been served this data."""
    claim = chain.claim()
    absent = {published(chain.layer, one)[0] for one in data}
    entries = [
        replace(entry, contents={name: content for name, content in entry.contents.items() if name not in absent})
        for entry in claim.l1
    ]
    machine = start_chain(replace(claim, l1=entries), chain.genesis_state.code, chain.genesis_state.node)
    prefix = prefix_of(machine, absent)
    assert prefix is not None
    return prefix


@pytest.fixture(params=[FILE_LAYER, ALT_DA_LAYER], ids=["file", "alt-da"])
def kept_back(request: pytest.FixtureRequest) -> KeptBack:
    chain = fresh_chain(layer=request.param)
    batches = []
    for _ in range(2):
        claim = BlockClaim(chain.tip.timestamp + 1, 0, (transfer(chain, KEYS[0], LOGGER),))
        batches.append(encode_batch(Batch(chain.tip.number + 1, (claim,))))
        chain.feed(batches=batches[-1:])
    return KeptBack(chain, Trajectory(chain.machine()), batches[0], without(chain, batches[0]))


def opening_of(trace: Trajectory) -> int:
    """The step that opens the older batch: the walk goes back, so the second one that opens any."""
    steps = [index for index in range(trace.steps(0, 0)) if trace.machine_at(index).phase == BATCH_DATA]
    assert len(steps) == 2
    return steps[1]


def play_blind(trace: Trajectory, prefix: Prefix) -> Game:
    """A challenger who knows the states up to one step, and calls wrong whatever comes after it."""
    game = open_game(RULES, trace.state_hash(0), trace.end(), 0)
    while game.turn != Turn.PROVE:
        states = states_between(game, trace.state_hash)
        game = pick(post(game, states, 0), states, first_wrong_part(game, states, prefix.state_hash), 0)
    return game


def test_all_is_known_up_to_the_step_that_opens_what_is_kept_back_and_nothing_after_it(kept_back: KeptBack) -> None:
    trace, prefix = kept_back.trace, kept_back.prefix
    assert prefix.opening == opening_of(trace)
    assert [prefix.state_hash(at) for at in range(prefix.opening + 1)] == [
        trace.state_hash(at) for at in range(prefix.opening + 1)
    ]
    for at in (prefix.opening + 1, prefix.opening + 2, 2**25, 2**50):
        assert prefix.state_hash(at) is None
    with pytest.raises(ValueError, match=f"up to {prefix.opening}"):
        prefix.proof(prefix.opening)
    for at in (0, 1, prefix.opening - 1):
        assert prefix.proof(at) == trace.proof(at)


def test_the_newest_of_several_is_where_it_stops(kept_back: KeptBack) -> None:
    newer = encode_batch(Batch(2, (BlockClaim(kept_back.chain.tip.timestamp, 0, ()),)))
    kept_back.chain.feed(batches=[newer])
    assert without(kept_back.chain, kept_back.data, newer).opening < without(kept_back.chain, kept_back.data).opening


def test_where_nothing_is_kept_back_there_is_nothing_to_stop_at(kept_back: KeptBack) -> None:
    assert prefix_of(kept_back.chain.machine(), ()) is None
    assert prefix_of(kept_back.chain.machine(), {b"\1" + bytes(32)}) is None


def test_who_has_not_seen_the_data_can_have_it_shown_on_l1(kept_back: KeptBack) -> None:
    game = play_blind(kept_back.trace, kept_back.prefix)
    assert game.position == kept_back.prefix.opening
    proof = kept_back.trace.proof(game.position)
    assert proof.witness is not None
    assert kept_back.data in proof.witness.codes, "the winning proof carries it, so that everybody has it from then on"
    assert prove(game, judge(proof.pre_hash, proof.witness)).status == Status.DEFENDED


def test_who_defends_and_cannot_show_the_data_loses_by_the_clock(kept_back: KeptBack) -> None:
    game = play_blind(kept_back.trace, kept_back.prefix)
    assert time_out(game, game.deadline).status == Status.REFUTED


def test_a_lie_before_the_data_is_found_without_it(kept_back: KeptBack) -> None:
    lying = Trajectory(kept_back.chain.machine(), lie_about(KINDS["l1"], kept_back.chain.machine()))
    game = play_blind(lying, kept_back.prefix)
    assert game.position < kept_back.prefix.opening
    proof = kept_back.prefix.proof(game.position)
    assert proof.witness is not None
    assert prove(game, judge(proof.pre_hash, proof.witness)).status == Status.REFUTED


@pytest.mark.parametrize("claimed", [ZERO_HASH, Hash32(keccak(b"anything"))])
def test_whatever_is_claimed_of_what_cannot_be_told_is_called_wrong(kept_back: KeptBack, claimed: Hash32) -> None:
    """A defender who claims nonsense after the data: the game still ends where it has to be opened."""
    trace, opening = kept_back.trace, kept_back.prefix.opening

    def nonsense(position: int) -> Hash32:
        return trace.state_hash(position) if position <= opening else claimed

    game = open_game(RULES, trace.state_hash(0), claimed, 0)
    while game.turn != Turn.PROVE:
        states = states_between(game, nonsense)
        game = pick(post(game, states, 0), states, first_wrong_part(game, states, kept_back.prefix.state_hash), 0)
    assert (game.position, game.agreed, game.claimed) == (opening, trace.state_hash(opening), claimed)
