"""The one-step verifier: every honest step is judged to the machine's next state, whatever else is refused.

pyrevm runs the contracts as an L1 of Cancun does.
"""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyrevm import EVM

from node.artifacts import load_artifact
from protocol.types import Hash32
from prover.calldata import SELECTOR, step_calldata
from prover.commitments.tape import InvalidWitness, Witness
from prover.machine.frame import Frame
from prover.machine.step import step
from prover.machine.vm import DONE, EXECUTE, PHASE_NAMES
from prover.prove_statetest import step_name
from prover.verifier import DISPATCHER, LIBRARIES
from prover.vyper_referee import VyperReferee
from prover.vyper_referee import _local_evm as local_evm
from prover.witness import witnessed_step
from tests.prover.corpus import examples
from tests.prover.programs import programs
from tests.prover.test_referee import mutants
from tests.prover.worlds import CONTRACT, OTHER, code, judged_steps, machine, push, running, signed, state_with
from tests.prover.worst_cases import worst_cases
from vm.memory_state import Allocation

NAMES = [name for name in LIBRARIES if name]
OF_TRANSACTIONS = 12
"""Libraries; the others are for what lies between transactions."""
CORPUS = examples()
MAX_CODE_BYTES = 24_576
"""EIP-170."""
CEILING = 12_000_000
"""Gas of one step, as a transaction."""
MAX_CALLDATA = 128 * 1024
"""Bytes that common pools take."""


@pytest.fixture(scope="module")
def steps():
    """(name, before, witness, after): one step of each kind and shape that the corpus has."""
    found: dict[object, tuple[str, Hash32, Witness, Hash32]] = {}
    for example in CORPUS:
        vm = example.begin()
        while vm.phase != DONE:
            before, name = vm.digest(), step_name(vm)
            witness = witnessed_step(vm)
            shape = len(witness.pages), len(witness.openings), len(witness.stack), len(witness.preimages), vm.phase
            found.setdefault((name, shape), (f"{example.name}, {name}", before, witness, vm.digest()))
    return list(found.values())


@pytest.mark.parametrize("name", [*NAMES, DISPATCHER])
def test_each_contract_fits(name):
    # Immutables lie behind the code: the dispatcher's are its libraries.
    assert 0 < len(load_artifact(name).runtime_code) + 32 * len(LIBRARIES) * (name == DISPATCHER) < MAX_CODE_BYTES


def test_every_library_has_the_same_entry():
    for name in NAMES:
        assert SELECTOR in load_artifact(name).runtime_code, name


@pytest.mark.parametrize("example", CORPUS, ids=lambda example: example.name)
def test_every_step_of_the_corpus_is_judged_to_the_machines_next_state(referee, example):
    for before, witness, after in judged_steps(example.begin()):
        assert referee.judge(before, witness) == after
        assert referee.gas_used < CEILING


@settings(max_examples=100, deadline=None)
@given(first=programs, second=programs, gas_limit=st.sampled_from([60_000, 300_000]))
def test_every_step_of_a_random_program_is_judged_to_the_machines_next_state(referee, first, second, gas_limit):
    state = state_with({CONTRACT: Allocation(10**6, 1, first, {1: 2}), OTHER: Allocation(50, 1, second)})
    for before, witness, after in judged_steps(machine(state, signed(gas_limit=gas_limit, data=b"\x01" * 40))):
        assert referee.judge(before, witness) == after
        assert len(step_calldata(before, witness)) < MAX_CALLDATA


instructions = st.sampled_from(
    [b"\x5b", b"\x5b" * 7, b"\x00" * 30, b"\x60", b"\x61\x5b", b"\x6a", b"\x7f", b"\x80", b"\x40"]
)


@settings(max_examples=300, deadline=None)
@given(body=st.lists(instructions, max_size=40).map(b"".join), target=st.integers(0, 400))
def test_a_jump_goes_to_a_jumpdest_and_never_into_push_data(referee, body, target):
    vm = running(code(push(target.to_bytes(2, "big")), 0x56) + body + b"\x5b" * 33)
    while not (vm.phase == EXECUTE and isinstance(vm.frame, Frame) and vm.frame.pc == 3):
        step(vm)
    before, witness = vm.digest(), witnessed_step(vm)
    assert referee.judge(before, witness) == vm.digest()


@pytest.mark.parametrize("example", list(worst_cases()), ids=lambda example: example.name)
def test_the_dearest_steps_known_are_judged_and_stay_below_the_ceiling(referee, example):
    for before, witness, after in judged_steps(example.begin()):
        calldata = step_calldata(before, witness)
        assert referee.call(calldata) == after
        assert referee.gas_used < CEILING
        assert len(calldata) < MAX_CALLDATA


def test_a_finished_transaction_stays_as_it_is(referee):
    vm = CORPUS[0].begin()
    *_, (_before, _witness, last) = judged_steps(vm)
    witness = witnessed_step(vm)
    assert vm.digest() == last == referee.judge(last, witness)


