"""Lies on demand: one change of one state in a trace, of a kind that a dishonest proposer might try.

For tests of the game and for `tombolo dispute`. A lie is a state that no step has made; what follows it is computed
rightly, so that the liar has an answer to every question and the dispute goes down to the very step.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from protocol.crypto import keccak
from protocol.errors import InvalidInput
from protocol.types import ZERO_HASH, Address, Hash32
from prover.commitments.chain_structures import (
    BatchLink,
    Boot,
    ChainBlock,
    Filling,
    L1Inputs,
    L1Link,
    Output,
    ReceiptLogs,
    Sealing,
)
from prover.commitments.journal_tree import ACCOUNT, SLOT, journal_path
from prover.commitments.pages import NO_PAGES, pages_of
from prover.commitments.structures import (
    AccountRecord,
    BlockContext,
    DirtySlot,
    LogLink,
    Receipt,
    Return,
    SlotRecord,
    TxBoundary,
    TxContext,
)
from prover.machine.batch_reading import HEADER_BYTES, open_batch
from prover.machine.frame import Frame
from prover.machine.run import HALTED
from prover.machine.step import resume, running_code, step
from prover.machine.vm import (
    ACCESS,
    BATCH_DATA,
    BATCH_WALK,
    BEGIN,
    BLOCK_DONE,
    DONE,
    EXECUTE,
    FILL,
    FLUSH_ACCOUNTS,
    L1_WALK,
    NEXT_BLOCK,
    NEXT_ITEM,
    ORIGIN,
    OUTPUT,
    RECEIPT_HASH,
    RECEIPT_LOGS,
    RETURN,
    SEAL,
    SYSTEM_WRITE,
    VM,
    running,
)
from prover.trajectory import Lie, Trajectory

FORGED = b"\x02forged"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of lie: after which steps it can be told (the phase and opcode that was, the state after), and how."""

    name: str
    summary: str
    phase: int
    """The phase of the step that the lie is about, which is what L1 will execute."""
    fits: Callable[[int, VM], bool]
    tell: Callable[[VM], None]


def _top(vm: VM) -> None:
    running(vm).stack.items[-1] ^= 1


def _gas(vm: VM) -> None:
    running(vm).gas += 1


def _memory(vm: VM) -> None:
    memory = running(vm).memory
    memory.write(0, bytes((memory.read(0, 1, None)[0] ^ 1,)), None)


def _code(vm: VM) -> None:
    frame = running(vm)
    frame.code = b"\x00"
    frame.code_hash = keccak(frame.code)
    vm.oracle.keep_code(frame.code)


def _slot(vm: VM) -> None:
    dirty = vm.dirty_slots
    if not isinstance(dirty, DirtySlot):
        raise TypeError("no slot was written")
    path = journal_path(SLOT, dirty.address, dirty.slot)
    record = vm.journal.read(path, SlotRecord, None)
    if record is None:
        raise TypeError("a dirty slot without a record")
    vm.journal.write(path, replace(record, current=record.current ^ 1), None)


def _sender(change: Callable[[AccountRecord], AccountRecord]) -> Callable[[VM], None]:
    def tell(vm: VM) -> None:
        if not isinstance(vm.tx, TxContext):
            raise TypeError("no transaction has begun")
        path = journal_path(ACCOUNT, Address(vm.tx.origin), 0)
        record = vm.journal.read(path, AccountRecord, None)
        if record is None:
            raise TypeError("the sender has no record")
        vm.journal.write(path, change(record), None)

    return tell


def _richer(record: AccountRecord) -> AccountRecord:
    return replace(record, balance=record.balance + 1)


def _later(record: AccountRecord) -> AccountRecord:
    return replace(record, nonce=record.nonce + 1)


def _refund(vm: VM) -> None:
    vm.refund += 1


def _log(vm: VM) -> None:
    if not isinstance(vm.logs, LogLink):
        raise TypeError("nothing was logged")
    vm.logs = replace(vm.logs, address=Address(bytes(20)))


