"""Within the bound that L1 keeps gas limits in, no block is too long for the game's levels."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.batch import MAX_TRANSACTIONS_PER_BLOCK
from protocol.fees import GAS_TX
from protocol.provable import MOST_BLOCKS, MOST_GAS
from prover.commitments.chain_structures import ChainBlock
from prover.commitments.structures import TxBoundary
from prover.game import BLOCK_BITS, ITEM_BITS, STEP_BITS
from prover.machine.step import step
from prover.machine.vm import DONE, END
from prover.trajectory import Trajectory, position_of
from tests.prover.chains import random_chain, random_fee_chain
from tests.prover.programs import programs
from tests.prover.worlds import OTHER, code, push, running
from vm.memory_state import Allocation

SPARE = 20_000
"""Of the intrinsic gas, which pays for what lies around the opcodes: at most a thousand steps."""
GAS_PER_STEP_AT_THE_END = 8
"""What a block's last item does to each receipt, log and transaction took at least so much gas before."""
SEAL_STEPS = 64
BLOCK_ENDS = 2
"""Items beside a block's transactions: what begins it belongs to the first of them."""


def test_a_walk_of_the_levels_is_as_long_as_the_bounds_ask() -> None:
    """Deposits have their gas from the block, and the batch at most so many transactions, valid or not."""
    assert MOST_GAS - SPARE < 1 << STEP_BITS
    assert MAX_TRANSACTIONS_PER_BLOCK + MOST_GAS // GAS_TX + BLOCK_ENDS <= 1 << ITEM_BITS
    assert MOST_GAS // GAS_PER_STEP_AT_THE_END + SEAL_STEPS < 1 << STEP_BITS
    assert MOST_BLOCKS <= 1 << BLOCK_BITS


@settings(max_examples=120)
@given(first=programs, second=programs, gas_limit=st.sampled_from([60_000, 300_000]))
def test_a_transaction_has_fewer_steps_than_it_took_gas(first: bytes, second: bytes, gas_limit: int) -> None:
    assert_paid(first, second, gas_limit)


def test_what_is_cheapest_is_paid_too() -> None:
    """Opcodes of few gas with several steps, and many of them: copies, calls, transient writes, logs."""
    copy = code(push(32), push(0), push(0), 0x37)
    move = code(push(1), push(0), push(1), 0x5E)
    call = code(push(0) * 5, push(OTHER), push(0), 0xF1, 0x50)
    identity = code(push(0) * 5, push(4), push(0), 0xF1, 0x50)
    written = code(push(1), push(2), 0x5D)
    rewritten = code(push(1), push(2), 0x55)
    logged = code(push(0), push(0), 0xA0)
    hashed = code(push(0), push(0), 0x20, 0x50)
    for body in (copy, move, call, identity, written, rewritten, logged, hashed):
        assert_paid(body * 300, b"\x00", 400_000)


def assert_paid(first: bytes, second: bytes, gas_limit: int) -> None:
    vm = running(first, {OTHER: Allocation(1, 1, second)}, gas_limit=gas_limit)
    steps = refund = 0
    while vm.phase != DONE:
        if vm.phase == END:
            refund = vm.refund
        step(vm)
        steps += 1
    assert isinstance(vm.cursor, TxBoundary)
    used = vm.cursor.gas_used
    assert steps + SPARE <= used + min(refund, used // 4)


@settings(max_examples=12)
@given(seed=st.integers(0, 2**32), charges=st.booleans())
def test_a_blocks_last_item_has_few_steps_for_the_blocks_gas(seed: int, charges: bool) -> None:
    chain = random_fee_chain(Random(seed)) if charges else random_chain(Random(seed))
    trace = Trajectory(chain.machine())
    for block in range(trace.blocks - 1):
        end = trace.machine_at(position_of(block + 1, 0, 0)).cursor
        assert isinstance(end, ChainBlock)
        steps = trace.steps(block, trace.items(block) - 1)
        assert steps <= SEAL_STEPS + end.gas_used // GAS_PER_STEP_AT_THE_END
