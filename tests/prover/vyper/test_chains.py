"""Whole rollups on an imagined L1, from an assertion's hashes to the chain's output: the contracts judge every step."""

from collections import Counter
from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.types import Hash32
from prover.commitments.tape import InvalidWitness, Witness
from prover.machine.batch_data import ALT_DA_LAYER, FILE_LAYER
from prover.machine.step import resume
from prover.machine.vm import BLOCK_DONE, DONE, EXECUTE, OUTPUT, PHASE_NAMES, VM
from prover.witness import witnessed_step
from tests.prover.chains import random_chain, random_fee_chain
from tests.prover.test_referee import mutants

HALTED = (DONE, BLOCK_DONE, OUTPUT)
Step = tuple[int, Hash32, Witness, Hash32]


def steps_of(vm: VM) -> Iterator[Step]:
    """(phase, before, witness, after) of every step to the chain's output, and of one step more where a part halts."""
    while True:
        phase, before = vm.phase, vm.digest()
        witness = witnessed_step(vm)
        yield phase, before, witness, vm.digest()
        if phase == OUTPUT:
            return
        if phase in HALTED:
            resume(vm)


@pytest.fixture(scope="module")
def shapes() -> list[Step]:
    """One step of each phase between transactions and shape that some chains have."""
    found: dict[object, Step] = {}
    chains = [random_chain(Random(seed), 8, layer) for seed, layer in enumerate([0, 0, 0, 0, FILE_LAYER], 100)]
    chains += [random_fee_chain(Random(seed), 6, changing=0.4) for seed in (105, 106)]
    for chain in chains:
        for step in steps_of(chain.machine()):
            phase, _before, witness, _after = step
            if phase > DONE:
                found.setdefault((phase, len(witness.preimages), len(witness.pages), len(witness.codes)), step)
    return list(found.values())


@pytest.mark.parametrize(("seed", "layer"), [(0, 0), (1, 0), (2, 0), (3, 0), (4, FILE_LAYER), (5, ALT_DA_LAYER)])
def test_every_step_of_a_random_chain_is_judged_to_the_machines_next_state(referee, seed, layer):
    for phase, before, witness, after in steps_of(random_chain(Random(seed), layer=layer).machine()):
        assert referee.judge(before, witness) == after, PHASE_NAMES[phase]
        assert referee.gas_used < 12_000_000


@pytest.mark.parametrize("seed", range(10, 16))
def test_every_step_of_a_chain_with_fees_and_changes_is_judged_to_the_machines_next_state(referee, seed):
    for phase, before, witness, after in steps_of(random_fee_chain(Random(seed), 8, changing=0.4).machine()):
        assert referee.judge(before, witness) == after, PHASE_NAMES[phase]
        assert referee.gas_used < 12_000_000


def test_random_chains_have_every_phase_of_the_chain():
    chains = [random_chain(Random(seed), layer=layer) for seed, layer in enumerate([0, 0, 0, 0, FILE_LAYER])]
    chains += [random_fee_chain(Random(seed), 8, changing=0.4) for seed in (10, 11)]
    seen = Counter(phase for chain in chains for phase, *_ in steps_of(chain.machine()))
    assert set(range(DONE, len(PHASE_NAMES))) <= set(seen)
    assert seen[EXECUTE]


@settings(max_examples=600, deadline=None)
@given(st.data())
def test_a_changed_witness_never_leads_to_another_state(referee, shapes, data):
    phase, before, witness, after = data.draw(st.sampled_from(shapes))
    try:
        judged = referee.judge(before, mutants(witness, data.draw))
    except (InvalidWitness, OverflowError):
        return
    assert judged == after, PHASE_NAMES[phase]
