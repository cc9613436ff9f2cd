"""The corpus of opcodes and phases: every step judged, and the engine's outcome."""

import pytest

from prover.machine import faults
from prover.machine.step import step
from prover.machine.vm import DONE, PHASE_NAMES
from prover.referee import judge
from prover.statetest import last_boundary
from tests.prover.corpus import GAS_LIMIT, Example, examples
from tests.prover.machine.test_against_the_engine import by_the_engine, outcome_of
from tests.prover.worlds import judged_steps, signed, state_with

CORPUS = examples()
SKIPPED = {"a wrong nonce", "too little gas"}


@pytest.mark.parametrize("example", CORPUS, ids=lambda example: example.name)
def test_every_step_is_judged_and_the_outcome_is_the_engines(example: Example):
    vm = example.begin()
    steps = judged_steps(vm)
    for index, (before, witness, after) in enumerate(steps):
        assert judge(before, witness) == after, f"step {index}"
    assert len(steps) <= GAS_LIMIT
    state = state_with(example.accounts)
    if example.name in SKIPPED:
        boundary = last_boundary(vm)
        assert (boundary.tx_index, boundary.state_root, boundary.gas_used) == (0, state.root, 0)
    else:
        tx = signed(**{"gas_limit": GAS_LIMIT, "data": b"\1\2\3", **example.tx})
        assert outcome_of(vm) == by_the_engine(state, tx)


def test_the_corpus_has_every_phase_and_every_fault():
    phases, seen = {DONE}, set()
    for example in CORPUS:
        vm = example.begin()
        while vm.phase != DONE:
            phases.add(vm.phase)
            step(vm)
            seen.add(vm.fault)
    assert {PHASE_NAMES[phase] for phase in phases} == set(PHASE_NAMES[: DONE + 1])
    kinds = {kind.__name__ for kind in faults.Fault.__subclasses__()}
    assert seen - {""} == kinds
