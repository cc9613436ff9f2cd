"""What one L1 block carries for a rollup, and how far the counts of its L1 contracts had come.

Each contract numbers its events from 0, so a reader that knows the count before a block can tell whether its endpoint
left any out, in this block or in an earlier one.
"""

from dataclasses import dataclass

from da.adapter import Commitment
from node.l1_wire import MalformedAnswer


@dataclass(frozen=True, slots=True)
class L1Position:
    """How many batches and deposits L1 held up to, and with, some block."""

    batches: int = 0
    deposits: int = 0


@dataclass(frozen=True, slots=True)
class L1Inputs:
    """`deposits` are canonical 0x7E bytes, `commitments` those that count; `position` includes this block."""

    deposits: tuple[bytes, ...]
    commitments: tuple[Commitment, ...]
    position: L1Position


class MissingLogs(MalformedAnswer):
    """L1's events go on with a later number than expected: the endpoint left out events of an earlier block.

    What was derived since the last event that is known may be wrong: read L1 again from there.
    """
