"""Whole chains on the machine and by derivation and engine: the same headers, whatever L1 carries."""

import struct
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import accumulate
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.batch import Batch, BlockClaim, encode_batch, split_items
from protocol.rlp_codec import InvalidRlp
from protocol.types import ZERO_HASH
from protocol.withdrawal import OUTBOX_ADDRESS
from prover.chain import start_chain
from prover.commitments.chain_structures import BlockPlan, ChainBlock, L1Inputs, Output
from prover.commitments.structures import TxBoundary
from prover.commitments.tape import InvalidWitness, Witness
from prover.machine.block_begin import BEACON_ROOTS, UnprovableChain
from prover.machine.oracle import FullOracle
from prover.machine.step import resume, step
from prover.machine.vm import BLOCK_DONE, DONE, NEXT_ITEM, OUTPUT, PHASE_NAMES, VM, is_end
from prover.referee import judge
from prover.witness import witnessed_step
from tests.prover.chains import ANCESTRY, KEYS, LOGGER, Chain, fresh_chain, random_chain, transfer
from vm.memory_state import Allocation, memory_state


def blocks_of(vm: VM, judged: bool = False) -> tuple[list[ChainBlock], Output]:
    """Run a chain to its end: the blocks it makes, and its output. Each step is judged where asked for."""
    blocks = []
    while vm.phase != OUTPUT:
        if vm.phase == BLOCK_DONE:
            assert isinstance(vm.cursor, ChainBlock)
            blocks.append(vm.cursor)
        resume(vm)
        while vm.phase not in (DONE, BLOCK_DONE, OUTPUT):
            if not judged:
                step(vm)
                continue
            before = vm.digest()
            witness = witnessed_step(vm)
            assert judge(before, witness) == vm.digest()
    assert isinstance(vm.cursor, Output)
    return blocks, vm.cursor


def check(chain: Chain, judged: bool = False) -> None:
    blocks, output = blocks_of(chain.machine(), judged)
    assert [(block.number, block.hash) for block in blocks] == [(head.number, head.hash) for head in chain.headers]
    assert (output.number, output.root) == chain.output()


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32))
def test_the_machine_makes_the_chain_that_is_derived(seed):
    check(random_chain(Random(seed)))


@settings(max_examples=8)
@given(seed=st.integers(0, 2**32))
def test_every_step_between_transactions_and_blocks_is_judged_alike(seed):
    check(random_chain(Random(seed), l1_blocks=6), judged=True)


def test_random_chains_hold_every_kind_of_step_and_outcome():
    phases: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    for seed in range(20):
        chain = random_chain(Random(seed))
        vm = chain.machine()
        while vm.phase != OUTPUT:
            resume(vm)
            while vm.phase not in (DONE, BLOCK_DONE, OUTPUT):
                phases[PHASE_NAMES[vm.phase]] += 1
                before = vm.cursor
                step(vm)
                if isinstance(before, ChainBlock) and isinstance(vm.cursor, BlockPlan) and is_end(inputs_of(before)):
                    seen["forced"] += 1
                if isinstance(before, BlockPlan) and isinstance(vm.cursor, ChainBlock):
                    seen["void"] += 1
                if isinstance(before, TxBoundary) and vm.phase == DONE and before.item != ZERO_HASH:
                    seen["skipped"] += 1
    assert {"next item", "item hash", "seal", "next block", "origin", "system write"} <= phases.keys()
    assert {"start", "ring walk", "l1 walk", "batch walk", "deposit walk"} <= phases.keys()
    assert min(seen["forced"], seen["void"], seen["skipped"]) > 2, seen


def inputs_of(block: ChainBlock):
    assert isinstance(block.inputs, L1Inputs)
    return block.inputs.reading


# --- assertions on top of each other ---------------------------------------------------------------------------------


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32), cut=st.integers(1, 11))
def test_a_trace_that_begins_in_the_middle_of_a_chain_ends_like_the_one_from_genesis(seed, cut):
    """Whatever L1 held for the chain before, used or not: late deposits, batches after a gap."""
    whole, first = random_chain(Random(seed)), random_chain(Random(seed), l1_blocks=cut)
    assert whole.headers[: len(first.headers)] == first.headers
    middle = first.claim()
    state = first.state
    outbox = state.account(OUTBOX_ADDRESS)
    assert outbox is not None
    claim = replace(
        whole.claim(),
        ancestors=first.headers[-256:],
        outbox_root=outbox.storage_root,
        parent_l1_hash=middle.l1[-1].header.hash,
    )
    blocks, output = blocks_of(start_chain(claim, state.code, state.node))
    assert [block.hash for block in blocks] == [header.hash for header in whole.headers[first.tip.number :]]
    assert (output.number, output.root) == whole.output()


# --- single rules ----------------------------------------------------------------------------------------------------


