"""A trace gives any state's hash and any step's witness, in any order."""

from hypothesis import given, settings
from hypothesis import strategies as st

from prover.machine.step import step
from prover.machine.vm import DONE
from prover.referee import judge
from prover.trace import CHECKPOINTS, FIRST_INTERVAL, Trace
from tests.prover.worlds import OTHER, code, judged_steps, push, running
from vm.memory_state import Allocation

LOOP = code(push(0), 0x5B, push(1), 0x01, 0x80, push(0), 0x52, push(2), 0x56)
"""Counts up in memory until the gas is gone."""
NESTED = code(push(0x20), push(0), push(0x20), push(0), push(0), push(OTHER), 0x5A, 0xF1, 0x54, push(9), push(1), 0x55)
CALLEE = code(push(7), push(40), 0x52, push(1), push(0), 0x55, push(64), push(3), 0xF3)


def nested_machine():
    return running(NESTED, {OTHER: Allocation(1, 1, CALLEE)})


def looping_machine(gas_limit: int):
    return running(LOOP, gas_limit=gas_limit)


@settings(max_examples=30)
@given(st.lists(st.integers(0, 60), min_size=1, max_size=8))
def test_states_and_witnesses_are_the_same_in_any_order(indices):
    expected = judged_steps(nested_machine())
    trace = Trace(nested_machine())
    assert trace.steps == len(expected)
    for drawn in indices:
        index = min(drawn, len(expected) - 1)
        before, _witness, after = expected[index]
        assert trace.state_hash(index) == before
        assert judge(before, trace.witness(index)) == after == trace.state_hash(index + 1)


def test_behind_the_end_the_last_state_stays():
    trace = Trace(nested_machine())
    last = trace.state_hash(trace.steps)
    assert trace.state_hash(2**24) == last
    assert judge(last, trace.witness(2**24 - 1)) == last
    assert trace.state_hash(trace.steps - 1) != last


def test_a_long_trace_keeps_few_checkpoints_and_reaches_every_state():
    gas_limit = 1_000_000
    trace = Trace(looping_machine(gas_limit))
    assert trace.steps > CHECKPOINTS * FIRST_INTERVAL
    assert len(trace._checkpoints) <= CHECKPOINTS
    for index in (0, 1, FIRST_INTERVAL, trace.steps // 2, trace.steps // 3, trace.steps - 1):
        assert judge(trace.state_hash(index), trace.witness(index)) == trace.state_hash(index + 1)


def test_a_copy_of_the_machine_goes_its_own_way():
    vm = nested_machine()
    for _ in range(12):
        step(vm)
    before = vm.digest()
    copy = vm.copy()
    assert copy.digest() == before
    while copy.phase != DONE:
        step(copy)
    assert vm.digest() == before != copy.digest()


def test_a_trace_has_fewer_steps_than_its_transaction_has_gas():
    """The cheapest step there is costs 1 gas; everything around the opcodes fits into the intrinsic gas."""
    gas_limit = 300_000
    program = b"\x5b" * 24_000 + code(push(0), 0x56)
    trace = Trace(running(program, gas_limit=gas_limit))
    assert 0.9 * gas_limit < trace.steps + 21_000 < gas_limit + 100
