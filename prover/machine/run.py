"""Many steps at a time, for those who need only some of the states: the same ones as `step` makes, in half the time.

A challenger goes through tens of millions of steps of which he looks at a few hundred. What one step asks again and
again, which frame runs, its code, the table of opcodes, stays the same from one opcode to the next of a frame.
"""

from prover.machine.faults import Fault
from prover.machine.frame import Frame
from prover.machine.journal import FullJournal
from prover.machine.opcodes import table_of
from prover.machine.stack import LIMIT
from prover.machine.step import execute, running_code, step
from prover.machine.vm import BLOCK_DONE, DONE, EXECUTE, FAULT, OUTPUT, VM, running

HALTED = (DONE, BLOCK_DONE, OUTPUT)
"""Phases that stay as they are until the game says that something follows."""


def run(vm: VM, most: int) -> int:
    """Take up to `most` steps, in place, fewer if the machine halts; returns how many. Nothing is recorded.

    Raises:
        TypeError: The state is a referee's, or a recorder listens.
    """
    journal = vm.journal
    if not isinstance(journal, FullJournal) or vm.recorder is not None:
        raise TypeError("only the machine runs, and unobserved")
    taken = 0
    while taken < most and vm.phase not in HALTED:
        if vm.phase == EXECUTE:
            taken += _opcodes(vm, running(vm), journal, most - taken)
        else:
            step(vm)
            taken += 1
    return taken


def _opcodes(vm: VM, frame: Frame, journal: FullJournal, most: int) -> int:
    """Opcodes of one frame, until another phase follows; returns how many, at least one."""
    code = running_code(vm, frame)
    size = len(code)
    table = table_of(vm.fork)
    items = frame.stack.items
    hidden = frame.stack.hidden
    for taken in range(1, most + 1):
        pc = frame.pc
        row = table[code[pc] if pc < size else 0]
        known = len(items)
        if row is None or not row.takes <= known or hidden + known + row.grows > LIMIT:
            execute(vm)  # which finds the fault again
            return taken
        top = items[-row.takes :] if row.takes else None
        gas = frame.gas
        node = journal.node
        try:
            row.run(vm, frame)
        except Fault as fault:
            if top is not None:
                del items[known - row.takes :]
                items.extend(top)
            frame.gas = gas
            journal.node = node
            vm.fault = type(fault).__name__
            vm.go(FAULT)
            return taken
        if vm.phase != EXECUTE:
            return taken
    return most
