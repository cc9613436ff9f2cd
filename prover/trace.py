"""The states of one item, by number: state 0 is the one it begins with, the last one stays for ever.

An item is a transaction, or what comes before a block's first or after its last one.

A trace may have 2^25 states, so it keeps checkpoints and runs the machine again between them. The parts that the game
asks about are powers of two, and so are the distances of checkpoints; what was asked last is kept too, since the next
question is about a part that begins there. So of a long trace an answer runs no more than the part it is about.
"""

from collections.abc import Callable

from protocol.errors import InvalidInput
from protocol.types import ZERO_HASH, Hash32
from prover.commitments.structures import NOTHING, TxBoundary
from prover.commitments.tape import Witness
from prover.machine.frame import NO_FRAME
from prover.machine.journal import FullJournal
from prover.machine.oracle import FullOracle
from prover.machine.run import HALTED, run
from prover.machine.vm import BEGIN, VM
from prover.witness import witnessed_step

CHECKPOINTS = 64
"""How many copies of the machine are kept at most; when there are more, every other one goes."""
RECENT = 64
"""How many of the states that were asked about last are kept: those of two rounds of the game."""
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

    __slots__ = ("_change", "_checkpoints", "_end", "_interval", "_recent", "steps")

    def __init__(self, beginning: VM, change: Change | None = None) -> None:
        self._interval = FIRST_INTERVAL
        self._checkpoints = {0: beginning.copy()}
        self._recent: dict[int, VM] = {}
        self._change = change
        vm = beginning.copy()
        steps = 0
        while vm.phase not in HALTED:
            steps = self._run(vm, steps, steps + self._interval - steps % self._interval)
            if steps % self._interval == 0:
                self._keep(steps, vm)
        if change is not None and change[0] > steps:
            raise InvalidInput(f"there is no step {change[0]}: the item is done after {steps}")
        self.steps = steps
        self._end = vm

    @property
    def kept(self) -> int:
        """How many copies of the machine lie here."""
        return len(self._checkpoints) + len(self._recent) + 1

    def end(self) -> VM:
        """A copy of the machine at the last state."""
        return self.at(self.steps)

    def at(self, index: int) -> VM:
        """A copy of the machine at state `index`; past the end it is the last state's."""
        return self._at(min(index, self.steps)).copy()

    def state_hash(self, index: int) -> Hash32:
        """The commitment to state `index`; past the end it is the last state's."""
        return self._at(min(index, self.steps)).digest()

    def witness(self, index: int) -> Witness:
        """What a referee needs to judge the step from state `index` to the next."""
        return witnessed_step(self.at(index))

    def _at(self, index: int) -> VM:
        """The machine at a state, from the last one before it that is at hand; not to be changed."""
        known = {**self._checkpoints, **self._recent, self.steps: self._end}
        nearest = max(kept for kept in known if kept <= index)
        if nearest == index:
            return known[nearest]
        vm = known[nearest].copy()
        self._run(vm, nearest, index)
        while len(self._recent) >= RECENT:
            del self._recent[next(iter(self._recent))]
        self._recent[index] = vm
        return vm

    def _run(self, vm: VM, start: int, end: int) -> int:
        """Go from a state to another, or to the last one if that comes first; returns where that is."""
        if self._change is not None and start < self._change[0] <= end:
            start += run(vm, self._change[0] - start)
            if start == self._change[0]:
                self._change[1](vm)
        return start + run(vm, end - start)

    def _keep(self, index: int, vm: VM) -> None:
        vm.digest()  # so that what has grown long is hashed once, and not again from every checkpoint
        self._checkpoints[index] = vm.copy()
        if len(self._checkpoints) > CHECKPOINTS:
            self._interval *= 2
            self._checkpoints = {at: kept for at, kept in self._checkpoints.items() if at % self._interval == 0}
