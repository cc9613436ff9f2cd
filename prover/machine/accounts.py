"""Accounts and slots as a transaction sees them: the journal over the state it started from.

The first access loads a record from the trie into the journal and makes it warm; from then on the journal has it. A
revert takes the record away again, and with it the warmth. What changes goes on a chain, which the flush follows.
"""

from dataclasses import replace

from protocol.crypto import EMPTY_KECCAK, keccak
from protocol.mpt import EMPTY_ROOT
from protocol.rlp_codec import as_bytes, as_uint, decode, decode_list
from protocol.types import ZERO_HASH, Address, Hash32
from prover.commitments import trie
from prover.commitments.journal_tree import ACCOUNT, SLOT, TRANSIENT, journal_path
from prover.commitments.structures import AccountRecord, DirtyAccount, DirtySlot, SlotRecord, TransientRecord
from prover.machine import gas
from prover.machine.rules import is_precompile
from prover.machine.vm import VM

_WARM_ONLY = AccountRecord(False, False, False, False, 0, 0, ZERO_HASH, ZERO_HASH)
_WARM_SLOT_ONLY = SlotRecord(False, False, 0, 0)


def load_account(vm: VM, address: Address) -> tuple[AccountRecord, bool]:
    """Access an account: its record, and whether it was cold."""
    path = journal_path(ACCOUNT, address, 0)
    record = vm.journal.read(path, AccountRecord, vm.recorder)
    if record is not None and record.loaded:
        return record, False
    cold = record is None and not is_precompile(vm.fork, address)
    record = _account_in_trie(vm, address)
    vm.journal.write(path, record, vm.recorder)
    return record, cold


def warm_account(vm: VM, address: Address) -> None:
    """Declare an account warm without loading it."""
    path = journal_path(ACCOUNT, address, 0)
    if vm.journal.read(path, AccountRecord, vm.recorder) is None:
        vm.journal.write(path, _WARM_ONLY, vm.recorder)


def store_account(vm: VM, address: Address, record: AccountRecord) -> None:
    """Change an account. Also done with an unchanged empty one, which is thereby touched (EIP-161)."""
    if not record.dirty:
        record = replace(record, dirty=True)
        vm.dirty_accounts = DirtyAccount(vm.dirty_accounts, address)
    vm.journal.write(journal_path(ACCOUNT, address, 0), record, vm.recorder)


def add_balance(vm: VM, address: Address, amount: int) -> None:
    """Credit an account with wei; crediting nothing touches an empty one."""
    record, _ = load_account(vm, address)
    if amount or is_dead(record):
        store_account(vm, address, replace(record, balance=record.balance + amount))


def subtract_balance(vm: VM, address: Address, amount: int) -> None:
    """Debit an account that has been found to have that much."""
    record, _ = load_account(vm, address)
    if amount:
        store_account(vm, address, replace(record, balance=record.balance - amount))


def is_dead(record: AccountRecord) -> bool:
    """Whether the account does not exist, or is empty, which is the same since EIP-161."""
    return record.nonce == 0 and record.balance == 0 and record.code_hash == EMPTY_KECCAK


def account_access_cost(cold: bool) -> int:
    """Gas for accessing an account (EIP-2929)."""
    return gas.COLD_ACCOUNT if cold else gas.WARM_ACCESS


def load_slot(vm: VM, address: Address, slot: int) -> tuple[SlotRecord, bool]:
    """Access a slot: its record, and whether it was cold."""
    path = journal_path(SLOT, address, slot)
    record = vm.journal.read(path, SlotRecord, vm.recorder)
    if record is not None and record.loaded:
        return record, False
    cold = record is None
    account, _ = load_account(vm, address)
    value = slot_in_trie(vm, account.storage_root, slot)
    record = SlotRecord(True, False, value, value)
    vm.journal.write(path, record, vm.recorder)
    return record, cold


def warm_slot(vm: VM, address: Address, slot: int) -> None:
    """Declare a slot warm without loading it."""
    path = journal_path(SLOT, address, slot)
    if vm.journal.read(path, SlotRecord, vm.recorder) is None:
        vm.journal.write(path, _WARM_SLOT_ONLY, vm.recorder)


def store_slot(vm: VM, address: Address, slot: int, record: SlotRecord) -> None:
    """Change a slot."""
    if not record.dirty:
        record = replace(record, dirty=True)
        vm.dirty_slots = DirtySlot(vm.dirty_slots, address, slot)
    vm.journal.write(journal_path(SLOT, address, slot), record, vm.recorder)


def load_transient(vm: VM, address: Address, slot: int) -> int:
    """A transient slot; 0 before its first write."""
    record = vm.journal.read(journal_path(TRANSIENT, address, slot), TransientRecord, vm.recorder)
    return 0 if record is None else record.value


def store_transient(vm: VM, address: Address, slot: int, value: int) -> None:
    """Write a transient slot."""
    vm.journal.write(journal_path(TRANSIENT, address, slot), TransientRecord(value), vm.recorder)


def _account_in_trie(vm: VM, address: Address) -> AccountRecord:
    """The account as the transaction found it."""
    data = trie.get(vm.start_root, keccak(address), lambda node: vm.oracle.node(node, vm.recorder))
    if not data:
        return AccountRecord(True, False, False, False, 0, 0, EMPTY_ROOT, EMPTY_KECCAK)
    fields = decode_list(data, "account")
    return AccountRecord(
        True,
        False,
        False,
        False,
        as_uint(fields[0], "nonce", 64),
        as_uint(fields[1], "balance"),
        Hash32(as_bytes(fields[2], "storage root", 32)),
        Hash32(as_bytes(fields[3], "code hash", 32)),
    )


def slot_in_trie(vm: VM, storage_root: Hash32, slot: int) -> int:
    """The slot as the transaction found it."""
    key = keccak(slot.to_bytes(32, "big"))
    data = trie.get(storage_root, key, lambda node: vm.oracle.node(node, vm.recorder))
    return as_uint(decode(data), "slot") if data else 0