def _receipt(vm: VM) -> None:
    boundary = _boundary(vm)
    if not isinstance(boundary.receipts, Receipt):
        raise TypeError("there is no receipt")
    vm.cursor = replace(boundary, receipts=replace(boundary.receipts, status=not boundary.receipts.status))


def _skip(vm: VM) -> None:
    if not isinstance(vm.boundary, TxBoundary):
        raise TypeError("no transaction has begun")
    vm.has_globals = False
    vm.go(DONE, replace(vm.boundary, item=ZERO_HASH))


def _forge(vm: VM) -> None:
    transactions = getattr(vm.oracle, "transactions", None)
    if transactions is None:
        raise TypeError("only a machine that knows transactions can forge one")
    transactions[keccak(FORGED)] = FORGED
    vm.cursor = replace(_boundary(vm), item=keccak(FORGED))


def _drop(vm: VM) -> None:
    vm.go(NEXT_ITEM, replace(_boundary(vm), item=ZERO_HASH))


def _other_data(vm: VM) -> None:
    """The batch's first block is a second later."""
    boot = vm.cursor
    block = boot.block if isinstance(boot, Boot) else None
    inputs = block.inputs if isinstance(block, ChainBlock) else None
    batch = inputs.batches if isinstance(inputs, L1Inputs) else None
    if not (isinstance(boot, Boot) and isinstance(block, ChainBlock)):
        raise TypeError("no batch is being walked to")
    if not (isinstance(inputs, L1Inputs) and isinstance(batch, BatchLink)):
        raise TypeError("no batch has been opened")
    data = bytearray(batch.data.read(0, batch.length, None))
    reading = open_batch(vm, batch)
    if reading is not None and reading.count:
        last = HEADER_BYTES + 4 * reading.count + 8
        data[last] = (data[last] + 1) % 256
    batch = replace(batch, data=pages_of(bytes(data)))
    vm.cursor = replace(boot, block=replace(block, inputs=replace(inputs, batches=batch)))


def _header(vm: VM) -> None:
    if not isinstance(vm.cursor, ChainBlock):
        raise TypeError("no block has been made")
    vm.cursor = replace(vm.cursor, hash=keccak(vm.cursor.hash))


def _bloom(vm: VM) -> None:
    if not isinstance(vm.cursor, ReceiptLogs):
        raise TypeError("no logs are being put into a bloom")
    vm.cursor = replace(vm.cursor, bloom_0=vm.cursor.bloom_0 ^ 1)


def _leaf(vm: VM) -> None:
    if not isinstance(vm.cursor, Filling):
        raise TypeError("no receipt has been hashed")
    vm.cursor = replace(vm.cursor, leaf=keccak(vm.cursor.leaf))


def _transactions(vm: VM) -> None:
    if not isinstance(vm.cursor, Sealing):
        raise TypeError("no transaction has been put into the trie")
    vm.cursor = replace(vm.cursor, transactions_root=Hash32(keccak(vm.cursor.transactions_root)))


def _is_full(_opcode: int, vm: VM) -> bool:
    """All transactions are in the trie: before that, nobody could go on from a root of no nodes."""
    return isinstance(vm.cursor, Sealing) and vm.cursor.left == 0


def _gas_used(vm: VM) -> None:
    boundary = _boundary(vm)
    vm.cursor = replace(boundary, gas_used=boundary.gas_used + 1)


def _unchanged(vm: VM) -> None:
    vm.cursor = replace(_boundary(vm), state_root=vm.start_root)


def _unwritten(vm: VM) -> None:
    boundary = _boundary(vm)
    if not isinstance(boundary.parent, ChainBlock):
        raise TypeError("no block comes before this one")
    vm.cursor = replace(boundary, state_root=boundary.parent.state_root)


