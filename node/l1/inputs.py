"""What one L1 block carries for a rollup, and how far the counts of its L1 contracts had come.

Each contract numbers its events from 0, so a reader that knows the count before a block can tell whether its endpoint
left any out, in this block or in an earlier one.
"""

from dataclasses import dataclass

from da.adapter import Commitment
from node.l1.wire import MalformedAnswer
from protocol.config_changes import ConfigChange, Knob


@dataclass(frozen=True, slots=True)
class L1Position:
    """How many batches, deposits and changes of settings L1 held up to, and with, some block."""

    batches: int = 0
    deposits: int = 0
    changes: int = len(Knob)
    """The contract's constructor, which comes before the chain, logs every knob once."""


@dataclass(frozen=True, slots=True)
class L1Inputs:
    """`deposits` are canonical 0x7E bytes, `commitments` those that count; `position` includes this block.

    `changes` are those of the chain's settings.
    """

    deposits: tuple[bytes, ...]
    commitments: tuple[Commitment, ...]
    position: L1Position
    changes: tuple[ConfigChange, ...] = ()


class MissingLogs(MalformedAnswer):
    """L1's events go on with a later number than expected: the endpoint left out events of an earlier block.

    What was derived since the last event that is known may be wrong: read L1 again from there.
    """
