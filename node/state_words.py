"""A state of the small-step machine in words, for people: what is in it that a lie may have changed."""

from protocol.forks import Fork
from prover.commitments.journal_tree import SLOT, journal_path
from prover.commitments.structures import DirtySlot, SlotRecord
from prover.machine.frame import Frame
from prover.machine.opcodes import table_of
from prover.machine.step import running_code
from prover.machine.vm import EXECUTE, PHASE_NAMES, VM

SHOWN_STACK = 4


def state_fields(vm: VM) -> dict[str, str]:
    """By name: the phase, digests of what is large, and the numbers themselves of what is small."""
    fields = {"phase": PHASE_NAMES[vm.phase], "cursor": short_hash(vm.cursor.digest())}
    if vm.has_globals:
        fields |= {"refund": str(vm.refund), "journal": short_hash(vm.journal.root().digest())}
        fields |= {"logs": short_hash(vm.logs.digest())}
        if isinstance(vm.dirty_slots, DirtySlot):
            dirty = vm.dirty_slots
            record = vm.journal.read(journal_path(SLOT, dirty.address, dirty.slot), SlotRecord, None)
            fields[f"slot {dirty.slot:#x}"] = "-" if record is None else hex(record.current)
    if isinstance(vm.frame, Frame):
        frame = vm.frame
        fields |= {"pc": str(frame.pc), "gas": str(frame.gas), "code": short_hash(frame.code_hash)}
        fields |= {"memory": short_hash(frame.memory.digest()), "stack": short_hash(frame.stack.digest())}
        newest = reversed(frame.stack.items[-SHOWN_STACK:])
        fields |= {f"stack[{index}]": hex(value) for index, value in enumerate(newest)}
    return fields


def next_opcode(vm: VM) -> str | None:
    """The opcode that comes next, `0x55 SSTORE`; None where the next step is none."""
    if vm.phase != EXECUTE or not isinstance(vm.frame, Frame):
        return None
    code = running_code(vm, vm.frame)
    return shown_opcode(code[vm.frame.pc] if vm.frame.pc < len(code) else 0)


def shown_opcode(opcode: int) -> str:
    """`0x55 SSTORE`."""
    row = table_of(max(Fork))[opcode]
    return f"0x{opcode:02x} {'' if row is None else row.name}".rstrip()


def short_hash(digest: bytes) -> str:
    """Both ends of a hash."""
    return f"0x{digest.hex()[:10]}…{digest.hex()[-8:]}"
