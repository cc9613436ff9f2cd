"""Official state tests through the referee: every step of the trace judged, from the pre-state to the expected root.

A case passes when each judged step gave exactly the machine's next hash, and the last state is the boundary with the
test's post-state root and logs. `max_gas` is the dearest judged step's, as a transaction of its own on L1, and so null
for the Python referee; `max_witness` is in bytes. `tombolo prove statetest` has the contracts as a referee, too.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import lru_cache, partial
from pathlib import Path

from protocol.crypto import keccak
from protocol.errors import InvalidInput
from prover.commitments.tape import InvalidWitness, Witness
from prover.machine.frame import Frame
from prover.machine.step import running_code, step
from prover.machine.vm import DONE, EXECUTE, PHASE_NAMES, VM
from prover.referee import judge
from prover.statetest import StateCase, Unusable, begin, entries_in, last_boundary, outcome_error
from prover.vyper_referee import VyperReferee
from prover.witness import witnessed_step

Contracts = tuple[tuple[str, bytes], ...]
"""Init codes of the verifier's contracts by name."""

DEFAULT_SAMPLE = 100
"""Steps drawn from a trace that is too long, beside those of each kind."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What came of one case. `error` is empty when it passed; `post` is the state root that was reached."""

    name: str
    passed: bool
    steps: int
    verified: int
    max_gas: int | None
    max_witness: int
    post: str
    error: str

    def as_json(self) -> dict[str, object]:
        """The object that `--json` prints."""
        fields = asdict(self)
        passed = fields.pop("passed")
        return {"name": fields.pop("name"), "pass": passed, **fields}


def run_prove(
    paths: Sequence[Path],
    referee: str = "python",
    sample: int | None = None,
    jobs: int = 1,
    most_steps: int | None = None,
    contracts: Mapping[str, bytes] | None = None,
) -> Iterator[Proof]:
    """Prove every case below `paths`, in order.

    With `sample`, so many steps of each are judged beside one of each kind that occurs; with `most_steps`, only traces
    longer than that are sampled. The referee "vyper" needs the verifier's `contracts`: init codes by name.

    Raises:
        InvalidInput: There is no such referee, a path does not exist, or a named file holds no state tests.
    """
    if referee not in ("python", "vyper"):
        raise InvalidInput(f"referee {referee!r} does not exist; there are: python, vyper")
    if (referee == "vyper") != (contracts is not None):
        raise InvalidInput("the referee vyper, and it alone, needs the contracts: see `tombolo prove statetest`")
    prove_one = partial(
        prove,
        sample=sample,
        most_steps=most_steps,
        contracts=None if contracts is None else tuple(sorted(contracts.items())),
    )
    cases = entries_in(paths)
    if jobs == 1:
        yield from map(prove_one, cases)
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(prove_one, cases, chunksize=8)


@lru_cache(maxsize=1)
def _vyper_referee(contracts: Contracts) -> VyperReferee:
    """Deployed once per process."""
    return VyperReferee(dict(contracts).__getitem__)


def prove(
    case: StateCase | Unusable,
    sample: int | None = None,
    most_steps: int | None = None,
    contracts: Contracts | None = None,
) -> Proof:
    """Run one case and judge its steps: all of them, or a sample if `sample` is given or there are too many."""
    if isinstance(case, Unusable):
        return Proof(case.name, False, 0, 0, None, 0, "", case.error)
    try:
        return _prove(case, sample, most_steps, contracts)
    except Exception as crash:  # a bug in the machine, or in the case, fails this case, not the run
        return Proof(case.name, False, 0, 0, None, 0, "", f"crash: {type(crash).__name__}: {crash}")


def _prove(case: StateCase, sample: int | None, most_steps: int | None, contracts: Contracts | None) -> Proof:
    if sample is None and most_steps is not None and _is_longer(case, most_steps):
        sample = DEFAULT_SAMPLE
    chosen = None if sample is None else _chosen_steps(case, sample)
    vm = begin(case)
    state = vm.digest()
    steps = verified = max_witness = max_gas = 0
    error = ""
    on_l1 = None if contracts is None else _vyper_referee(contracts)
    while vm.phase != DONE:
        if chosen is not None and steps not in chosen:
            step(vm)
        else:
            if chosen is not None:
                state = vm.digest()
            where = step_name(vm)
            witness = witnessed_step(vm)
            max_witness = max(max_witness, witness_size(witness))
            try:
                judged = judge(state, witness) if on_l1 is None else on_l1.judge(state, witness)
            except InvalidWitness as refusal:
                error = f"step {steps} ({where}): {refusal}"
                break
            max_gas = max(max_gas, 0 if on_l1 is None else on_l1.gas_used)
            state = vm.digest()
            if judged != state:
                error = f"step {steps} ({where}): judged 0x{judged.hex()}, machine 0x{state.hex()}"
                break
            verified += 1
        steps += 1
    return Proof(
        name=case.name,
        passed=not (error := error or outcome_error(case, vm)),
        steps=steps,
        verified=verified,
        max_gas=None if on_l1 is None else max_gas,
        max_witness=max_witness,
        post=f"0x{last_boundary(vm).state_root.hex()}" if vm.phase == DONE else "",
        error=error,
    )


def _is_longer(case: StateCase, most_steps: int) -> bool:
    vm = begin(case)
    steps = 0
    while vm.phase != DONE and steps <= most_steps:
        step(vm)
        steps += 1
    return vm.phase != DONE


def _chosen_steps(case: StateCase, sample: int) -> frozenset[int]:
    """The first and last step, the first of each kind of step that occurs, and `sample` others by a fixed draw."""
    vm = begin(case)
    kinds: set[tuple[str, int]] = set()
    chosen = {0}
    steps = 0
    while vm.phase != DONE:
        name = step_name(vm)
        step(vm)
        if (name, vm.phase) not in kinds:
            kinds.add((name, vm.phase))
            chosen.add(steps)
        steps += 1
    draws = (keccak(f"{case.name} {draw}".encode()) for draw in range(sample))
    chosen.update(int.from_bytes(draw, "big") % steps for draw in draws)
    chosen.add(steps - 1)
    return frozenset(chosen)


def step_name(vm: VM) -> str:
    """For people: the phase, or the opcode where one comes next."""
    if vm.phase != EXECUTE or not isinstance(vm.frame, Frame):
        return PHASE_NAMES[vm.phase]
    code = running_code(vm, vm.frame)
    return f"opcode 0x{code[vm.frame.pc] if vm.frame.pc < len(code) else 0:02x}"


def witness_size(witness: Witness) -> int:
    """Bytes of a witness, without whatever frames them in a transaction."""
    pages = sum(len(opening.page) + 32 * len(opening.siblings) for opening in witness.pages)
    openings = sum(
        len(opening.record) + len(opening.other_path) + len(opening.other_record) + 32 * len(opening.siblings)
        for opening in witness.openings
    )
    return sum(map(len, (*witness.preimages, *witness.codes))) + pages + openings + 32 * (len(witness.stack) + 1)
