"""A trajectory has the states that one gets step by step, whatever it has kept of them; and runs little to find one."""

from random import Random

import pytest

from prover import trace as trace_module
from prover import trajectory as trajectory_module
from prover.game import Rules, Turn, open_game, pick, post, states_between
from prover.machine.oracle import FullOracle
from prover.machine.run import HALTED, run
from prover.machine.step import resume, step
from prover.machine.vm import BLOCK_DONE, OUTPUT
from prover.trace import FIRST_INTERVAL, Trace
from prover.trajectory import Trajectory, position_of
from tests.prover.chains import random_chain
from tests.prover.worlds import code, push, running

LOOP = code(push(0), 0x5B, push(1), 0x01, 0x80, push(0), 0x52, push(2), 0x56)


def step_by_step(machine):
    """Every state by its place, without any checkpoint: place to commitment, and the last one."""
    states = {}
    vm = machine.copy()
    block = item = 0
    while vm.phase != OUTPUT:
        states[block, item, 0] = vm.digest()
        index = 0
        resume(vm)
        while vm.phase not in HALTED:
            step(vm)
            index += 1
            states[block, item, index] = vm.digest()
        block, item = (block + 1, 0) if vm.phase == BLOCK_DONE else (block, item + 1)
    return states, vm.digest()


@pytest.mark.parametrize("most_kept", [0, 20, 1 << 14])
def test_every_state_is_the_one_that_is_found_step_by_step(most_kept, monkeypatch):
    monkeypatch.setattr(trajectory_module, "MOST_KEPT", most_kept)
    chain = random_chain(Random(5), l1_blocks=8)
    expected, last = step_by_step(chain.machine())
    trajectory = Trajectory(chain.machine())
    assert trajectory.end() == last == trajectory.state_hash(2**50 - 1)
    places = sorted(expected)
    chance = Random(most_kept)
    # Within a block places follow each other at random; from block to block forward, back, and forward again.
    chance.shuffle(places)
    blocks = list(range(trajectory.blocks))
    for block in [*blocks, *reversed(blocks), blocks[0]]:
        for place in [place for place in places if place[0] == block][:150]:
            assert trajectory.state_hash(position_of(*place)) == expected[place], place
    kept = sum(one.kept for block in list(trajectory._traces)[:-1] for one in trajectory._traces[block])
    assert kept <= most_kept


def test_of_the_nodes_that_a_block_makes_only_those_of_its_state_outlive_its_traces(monkeypatch):
    monkeypatch.setattr(trajectory_module, "MOST_KEPT", 0)
    chain = random_chain(Random(5), l1_blocks=8)
    trajectory = Trajectory(chain.machine())
    assert trajectory.blocks > 3
    oracles = [vm.oracle for vm in trajectory._blocks if isinstance(vm.oracle, FullOracle)]
    assert len(oracles) == trajectory.blocks + 1
    assert all(oracle.new_nodes == {} for oracle in oracles)
    kept = oracles[-1].old_nodes
    assert kept
    assert set(kept) <= set(chain.state._nodes), "nodes of the states between blocks, as the engine made them"
    for index in range(trajectory.blocks):
        vm = trajectory.before(index, 0)
        resume(vm)
        run(vm, 10**9)  # needs nothing that has gone


def test_of_a_long_item_an_answer_runs_no_more_than_the_part_it_is_about(monkeypatch):
    trace = Trace(running(LOOP, gas_limit=3_000_000))
    assert trace.steps > 2**19
    ran: list[int] = []

    def counted(vm, most):
        ran.append(run(vm, most))
        return ran[-1]

    monkeypatch.setattr(trace_module, "run", counted)
    chance = Random(1)
    for target in [trace.steps - 1, 1, *(chance.randrange(trace.steps) for _ in range(3))]:
        game = open_game(Rules(1, 1, rounds=5, seams=(5,)), trace.state_hash(0), trace.state_hash(2**25), 0)
        while game.turn != Turn.PROVE:
            ran.clear()
            states = states_between(game, trace.state_hash)
            # What was asked in the round before begins the part; where that is not kept, a checkpoint does.
            assert sum(ran) <= min(game.length, trace.steps) + trace._interval
            part = (target - game.position) // (game.length // 32)
            if game.round > 2:
                assert sum(ran) <= game.length, "the part's beginning was asked about before"
            game = pick(post(game, states, 0), states, part, 0)
        ran.clear()
        trace.witness(target)
        assert sum(ran) <= 32
        assert game.position == target


def test_at_whole_intervals_nothing_runs(monkeypatch):
    trace = Trace(running(LOOP, gas_limit=1_000_000))
    assert trace._interval > FIRST_INTERVAL
    monkeypatch.delattr(trace_module, "run")
    assert len({trace.state_hash(index) for index in range(0, trace.steps, trace._interval)}) > 32
    with pytest.raises(NameError):
        trace.state_hash(trace._interval + 1)
