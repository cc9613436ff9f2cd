"""The whole trace of an assertion: 2^50 states of which only the distinct ones are ever computed, and few at a time.

One pass makes a `Trace` of each item of each block, and keeps the machine at the beginning of each block. Of the traces
it keeps as many as memory allows; a block whose traces have gone is run again when it is asked about, and then kept. So
memory holds 2^10 machines for the blocks, the traces of one block, and MOST_KEPT machines of others.
"""

from copy import copy
from dataclasses import dataclass

from protocol.errors import InvalidInput
from protocol.types import Hash32
from prover.commitments.chain_structures import ChainBlock
from prover.commitments.tape import Witness
from prover.game import BLOCK_BITS, ITEM_BITS, STEP_BITS, place_of
from prover.machine.oracle import FullOracle
from prover.machine.run import HALTED
from prover.machine.step import resume
from prover.machine.vm import BLOCK_DONE, OUTPUT, VM
from prover.trace import Change, Trace
from prover.witness import witnessed_step

MOST_KEPT = 1 << 14
"""Copies of the machine in the traces of all blocks but the one that was asked about last."""


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
        self._traces: dict[int, list[Trace]] = {}
        while self._blocks[-1].phase != OUTPUT:
            if len(self._blocks) > 1 << BLOCK_BITS:
                raise InvalidInput(f"the assertion is about more than {1 << BLOCK_BITS} blocks")
            end = self._traces_of(len(self._blocks) - 1)[-1].end()
            if isinstance(end.oracle, FullOracle) and isinstance(end.cursor, ChainBlock):
                end.oracle.settle(end.cursor.state_root)
                end.oracle = end.oracle.fresh()
            self._blocks.append(end)

    @property
    def blocks(self) -> int:
        """After how many blocks everything stays as it is."""
        return len(self._blocks) - 1

    def end(self) -> Hash32:
        """The last state, which stays for ever."""
        return self._blocks[-1].digest()

    def before(self, block: int, item: int) -> VM:
        """A copy of the machine at the beginning of an item."""
        traces = self._traces_of(block)
        return traces[item - 1].end() if item else self._blocks[block].copy()

    def items(self, block: int) -> int:
        """After how many items the block is over."""
        return len(self._traces_of(block))

    def steps(self, block: int, item: int) -> int:
        """After how many steps the item is over."""
        return self._traces_of(block)[item].steps

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
        if item >= self.items(block):
            return self._blocks[block + 1].copy()
        return self.before(block, item) if step == 0 else self._traces_of(block)[item].at(step)

    def proof(self, position: int) -> StepProof:
        """What judges the step from the state at a position to the next."""
        _block, item, step = place_of(position)
        return proof_of_step(self.machine_at(position), item=item, is_first=step == 0)

    def beside(self) -> "Trajectory":
        """The same trace for another thread: what it remembers of its last answers is its own."""
        twin = copy(self)
        twin._traces = {}
        return twin

    def _traces_of(self, block: int) -> list[Trace]:
        """A trace for each item of a block."""
        traces = self._traces.pop(block, None)
        if traces is None:
            traces = []
            vm = self._blocks[block].copy()
            if isinstance(vm.oracle, FullOracle):
                vm.oracle = vm.oracle.fresh()
            while not traces or vm.phase not in (BLOCK_DONE, OUTPUT):
                if len(traces) >= 1 << ITEM_BITS:
                    raise InvalidInput(f"block {block} has more than {1 << ITEM_BITS} items")
                traces.append(self._trace(block, len(traces), vm))
                vm = traces[-1].end()
            kept = sum(trace.kept for others in self._traces.values() for trace in others)
            while kept > MOST_KEPT:
                kept -= sum(trace.kept for trace in self._traces.pop(next(iter(self._traces))))
        self._traces[block] = traces
        return traces

    def _trace(self, block: int, item: int, before: VM) -> Trace:
        vm = before.copy()
        resume(vm)
        lie = self._lie
        trace = Trace(vm, lie.change if lie is not None and (lie.block, lie.item) == (block, item) else None)
        if trace.steps >> STEP_BITS:
            raise InvalidInput(f"item {item} of block {block} takes {trace.steps} steps, more than 2^{STEP_BITS}")
        return trace


def proof_of_step(vm: VM, *, item: int = 0, is_first: bool = False) -> StepProof:
    """What judges the step that a machine is about to take, which takes it; `is_first` of an item of its block."""
    words = (vm.phase, vm.cursor.digest(), vm.globals_digest(), vm.frame.digest())
    if is_first and not (vm.phase == BLOCK_DONE and item):
        resume(vm)
    pre_hash = vm.digest()
    return StepProof(*words, pre_hash, None if vm.phase in HALTED else witnessed_step(vm))


def position_of(block: int, item: int, step: int) -> int:
    """The inverse of `prover.game.place_of`."""
    return (block << ITEM_BITS | item) << STEP_BITS | step
