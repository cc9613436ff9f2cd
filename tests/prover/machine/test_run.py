"""`run` makes the states that `step` makes, whatever happens in between and wherever it stops."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prover.commitments.tape import Recorder
from prover.machine.run import run
from prover.machine.step import step
from prover.machine.vm import DONE, VM
from tests.prover.corpus import examples
from tests.prover.programs import programs
from tests.prover.worlds import CONTRACT, OTHER, code, machine, push, running, signed, state_with
from vm.memory_state import Allocation

RECURSING = code(push(0) * 5, 0x30, 0x5A, 0xF1, push(7), 0x59, 0x52, 0x59, 0x5A, 0x55)
"""Calls itself until the gas for it is gone, then each frame writes to memory and storage."""


def in_steps(vm: VM, most: int) -> int:
    taken = 0
    while taken < most and vm.phase != DONE:
        step(vm)
        taken += 1
    return taken


@settings(max_examples=120)
@given(
    first=programs,
    second=programs,
    gas_limit=st.sampled_from([60_000, 400_000]),
    strides=st.lists(st.integers(1, 70), min_size=1, max_size=6),
)
def test_random_programs_run_as_they_step(first, second, gas_limit, strides):
    state = state_with({CONTRACT: Allocation(10**6, 1, first, {0: 1}), OTHER: Allocation(50, 1, second)})
    tx = signed(gas_limit=gas_limit)
    stepped, ran = machine(state, tx), machine(state, tx)
    for stride in [*strides, 10**6]:
        assert run(ran, stride) == in_steps(stepped, stride)
        assert (ran.digest(), ran.fault) == (stepped.digest(), stepped.fault)
    assert ran.phase == DONE
    assert run(ran, 1) == 0


def test_every_opcode_and_fault_of_the_corpus_runs_as_it_steps():
    for example in examples():
        stepped, ran = example.begin(), example.begin()
        while stepped.phase != DONE:
            # Stops at odd places, so that opcodes are first, last and in the middle of a run.
            assert run(ran, 23) == in_steps(stepped, 23), example.name
            assert (ran.digest(), ran.fault) == (stepped.digest(), stepped.fault), example.name


def test_what_a_recorder_wants_to_see_is_not_run():
    vm = running(RECURSING)
    vm.recorder = Recorder()
    with pytest.raises(TypeError, match="unobserved"):
        run(vm, 1)


@pytest.mark.parametrize("every", [1, 13])
def test_copies_share_the_frames_that_wait_and_none_disturbs_another(every):
    expected = []
    vm = running(RECURSING, gas_limit=80_000)
    while vm.phase != DONE:
        expected.append(vm.digest())
        step(vm)
    last = vm.digest()
    original = running(RECURSING, gas_limit=80_000)
    copies: list[tuple[int, VM]] = []
    for index, digest in enumerate(expected):
        if index % every == 0:
            copies.append((index, original.copy()))
        assert original.digest() == digest
        step(original)
    assert original.digest() == last
    for index, copied in reversed(copies[:: max(1, 100 // every)]):
        assert run(copied, 3) == min(3, len(expected) - index)
        assert copied.digest() == ([*expected, last, last, last])[index + 3]
        run(copied, 10**6)
        assert copied.digest() == last
