"""Defects put into what opens batches outside of their commitments: honest steps and changed witnesses notice each."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from random import Random

import pytest

from protocol.blobs import USABLE_BYTES, pack_blobs
from protocol.crypto import keccak
from protocol.types import Hash32
from prover.commitments.tape import InvalidWitness, Witness
from prover.machine.step import step
from prover.machine.vm import BATCH_DATA, BATCH_WALK, PHASE_NAMES, VM
from prover.vyper_referee import VyperReferee
from prover.witness import witnessed_step
from tests.prover.test_defects import attacks
from tests.prover.vyper.put_in import ANOTHER, REFUSED, WITNESS_DECIDES, defective, fault_of, referee_of
from tests.prover.vyper.test_batch_data import in_blobs, machine_before, run_to, strange_blob

DEFECTS = {
    "data is not hashed": (
        "batch_data",
        "batch_data",
        'assert keccak256(other) == convert(slice(code, len(code) - 32, 32), bytes32), "proof: data"',
        "pass",
        WITNESS_DECIDES,
    ),
    "the commitment is the prover's": (
        "batch_data",
        "batch_data",
        'assert keccak256(code) == cursor.commitment, "proof: commitment"',
        "pass",
        WITNESS_DECIDES,
    ),
    "a page's place is the prover's": (
        "batch_data",
        "batch_data",
        'assert pages._root(cursor.pages, new_pages._leaf(b""), tape.siblings) == cursor.data, "proof: pages"',
        "pass",
        WITNESS_DECIDES,
    ),
    "elements are not proven": (
        "batch_data",
        "blob",
        'assert is_proven and len(answer) == 64, "blob: not proven"',
        "if not is_proven:\n        return element_value",
        WITNESS_DECIDES,
    ),
    "the byte that means nothing counts": (
        "batch_data",
        "batch_data",
        "slice(element, 1, 31)",
        "slice(element, 0, 31)",
        ANOTHER,
    ),
    "all elements are in the first blob": (
        "batch_data",
        "batch_data",
        "32 * (number // blob.ELEMENTS)",
        "0 * number",
        REFUSED,
    ),
    "every element is the first": ("batch_data", "batch_data", "number % blob.ELEMENTS,", "0,", REFUSED),
    "a length has no bound": (
        "batch_data",
        "batch_data",
        "min((first >> 216) & UINT32, room)",
        "(first >> 216) & UINT32",
        ANOTHER,
    ),
    "the length's bytes are data": (
        "batch_data",
        "batch_data",
        "blob.LENGTH_BYTES + start, size",
        "start, size",
        REFUSED,
    ),
    "a batch is forgotten": ("batch_data", "batch_data", "if cursor.length != 0:", "if cursor.length == 1:", ANOTHER),
    "every layer counts": ("boot", "boot", "if (rules.layers >> layer) & 1 == 1:", "if rules.fork != 0:", ANOTHER),
    "a layer's own form is not looked at": ("boot", "boot", "return length == 33", "return True", REFUSED),
    "a walk shows any commitment": (
        "boot",
        "boot",
        'assert commitment == convert(entry[1], bytes32), "proof: commitment"',
        "pass",
        WITNESS_DECIDES,
    ),
}
QUICK = ("data is not hashed", "every layer counts")
"""Each takes seconds to compile, so the others are for the slow run."""
OWN = {"batch_data": BATCH_DATA, "boot": BATCH_WALK}

Step = tuple[int, Hash32, Witness, Hash32, tuple[Witness, ...]]


def taken(vm: VM, *forged: Witness) -> Step:
    phase, before = vm.phase, vm.digest()
    witness = witnessed_step(vm)
    return phase, before, witness, vm.digest(), forged


@cache
def cheap_steps() -> list[Step]:
    """Of each kind one, with witnesses that other commitments have for theirs; none opens a blob."""
    data = b"a batch" * 20
    behind_hash = machine_before(b"\1" + keccak(data), data)
    walk = taken(behind_hash)
    shown = witnessed_step(behind_hash.copy())
    forged = replace(shown, codes=(b"\1" + keccak(b"another"), b"another"))
    found = [walk, taken(behind_hash, forged)]
    found += [taken(machine_before(each, layers=1)) for each in (b"\1" + keccak(data), b"\0" + data)]
    found.append(taken(machine_before(b"\1" + bytes(40))))
    return found


@cache
def steps_in_blobs() -> list[Step]:
    """The length of a batch in two blobs, a page that lies in both, the last page; a length that is too much."""
    blobs, other = pack_blobs(Random(1).randbytes(USABLE_BYTES + 300)), pack_blobs(b"others")
    in_other = machine_before(in_blobs(*other), *other)
    step(in_other)
    others_length = witnessed_step(in_other)
    vm = machine_before(in_blobs(*blobs), *blobs)
    found = [taken(vm)]
    found.append(taken(vm, replace(witnessed_step(vm.copy()), codes=others_length.codes)))
    run_to(vm, (USABLE_BYTES - 4) // 1024)
    found += [taken(vm), taken(vm)]
    strange = strange_blob(2**32 - 1, 1)
    vm = machine_before(in_blobs(strange), strange)
    step(vm)
    found.append(taken(vm))
    run_to(vm, (USABLE_BYTES - 4) // 1024)
    return [*found, taken(vm)]


def steps(name: str) -> Iterator[Step]:
    """Those of cheap kinds first, so that what they notice is noticed soon."""
    yield from cheap_steps()
    if name == "batch_data":
        yield from steps_in_blobs()


def changes(witness: Witness) -> Iterator[Witness]:
    """The usual attacks; the end of each code, a byte of the first element's that says a length; a sibling."""
    yield from attacks(witness)
    for index, code in enumerate(witness.codes):
        for at in (100, len(code) - 1):
            other = bytearray(code)
            other[min(at, len(code) - 1)] ^= 1
            yield replace(witness, codes=(*witness.codes[:index], bytes(other), *witness.codes[index + 1 :]))
    for page in witness.pages:
        yield replace(witness, pages=(replace(page, siblings=(bytes(32), *page.siblings[1:])),))


def notices(library: VyperReferee, name: str) -> str:
    """The first thing that goes wrong; empty if nothing does."""
    attacked = set()
    for phase, before, witness, after, forged in steps(name):
        if phase != OWN[name]:
            with pytest.raises(InvalidWitness):
                library.judge(before, witness)
            continue
        shape = len(witness.preimages), len(witness.codes), len(witness.pages)
        changed = (*forged, *(() if shape in attacked else changes(witness)))
        fault = fault_of(library, before, witness, after, changed)
        if fault is not None:
            return f"{PHASE_NAMES[phase]}: {fault}"
        attacked.add(shape)
    return ""


@pytest.mark.parametrize(
    "name", [pytest.param(each, marks=[] if each in QUICK else pytest.mark.slow) for each in DEFECTS]
)
def test_a_library_with_the_defect_is_noticed(tmp_path, name):
    library, file, right, wrong, words = DEFECTS[name]
    assert words in notices(defective(tmp_path, library, file, right, wrong), library)


@pytest.mark.parametrize("name", ["boot", pytest.param("batch_data", marks=pytest.mark.slow)])
def test_a_library_as_it_is_has_nothing_to_notice(name):
    assert notices(referee_of(name), name) == ""
