"""What a referee needs to see of one step: taken down while the machine takes it."""

from prover.commitments.tape import Recorder, Witness
from prover.machine.frame import Frame
from prover.machine.opcodes import table_of
from prover.machine.step import running_code, step
from prover.machine.vm import EXECUTE, VM


def witnessed_step(vm: VM) -> Witness:
    """Take one step and return its witness.

    The first preimages are the state, its globals and its frame, where it has them; the others follow in the order in
    which the step asks for them. The stack is shown as far as the opcode reaches.
    """
    recorder = Recorder()
    recorder.preimages.append(vm.encode())
    if vm.has_globals:
        recorder.preimages.append(vm.encode_globals())
    items: tuple[int, ...] = ()
    tail = b"\0" * 32
    if isinstance(vm.frame, Frame):
        recorder.preimages.append(vm.frame.encode())
        if vm.phase == EXECUTE:
            count = _reach(vm, vm.frame)
            items = tuple(vm.frame.stack.items[-count:]) if count else ()
            tail = vm.frame.stack.tail_below(count)
    vm.recorder = recorder
    try:
        step(vm)
    finally:
        vm.recorder = None
    return Witness(
        tuple(recorder.preimages),
        tuple(recorder.pages),
        tuple(recorder.openings),
        items,
        tail,
        tuple(recorder.codes),
    )


def _reach(vm: VM, frame: Frame) -> int:
    """How many stack items the next opcode looks at."""
    code = running_code(vm, frame)
    opcode = code[frame.pc] if frame.pc < len(code) else 0
    row = table_of(vm.fork)[opcode]
    return min(row.takes, len(frame.stack.items)) if row is not None else 0