@settings(max_examples=1000, deadline=None)
@given(st.data())
def test_a_changed_witness_never_leads_to_another_state(referee, steps, data):
    name, before, witness, after = data.draw(st.sampled_from(steps))
    try:
        mutant = mutants(witness, data.draw)
        judged = referee.judge(before, mutant)
    except (InvalidWitness, OverflowError):
        return
    assert judged == after, name


@settings(max_examples=1000, deadline=None)
@given(st.data())
def test_changed_calldata_never_lead_to_another_state(referee, steps, data):
    name, before, witness, after = data.draw(st.sampled_from(steps))
    call = bytearray(step_calldata(before, witness))
    for _ in range(data.draw(st.integers(1, 3))):
        # The hash that is asked about stays; all else is the prover's.
        at = data.draw(st.integers(36, len(call) - 1))
        call[at] ^= data.draw(st.integers(1, 255))
    if data.draw(st.booleans()):
        del call[data.draw(st.integers(36, len(call))) :]
    try:
        judged = referee.call(bytes(call))
    except InvalidWitness:
        return
    assert judged == after, name


def spoiled(call: bytes, other: bytes, random: Random) -> bytes:
    """A call with bytes or words changed, moved, cut, or taken out of another call; its first word stays."""
    changed = bytearray(call)
    for _ in range(random.choice([1, 1, 1, 2, 5])):
        if len(changed) < 100:
            break
        at = random.randrange(36, len(changed))
        word = 4 + (at - 4) // 32 * 32
        kind = random.randrange(8)
        if kind < 3:
            changed[at] ^= 1 << random.randrange(8)
        elif kind == 3:
            changed[word : word + 32] = random.choice(
                [bytes(32), b"\xff" * 32, bytes(31) + bytes((random.randrange(256),))]
            )
        elif kind == 4:
            elsewhere = 4 + random.randrange((len(changed) - 4) // 32) * 32
            changed[word : word + 32] = changed[elsewhere : elsewhere + 32]
        elif kind == 5:
            start = 36 + random.randrange(max(len(other) - 68, 1))
            changed[word : word + 32] = other[start : start + 32]
        elif kind == 6:
            # Offsets, lengths and the tape lie here.
            place = 36 + 32 * (40 + random.randrange(8))
            changed[place : place + 32] = random.randrange(2 * len(call)).to_bytes(32, "big")
        else:
            del changed[at : at + random.choice([1, 32, len(changed)])]
    return bytes(changed)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_minutes_of_spoiled_calldata_never_lead_to_another_state(referee, steps):
    random = Random(6)
    calls = [(name, step_calldata(before, witness), after) for name, before, witness, after in steps]
    judged = 0
    for _ in range(300_000):
        name, call, after = random.choice(calls)
        try:
            result = referee.call(spoiled(call, random.choice(calls)[1], random))
        except InvalidWitness:
            continue
        judged += 1
        assert result == after, name
    assert judged > 10_000  # what nobody looks at may be spoiled


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_the_witness_of_another_step_is_refused(referee, steps, data):
    one, other = data.draw(st.lists(st.sampled_from(steps), min_size=2, max_size=2, unique_by=lambda step: step[1]))
    with pytest.raises(InvalidWitness):
        referee.judge(one[1], other[2])


@pytest.mark.parametrize("name", NAMES)
def test_a_library_judges_its_own_steps_and_refuses_all_others(steps, name):
    """Called without the dispatcher, it derives phase and opcode itself."""
    library = VyperReferee.of_library(lambda each: load_artifact(each).init_code, name)
    own: dict[str, bool] = {}
    for what, before, witness, after in steps:
        kind = what.rpartition(", ")[2]
        try:
            assert library.judge(before, witness) == after, what
            own.setdefault(kind, True)
        except InvalidWitness:
            own[kind] = False
    # The corpus is of transactions; `test_chains` has what lies between them.
    assert any(own.values()) == (NAMES.index(name) < OF_TRANSACTIONS)


def test_a_referee_that_begins_anew_judges_alike(steps, monkeypatch: pytest.MonkeyPatch):
    """Since what it calls in would grow with every call."""
    made = []

    def make() -> EVM:
        made.append(local_evm())
        return made[-1]

    monkeypatch.setattr("prover.vyper_referee.CALLS_PER_EVM", 3)
    monkeypatch.setattr("prover.vyper_referee._local_evm", make)
    referee = VyperReferee.of_library(lambda each: load_artifact(each).init_code, "l1/proof/plain_opcodes")
    plain = [step for step in steps if step[0].endswith(("opcode 0x01", "opcode 0x60", "opcode 0x02"))][:8]
    costs = []
    for what, before, witness, after in 2 * plain:
        assert referee.judge(before, witness) == after, what
        costs.append(referee.gas_used)
    assert len(made) == -(-2 * len(plain) // 3) > 2
    assert max(evm.journal_len for evm in made) < 4 * made[0].journal_len  # a call's worth is all that differs
    assert costs[: len(plain)] == costs[len(plain) :]


def test_the_corpus_has_every_phase():
    phases = set()
    for example in CORPUS:
        vm = example.begin()
        while vm.phase != DONE:
            phases.add(vm.phase)
            witnessed_step(vm)
    assert {PHASE_NAMES[phase] for phase in phases} == set(PHASE_NAMES[:DONE])