def _context(change: Callable[[BlockContext], BlockContext]) -> Callable[[VM], None]:
    def tell(vm: VM) -> None:
        boundary = _boundary(vm)
        if not isinstance(boundary.block, BlockContext):
            raise TypeError("no block has begun")
        vm.cursor = replace(boundary, block=change(boundary.block))

    return tell


def _later_block(block: BlockContext) -> BlockContext:
    return replace(block, timestamp=block.timestamp + 1)


def _dearer_block(block: BlockContext) -> BlockContext:
    return replace(block, base_fee=block.base_fee + 1)


def _withdrawals(vm: VM) -> None:
    if not isinstance(vm.cursor, ChainBlock):
        raise TypeError("no block has been made")
    vm.cursor = replace(vm.cursor, outbox_root=Hash32(keccak(vm.cursor.outbox_root)))


def _output(vm: VM) -> None:
    if not isinstance(vm.cursor, Output):
        raise TypeError("the chain is not over")
    vm.cursor = replace(vm.cursor, root=Hash32(keccak(vm.cursor.root)))


def _l1_block(vm: VM) -> None:
    boot = vm.cursor
    if not isinstance(boot, Boot) or not isinstance(boot.block, ChainBlock):
        raise TypeError("L1 is not being read")
    inputs = boot.block.inputs
    if not isinstance(inputs, L1Inputs) or not isinstance(inputs.l1_blocks, L1Link):
        raise TypeError("no L1 block has been read")
    link = replace(inputs.l1_blocks, prev_randao=Hash32(keccak(inputs.l1_blocks.prev_randao)))
    vm.cursor = replace(boot, block=replace(boot.block, inputs=replace(inputs, l1_blocks=link)))


def _leads_to(*phases: int) -> Callable[[int, VM], bool]:
    return lambda _opcode, vm: vm.phase in phases


def _halt(vm: VM) -> None:
    vm.go(RETURN, Return(True, NO_PAGES, 0, 0))


def _boundary(vm: VM) -> TxBoundary:
    if not isinstance(vm.cursor, TxBoundary):
        raise TypeError("not between transactions")
    return vm.cursor


def _executed(*opcodes: int) -> Callable[[int, VM], bool]:
    """The step was one of these opcodes, and the frame runs on."""
    return lambda opcode, vm: opcode in opcodes and vm.phase == EXECUTE


