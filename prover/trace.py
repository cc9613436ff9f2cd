"""The states of one transaction, by number: state 0 is the boundary before it, the last one stays for ever.

A trace may have 2^24 states, so it keeps checkpoints and runs the machine again between them.
"""

from protocol.types import ZERO_HASH, Hash32
from prover.commitments.structures import NOTHING, TxBoundary
from prover.commitments.tape import Witness
from prover.machine.frame import NO_FRAME
from prover.machine.journal import FullJournal
from prover.machine.oracle import FullOracle
from prover.machine.step import step
from prover.machine.vm import BEGIN, DONE, VM
from prover.witness import witnessed_step

CHECKPOINTS = 64
"""How many copies of the machine are kept at most; when there are more, every other one goes."""
FIRST_INTERVAL = 256
"""Steps between checkpoints at the beginning of a trace."""


def start(boundary: TxBoundary, oracle: FullOracle) -> VM:
    """The machine before the transaction at a boundary."""
    return VM(
        phase=BEGIN,
        cursor=boundary,
        frame=NO_FRAME,
        fork=0,
        boundary=NOTHING,
        tx=NOTHING,
        start_root=ZERO_HASH,
        working_root=ZERO_HASH,
        journal=FullJournal(),
        oracle=oracle,
    )


class Trace:
    """All states of one transaction. Runs it once when made; `steps` is how many there are until it is done."""

    __slots__ = ("_checkpoints", "_current", "_interval", "_position", "steps")

    def __init__(self, beginning: VM) -> None:
        self._interval = FIRST_INTERVAL
        self._checkpoints = {0: beginning.copy()}
        vm = beginning.copy()
        steps = 0
        while vm.phase != DONE:
            step(vm)
            steps += 1
            if steps % self._interval == 0:
                self._keep(steps, vm)
        self.steps = steps
        self._current = vm
        self._position = steps

    def state_hash(self, index: int) -> Hash32:
        """The commitment to state `index`; past the end it is the last state's."""
        return self._at(min(index, self.steps)).digest()

    def witness(self, index: int) -> Witness:
        """What a referee needs to judge the step from state `index` to the next."""
        vm = self._at(min(index, self.steps))
        witness = witnessed_step(vm)
        self._position = min(index + 1, self.steps)
        return witness

    def _at(self, index: int) -> VM:
        """The machine at a state: where it already is, or from the checkpoint before."""
        nearest = max(kept for kept in self._checkpoints if kept <= index)
        if not nearest <= self._position <= index:
            self._current = self._checkpoints[nearest].copy()
            self._position = nearest
        while self._position < index:
            step(self._current)
            self._position += 1
        return self._current

    def _keep(self, index: int, vm: VM) -> None:
        self._checkpoints[index] = vm.copy()
        if len(self._checkpoints) > CHECKPOINTS:
            self._interval *= 2
            self._checkpoints = {at: kept for at, kept in self._checkpoints.items() if at % self._interval == 0}
