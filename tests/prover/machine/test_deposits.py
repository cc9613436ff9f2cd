"""Deposits on the machine and on the engine: minted whatever happens, never skipped, judged step by step."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.crypto import keccak
from protocol.forks import Fork
from protocol.transaction import deposit_transaction
from prover.commitments.structures import Receipt
from prover.referee import judge
from prover.statetest import last_boundary
from tests.prover.machine.test_against_the_engine import engine_state, outcome_of
from tests.prover.programs import programs
from tests.prover.worlds import BLOCK, CONTRACT, OTHER, SENDER, judged_steps, machine, state_with
from vm.memory_state import Allocation
from vm.pyevm.deposits import execute_deposit
from vm.pyevm.rules import rules_of
from vm.state_root import state_after


@settings(max_examples=80)
@given(
    program=programs,
    sender=st.sampled_from([SENDER, OTHER, CONTRACT]),
    to=st.sampled_from([CONTRACT, OTHER, None]),
    mint=st.sampled_from([0, 5, 10**20, 2**256 - 1]),
    value=st.sampled_from([0, 5, 10**19]),
    gas_limit=st.sampled_from([0, 20_000, 60_000, 300_000, 30_000_001]),
    data=st.one_of(st.binary(max_size=40), programs),
)
def test_a_deposit_does_what_the_engine_does(program, sender, to, mint, value, gas_limit, data):
    state = state_with({CONTRACT: Allocation(10**6, 1, program), OTHER: Allocation(50, 3)})
    tx = deposit_transaction(keccak(b"source"), sender, to, mint, value, gas_limit, data)
    vm = machine(state, tx)
    for before, witness, after in judged_steps(vm):
        assert judge(before, witness) == after
    block = engine_state(state)
    execution = execute_deposit(block, rules_of(Fork.CANCUN), tx, BLOCK.gas_limit)
    root, _ = state_after(state, block.changes())
    assert outcome_of(vm) == (root, execution.gas_used, execution.outcome.error is None, list(execution.logs))


@pytest.mark.parametrize("allowed", [True, False])
def test_a_deposit_is_skipped_only_where_there_are_none(allowed):
    state = state_with({})
    tx = deposit_transaction(keccak(b"source"), OTHER, CONTRACT, 7, 10**30, 10**6, b"")
    vm = machine(state, tx, replace(BLOCK, allow_deposits=allowed))
    judged_steps(vm)
    boundary = last_boundary(vm)
    assert boundary.tx_index == int(allowed)
    assert (boundary.state_root != state.root) == allowed
    if allowed:
        assert isinstance(boundary.receipts, Receipt)
        assert (boundary.receipts.status, boundary.gas_used) == (False, 10**6)
