"""Defects put into the libraries for a block's tries: honest steps and changed witnesses notice each."""

from collections.abc import Iterator
from dataclasses import replace
from random import Random

import pytest

from prover.commitments.tape import InvalidWitness, Witness
from prover.machine.vm import FILL, PHASE_NAMES, RECEIPT_HASH, RECEIPT_LOGS
from prover.vyper_referee import VyperReferee
from prover.witness import witnessed_step
from tests.prover.test_defects import attacks
from tests.prover.vyper.put_in import ANOTHER, REFUSED, WITNESS_DECIDES, defective, fault_of, referee_of
from tests.prover.vyper.test_block_tries import block_of, is_filled, log_of, receipt_of

DEFECTS = {
    "pages are not checked": (
        "receipts",
        "pages",
        'assert self._root(index, self._leaf(page), siblings) == root, "pages: not under this root"',
        "pass",
        WITNESS_DECIDES,
    ),
    "an entry sets two bits": (
        "receipts",
        "receipts",
        "for i: uint256 in range(3):",
        "for i: uint256 in range(2):",
        ANOTHER,
    ),
    "logs keep their order": ("receipts", "receipts", "entry.below = logs.ordered", "pass", ANOTHER),
    "a receipt's type is left out": ("receipts", "receipts", "receipt.type != 0", "receipt.type > 200", ANOTHER),
    "a small byte has a header": ("receipts", "receipts", "uint256) >= STRING:", "uint256) < STRING:", ANOTHER),
    "logs do not reach the block": ("receipts", "receipts", "sealing.bloom_7 |= logs.bloom_7", "pass", ANOTHER),
    "any transaction is filled in": (
        "block_tries",
        "block_tries",
        'assert keccak256(code) == receipt.tx, "proof: transaction"',
        "pass",
        WITNESS_DECIDES,
    ),
    "nodes are not hashed": (
        "block_tries",
        "trie",
        'assert keccak256(slice(slice(msg.data, at, BUFFER), 0, node.end - at)) == expected, "trie: wrong node"',
        "pass",
        WITNESS_DECIDES,
    ),
    "what a branch holds is forgotten": ("block_tries", "index_trie", "nodes[level] = node.start", "pass", ANOTHER),
    "index 0 lies alone": ("block_tries", "index_trie", "if count > 128:", "if count > 135:", REFUSED),
    "a short leaf is hashed": ("block_tries", "block_tries", "if size < 32:", "if size < 2:", ANOTHER),
}
QUICK = ("any transaction is filled in", "an entry sets two bits")
"""Each takes seconds to compile, so the others are for the slow run."""
OWN = {"receipts": (RECEIPT_LOGS, RECEIPT_HASH), "block_tries": (FILL,)}


def steps():
    """All steps of a block of 130 transactions, of which few have logs."""
    random = Random(9)
    logs = [log_of(random, content) for content in (b"\x81", b"\x01", random.randbytes(1500))] * 2
    receipts = [receipt_of(2, 1, 21000, logs if index == 40 else []) for index in range(130)]
    vm = block_of(receipts, [random.randbytes(20 + index % 9) for index in range(130)])
    found = []
    while not is_filled(vm):
        before, phase = vm.digest(), vm.phase
        witness = witnessed_step(vm)
        found.append((phase, before, witness, vm.digest()))
    return found


STEPS = steps()


def within(witness: Witness) -> Iterator[Witness]:
    """Preimages with a byte changed in their middle, where a branch has a child."""
    for index, preimage in enumerate(witness.preimages):
        at = len(preimage) // 2
        other = preimage[:at] + bytes((preimage[at] ^ 1,)) + preimage[at + 1 :]
        yield replace(witness, preimages=(*witness.preimages[:index], other, *witness.preimages[index + 1 :]))


def notices(library: VyperReferee, name: str) -> str:
    """The first thing that goes wrong; empty if nothing does."""
    attacked = set()
    for phase, before, witness, after in STEPS:
        if phase not in OWN[name]:
            with pytest.raises(InvalidWitness):
                library.judge(before, witness)
            continue
        shape = phase, len(witness.pages), len(witness.preimages)
        changed = () if shape in attacked else (*attacks(witness), *within(witness))
        attacked.add(shape)
        fault = fault_of(library, before, witness, after, changed)
        if fault is not None:
            return f"{PHASE_NAMES[phase]}: {fault}"
    return ""


@pytest.mark.parametrize(
    "name", [pytest.param(each, marks=[] if each in QUICK else pytest.mark.slow) for each in DEFECTS]
)
def test_a_library_with_the_defect_is_noticed(tmp_path, name):
    library, file, right, wrong, words = DEFECTS[name]
    assert words in notices(defective(tmp_path, library, file, right, wrong), library)


@pytest.mark.parametrize("name", OWN)
def test_a_library_as_it_is_has_nothing_to_notice(name):
    assert notices(referee_of(name), name) == ""
