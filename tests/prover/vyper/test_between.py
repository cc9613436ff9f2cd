"""The libraries for steps between transactions: next item, next block, origin, system write, by random chains."""

from collections import Counter
from collections.abc import Mapping
from random import Random

import pyrevm
import pytest

from node.artifacts import load_artifact
from prover.calldata import step_calldata
from prover.machine.step import resume, step
from prover.machine.vm import (
    BLOCK_DONE,
    DONE,
    NEXT_BLOCK,
    NEXT_ITEM,
    ORIGIN,
    OUTPUT,
    PHASE_NAMES,
    SYSTEM_WRITE,
)
from prover.witness import witnessed_step
from tests.prover.chains import random_chain

CALLER = "0x" + "ca" * 20
LIBRARIES = {
    "l1/proof/batch_items": (NEXT_ITEM,),
    "l1/proof/derivation": (NEXT_BLOCK, ORIGIN),
    "l1/proof/block_writes": (SYSTEM_WRITE,),
}
GAS_CEILING = 12_000_000


class Libraries:
    """Each called by itself, without the dispatcher."""

    def __init__(self) -> None:
        self.evm = pyrevm.EVM(gas_limit=2**40)
        deployed = {name: self.evm.deploy(CALLER, load_artifact(name).init_code) for name in LIBRARIES}
        self.by_phase: Mapping[int, str] = {
            phase: deployed[name] for name, phases in LIBRARIES.items() for phase in phases
        }

    def post(self, phase: int, calldata: bytes) -> bytes | None:
        """The next state's hash; None if the library reverts."""
        try:
            return bytes(
                self.evm.message_call(CALLER, self.by_phase[phase], calldata=calldata, gas=30_000_000, is_static=True)
            )
        except RuntimeError:
            return None


@pytest.fixture(scope="module")
def libraries() -> Libraries:
    return Libraries()


def steps(seed: int):
    """(phase, calldata, next state's hash, next phase) of each step between transactions of a random chain."""
    vm = random_chain(Random(seed)).machine()
    while vm.phase != OUTPUT:
        resume(vm)
        while vm.phase not in (DONE, BLOCK_DONE, OUTPUT):
            phase, before = vm.phase, vm.digest()
            if phase < NEXT_ITEM:
                step(vm)
                continue
            calldata = step_calldata(before, witnessed_step(vm))
            yield phase, calldata, vm.digest(), vm.phase


def test_l1_makes_the_same_steps_between_transactions(libraries: Libraries):
    seen: Counter[tuple[str, str]] = Counter()
    for seed in range(8):
        for phase, calldata, after, next_phase in steps(seed):
            if phase in libraries.by_phase:
                assert libraries.post(phase, calldata) == after, (seed, PHASE_NAMES[phase])
                result = libraries.evm.result
                assert result is not None
                assert result.gas_used < GAS_CEILING
                seen[PHASE_NAMES[phase], PHASE_NAMES[next_phase]] += 1
    assert seen.keys() == {
        ("next item", "begin"),
        ("next item", "next item"),
        ("next item", "item hash"),
        ("next item", "seal"),
        ("next block", "next block"),
        ("next block", "origin"),
        ("next block", "output"),
        ("origin", "origin"),
        ("origin", "system write"),
        ("origin", "next block"),
        ("system write", "done"),
    }


def test_a_changed_witness_reverts_or_gives_the_same_state(libraries: Libraries):
    draw = Random(1)
    changed = 0
    for phase, calldata, after, _next in steps(3):
        if phase not in libraries.by_phase:
            continue
        for _ in range(4):
            # Behind the selector and the state's hash, which the game fills in.
            at = draw.randrange(36, len(calldata))
            mutated = calldata[:at] + bytes((calldata[at] ^ draw.randrange(1, 256),)) + calldata[at + 1 :]
            post = libraries.post(phase, mutated)
            assert post in (None, after)
            changed += post is None
        assert libraries.post(phase, calldata[: len(calldata) // 2]) is None
    assert changed > 100


def test_a_library_refuses_phases_of_others(libraries: Libraries):
    for phase, calldata, _after, _next in steps(3):
        for other in libraries.by_phase:
            if libraries.by_phase[other] != libraries.by_phase.get(phase):
                assert libraries.post(other, calldata) is None
