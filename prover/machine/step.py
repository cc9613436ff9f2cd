"""One step: from the phase, and in the phase of opcodes from the code, to the next state.

Whoever takes the step never says which kind it is. It follows from the state alone.
"""

from collections.abc import Callable

from prover.machine.batch_data import batch_data_step
from prover.machine.batch_items import item_hash_step, next_item_step
from prover.machine.block_begin import next_block_step, origin_step, system_write_step
from prover.machine.block_end import seal_step
from prover.machine.block_terms import price_step, terms_step
from prover.machine.block_tries import fill_step
from prover.machine.boot import (
    batch_walk_step,
    deposit_walk_step,
    l1_walk_step,
    ring_walk_step,
    start_step,
)
from prover.machine.calls import enter_step, fault_step, return_step
from prover.machine.chain_settings import config_walk_step
from prover.machine.codes import code_of
from prover.machine.copies import copy_step
from prover.machine.creates import create_finish_step
from prover.machine.faults import Fault, InvalidOpcode, StackOverflow, StackUnderflow
from prover.machine.flush import flush_accounts_step, flush_slots_step
from prover.machine.frame import Frame
from prover.machine.hashing import hash_step
from prover.machine.opcodes import table_of
from prover.machine.precompiles import precompile_step
from prover.machine.receipts import receipt_hash_step, receipt_logs_step
from prover.machine.stack import LIMIT
from prover.machine.transaction import access_step, begin_step, end_step
from prover.machine.vm import (
    ACCESS,
    BATCH_DATA,
    BATCH_WALK,
    BEGIN,
    BLOCK_DONE,
    CONFIG_WALK,
    COPY,
    CREATE_FINISH,
    DEPOSIT_WALK,
    DONE,
    END,
    ENTER,
    EXECUTE,
    FAULT,
    FILL,
    FLUSH_ACCOUNTS,
    FLUSH_SLOTS,
    HASH,
    ITEM_HASH,
    L1_WALK,
    NEXT_BLOCK,
    NEXT_ITEM,
    ORIGIN,
    OUTPUT,
    PRECOMPILE,
    PRICE,
    RECEIPT_HASH,
    RECEIPT_LOGS,
    RETURN,
    RING_WALK,
    SEAL,
    START,
    SYSTEM_WRITE,
    TERMS,
    VM,
    running,
)


def step(vm: VM) -> None:
    """Take one step, in place. A state that is done stays as it is."""
    if vm.phase == EXECUTE:
        execute(vm)
    else:
        _PHASES[vm.phase](vm)


def execute(vm: VM) -> None:
    """Run the opcode at the program counter. After a fault the state is the old one, but for the phase."""
    frame = running(vm)
    code = running_code(vm, frame)
    opcode = code[frame.pc] if frame.pc < len(code) else 0
    row = table_of(vm.fork)[opcode]
    stack = frame.stack
    items = stack.items
    known = len(items)
    taken = items[-row.takes :] if row is not None and row.takes else []
    gas = frame.gas
    journal = vm.journal.root()
    try:
        if row is None:
            raise InvalidOpcode
        height = stack.hidden + known
        if height < row.takes:
            raise StackUnderflow
        if height + row.grows > LIMIT:
            raise StackOverflow
        stack.need(row.takes)
        row.run(vm, frame)
    except Fault as fault:
        # Opcodes pop, pay and warm before they know whether they can go on; faults come before all else they do.
        del items[known - len(taken) :]
        items.extend(taken)
        frame.gas = gas
        vm.journal.restore(journal)
        vm.fault = type(fault).__name__
        vm.go(FAULT)


def running_code(vm: VM, frame: Frame) -> bytes:
    """The preimage of the frame's code hash; the machine keeps it with the frame."""
    if not frame.code_known:
        frame.code = code_of(vm, frame.code_hash)
        frame.code_known = True
    elif vm.recorder is not None and frame.code:
        vm.recorder.codes.append(frame.code)
    return frame.code


def _or_fault(operation: Callable[[VM], None]) -> Callable[[VM], None]:
    """A phase that may fault instead: then the frame is as it was before."""

    def phase(vm: VM) -> None:
        frame = running(vm)
        gas = frame.gas
        try:
            operation(vm)
        except Fault as fault:
            frame.gas = gas
            vm.fault = type(fault).__name__
            vm.go(FAULT)

    return phase


def _stay(_vm: VM) -> None:
    """Nothing: the transaction, the block or the chain is over."""


def resume(vm: VM) -> None:
    """Go on after a transaction or a block that is done, where the game says that something follows."""
    if vm.phase == DONE:
        vm.phase = NEXT_ITEM
    elif vm.phase == BLOCK_DONE:
        vm.phase = NEXT_BLOCK


_PHASES: dict[int, Callable[[VM], None]] = {
    BEGIN: begin_step,
    ACCESS: access_step,
    ENTER: enter_step,
    COPY: copy_step,
    HASH: hash_step,
    PRECOMPILE: _or_fault(precompile_step),
    RETURN: return_step,
    FAULT: fault_step,
    CREATE_FINISH: _or_fault(create_finish_step),
    END: end_step,
    FLUSH_SLOTS: flush_slots_step,
    FLUSH_ACCOUNTS: flush_accounts_step,
    DONE: _stay,
    NEXT_ITEM: next_item_step,
    ITEM_HASH: item_hash_step,
    SEAL: seal_step,
    BLOCK_DONE: _stay,
    NEXT_BLOCK: next_block_step,
    ORIGIN: origin_step,
    SYSTEM_WRITE: system_write_step,
    OUTPUT: _stay,
    START: start_step,
    RING_WALK: ring_walk_step,
    L1_WALK: l1_walk_step,
    BATCH_WALK: batch_walk_step,
    BATCH_DATA: batch_data_step,
    DEPOSIT_WALK: deposit_walk_step,
    RECEIPT_LOGS: receipt_logs_step,
    RECEIPT_HASH: receipt_hash_step,
    FILL: fill_step,
    CONFIG_WALK: config_walk_step,
    TERMS: terms_step,
    PRICE: price_step,
}
