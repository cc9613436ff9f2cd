"""How Python itself is set up in a process that runs a node: for steady answers, and for many objects at once."""

import gc
import sys

SWITCH_SECONDS = 0.0002
"""How long one thread keeps the interpreter while another wants it; a 25th of Python's default. While the worker
executes, the event loop wants it anew after each of its system calls, several for every request."""

COLLECTOR_THRESHOLDS = (20_000, 20, 50)
"""New objects before the youngest are looked at, and how many looks before the older ones are.

A block makes hundreds of thousands of objects, none of them garbage in a cycle; looking at them all again at every 700
new ones, as Python does, takes a twelfth of a busy sequencer's time.
"""


def tune() -> None:
    """For this process, once what it needs is imported."""
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.collect()
    gc.freeze()  # what was imported stays
    gc.set_threshold(*COLLECTOR_THRESHOLDS)
