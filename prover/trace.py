"""The states of one item, by number: state 0 is the one it begins with, the last one stays for ever.

An item is a transaction, or what comes before a block's first or after its last one.

A trace may have 2^25 states, so it keeps checkpoints and runs the machine again between them.
"""

from collections.abc import Callable

from protocol.errors import InvalidInput
from protocol.types import ZERO_HASH, Hash32
from prover.commitments.structures import NOTHING, TxBoundary
from prover.commitments.tape import Witness
from prover.machine.frame import NO_FRAME
from prover.machine.journal import FullJournal
from prover.machine.oracle import FullOracle
from prover.machine.step import step
from prover.machine.vm import BEGIN, BLOCK_DONE, DONE, OUTPUT, VM
from prover.witness import witnessed_step

HALTED = (DONE, BLOCK_DONE, OUTPUT)
"""Phases that stay as they are until the game says that something follows."""
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


Change = tuple[int, Callable[[VM], None]]
"""For tests of the game: after so many steps something is changed that no step has changed."""


class Trace:
    """All states of one item. Runs it once when made; `steps` is how many there are until it is done.

    Raises:
        InvalidInput: It is done before `change` would happen.
    """

    __slots__ = ("_change", "_checkpoints", "_current", "_interval", "_position", "steps")

    def __init__(self, beginning: VM, change: Change | None = None) -> None:
        self._interval = FIRST_INTERVAL
        self._checkpoints = {0: beginning.copy()}
        self._change = change
        vm = beginning.copy()
        steps = 0
        while vm.phase not in HALTED:
            steps += 1
            self._step(vm, steps)
            if steps % self._interval == 0:
                self._keep(steps, vm)
        if change is not None and change[0] > steps:
            raise InvalidInput(f"there is no step {change[0]}: the item is done after {steps}")
        self.steps = steps
        self._current = vm
        self._position = steps

    def end(self) -> VM:
        """A copy of the machine at the last state."""
        return self._at(self.steps).copy()

    def at(self, index: int) -> VM:
        """A copy of the machine at state `index`."""
        return self._at(min(index, self.steps)).copy()

    def _step(self, vm: VM, number: int) -> None:
        step(vm)
        if self._change is not None and self._change[0] == number:
            self._change[1](vm)

    def state_hash(self, index: int) -> Hash32:
        """The commitment to state `index`; past the end it is the last state's."""
        return self._at(min(index, self.steps)).digest()

    def witness(self, index: int) -> Witness:
        """What a referee needs to judge the step from state `index` to the next."""
        return witnessed_step(self.at(index))

    def _at(self, index: int) -> VM:
        """The machine at a state: where it already is, or from the checkpoint before."""
        nearest = max(kept for kept in self._checkpoints if kept <= index)
        if not nearest <= self._position <= index:
            self._current = self._checkpoints[nearest].copy()
            self._position = nearest
        while self._position < index:
            self._position += 1
            self._step(self._current, self._position)
        return self._current

    def _keep(self, index: int, vm: VM) -> None:
        self._checkpoints[index] = vm.copy()
        if len(self._checkpoints) > CHECKPOINTS:
            self._interval *= 2
            self._checkpoints = {at: kept for at, kept in self._checkpoints.items() if at % self._interval == 0}
