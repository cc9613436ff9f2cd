"""Fuzzing of every phase: no spoiled proof, call or gas makes L1, or the Python referee, answer with another state."""

from collections import Counter, defaultdict
from random import Random

import pytest

from prover.calldata import step_calldata
from prover.commitments.tape import InvalidWitness
from prover.machine.batch_data import FILE_LAYER
from prover.machine.vm import PHASE_NAMES
from prover.referee import judge
from tests.prover.chains import random_chain, random_fee_chain
from tests.prover.corpus import examples
from tests.prover.spoiling import (
    POINTER_COUNT,
    POINTERS,
    Judged,
    judged_steps,
    shape,
    spoiled_call,
    spoiled_witness,
)

QUICK = 60
"""Rounds per phase; a round is a witness for both referees, a call, and a call with less gas."""
LONG = 20_000
CHAINS = [(100, 0), (101, 0), (102, 0), (103, 0), (104, FILE_LAYER), (105, 0)]
"""Seeds and data layers."""
FEE_CHAINS = (105, 106)
WAYS = ("witness", "call", "gas", "python")


@pytest.fixture(scope="module")
def by_phase() -> dict[str, list[Judged]]:
    """Honest steps, one of each shape, by phase."""
    found: dict[object, Judged] = {}
    chains = [random_chain(Random(seed), 8, layer) for seed, layer in CHAINS]
    chains += [random_fee_chain(Random(seed), 6, changing=0.4) for seed in FEE_CHAINS]
    for vm in (*(example.begin() for example in examples()), *(chain.machine() for chain in chains)):
        for step in judged_steps(vm):
            found.setdefault(shape(step), step)
    phases = defaultdict(list)
    for step in found.values():
        phases[step.phase].append(step)
    return phases


def test_every_phase_is_attacked(by_phase):
    assert set(by_phase) == set(PHASE_NAMES)


def test_pointers_lie_where_the_attacks_change_them(by_phase):
    for steps in by_phase.values():
        call = steps[0].call
        pointers = [
            int.from_bytes(call[POINTERS + 32 * n : POINTERS + 32 * n + 32], "big") for n in range(POINTER_COUNT)
        ]
        assert pointers == sorted(pointers)
        assert pointers[0] == POINTERS + 32 * POINTER_COUNT - 4


def attack(referee, step: Judged, others: list[Judged], random: Random, seen: Counter[str]) -> None:
    """One round; counts what was refused and what was judged all the same."""
    witness = spoiled_witness(step, others, random)
    if witness == step.witness:  # say, a piece swapped with itself
        seen["unchanged"] += 1
        return
    call = spoiled_call(step.call, others, random)
    attempts = {
        "witness": lambda: referee.call(step_calldata(step.before, witness)),
        "call": lambda: referee.call(call),
        "gas": lambda: referee.call(step.call, int(2 ** random.uniform(14.5, 20))),
        "python": lambda: judge(step.before, witness),
    }
    for way, judged in attempts.items():
        try:
            answer = judged()
        except (InvalidWitness, OverflowError):
            seen[f"{way} refused"] += 1
            continue
        seen[f"{way} the same"] += 1
        assert answer == step.after, (way, step.name)


def attack_phase(referee, by_phase, phase: str, rounds: int) -> Counter[str]:
    """So many rounds of one phase, always the same ones."""
    random = Random(phase)
    steps, others = by_phase[phase], [step for steps in by_phase.values() for step in steps]
    seen: Counter[str] = Counter()
    for number in range(rounds):
        near = steps if number % 2 else others
        attack(referee, random.choice(steps), near, random, seen)
    return seen


@pytest.mark.parametrize("phase", PHASE_NAMES)
def test_no_spoiled_proof_leads_to_another_state(referee, by_phase, phase):
    seen = attack_phase(referee, by_phase, phase, QUICK)
    assert all(seen[f"{way} refused"] for way in WAYS)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("phase", PHASE_NAMES)
def test_minutes_of_spoiled_proofs_lead_to_no_other_state(referee, by_phase, phase):
    seen = attack_phase(referee, by_phase, phase, LONG)
    print(f"{phase}: {dict(sorted(seen.items()))}")
    assert all(seen[f"{way} refused"] for way in WAYS)
    assert seen["call the same"], "what nobody looks at may be spoiled"
