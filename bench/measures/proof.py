"""What L1 pays to judge one step and for a whole dispute, and what a challenger needs for a block of 30M gas.

Gas is exact and repeatable: the contracts in pyrevm, and one dispute on the embedded L1. Neither Cannon nor BoLD runs
here, so what stands beside ours is what others have published: see the constants. For a whole game of BoLD we have
found no gas in print; for Cannon only an estimate, of which the lower end is taken.
"""

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from statistics import median

from bench.measures.measure import Measure, MeasureFailed, Plan
from bench.peers.peer import ROOT
from bench.row import Row, compare

CANNON_MOVES = 73 + 1
"""`faultGameMaxDepth` of OP Mainnet, in `deploy-config/mainnet.json` of ethereum-optimism/optimism, and `step`."""
CANNON_GAS = 10_000_000
"""10 to 15M for a game that is played to its end: an estimate from the specification, says its author, not measured.
Source: https://ethresear.ch/t/25005"""
BOLD_MOVES = 2 * (26 + 19 + 23 + 3) + 1
"""Both sides open three levels of 2^26, 2^19 and 2^23 and bisect each to its end; then comes a one-step proof. Counted
from the defaults in `createRollupPrepareDeploymentParamsConfigDefaults.ts` of OffchainLabs/arbitrum-chain-sdk."""
STEP_GAS_TARGET = 1_000_000.0
STEP_GAS_CEILING = 12_000_000.0
MOVE_SECONDS_TARGET = 10.0
MEMORY_TARGET_MB = 1_000.0
RUN_SECONDS = 1_800
"""How long one of the processes below may take at most, on a machine that does other things too."""


def _steps(plan: Plan) -> list[Row]:
    from bench.gas_proof import class_of, measured  # noqa: PLC0415 - what it needs, the other measures do not
    from node.artifacts import load_artifact  # noqa: PLC0415
    from prover.vyper_referee import VyperReferee  # noqa: PLC0415
    from tests.prover.corpus import examples  # noqa: PLC0415
    from tests.prover.worst_cases import worst_cases  # noqa: PLC0415

    referee = VyperReferee(lambda name: load_artifact(name).init_code)
    usual = list(examples())[: plan.sizes.proof_examples]
    of_class: dict[str, list[int]] = {}
    for name, gas, _size, _where in measured(referee, usual):
        of_class.setdefault(class_of(name), []).append(gas)
    dear = list(worst_cases()) if plan.sizes.proof_examples is None else []
    dearest = {name: max(found) for name, found in of_class.items()}
    for name, gas, _size, _where in measured(referee, dear):
        dearest[class_of(name)] = max(gas, dearest.get(class_of(name), 0))
    for name in sorted(of_class):
        plan.say(f"proof_gas: {name}: median {median(of_class[name]):,.0f}, dearest {dearest[name]:,}")
    everything = _flat(of_class.values())
    return [
        *compare("step_gas_median", "gas", [median(everything)], {"target": [STEP_GAS_TARGET]}, lower_is_better=True),
        *compare(
            "step_gas_dearest",
            "gas",
            [float(max(dearest.values()))],
            {"ceiling": [STEP_GAS_CEILING]},
            lower_is_better=True,
        ),
    ]


def _flat(groups: Iterable[Iterable[int]]) -> list[float]:
    return [float(gas) for group in groups for gas in group]


def _dispute(plan: Plan) -> list[Row]:
    result = json.loads(_printed("node.cli", "dispute", "--lie", "storage", "--json"))
    if (result["truthWon"], result["status"]) != (True, "refuted"):
        raise MeasureFailed(f"a lie about storage was not refuted: {result['status']}")
    moves = result["moves"]
    for name in ("open", "post", "pick", "prove"):
        gas = [move["gas"] for move in moves if move["what"].startswith(name)]
        if gas:
            plan.say(f"dispute_gas: {name}: {len(gas)} times, {min(gas):,} to {max(gas):,}")
    return [
        *compare(
            "dispute_moves",
            "moves",
            [float(len(moves))],
            {"cannon, published": [float(CANNON_MOVES)], "bold, from its parameters": [float(BOLD_MOVES)]},
            lower_is_better=True,
        ),
        *compare(
            "dispute_gas",
            "gas",
            [float(result["gas"])],
            {"cannon, estimate": [float(CANNON_GAS)]},
            lower_is_better=True,
        ),
    ]


def _challenger(plan: Plan) -> list[Row]:
    from bench.heavy_blocks import KINDS  # noqa: PLC0415 - imports the tests' chains

    kinds = list(KINDS) if plan.sizes.proof_examples is None else ["storage"]
    found = {}
    for kind in kinds:
        needs = found[kind] = json.loads(_printed("bench.challenger", kind))
        plan.say(
            f"challenge, {kind}: {needs['gas']:,} gas, {needs['transactions']:,} transactions, "
            f"{needs['steps']:,} steps, trace in {needs['prepare_seconds']:.1f} s, slowest of {needs['moves']} moves "
            f"{needs['slowest_move_seconds']:.2f} s, {needs['peak_mb']:,.0f} MB"
        )
    return challenger_rows(found)


def challenger_rows(found: Mapping[str, Mapping[str, float]]) -> list[Row]:
    """Per kind of block the trace and the slowest move; of memory only what the greediest kind takes."""
    target = {"target": [MOVE_SECONDS_TARGET]}
    rows = []
    for kind, needs in found.items():
        for name, measured in (("trace", "prepare_seconds"), ("move", "slowest_move_seconds")):
            rows += compare(f"challenge_{name}_seconds_{kind}", "s", [needs[measured]], target, lower_is_better=True)
    most = max(needs["peak_mb"] for needs in found.values())
    return [*rows, *compare("challenge_memory_mb", "MB", [most], {"target": [MEMORY_TARGET_MB]}, lower_is_better=True)]


def _printed(module: str, *arguments: str) -> str:
    """What a module prints, in a process of its own; raises MeasureFailed."""
    command: Sequence[str] = (sys.executable, "-m", module, *arguments)
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=RUN_SECONDS, check=False)
    if result.returncode:
        raise MeasureFailed(f"{module} {' '.join(arguments)}: {result.stderr.strip()[-500:]}")
    return result.stdout


MEASURES = (
    Measure(("step_gas_median", "step_gas_dearest"), _steps),
    Measure(("dispute_moves", "dispute_gas"), _dispute),
    Measure(("challenge_move_seconds", "challenge_trace_seconds", "challenge_memory_mb"), _challenger),
)
