"""Defects put into the verifier's sources, among them those found in the closest relative of its design: all noticed.

Each `defects/*.defect` changes one file (the format is `tests.contracts.conftest.apply_defect`'s). For each, `notices`
runs what the other tests run, on the library that the defect is in: honest steps, changed witnesses, other libraries'
steps, digests of other structures. A defect that it does not notice is a hole in the tests. `test_state_defects` has
those of the libraries that look at the state.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from node.artifacts import load_artifact
from protocol.crypto import keccak
from protocol.types import Hash32
from prover.commitments import layout as table
from prover.commitments.structures import Receipt
from prover.commitments.tape import InvalidWitness, Sealed, Witness
from prover.machine.vm import COPY, DONE
from prover.prove_statetest import step_name
from prover.vyper_referee import VyperReferee
from prover.witness import witnessed_step
from tests.contracts.conftest import apply_defect
from tests.prover.corpus import examples
from tests.prover.test_defects import attacks

DEFECTS = Path(__file__).parent / "defects"
Step = tuple[str, Hash32, Witness, Hash32]

ANOTHER = "an honest step is judged to another state"
REFUSED = "an honest step is refused"
WITNESS_DECIDES = "a changed witness leads to another state"
NOT_ITS_OWN = "another library's step is judged to another state"
FOREIGN = "another structure is taken for a copy"

EXPECTED = {
    "boundary_bytes_are_unchecked": ("memory_opcodes", WITNESS_DECIDES),
    "code_is_not_hashed": ("plain_opcodes", WITNESS_DECIDES),
    "contexts_are_not_hashed": ("plain_opcodes", WITNESS_DECIDES),
    "gap_pages_are_unchecked": ("memory_opcodes", WITNESS_DECIDES),
    "gas_is_jumpdest": ("plain_opcodes", f"opcode 0x5a: {ANOTHER}"),
    "gas_is_not_charged": ("plain_opcodes", f"out of gas by one, opcode 0x01: {ANOTHER}"),
    "hashes_have_no_tags": ("memory_opcodes", FOREIGN),
    "jumps_go_anywhere": ("plain_opcodes", f"a jump to no jumpdest, opcode 0x56: {ANOTHER}"),
    "jumps_truncate": ("plain_opcodes", f"lower 64 bits, opcode 0x56: {ANOTHER}"),
    "memory_grows_for_free": ("memory_opcodes", f": {ANOTHER}"),
    "push_data_holds_jumpdests": ("plain_opcodes", f"into push data, opcode 0x56: {ANOTHER}"),
    "stack_items_are_not_hashed": ("plain_opcodes", WITNESS_DECIDES),
    "the_caller_names_the_library": ("memory_opcodes", NOT_ITS_OWN),
}
"""By defect: the library to judge with, and how it is noticed."""

OURS = (
    "contexts_are_not_hashed",
    "gas_is_not_charged",
    "push_data_holds_jumpdests",
    "stack_items_are_not_hashed",
)
"""Not the relative's. Compiling a library takes seconds, so these are tried in `make test-slow`."""


@pytest.fixture(scope="module")
def steps() -> list[Step]:
    """The corpus's steps: of the plain examples one of each kind, outcome and shape, of the special ones all."""
    found: dict[object, Step] = {}
    for example in examples():
        special = example.name[0].islower()
        vm = example.begin()
        while vm.phase != DONE:
            before, name, phase = vm.digest(), step_name(vm), vm.phase
            witness = witnessed_step(vm)
            shape = len(witness.pages), len(witness.openings), len(witness.stack), len(witness.preimages)
            key = (example.name if special else "", name, phase, vm.phase, shape)
            found.setdefault(key, (f"{example.name}, {name}", before, witness, vm.digest()))
    return list(found.values())


def library(name: str, sources: Path | None = None) -> VyperReferee:
    place = {} if sources is None else {"sources": sources}
    return VyperReferee.of_library(lambda each: load_artifact(each, **place).init_code, f"l1/proof/{name}")


def own_steps(genuine: VyperReferee, steps: list[Step]) -> tuple[list[Step], list[Step]]:
    """Those that the library judges, and those that it refuses."""
    own, others = [], []
    for step in steps:
        try:
            genuine.judge(step[1], step[2])
            own.append(step)
        except InvalidWitness:
            others.append(step)
    return own, others


def notices(referee: VyperReferee, own: list[Step], others: list[Step]) -> str:
    """The first thing that goes wrong; empty if nothing does."""
    for name, before, witness, after in own:
        try:
            if referee.judge(before, witness) != after:
                return f"{name}: {ANOTHER}"
        except InvalidWitness as error:
            return f"{name}: {REFUSED}: {error}"
        for attack in (*attacks(witness), *changed_words(witness)):
            if not _same_or_refused(referee, before, attack, after):
                return f"{name}: {WITNESS_DECIDES}"
    for name, before, witness, after in others:
        if not _same_or_refused(referee, before, witness, after):
            return f"{name}: {NOT_ITS_OWN}"
    return _foreign_cursor(referee, own)


def changed_words(witness: Witness) -> Iterator[Witness]:
    """Witnesses with one word of one structure changed, beside the state, which `attacks` looks after."""
    for index, preimage in enumerate(witness.preimages):
        if index > 2 and len(preimage) <= table.TX_CONTEXT.size:
            for end in range(64, len(preimage) + 1, 32):
                changed = preimage[: end - 1] + bytes((preimage[end - 1] ^ 1,)) + preimage[end:]
                yield replace(witness, preimages=(*witness.preimages[:index], changed, *witness.preimages[index + 1 :]))


def _same_or_refused(referee: VyperReferee, before: Hash32, witness: Witness, after: Hash32) -> bool:
    try:
        return referee.judge(before, witness) == after
    except InvalidWitness:
        return True


def _foreign_cursor(referee: VyperReferee, own: list[Step]) -> str:
    """Whether a state whose cursor is another structure of a copy's size goes on copying."""
    copies = [step for step in own if step[0].endswith(", copy")]
    if not copies:
        return ""
    assert table.RECEIPT.size == table.COPY.size
    _name, _before, witness, _after = copies[0]
    words = table.decode(table.VM, witness.preimages[0])
    receipt = Receipt(Sealed(Hash32(bytes(32))), Hash32(bytes(32)), 2, True, 0, Sealed(Hash32(bytes(32))), 32)
    vm = table.encode(table.VM, [COPY, receipt.digest(), *words[2:]])
    foreign = replace(witness, preimages=(vm, *witness.preimages[1:3], receipt.encode()), pages=witness.pages[-1:])
    try:
        referee.judge(keccak(vm), foreign)
    except InvalidWitness:
        return ""
    return FOREIGN


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name in OURS else name for name in EXPECTED]
)
def test_a_verifier_with_the_defect_is_noticed(steps, tmp_path, name):
    judge, words = EXPECTED[name]
    own, others = own_steps(library(judge), steps)
    defective = library(judge, apply_defect(DEFECTS / f"{name}.defect", tmp_path / name))
    assert words in notices(defective, own, others)


@pytest.mark.parametrize("name", sorted({judge for judge, _ in EXPECTED.values()}))
def test_a_library_as_it_is_has_nothing_to_notice(steps, name):
    genuine = library(name)
    assert notices(genuine, *own_steps(genuine, steps)) == ""


def test_every_defect_is_tried():
    assert {path.stem for path in DEFECTS.iterdir()} == set(EXPECTED)