KINDS = {
    kind.name: kind
    for kind in (
        Kind("opcode", "an opcode's result", EXECUTE, _executed(*range(0x01, 0x1E), 0x35, 0x51, 0x54, 0x40), _top),
        Kind("gas", "a frame's gas, by one", EXECUTE, _executed(*range(0x01, 0xA5)), _gas),
        Kind("storage", "a word written to storage", EXECUTE, _executed(0x55), _slot),
        Kind("memory", "a byte of memory", EXECUTE, _executed(0x52, 0x53), _memory),
        Kind("code", "the code that runs", EXECUTE, _executed(*range(0x01, 0xA5)), _code),
        Kind("balance", "the sender's balance", BEGIN, lambda _opcode, vm: vm.phase == ACCESS, _sender(_richer)),
        Kind("nonce", "the sender's nonce", BEGIN, lambda _opcode, vm: vm.phase == ACCESS, _sender(_later)),
        Kind("refund", "the refund, by one", EXECUTE, _executed(0x55), _refund),
        Kind("log", "a log's address", EXECUTE, _executed(*range(0xA0, 0xA5)), _log),
        Kind("receipt", "a receipt's status", FLUSH_ACCOUNTS, lambda _opcode, vm: vm.phase == DONE, _receipt),
        Kind("skipped", "a valid transaction is skipped", BEGIN, lambda _opcode, vm: vm.phase == ACCESS, _skip),
        Kind("forged", "a transaction that nobody posted", NEXT_ITEM, lambda _opcode, vm: vm.phase == BEGIN, _forge),
        Kind("batch", "an item of the batch is passed over", NEXT_ITEM, lambda _opcode, vm: vm.phase == BEGIN, _drop),
        Kind("bloom", "a block's bloom", RECEIPT_LOGS, lambda _opcode, vm: vm.phase == RECEIPT_LOGS, _bloom),
        Kind("receipts-root", "a block's receipts", RECEIPT_HASH, lambda _opcode, vm: vm.phase == FILL, _leaf),
        Kind("transactions-root", "a block's transactions", FILL, _is_full, _transactions),
        Kind("header", "a block's hash", SEAL, lambda _opcode, vm: vm.phase == BLOCK_DONE, _header),
        Kind("gas-used", "a block's gas so far, by one", FLUSH_ACCOUNTS, _leads_to(DONE), _gas_used),
        Kind("state-root", "a transaction that changes nothing", FLUSH_ACCOUNTS, _leads_to(DONE), _unchanged),
        Kind("system-write", "the write at a block's beginning", SYSTEM_WRITE, _leads_to(DONE), _unwritten),
        Kind("timestamp", "a block's time", ORIGIN, _leads_to(SYSTEM_WRITE), _context(_later_block)),
        Kind("base-fee", "a block's base fee", ORIGIN, _leads_to(SYSTEM_WRITE), _context(_dearer_block)),
        Kind("withdrawals", "the root of a block's withdrawals", SEAL, _leads_to(BLOCK_DONE), _withdrawals),
        Kind("l1", "the randomness of an L1 block", L1_WALK, _leads_to(L1_WALK, BATCH_WALK), _l1_block),
        Kind("output", "the output root itself", NEXT_BLOCK, _leads_to(OUTPUT), _output),
        Kind("halt", "a program ends early", EXECUTE, _executed(*range(0x01, 0xA5)), _halt),
    )
}
"""By the name that `--lie` takes."""


DATA = Kind(
    "data", "the bytes behind a commitment", BATCH_DATA, lambda _opcode, vm: vm.phase == BATCH_WALK, _other_data
)
"""Only where batches are not in calldata: elsewhere nobody opens them."""


def lie_about(kind: Kind, beginning: VM, choice: int = 0) -> Lie:
    """The lie of this kind that comes `choice`-th in the trace, counted around; one that changes how the trace ends.

    Raises:
        InvalidInput: The trace has no place for it.
    """
    truth = Trajectory(beginning).end()
    places = list(_places(kind, beginning))
    for offset in range(len(places)):
        block, item, index = places[(choice + offset) % len(places)]
        lie = Lie(block, item, (index, kind.tell))
        if Trajectory(beginning, lie).end() != truth:
            return lie
    raise InvalidInput(f"nothing in this chain to lie about: {kind.summary}")


def lie_at(kind: Kind, beginning: VM, block: int, item: int, index: int) -> Lie:
    """The lie of this kind after step `index` of an item.

    Raises:
        InvalidInput: That step is of another kind, or there is none.
    """
    if (block, item, index) not in set(_places(kind, beginning)):
        raise InvalidInput(f"{kind.name} cannot be told at {block}:{item}:{index}; {kind.summary} has no such place")
    return Lie(block, item, (index, kind.tell))


def _places(kind: Kind, beginning: VM) -> Iterator[tuple[int, int, int]]:
    """Block, item and number of each step after which the lie can be told."""
    trajectory = Trajectory(beginning)
    for block in range(trajectory.blocks):
        for item in range(trajectory.items(block)):
            vm = trajectory.before(block, item)
            resume(vm)
            index = 0
            while vm.phase not in HALTED:
                phase, opcode = vm.phase, _opcode(vm)
                step(vm)
                index += 1
                if phase == kind.phase and kind.fits(opcode, vm):
                    yield block, item, index


def _opcode(vm: VM) -> int:
    if vm.phase != EXECUTE or not isinstance(vm.frame, Frame):
        return -1
    code = running_code(vm, vm.frame)
    return code[vm.frame.pc] if vm.frame.pc < len(code) else 0
