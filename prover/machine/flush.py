"""The end of a transaction in the tries: one changed slot or account per step, then the next boundary.

Slots come first, since an account's leaf holds the root of its storage. Only here does a trie change.
"""

from dataclasses import replace

from protocol.crypto import keccak
from protocol.rlp_codec import encode, uint_bytes
from protocol.types import ZERO_HASH, Address, Hash32
from prover.commitments import trie
from prover.commitments.journal_tree import ACCOUNT, SLOT, journal_path
from prover.commitments.structures import (
    AccountRecord,
    DirtyAccount,
    DirtySlot,
    Flush,
    Receipt,
    SlotRecord,
    TxBoundary,
    TxContext,
)
from prover.commitments.tape import InvalidWitness, Sealed
from prover.machine.accounts import is_dead, store_account
from prover.machine.vm import DONE, FLUSH_ACCOUNTS, VM, opened


def flush_slots_step(vm: VM) -> None:
    """Write the slot that was changed last into its account's storage trie."""
    if _is_end(vm.dirty_slots):
        vm.phase = FLUSH_ACCOUNTS
        return
    entry = opened(vm, vm.dirty_slots, DirtySlot)
    vm.dirty_slots = entry.below
    slot = vm.journal.read(journal_path(SLOT, entry.address, entry.slot), SlotRecord, vm.recorder)
    account = _dirty_account(vm, entry.address)
    if slot is None:
        raise InvalidWitness("a dirty slot is not in the journal")
    if account.destructed or slot.current == slot.original:
        return
    key = keccak(entry.slot.to_bytes(32, "big"))
    root = _updated(vm, account.storage_root, key, encode(uint_bytes(slot.current)) if slot.current else b"")
    store_account(vm, entry.address, replace(account, storage_root=root))


def flush_accounts_step(vm: VM) -> None:
    """Write the account that was changed last into the state trie, or remove it; after the first one, finish."""
    if _is_end(vm.dirty_accounts):
        _finish(vm)
        return
    entry = opened(vm, vm.dirty_accounts, DirtyAccount)
    vm.dirty_accounts = entry.below
    account = _dirty_account(vm, entry.address)
    gone = account.destructed or is_dead(account)
    fields = [uint_bytes(account.nonce), uint_bytes(account.balance), account.storage_root, account.code_hash]
    vm.working_root = _updated(vm, vm.working_root, keccak(entry.address), b"" if gone else encode(fields))


def _finish(vm: VM) -> None:
    """The boundary to the next transaction."""
    flush = opened(vm, vm.cursor, Flush)
    tx = opened(vm, vm.tx, TxContext)
    boundary = opened(vm, vm.boundary, TxBoundary)
    gas_used = boundary.gas_used + flush.gas_used
    receipts = Receipt(boundary.receipts, tx.item, tx.type, flush.success, gas_used, vm.logs, vm.logs_rlp_length)
    after = replace(
        boundary,
        tx_index=boundary.tx_index + 1,
        item=ZERO_HASH,
        state_root=vm.working_root,
        gas_used=gas_used,
        blob_gas_used=boundary.blob_gas_used + tx.blob_gas,
        receipts=receipts,
        l1_fee=0,
    )
    vm.has_globals = False
    vm.go(DONE, after)


def _is_end(chain: object) -> bool:
    return isinstance(chain, Sealed) and chain.hash == ZERO_HASH


def _dirty_account(vm: VM, address: Address) -> AccountRecord:
    account = vm.journal.read(journal_path(ACCOUNT, address, 0), AccountRecord, vm.recorder)
    if account is None or not account.loaded:
        raise InvalidWitness("a dirty account is not in the journal")
    return account


def _updated(vm: VM, root: Hash32, key: Hash32, value: bytes) -> Hash32:
    """The trie's root with one key set, or deleted when the value is empty."""
    new_root, created = trie.put(root, key, value, lambda node: vm.oracle.node(node, vm.recorder))
    for node in created:
        vm.oracle.keep_node(node)
    return new_root
