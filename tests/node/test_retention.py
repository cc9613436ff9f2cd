from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis.dev import dev_genesis
from genesis.model import build_genesis
from node.chain import Chain, create_chain
from node.store import Store
from node.store.retention import MAX_FORGOTTEN_PER_BATCH, NodeCounts, decode_journal, encode_journal
from node.store.trie_diff import TrieDiff, state_diff
from protocol.block import Block, Header
from protocol.engine import ExecutedBlock
from protocol.errors import Halt, InvalidInput, Reject
from protocol.mpt import EMPTY_ROOT
from protocol.mpt_node import open_node
from protocol.types import Hash32
from tests.node.small_world import ADDRESSES, Step, World, steps
from vm.pyevm.engine import PyEvmEngine

CONFIG = dev_genesis(1337, 0).config


def places_of(root: Hash32, nodes: dict[Hash32, bytes], *, with_storage: bool = True) -> list[Hash32]:
    """Every node of a state, once per place, by the plainest walk there is."""
    if root == EMPTY_ROOT:
        return []
    found = [root]
    references = [nodes[root]]
    while references:
        children, value = open_node(references.pop())
        for _path, reference in children:
            if len(reference) == 33:
                found.append(Hash32(reference[1:]))
            references.append(nodes[Hash32(reference[1:])] if len(reference) == 33 else reference)
        if value is not None and with_storage:
            found += places_of(Hash32(value[1][-65:-33]), nodes, with_storage=False)
    return found


@settings(max_examples=200)
@given(st.lists(steps, min_size=1, max_size=5), steps)
def test_a_diff_is_the_difference_of_the_places(history, last):
    world = World()
    for number, step in enumerate(history):
        world, _changes = step.apply(world, number)
    after, _changes = last.apply(world, 9)
    old, new = (Counter(places_of(each.root(), after.nodes)) for each in (world, after))
    diff = state_diff(world.root(), after.root(), after.nodes.__getitem__)
    added, removed = Counter(diff.added), Counter(diff.removed)
    assert old + added == new + removed
    assert removed <= old


@given(st.lists(st.binary(min_size=32, max_size=32)), st.lists(st.binary(min_size=32, max_size=32)))
def test_a_journal_reads_back_as_it_was(added, removed):
    assert decode_journal(encode_journal(TrieDiff(added, removed))) == TrieDiff(added, removed)


class Harness:
    """A chain of made-up blocks over a small world, which can be looked at whole after every move."""

    def __init__(self, path: Path, keep_states: int | None) -> None:
        self.path = path
        self.worlds: list[World] = [World()]
        self.nodes: dict[Hash32, bytes] = self.worlds[0].nodes
        self.made = 0
        header = build_genesis(dev_genesis(1337, 0)).block.header
        header = replace(header, state_root=EMPTY_ROOT)
        self.headers = [header]
        self.orphans: list[Header] = []
        self.store = Store(path, keep_states=keep_states)
        _after, changes = Step(frozenset(), frozenset(), {}).apply(self.worlds[0], 0)
        create_chain(self.store, ExecutedBlock(Block(header, ()), (), changes))
        self.chain = Chain(self.store, PyEvmEngine(CONFIG), CONFIG, sync=False)

    def block(self, step: Step) -> None:
        self.made += 1
        # Few different nonces, so that whole states and parts of them come back later.
        after, changes = step.apply(self.worlds[-1], self.made % 3)
        parent = self.headers[-1]
        header = replace(
            parent,
            parent_hash=parent.hash,
            number=parent.number + 1,
            state_root=after.root(),
            extra_data=self.made.to_bytes(4, "big"),
        )
        self.chain.append(ExecutedBlock(Block(header, ()), (), changes))
        self.worlds.append(after)
        self.headers.append(header)

    def back(self, depth: int) -> None:
        target = max(len(self.headers) - 1 - depth, self.chain.finalized_head().number)
        self.chain.rewind_to(self.headers[target])
        self.orphans += self.headers[target + 1 :]
        del self.headers[target + 1 :], self.worlds[target + 1 :]

    def finalize(self, behind: int) -> None:
        number = max(len(self.headers) - 1 - behind, self.chain.finalized_head().number)
        self.chain.set_finalized(self.headers[number])

    def reopen(self, keep_states: int | None) -> None:
        self.store.close()
        self.store = Store(self.path, keep_states=keep_states)
        self.chain = Chain(self.store, PyEvmEngine(CONFIG), CONFIG, sync=False)

    def check(self) -> None:
        oldest = self.store.oldest_state
        assert oldest <= self.chain.finalized_head().number
        stored = {Hash32(key[1:]) for key, _ in self.store._database.scan_prefix(b"n")}
        wanted = {
            node_hash for header in self.headers[oldest:] for node_hash in places_of(header.state_root, self.nodes)
        }
        assert wanted <= stored
        if self.store.counted:
            assert wanted == stored
        for header, world in zip(self.headers, self.worlds, strict=True):
            if header.number < oldest:
                with pytest.raises(Reject, match=f"the state of block {header.number} is not kept any more"):
                    self.chain.state_at(header)
                continue
            state = self.chain.state_at(header)
            for address in ADDRESSES:
                assert state.account(address) == world.account(address)
                for slot in range(4):
                    assert state.storage(address, slot) == world.slots.get(address, {}).get(slot, 0)


