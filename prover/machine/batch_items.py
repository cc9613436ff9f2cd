"""Between two transactions of a block: which one comes next, out of L1's deposits or out of the batch.

A block that charges anything beside gas begins with the transaction that says so. Deposits of the block's origin come
next. Of the batch's items those of no form are passed over, and so are transactions beyond the limits, and deposits,
which come from L1 alone. An item that begins a block ends this one. Long transactions are hashed in pieces before they
begin.
"""

from dataclasses import replace

from protocol.batch import MAX_TRANSACTIONS_PER_BLOCK
from protocol.crypto import EMPTY_KECCAK, keccak
from protocol.deposit import Deposit
from protocol.mpt import EMPTY_ROOT
from protocol.rollup_limits import MAX_TX_BYTES
from protocol.transaction import DEPOSIT
from protocol.types import Address, Hash32
from prover.commitments.chain_structures import (
    BatchReading,
    DepositLink,
    ItemHashing,
    L1Inputs,
    L1Link,
    Sealing,
)
from prover.commitments.structures import NOTHING, Charges, Committed, Hashing, TxBoundary
from prover.commitments.tape import InvalidWitness
from prover.machine.batch_reading import block_claim, is_transaction, item_range, passed
from prover.machine.block_terms import is_terms_next, phase_before
from prover.machine.digests import DIGESTS, KECCAK256
from prover.machine.hashing import MAX_AT_ONCE, DeferredHashing, absorbed, finished
from prover.machine.journal import JournalRoot
from prover.machine.vm import BEGIN, ITEM_HASH, NEXT_ITEM, SEAL, VM, is_end, opened


def next_item_step(vm: VM) -> None:
    """Begin the next transaction, pass over an item, or end the block."""
    boundary = opened(vm, vm.cursor, TxBoundary)
    if is_terms_next(boundary):
        _begin(vm, boundary, opened(vm, boundary.charges, Charges).terms, BEGIN)
        return
    inputs = opened(vm, boundary.batch_cursor, L1Inputs)
    if not is_end(inputs.deposits):
        deposit = opened(vm, inputs.deposits, DepositLink)
        origin = opened(vm, inputs.l1_blocks, L1Link)
        if deposit.l1_number == origin.number:
            item = keccak(_deposit(vm, deposit).transaction(origin.hash).raw)
            _begin(vm, replace(boundary, batch_cursor=replace(inputs, deposits=deposit.below)), item, BEGIN)
            return
    if is_end(inputs.reading):
        _end(vm, boundary)
        return
    reading = opened(vm, inputs.reading, BatchReading)
    if reading.item == reading.count:
        _end(vm, boundary)
        return
    start, length = item_range(vm, reading)
    if block_claim(vm, reading, start, length) is not None:
        _end(vm, boundary)
        return
    after = passed(reading)
    counts = reading.transactions < MAX_TRANSACTIONS_PER_BLOCK and is_transaction(vm, reading, start, length)
    if counts:
        after = replace(after, transactions=reading.transactions + 1)
    boundary = replace(boundary, batch_cursor=replace(inputs, reading=after))
    type_byte = reading.data.read(start + 1, 1, vm.recorder)[0] if counts and length > 1 else 0
    if not counts or type_byte == DEPOSIT or length - 1 > MAX_TX_BYTES:
        vm.go(NEXT_ITEM, boundary)
    elif length - 1 <= MAX_AT_ONCE:
        item = keccak(reading.data.read(start + 1, length - 1, vm.recorder))
        _begin(vm, boundary, item, phase_before(boundary))
    else:
        beginning = Hashing(KECCAK256, start + 1, length - 1, length - 1, *DIGESTS[KECCAK256].initial)
        hashing: Committed = DeferredHashing(beginning, reading.data) if vm.reader is None else beginning
        vm.go(ITEM_HASH, ItemHashing(boundary, reading.data, hashing))


def _deposit(vm: VM, link: DepositLink) -> Deposit:
    """The deposit behind its part of the portal's hash chain (`protocol.deposit.deposit_hash`)."""
    preimage = vm.oracle.node(link.deposit, vm.recorder)
    if len(preimage) != 7 * 32:
        raise InvalidWitness(f"a deposit has 7 words, not {len(preimage)} bytes")
    sender, to, mint, value, gas_limit, is_creation = (
        int.from_bytes(preimage[32 * index : 32 * index + 32], "big") for index in range(6)
    )
    data_hash = Hash32(preimage[192:])
    return Deposit(
        index=link.index,
        sender=Address(sender.to_bytes(20, "big")),
        to=None if is_creation else Address(to.to_bytes(20, "big")),
        mint=mint,
        value=value,
        gas_limit=gas_limit,
        data=b"" if data_hash == EMPTY_KECCAK else vm.oracle.transaction(data_hash, vm.recorder),
    )


def item_hash_step(vm: VM) -> None:
    """Absorb as many blocks as a step takes; the step that ends the transaction begins it."""
    cursor = opened(vm, vm.cursor, ItemHashing)
    deferred = cursor.hashing if isinstance(cursor.hashing, DeferredHashing) else None
    if deferred is not None and vm.recorder is not None:
        vm.recorder.preimages.append(deferred.known().encode())
    hashing = deferred if deferred is not None else opened(vm, cursor.hashing, Hashing)
    full = DIGESTS[KECCAK256].rate * DIGESTS[KECCAK256].blocks_per_step
    data = cursor.data.read(hashing.offset, min(hashing.remaining, full), vm.recorder)
    if len(data) == full:
        after = hashing.absorbed(data) if isinstance(hashing, DeferredHashing) else absorbed(hashing, data)
        vm.go(ITEM_HASH, replace(cursor, hashing=after))
        return
    item = hashing.finished() if isinstance(hashing, DeferredHashing) else finished(hashing, data)
    boundary = opened(vm, cursor.boundary, TxBoundary)
    _begin(vm, boundary, Hash32(item), phase_before(boundary))


def _begin(vm: VM, boundary: TxBoundary, item: Hash32, phase: int) -> None:
    """A transaction starts from a journal without records, whatever the one before has left."""
    vm.journal.restore(JournalRoot(None))
    vm.dirty_accounts = vm.dirty_slots = vm.logs = NOTHING
    vm.refund = vm.logs_rlp_length = 0
    vm.go(phase, replace(boundary, item=item))


def _end(vm: VM, boundary: TxBoundary) -> None:
    roots, count = Hash32(EMPTY_ROOT), boundary.tx_index
    vm.go(SEAL, Sealing(boundary, boundary.receipts, count, count, roots, roots, *([0] * 8)))