def test_a_batch_whose_table_is_wrong_far_behind_has_no_effect_at_all():
    chain = fresh_chain(drift=1000)
    claims = [BlockClaim(chain.tip.timestamp + 1 + index, 0) for index in range(100)]
    data = encode_batch(Batch(1, tuple(claims)))
    chain.feed(batches=[data[: 13 + 4 * 90] + bytes(4) + data[13 + 4 * 91 :]])
    assert chain.tip.number == 0
    chain.feed(batches=[data])
    assert chain.tip.number == 100
    check(chain, judged=True)


def test_a_batch_of_items_of_no_form_is_passed_over():
    chain = fresh_chain()
    good = encode_batch(Batch(1, (BlockClaim(chain.tip.timestamp + 1, 0, (transfer(chain, KEYS[0], LOGGER),)),)))
    first, items = split_items(good)
    items = [b"", b"\x01early", b"\x02", b"\x00short", items[0], b"\x00", b"\x07" * 20, items[1], b""]
    ends = list(accumulate(map(len, items)))
    data = struct.pack(f">BQI{len(items)}I", 0, first, len(items), *ends) + b"".join(items)
    chain.feed(batches=[data])
    assert (chain.tip.number, chain.tip.gas_used > 21_000) == (1, True)
    check(chain, judged=True)


def test_a_batch_goes_on_to_its_last_block_and_no_further():
    chain = fresh_chain(block_time=500)
    blocks = [bytes((0,)) + struct.pack(">QQ", chain.tip.timestamp, 0)] * 1026
    ends = list(accumulate(map(len, blocks)))
    data = struct.pack(f">BQI{len(blocks)}I", 0, 1, len(blocks), *ends) + b"".join(blocks)
    chain.feed(batches=[data])
    assert chain.tip.number == 1024
    check(chain)


def test_block_hashes_reach_back_256_blocks():
    chain = fresh_chain(block_time=500)
    for _ in range(3):
        claims = [BlockClaim(chain.tip.timestamp, 0) for _ in range(99)]
        claims.append(BlockClaim(chain.tip.timestamp, 0, (transfer(chain, KEYS[0], ANCESTRY),)))
        chain.feed(batches=[encode_batch(Batch(chain.tip.number + 1, tuple(claims)))])
    assert [chain.state.storage(ANCESTRY, slot) for slot in (0, 1)] == [
        int.from_bytes(chain.headers[number].hash, "big") for number in (299, 50)
    ]
    check(chain)


def test_a_chain_with_other_code_at_the_history_contract_is_said_to_be_unprovable():
    chain = fresh_chain()
    chain.feed(batches=[encode_batch(Batch(1, (BlockClaim(chain.tip.timestamp + 1, 0),)))])
    vm = chain.machine()
    while vm.phase != BLOCK_DONE:
        step(vm)
    assert isinstance(vm.cursor, ChainBlock)
    other = memory_state({BEACON_ROOTS: Allocation(0, 1, b"\x00")})
    vm.cursor = replace(vm.cursor, state_root=other.root)
    vm.oracle = FullOracle(other.code, other.node, {}, None)
    with pytest.raises(UnprovableChain, match="EIP-4788"):
        blocks_of(vm)


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32), draw=st.randoms(use_true_random=False))
def test_a_changed_witness_is_refused_or_gives_the_same_state(seed, draw):
    vm = random_chain(Random(seed), l1_blocks=3).machine()
    while vm.phase != OUTPUT:
        resume(vm)
        while vm.phase not in (DONE, BLOCK_DONE, OUTPUT):
            outside = vm.phase >= NEXT_ITEM
            before = vm.digest()
            witness = witnessed_step(vm)
            if not outside:
                continue
            after = vm.digest()
            for mutated in _mutations(witness, draw):
                with suppress(InvalidWitness, InvalidRlp):
                    assert judge(before, mutated) == after


def _mutations(witness: Witness, draw: Random) -> Iterator[Witness]:
    """One byte of a preimage or page changed, a piece left out, a piece too many."""
    preimages = list(witness.preimages)
    index = draw.randrange(len(preimages))
    at = draw.randrange(len(preimages[index]))
    flipped = bytearray(preimages[index])
    flipped[at] ^= draw.randrange(1, 256)
    yield replace(witness, preimages=(*preimages[:index], bytes(flipped), *preimages[index + 1 :]))
    yield replace(witness, preimages=(*preimages[:index], *preimages[index + 1 :]))
    yield replace(witness, preimages=(*preimages, preimages[index]))
    if witness.pages:
        page = bytearray(witness.pages[0].page)
        page[draw.randrange(1024)] ^= 1
        yield replace(witness, pages=(replace(witness.pages[0], page=bytes(page)), *witness.pages[1:]))
