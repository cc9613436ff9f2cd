"""What L1 pays to judge one step, and for a whole dispute of ours beside the moves of Cannon's.

Gas is exact and repeatable: the contracts in pyrevm. Cannon does not run here. How many moves a game of it takes is
published: a claim moves one level down, to a depth of 73, then comes one `step`;
gas for a whole game of Cannon, and for one of BoLD, we have found in no source that says how it was measured.
"""

import warnings
from collections.abc import Iterable
from statistics import median

from bench.measures.measure import Measure, Plan
from bench.row import Row, compare

CANNON_MOVES = 73 + 1
"""`faultGameMaxDepth` of OP Mainnet, in `deploy-config/mainnet.json` of ethereum-optimism/optimism, and `step`."""
STEP_GAS_TARGET = 1_000_000.0
STEP_GAS_CEILING = 12_000_000.0


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
    from bench.gas_game import measure  # noqa: PLC0415

    with warnings.catch_warnings(action="ignore"):
        costs = measure(32)
    moves = 2 * costs.rounds + 2
    plan.say(f"dispute: open {costs.open:,}, post {costs.post:,}, pick {costs.pick:,}, without proof {costs.whole:,}")
    plan.say(f"dispute_bisection_gas: {costs.whole:,} in {moves - 1} moves; the proof of the step comes to it")
    return compare(
        "dispute_moves", "moves", [float(moves)], {"cannon, published": [float(CANNON_MOVES)]}, lower_is_better=True
    )


MEASURES = (Measure(("step_gas_median", "step_gas_dearest"), _steps), Measure(("dispute_moves",), _dispute))