keeps = st.sampled_from([None, 1, 2, 4])
moves = st.one_of(
    st.tuples(st.just("block"), steps),
    st.tuples(st.just("block"), steps),
    st.tuples(st.just("block"), steps),
    st.tuples(st.just("back"), st.integers(1, 4)),
    st.tuples(st.just("finalize"), st.integers(0, 3)),
    st.tuples(st.just("reopen"), keeps),
)


@settings(max_examples=150)
@given(keeps, st.lists(moves, max_size=15))
def test_exactly_the_nodes_of_the_kept_states_are_stored(tmp_path_factory, keep_states, history):
    harness = Harness(tmp_path_factory.mktemp("store") / "db", keep_states)
    try:
        for move, argument in history:
            getattr(harness, move)(argument)
            harness.check()
    finally:
        harness.store.close()


def slot_step(word: int) -> Step:
    return Step(frozenset(), frozenset(), {ADDRESSES[0]: {0: word}})


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[Harness]:
    """A chain of 10 blocks of which 8 are final, that keeps 3 states."""
    made = Harness(tmp_path / "db", 3)
    for number in range(10):
        made.block(slot_step(number + 1))
    made.finalize(behind=2)
    yield made
    made.store.close()


def test_the_newest_states_stay(harness):
    assert harness.store.oldest_state == 8
    harness.check()


def test_what_is_not_final_stays_whatever_its_age(harness):
    for number in range(6):
        harness.block(slot_step(number + 50))
    assert harness.store.oldest_state == 8
    harness.back(8)
    assert harness.chain.head().number == 8
    harness.check()


def test_the_state_of_a_block_that_left_the_chain_is_rejected_not_a_halt(harness):
    harness.block(slot_step(77))
    reader = harness.chain.state_at(harness.headers[-1])
    harness.back(1)
    with pytest.raises(Reject, match=r"the state with root 0x.* is not kept any more"):
        reader.storage(ADDRESSES[0], 0)


def test_a_node_that_the_head_lacks_is_a_halt_all_the_same(harness):
    with pytest.raises(Halt, match=r"trie node 0x0101.* is missing"):
        harness.chain.head_state().node(Hash32(b"\x01" * 32))


def test_forgetting_goes_in_small_portions(tmp_path):
    made = Harness(tmp_path / "db", 1)
    for number in range(MAX_FORGOTTEN_PER_BATCH + 10):
        made.block(slot_step(number + 1))
    made.finalize(behind=0)
    assert made.store.oldest_state == MAX_FORGOTTEN_PER_BATCH
    made.check()
    made.block(slot_step(1))
    assert made.store.oldest_state == MAX_FORGOTTEN_PER_BATCH + 10
    made.check()
    made.store.close()


def test_keeping_everything_after_keeping_few_and_back(harness):
    harness.reopen(None)
    for number in range(5):
        harness.block(slot_step(number + 100))
    harness.finalize(behind=0)
    assert harness.store.oldest_state == 8
    harness.check()
    harness.reopen(2)
    harness.block(slot_step(1))
    assert harness.store.oldest_state == 15
    harness.check()


def test_keeping_fewer_than_one_state_is_refused(tmp_path):
    with pytest.raises(InvalidInput, match="states to keep: at least 1, got 0"):
        Store(tmp_path / "db", keep_states=0)
    assert not (tmp_path / "db").exists()


def test_a_count_below_zero_is_a_bug(harness):
    with pytest.raises(ValueError, match="is dropped more often than it was added"):
        NodeCounts(harness.store._database).drop([Hash32(b"\x01" * 32)])
