"""Messages between two rollups: the gas of a delivery and how long one takes, beside what peers have published.

The peers do not run here: their figures are theirs (`bench/gas_network.py` says whence). They trust more as well:
Hyperlane its validators, OP interop a block that L1 does not have yet; a message of ours waits for L1.
"""

import asyncio
import warnings

from bench.measures.measure import Measure, Plan
from bench.row import Row, compare

HYPERLANE_DELIVERY_GAS = 151_921.0
"""Multisig of one validator, without the recipient's call."""
OP_INTEROP_SECONDS = 2.0
"""One block."""


def _gas(plan: Plan) -> list[Row]:
    from bench.gas_network import measure  # noqa: PLC0415 - what it needs, the other measures do not
    from tests.metalayer.world import with_app  # noqa: PLC0415

    with warnings.catch_warnings(action="ignore"):
        costs = measure(with_app(2))
    for cost in costs:
        plan.say(f"network_gas: {cost.what} ({cost.where}): {cost.gas:,}")
    [delivery] = [float(cost.gas) for cost in costs if cost.what == "message delivered"]
    return compare(
        "message_delivery_gas",
        "gas",
        [delivery],
        {"hyperlane, published": [HYPERLANE_DELIVERY_GAS]},
        lower_is_better=True,
    )


def _latency(plan: Plan) -> list[Row]:
    from bench.network_latency import CHALLENGE_SECONDS, measure  # noqa: PLC0415

    seconds = []
    for _ in range(plan.sizes.rounds):
        stages = asyncio.run(measure())
        for stage in stages:
            plan.say(f"message_seconds: {stage.name} after {stage.seconds:.1f} s")
        seconds.append(stages[-1].seconds - CHALLENGE_SECONDS)
    return compare(
        "message_seconds_beside_challenge",
        "s",
        seconds,
        {"op interop, published": [OP_INTEROP_SECONDS]},
        lower_is_better=True,
    )


MEASURES = (Measure(("message_delivery_gas",), _gas), Measure(("message_seconds_beside_challenge",), _latency))
