"""Defects put into the libraries between transactions and blocks: honest steps and spoiled witnesses notice each."""

from dataclasses import replace
from random import Random
from typing import Any

import pytest

from protocol.batch import Batch, BlockClaim, encode_batch
from prover.commitments.tape import InvalidWitness, Witness
from prover.vyper_referee import VyperReferee
from tests.prover.chains import KEYS, LOGGER, ZERO_HASH, Chain, deposit, fresh_chain, random_chain, transfer
from tests.prover.spoiling import Judged, judged_steps, shape
from tests.prover.vyper.put_in import ANOTHER, REFUSED, WITNESS_DECIDES, defective, fault_of, referee_of

OWN = {
    "boot": ("start", "ring walk", "l1 walk", "batch walk", "deposit walk", "block done", "output"),
    "batch_items": ("next item",),
    "derivation": ("next block", "origin"),
    "block_writes": ("system write",),
    "block_end": ("seal",),
}
DEFECTS = {
    "an output root is not opened": (
        "boot",
        "boot",
        'assert keccak256(output) == start.parent_output, "proof: output"',
        "pass",
        f"start: {WITNESS_DECIDES}",
    ),
    "headers are not hashed": (
        "boot",
        "headers",
        'assert keccak256(slice(data, 0, length)) == digest, "headers: another hash"',
        "pass",
        WITNESS_DECIDES,
    ),
    "an ancestor is put where none was": (
        "boot",
        "ring",
        'assert old == root, "ring: not under this root"',
        "pass",
        f"ring walk: {WITNESS_DECIDES}",
    ),
    "a commitment is not the inbox's": (
        "boot",
        "boot",
        'assert commitment == convert(entry[1], bytes32), "proof: commitment"',
        "pass",
        f"batch walk: {WITNESS_DECIDES}",
    ),
    "a hash chain is not checked": (
        "boot",
        "boot",
        'assert keccak256(preimage) == digest, "proof: not of this chain"',
        "pass",
        WITNESS_DECIDES,
    ),
    "L1's state is not proven": (
        "boot",
        "trie",
        'assert keccak256(slice(slice(msg.data, at, BUFFER), 0, node.end - at)) == expected, "trie: wrong node"',
        "pass",
        f"batch walk: {WITNESS_DECIDES}",
    ),
    "a deposit is not the portal's": (
        "batch_items",
        "batch_items",
        'assert keccak256(preimage) == deposit.deposit, "proof: deposit"',
        "pass",
        f"next item: {WITNESS_DECIDES}",
    ),
    "a deposit's data are anybody's": (
        "batch_items",
        "batch_items",
        'assert keccak256(code) == convert(words[6], bytes32), "proof: deposit\'s data"',
        "pass",
        f"next item: {WITNESS_DECIDES}",
    ),
    "a batch's pages are not checked": (
        "batch_items",
        "pages",
        'assert self._root(index, self._leaf(page), siblings) == root, "pages: not under this root"',
        "pass",
        f"next item: {WITNESS_DECIDES}",
    ),
    "a batch's deposits are taken": (
        "batch_items",
        "batch_items",
        "if not counts or type == DEPOSIT or",
        "if not counts or",
        f"next item: {REFUSED}",
    ),
    "a batch may go back in time": (
        "derivation",
        "derivation",
        "max(min(plan.timestamp, latest), earliest)",
        "min(plan.timestamp, latest)",
        f"origin: {ANOTHER}",
    ),
    "overdue deposits wait": (
        "derivation",
        "derivation",
        "        if is_due:\n",
        "        if is_due and has_batch:\n",
        f"next block: {ANOTHER}",
    ),
    "the base fee stays": (
        "derivation",
        "derivation",
        "elif parent.gas_used < target:",
        "elif parent.gas_used > target:",
        f"origin: {ANOTHER}",
    ),
    "the origin's hash is not written": (
        "block_writes",
        "block_writes",
        "self._uint(convert(origin.hash, uint256)), at)",
        "self._uint(context.timestamp), at)",
        f"system write: {ANOTHER}",
    ),
    "a header has the parent's gas": (
        "block_end",
        "block_end",
        "self._number(boundary.gas_used),",
        "self._number(context.gas_limit),",
        f"seal: {ANOTHER}",
    ),
    "the ring forgets the block": (
        "block_end",
        "block_end",
        "    after.outbox_root = outbox.storage_root\n",
        "    after.ring = context.ring\n    after.outbox_root = outbox.storage_root\n",
        f"seal: {ANOTHER}",
    ),
}
QUICK = ("a commitment is not the inbox's",)
"""Each takes seconds to compile, so the others are for the slow run."""


def with_a_deposit_in_a_batch() -> Chain:
    chain = fresh_chain()
    raws = deposit(Random(1)).transaction(ZERO_HASH).raw, transfer(chain, KEYS[0], LOGGER)
    chain.feed((), [encode_batch(Batch(1, (BlockClaim(chain.tip.timestamp + 1, 0, raws),)))])
    return chain


@pytest.fixture(scope="module")
def steps() -> list[Judged]:
    """Of some random chains, one step of each shape, and every one where much depends on what is said."""
    found: dict[object, Judged] = {}
    chains = [with_a_deposit_in_a_batch(), *(random_chain(Random(seed), 8) for seed in range(100, 104))]
    for seed, chain in enumerate(chains):
        for index, step in enumerate(judged_steps(chain.machine())):
            if any(step.phase in phases for phases in OWN.values()):
                key = (seed, index) if step.phase in ("next block", "origin", "next item") else shape(step)
                found.setdefault(key, step)
    return list(found.values())


def attacks(witness: Witness):
    """Preimages, codes and pages with one byte changed, near both ends and in the middle."""
    for name in ("preimages", "codes"):
        entries = getattr(witness, name)
        for index, entry in enumerate(entries):
            for at in sorted({0, 4, len(entry) // 2, len(entry) - 40, len(entry) - 1} & set(range(len(entry)))):
                changed = entry[:at] + bytes((entry[at] ^ 1,)) + entry[at + 1 :]
                changes: dict[str, Any] = {name: (*entries[:index], changed, *entries[index + 1 :])}
                yield replace(witness, **changes)
    for index, opening in enumerate(witness.pages):
        for at in (13, 16, 17, 30, 1023):
            page = opening.page[:at] + bytes((opening.page[at] ^ 1,)) + opening.page[at + 1 :]
            yield replace(
                witness, pages=(*witness.pages[:index], replace(opening, page=page), *witness.pages[index + 1 :])
            )


def notices(library: VyperReferee, name: str, steps: list[Judged]) -> str:
    """The first thing that goes wrong; empty if nothing does."""
    attacked = set()
    for step in steps:
        if step.phase not in OWN[name]:
            with pytest.raises(InvalidWitness):
                library.judge(step.before, step.witness)
            continue
        changed = () if shape(step) in attacked else attacks(step.witness)
        attacked.add(shape(step))
        fault = fault_of(library, step.before, step.witness, step.after, changed)
        if fault is not None:
            return f"{step.phase}: {fault}"
    return ""


@pytest.mark.parametrize(
    "name", [pytest.param(each, marks=[] if each in QUICK else pytest.mark.slow) for each in DEFECTS]
)
def test_a_library_with_the_defect_is_noticed(steps, tmp_path, name):
    library, file, right, wrong, words = DEFECTS[name]
    assert words in notices(defective(tmp_path, library, file, right, wrong), library, steps)


@pytest.mark.parametrize("name", OWN)
def test_a_library_as_it_is_has_nothing_to_notice(steps, name):
    assert notices(referee_of(name), name, steps) == ""
