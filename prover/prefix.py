"""The beginning of an assertion's trace, for who has not all of its data: up to the step that opens what is not served.

A batch that is named by its hash is opened in one step. Whoever has not seen the data knows all states up to that one,
and nothing of what follows. That is enough to play: what is claimed of later states counts as wrong, so a game ends at
that step at the latest, where who defends has to show the data.
"""

from collections.abc import Collection

from protocol.crypto import keccak
from protocol.types import Hash32
from prover.commitments.chain_structures import BatchData
from prover.machine.run import HALTED
from prover.machine.step import step
from prover.machine.vm import BATCH_DATA, VM
from prover.trajectory import StepProof, proof_of_step


class Prefix:
    """The states up to the last one that is known; `opening` is its position. Made by `prefix_of`."""

    __slots__ = ("_beginning", "_hashes")

    def __init__(self, beginning: VM, hashes: list[Hash32]) -> None:
        self._beginning = beginning
        self._hashes = hashes

    @property
    def opening(self) -> int:
        """The position of the state whose step opens what is not served."""
        return len(self._hashes) - 1

    def state_hash(self, position: int) -> Hash32 | None:
        """The commitment to the state at a position; None where it cannot be told."""
        return self._hashes[position] if position < len(self._hashes) else None

    def proof(self, position: int) -> StepProof:
        """What judges the step from the state at a position before `opening`."""
        if not 0 <= position < self.opening:
            raise ValueError(f"the step from {position} cannot be taken here: states are known up to {self.opening}")
        vm = self._beginning.copy()
        for _ in range(position):
            step(vm)
        return proof_of_step(vm)


def prefix_of(beginning: VM, absent: Collection[bytes]) -> Prefix | None:
    """What is known of the trace without the data of these commitments; None if it never opens one of them.

    Batches are read before the first block begins, so all of this lies in the trace's first item.
    """
    stops = {keccak(commitment) for commitment in absent}
    vm = beginning.copy()
    hashes = [vm.digest()]
    while vm.phase not in HALTED:
        if vm.phase == BATCH_DATA and isinstance(vm.cursor, BatchData) and vm.cursor.commitment in stops:
            return Prefix(beginning.copy(), hashes)
        step(vm)
        hashes.append(vm.digest())
    return None
