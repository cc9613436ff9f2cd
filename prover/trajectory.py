"""The whole trace of an assertion: 2^50 states of which only the distinct ones are ever computed, and few at a time.

One pass keeps the machine at the beginning of each block. A block that is asked about is run again, keeping the machine
at the beginning of each of its items; an item that is asked about becomes a `Trace`. So memory holds 2^10 machines for
the blocks, at most 2^15 for one block's items, and one trace's checkpoints; an answer takes as long as one item does.
"""

from copy import copy
from dataclasses import dataclass

from protocol.errors import InvalidInput
from protocol.types import Hash32
from prover.commitments.tape import Witness
from prover.game import BLOCK_BITS, ITEM_BITS, STEP_BITS, place_of
from prover.machine.step import resume
from prover.machine.vm import BLOCK_DONE, OUTPUT, VM
from prover.trace import HALTED, Change, Trace
from prover.witness import witnessed_step


@dataclass(frozen=True, slots=True)
class Lie:
    """A change of the state after `change[0]` steps of an item; what follows is computed rightly from what is wrong."""

    block: int
    item: int
    change: Change


@dataclass(frozen=True, slots=True)
class StepProof:
    """What L1 needs to judge one step: the agreed state's four words, and a witness from the state that it goes on
    with; no witness where the state stays as it is."""

    phase: int
    cursor: Hash32
    globals: Hash32
    frame: Hash32
    pre_hash: Hash32
    witness: Witness | None


class Trajectory:
    """All states of the trace that begins with `beginning`, an assertion's first state.

    Raises:
        InvalidInput: The trace does not end within 2^10 blocks, or a lie lies where there is no such step.
    """

    def __init__(self, beginning: VM, lie: Lie | None = None) -> None:
        self._lie = lie
        self._blocks = [beginning.copy()]
        self._items: tuple[int, list[VM]] = (-1, [])
        self._trace: tuple[tuple[int, int], Trace] | None = None
        while self._blocks[-1].phase != OUTPUT:
            if len(self._blocks) > 1 << BLOCK_BITS:
                raise InvalidInput(f"the assertion is about more than {1 << BLOCK_BITS} blocks")
            self._blocks.append(self._items_of(len(self._blocks) - 1)[-1])

    @property
    def blocks(self) -> int:
        """After how many blocks everything stays as it is."""
        return len(self._blocks) - 1

    def end(self) -> Hash32:
        """The last state, which stays for ever."""
        return self._blocks[-1].digest()

    def before(self, block: int, item: int) -> VM:
        """A copy of the machine at the beginning of an item."""
        return self._items_of(block)[item].copy()

    def items(self, block: int) -> int:
        """After how many items the block is over."""
        return len(self._items_of(block)) - 1

    def steps(self, block: int, item: int) -> int:
        """After how many steps the item is over."""
        return self._trace_of(block, item).steps

    def state_hash(self, position: int) -> Hash32:
        """The commitment to the state at a position."""
        return self.machine_at(position).digest()

    def machine_at(self, position: int) -> VM:
        """A copy of the machine at a position."""
        block, item, step = place_of(position)
        if block >= self.blocks:
            return self._blocks[-1].copy()
        if item == step == 0:
            return self._blocks[block].copy()
        items = self._items_of(block)
        if item >= len(items) - 1:
            return items[-1].copy()
        return items[item].copy() if step == 0 else self._trace_of(block, item).at(step)

    def proof(self, position: int) -> StepProof:
        """What judges the step from the state at a position to the next."""
        vm = self.machine_at(position)
        words = (vm.phase, vm.cursor.digest(), vm.globals_digest(), vm.frame.digest())
        _block, item, step = place_of(position)
        if step == 0 and not (vm.phase == BLOCK_DONE and item):
            resume(vm)
        pre_hash = vm.digest()
        return StepProof(*words, pre_hash, None if vm.phase in HALTED else witnessed_step(vm))

    def beside(self) -> "Trajectory":
        """The same trace for another thread: what it remembers of its last answers is its own."""
        twin = copy(self)
        twin._items, twin._trace = (-1, []), None
        return twin

    def _items_of(self, block: int) -> list[VM]:
        """The machine before each item of a block, and after the last one."""
        if self._items[0] != block:
            items = [self._blocks[block].copy()]
            while not items[1:] or items[-1].phase not in (BLOCK_DONE, OUTPUT):
                if len(items) > 1 << ITEM_BITS:
                    raise InvalidInput(f"block {block} has more than {1 << ITEM_BITS} items")
                items.append(self._run(block, len(items) - 1, items[-1]).end())
            self._items = (block, items)
        return self._items[1]

    def _trace_of(self, block: int, item: int) -> Trace:
        if self._trace is None or self._trace[0] != (block, item):
            self._trace = ((block, item), self._run(block, item, self._items_of(block)[item]))
        return self._trace[1]

    def _run(self, block: int, item: int, before: VM) -> Trace:
        vm = before.copy()
        resume(vm)
        lie = self._lie
        trace = Trace(vm, lie.change if lie is not None and (lie.block, lie.item) == (block, item) else None)
        if trace.steps >> STEP_BITS:
            raise InvalidInput(f"item {item} of block {block} takes {trace.steps} steps, more than 2^{STEP_BITS}")
        return trace


def position_of(block: int, item: int, step: int) -> int:
    """The inverse of `prover.game.place_of`."""
    return (block << ITEM_BITS | item) << STEP_BITS | step
