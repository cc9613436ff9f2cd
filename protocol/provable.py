"""Which chains fraud proofs can judge: the one place that says so, for launches, intents, nodes and the machine.

A chain that the machine does not know in full must not be launched under a game: its proposer would lose disputes about
true outputs. Whoever teaches the machine more takes a line away here.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from protocol.forks import Fork

PROVABLE_FORKS = (Fork.CANCUN,)
PROVABLE_LAYERS = ("calldata", "file", "blob", "alt-da")
"""In the order of the first bytes of their commitments, from 0."""
MOST_HASHED_BYTES = 120_000
"""Of a batch that its keccak256 names: a game shows it whole, in one L1 transaction."""
MOST_GAS = 1 << 25
"""A trace has a step per gas at most, and a game walks 2^25 steps of one transaction."""

MOST_BLOCKS = 1 << 10
"""That a game walks through."""


@dataclass(frozen=True, slots=True)
class Unprovable:
    """What is in the way: a knob of an intent as `group.name`, and why."""

    knob: str
    why: str

    def __str__(self) -> str:
        return f"{self.why} ({self.knob})"


def unprovable(fork: Fork, layers: Sequence[str] = (), gas_limit: int = 0) -> Unprovable | None:
    """The first reason why such a chain cannot be proved yet; None if it can. `layers` are those of its batches."""
    if fork not in PROVABLE_FORKS:
        known = ", ".join(one.name.capitalize() for one in PROVABLE_FORKS)
        return Unprovable("chain.fork", f"fraud proofs know {known}; the chain starts with {fork.name}")
    if gas_limit > MOST_GAS:
        return Unprovable("chain.gas_limit", f"fraud proofs walk {MOST_GAS:,} gas of a transaction, not {gas_limit:,}")
    for name in layers:
        if name not in PROVABLE_LAYERS:
            # The machine passes over commitments of other layers: it would judge against everybody's chain.
            known = ", ".join(PROVABLE_LAYERS)
            return Unprovable("da.layer", f"fraud proofs read batches in {known} alone, not in {name}")
    return None


def states_to_keep(window_seconds: int, clock_seconds: int, extension_seconds: int, block_seconds: float) -> int:
    """Of how many of the newest blocks whoever plays must have the state: a game begins at its assertion's parent.

    The window, both clocks with what three seams may add to each, and the blocks that one assertion may span.
    """
    seconds = window_seconds + 2 * (clock_seconds + 3 * extension_seconds)
    return math.ceil(seconds / block_seconds) + MOST_BLOCKS
