"""What a challenger needs for a block of 30M gas: `python -m bench.challenger KIND`, a process of its own per kind.

Derives the block, makes our own trace of it, and answers every round of disputes about several of its steps, as the
defender does: all 31 states of a round, where a challenger may stop at the first that is wrong. Seconds are of the
processor, so they are those of one core that nobody else uses.
"""

import json
import resource
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from random import Random

from bench.heavy_blocks import KINDS, block_of
from node.interpreter import tune
from prover.commitments.chain_structures import Output
from prover.game import Rules, Status, Turn, open_game, pick, place_of, post, prove, states_between
from prover.referee import judge
from prover.trajectory import Trajectory, position_of

BLOCK = 1
"""Block 0 walks from L1's hashes to the chain."""


@dataclass(frozen=True, slots=True)
class Needs:
    """Seconds of processor time; megabytes."""

    kind: str
    gas: int
    transactions: int
    steps: int
    prepare_seconds: float
    """From the assertion to the first move: our own trace."""
    slowest_move_seconds: float
    moves: int
    peak_mb: float
    of_it_before_mb: float
    """The process with the derived chain, before any trace."""


def main() -> None:
    """Measure one kind and print what it needs as JSON."""
    if sys.argv[1:2] == [] or sys.argv[1] not in KINDS:
        sys.exit(f"which block? one of {', '.join(KINDS)}")
    tune()
    print(json.dumps(asdict(measure(sys.argv[1]))))


def measure(kind: str) -> Needs:
    """Raises ValueError when a dispute does not end as it must."""
    chain = block_of(kind)
    before = _peak_mb()
    began = time.process_time()
    trace = Trajectory(chain.machine())
    prepared = time.process_time() - began
    end = trace.machine_at(2**50).cursor
    _expect(isinstance(end, Output) and (end.number, end.root) == chain.output(), "machine and engine disagree")
    moves = [seconds for place in _places(trace) for seconds in _dispute(trace, place)]
    return Needs(
        kind=kind,
        gas=chain.headers[1].gas_used,
        transactions=trace.items(BLOCK) - 2,
        steps=sum(trace.steps(BLOCK, item) for item in range(trace.items(BLOCK))),
        prepare_seconds=prepared,
        slowest_move_seconds=max(moves),
        moves=len(moves),
        peak_mb=_peak_mb(),
        of_it_before_mb=before,
    )


def _places(trace: Trajectory) -> Iterator[int]:
    """Steps to dispute: the ends of the longest item and of the block, and two drawn ones."""
    items = trace.items(BLOCK)
    longest = max(range(items), key=lambda item: trace.steps(BLOCK, item))
    steps = trace.steps(BLOCK, longest)
    chance = Random(1)
    yield position_of(BLOCK, longest, steps - 1)
    yield position_of(BLOCK, longest, 1)
    yield position_of(BLOCK, longest, chance.randrange(steps))
    yield position_of(BLOCK, items - 1, trace.steps(BLOCK, items - 1) - 1)
    item = chance.randrange(items)
    yield position_of(BLOCK, item, chance.randrange(trace.steps(BLOCK, item)))


def _dispute(trace: Trajectory, target: int) -> Iterator[float]:
    """Seconds for each answer of a dispute that ends at one step."""
    game = open_game(Rules(1000, 100), trace.state_hash(0), trace.end(), 0)
    while game.turn != Turn.PROVE:
        began = time.process_time()
        states = states_between(game, trace.state_hash)
        yield time.process_time() - began
        part = (target - game.position) // (game.length // game.rules.arity)
        game = pick(post(game, states, 0), states, part, 0)
    _expect(game.position == target, f"the game went to {place_of(game.position)}, not {place_of(target)}")
    began = time.process_time()
    after, before = trace.state_hash(target + 1), trace.state_hash(target)
    proof = trace.proof(target)
    yield time.process_time() - began
    computed = game.agreed if proof.witness is None else judge(proof.pre_hash, proof.witness)
    _expect((before, after) == (game.agreed, computed), "the step is not what was said")
    _expect(prove(game, computed).status == Status.DEFENDED, "the truth has lost")


def _expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ValueError(otherwise)


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


if __name__ == "__main__":
    main()
