"""Random programs on the machine and on the py-evm engine: the same root, gas, status and logs."""

from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.forks import Fork
from prover.commitments.structures import Receipt
from prover.machine.vm import VM
from prover.statetest import last_boundary, logs_of
from tests.prover.programs import programs
from tests.prover.worlds import ANCESTORS, BLOCK, CONTRACT, OTHER, code, finish, machine, push, signed, state_with
from vm.memory_state import Allocation, MemoryState
from vm.pyevm.block_state import BlockEnvironment, BlockState
from vm.pyevm.execution import execute_transaction
from vm.pyevm.rules import rules_of
from vm.state_root import state_after


def engine_state(state: MemoryState) -> BlockState:
    """The engine before a transaction of the same block."""
    environment = BlockEnvironment(
        fork=Fork.CANCUN,
        chain_id=BLOCK.chain_id,
        fee_recipient=BLOCK.fee_recipient,
        number=BLOCK.number,
        timestamp=BLOCK.timestamp,
        gas_limit=BLOCK.gas_limit,
        difficulty=0,
        prev_randao=BLOCK.prev_randao,
        base_fee=BLOCK.base_fee,
        blob_base_fee=BLOCK.blob_base_fee,
        ancestor_hash=ANCESTORS.get,
    )
    return BlockState(state, environment)


def by_the_engine(state: MemoryState, tx):
    block = engine_state(state)
    execution = execute_transaction(block, rules_of(Fork.CANCUN), tx)
    root, _ = state_after(state, block.changes())
    return root, execution.gas_used, execution.outcome.error is None, list(execution.logs)


def by_the_machine(state: MemoryState, tx):
    return outcome_of(finish(machine(state, tx)))


def outcome_of(vm: VM):
    boundary = last_boundary(vm)
    assert isinstance(boundary.receipts, Receipt)
    return boundary.state_root, boundary.gas_used, boundary.receipts.status, logs_of(vm)


# py-evm recurses: with much more gas, programs that call themselves exceed what hypothesis leaves of Python's stack.
gas_limits = st.sampled_from([60_000, 120_000, 400_000, 900_000])
slots = st.dictionaries(st.integers(0, 3), st.integers(1, 3), max_size=3)


@settings(max_examples=250)
@given(
    first=programs,
    second=programs,
    storage=slots,
    data=st.binary(max_size=70),
    value=st.sampled_from([0, 0, 7]),
    gas_limit=gas_limits,
)
def test_a_call_does_what_the_engine_does(first, second, storage, data, value, gas_limit):
    state = state_with({CONTRACT: Allocation(10**6, 1, first, storage), OTHER: Allocation(50, 1, second)})
    tx = signed(data=data, value=value, gas_limit=gas_limit)
    assert by_the_machine(state, tx) == by_the_engine(state, tx)


@settings(max_examples=80)
@given(
    initcode=programs, other=programs, value=st.sampled_from([0, 7]), gas_limit=st.sampled_from([100_000, 2_000_000])
)
def test_a_create_does_what_the_engine_does(initcode, other, value, gas_limit):
    state = state_with({OTHER: Allocation(50, 1, other)})
    tx = signed(to=None, data=initcode, value=value, gas_limit=gas_limit)
    assert by_the_machine(state, tx) == by_the_engine(state, tx)


def test_delegatecall_moves_no_value_and_so_needs_no_balance():
    """A contract that has called itself with value and spent everything since: DELEGATECALL keeps caller and value."""
    outer = code(push(0) * 4, push(5), 0x30, 0x5A, 0xF1, 0x00)
    spend = code(push(0) * 4, 0x47, push(OTHER), 0x5A, 0xF1)
    delegate = code(push(0) * 4, push(0xBEEF), 0x5A, 0xF4, push(2), 0x01, push(1), 0x55)
    program = code(0x33, 0x30, 0x14, push(6 + len(outer)), 0x57) + outer + b"\x5b" + spend + delegate
    state = state_with({CONTRACT: Allocation(10, 1, program), OTHER: Allocation(0, 1)})
    tx = signed(gas_limit=400_000)
    assert by_the_machine(state, tx) == by_the_engine(state, tx)
