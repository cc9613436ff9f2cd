"""Settings changed on L1 hold on L2 from the block that names their L1 block, for everybody, whatever happens."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.l1.records import L1Record, decode_record, encode_record
from protocol.batch import BlockClaim
from protocol.block import Block
from protocol.block_import import reexecute
from protocol.config_changes import ChainSettings, ConfigChange, Knob, settings_after
from protocol.extra_data import is_plain
from protocol.fee_terms import L1_FEE_RECIPIENT, OPERATOR_FEE_RECIPIENT, terms_of
from protocol.header_rules import check_block
from protocol.l1 import L1Block, L1BlockRef
from protocol.types import ZERO_HASH, Address
from tests.node.scripted_l1 import GENESIS_TIME, ScriptedL1
from tests.node.test_driver import Node, batch, deposit, payment, rollup_on

GWEI = 10**9
TREASURY = Address(b"\x7e" * 20)
OPERATOR_FEE = (Knob.OPERATOR_FEE, 1_000_000 << 64 | 5)
L1_SCALAR = (Knob.L1_BASE_FEE_SCALAR, 1_000_000)


@contextmanager
def node_on(l1: ScriptedL1, *, keep_unsafe: bool = False) -> Iterator[Node]:
    with tempfile.TemporaryDirectory() as folder:
        node = Node(Path(folder), l1, rollup_on(l1), keep_unsafe=keep_unsafe)
        yield node
        node.close()


@pytest.fixture
def l1() -> ScriptedL1:
    return ScriptedL1()


@pytest.fixture
def sequencer(l1: ScriptedL1) -> Iterator[Node]:
    with node_on(l1, keep_unsafe=True) as node:
        yield node


@pytest.fixture
def verifier(l1: ScriptedL1) -> Iterator[Node]:
    with node_on(l1) as node:
        yield node


def blocks_of(node: Node) -> list[Block]:
    blocks = [node.chain.block(block_hash) for block_hash in node.hashes() if block_hash is not None]
    return [block for block in blocks if block is not None]


def test_fees_begin_with_their_l1_block_and_sequencer_and_verifier_agree(
    sequencer: Node, verifier: Node, l1: ScriptedL1
) -> None:
    sequencer.catch_up()
    sequencer.build_unsafe(payment(0))
    l1.mine(
        changes=(OPERATOR_FEE, L1_SCALAR, (Knob.BASE_FEE_RECIPIENT, int.from_bytes(TREASURY, "big"))), base_fee=GWEI
    )
    sequencer.catch_up()
    sequencer.build_unsafe(payment(1), seconds=12)
    sequencer.build_unsafe(payment(2))
    l1.mine(batches=(batch(1, *sequencer.claims()),), base_fee=GWEI)
    sequencer.catch_up()
    verifier.catch_up()
    assert verifier.hashes() == sequencer.hashes()
    _genesis, plain, first, second = blocks_of(verifier)
    assert is_plain(plain.header.extra_data)
    assert [len(block.transactions) for block in (plain, first, second)] == [1, 2, 2]
    terms = terms_of(first.transactions)
    assert terms is not None
    assert terms_of(second.transactions) == terms
    payments = [first.transactions[1], second.transactions[1]]
    assert verifier.balance(L1_FEE_RECIPIENT) == sum(terms.l1_fee(tx.raw) for tx in payments) > 0
    assert verifier.balance(OPERATOR_FEE_RECIPIENT) == 2 * terms.operator_fee(21_000)
    paid = [21_000 * (block.header.base_fee_per_gas or 0) for block in (first, second)]
    assert verifier.balance(TREASURY) == sum(paid)


def test_a_changed_gas_limit_and_minimum_base_fee_hold_at_once(sequencer: Node, l1: ScriptedL1) -> None:
    l1.mine(changes=((Knob.GAS_LIMIT, 5_000_000), (Knob.MIN_BASE_FEE, 7 * GWEI)))
    sequencer.catch_up()
    sequencer.build_unsafe(seconds=12)
    sequencer.build_unsafe()
    headers = [block.header for block in blocks_of(sequencer)]
    assert [header.gas_limit for header in headers] == [30_000_000, 5_000_000, 5_000_000]
    # The first block says the rule; it is the next one's base fee that follows it.
    assert [header.base_fee_per_gas for header in headers] == [GWEI, 875_000_000, 7 * GWEI]


def test_a_reorg_takes_a_change_back(sequencer: Node, verifier: Node, l1: ScriptedL1) -> None:
    l1.mine(changes=(OPERATOR_FEE,))
    sequencer.catch_up()
    sequencer.build_unsafe(payment(0), seconds=12)
    assert terms_of(blocks_of(sequencer)[1].transactions) is not None
    l1.rollback(1)
    l1.mine(salt=b"other")
    l1.mine(salt=b"other")
    sequencer.catch_up()
    rebuilt = blocks_of(sequencer)[1]
    assert [tx.raw for tx in rebuilt.transactions] == [payment(0)], "the payment is there, the terms are not"
    l1.mine(batches=(batch(1, *sequencer.claims()),))
    verifier.catch_up()
    sequencer.catch_up()
    assert verifier.hashes() == sequencer.hashes()
    assert sequencer.driver.l1_window.settings is None


def test_a_restart_remembers_the_settings(verifier: Node, l1: ScriptedL1) -> None:
    l1.mine(changes=(OPERATOR_FEE,))
    verifier.catch_up()
    before = verifier.driver.l1_window.settings
    verifier.close()
    verifier.open()
    assert verifier.driver.l1_window.settings == before
    assert before is not None
    assert (before.fees.operator_fee_scalar, before.fees.operator_fee_constant) == (1_000_000, 5)
    l1.mine(changes=((Knob.MIN_BASE_FEE, 3),))
    verifier.catch_up()
    assert verifier.driver.l1_window.settings == replace(before, min_base_fee=3)


def test_an_l1_record_keeps_prices_and_settings() -> None:
    chosen = settings_after(ChainSettings(30_000_000, 8, 2), [ConfigChange(10, *OPERATOR_FEE)])
    ref = L1BlockRef(7, ZERO_HASH, ZERO_HASH, 9, ZERO_HASH, 2**200, 2**60)
    for block in (L1Block(ref, (b"d",), chosen), L1Block(ref)):
        record = L1Record(block, 3, ZERO_HASH)
        assert decode_record(encode_record(record)) == record


# --- whatever happens -------------------------------------------------------------------------------------------------

values = {
    Knob.GAS_LIMIT: st.integers(1_000_000, 40_000_000),
    Knob.BASE_FEE_DENOMINATOR: st.integers(1, 100),
    Knob.BASE_FEE_ELASTICITY: st.integers(1, 1_000),
    Knob.MIN_BASE_FEE: st.sampled_from([0, 1, GWEI, 50 * GWEI]),
    Knob.BASE_FEE_RECIPIENT: st.sampled_from([0, int.from_bytes(TREASURY, "big")]),
    Knob.OPERATOR_FEE: st.integers(0, 2**96 - 1),
    Knob.L1_BASE_FEE_SCALAR: st.integers(0, 2**32 - 1),
    Knob.L1_BLOB_BASE_FEE_SCALAR: st.integers(0, 2**32 - 1),
}
change = st.sampled_from(list(values)).flatmap(lambda knob: st.tuples(st.just(int(knob)), values[knob]))
changes = st.lists(change | st.tuples(st.integers(10, 99), st.integers(0, 2**256 - 1)), max_size=3).map(tuple)
events = st.lists(
    st.one_of(
        st.tuples(st.just("mine"), changes, st.integers(0, 1_000 * GWEI)),
        st.tuples(st.just("deposit"), changes, st.integers(0, 1_000 * GWEI)),
        st.tuples(st.just("build"), st.just(()), st.integers(0, 2)),
        st.tuples(st.just("batch"), changes, st.integers(0, 1_000 * GWEI)),
        st.tuples(st.just("reorg"), changes, st.integers(1, 3)),
        st.tuples(st.just("restart"), st.just(()), st.just(0)),
    ),
    min_size=4,
    max_size=14,
)


@settings(max_examples=15)
@given(events)
def test_everybody_derives_the_same_chain_and_each_block_stands_by_itself(
    happened: list[tuple[str, tuple[tuple[int, int], ...], int]],
) -> None:
    l1 = ScriptedL1()
    with node_on(l1, keep_unsafe=True) as sequencer, node_on(l1) as verifier:
        for step, (kind, changed, number) in enumerate(happened):
            salt = step.to_bytes(2, "big")
            if kind == "mine":
                l1.mine(changes=changed, base_fee=number, salt=salt)
            elif kind == "deposit":
                l1.mine(changes=changed, base_fee=number, salt=salt, deposits=(deposit(salt),))
            elif kind == "batch":
                l1.mine(changes=changed, base_fee=number, salt=salt, batches=batches_of(sequencer))
            elif kind == "build":
                payments = [payment(sequencer.nonce(0) + ahead) for ahead in range(number)]
                # Before its L1 origin no block can be: step over the twelve seconds of each.
                sequencer.build_unsafe(*payments, seconds=12)
            elif kind == "reorg":
                depth = min(number, len(l1.refs) - 1)
                l1.rollback(depth)
                for nth in range(depth + 1):
                    l1.mine(changes=changed if nth == 0 else (), salt=salt + bytes((nth,)))
            else:
                for node in (sequencer, verifier):
                    node.close()
                    node.open()
            sequencer.catch_up()
            if step % 2:
                verifier.catch_up()
        l1.mine(batches=batches_of(sequencer), salt=b"last")
        for _ in range(12):
            l1.mine(salt=b"after")
        sequencer.catch_up()
        verifier.catch_up()
        assert verifier.hashes() == sequencer.hashes()
        with node_on(l1) as late:
            late.catch_up()
            assert late.hashes() == verifier.hashes()
        assert_each_block_stands_by_itself(verifier)


def batches_of(sequencer: Node) -> tuple[bytes, ...]:
    claims = sequencer.claims()
    return (batch(1, *claims),) if claims else ()


def assert_each_block_stands_by_itself(node: Node) -> None:
    """Its header and body are enough to check and to execute it again: nobody needs L1 for that."""
    blocks = blocks_of(node)
    for parent, block in pairwise(blocks):
        check_block(block, parent.header, node.rollup.config.chain, node.chain.block)
        state = node.chain.state_at(parent.header)
        executed = reexecute(
            node.engine,
            block,
            parent.header,
            state,
            lambda number, header=parent.header: node.chain.ancestor_hash(header, number),  # type: ignore[misc]
        )
        assert executed.block.hash == block.hash


def test_claims_beyond_the_drift_wait_with_fees_as_without(verifier: Node, l1: ScriptedL1) -> None:
    l1.mine(changes=(OPERATOR_FEE,))
    far = BlockClaim(GENESIS_TIME + 10_000, 51, (payment(0),))
    l1.mine(batches=(batch(1, *[far] * 700),))
    verifier.catch_up()
    head = verifier.chain.head()
    assert head.timestamp <= GENESIS_TIME + 12 + 600
