# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Accounts and slots as a transaction sees them
@license MIT
@notice The journal over the state that the transaction started from. A module of the libraries that look at accounts.
@dev Follows `prover/machine/accounts.py`: the first access loads a record from the trie into the journal, and makes it
     warm; what changes goes on a chain, which the flush follows.
"""

from . import journal
from . import layout
from . import trie

EMPTY_KECCAK: constant(bytes32) = 0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470
EMPTY_ROOT: constant(bytes32) = 0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421
LAST_PRECOMPILE: constant(uint256) = 10  # Cancun

ACCOUNT_HEAD: constant(uint256) = 248 << 8  # 0xf8, the length: an account's list has over 55 bytes
STRING: constant(uint256) = 128  # RLP: what a first byte from here on begins
HASH: constant(uint256) = 160  # a string of 32 bytes
PADDED: constant(uint256) = trie.MAX_VALUE + 32


struct Ledger:
    journal: journal.Journal
    start_root: bytes32  # of the state trie; journal misses are answered from it
    dirty_accounts: bytes32
    dirty_slots: bytes32
    preimages: uint256  # where in calldata the next preimage lies


@internal
@pure
def _ledger(globals: layout.Globals, tape: layout.Tape) -> Ledger:
    ledger: Ledger = empty(Ledger)
    ledger.journal.root = globals.journal
    ledger.journal.next = tape.openings
    ledger.start_root = globals.start_root
    ledger.dirty_accounts = globals.dirty_accounts
    ledger.dirty_slots = globals.dirty_slots
    ledger.preimages = tape.preimages
    return ledger


@internal
@pure
def _globals_after(globals: layout.Globals, ledger: Ledger) -> layout.Globals:
    changed: layout.Globals = globals
    changed.journal = ledger.journal.root
    changed.dirty_accounts = ledger.dirty_accounts
    changed.dirty_slots = ledger.dirty_slots
    return changed


# --- accounts ---------------------------------------------------------------------------------------------------------


@internal
@view
def _load_account(ledger: Ledger, owner: uint256) -> (Ledger, layout.AccountRecord, bool):
    """
    @notice Access an account: its record, and whether it was cold.
    """
    after: Ledger = ledger
    path: uint256 = journal._account_path(owner)
    shown: uint256 = 0
    after.journal, shown = journal._read(ledger.journal, path, journal.ACCOUNT_RECORD)
    record: layout.AccountRecord = empty(layout.AccountRecord)
    if shown != 0:
        record = self._account_record(shown)
        if record.loaded == 1:
            return after, record, False
    record, after.preimages = self._account_in_trie(ledger.start_root, owner, ledger.preimages)
    after.journal = journal._write(
        after.journal, path, journal.ACCOUNT_RECORD, layout._account_record_digest(record)
    )
    return after, record, shown == 0 and not self._is_precompile(owner)


@internal
@view
def _warm_account(ledger: Ledger, owner: uint256) -> Ledger:
    """
    @notice Declare an account warm without loading it.
    """
    after: Ledger = ledger
    path: uint256 = journal._account_path(owner)
    shown: uint256 = 0
    after.journal, shown = journal._read(ledger.journal, path, journal.ACCOUNT_RECORD)
    if shown == 0:
        after.journal = journal._write(
            after.journal,
            path,
            journal.ACCOUNT_RECORD,
            layout._account_record_digest(empty(layout.AccountRecord)),
        )
    else:
        record: layout.AccountRecord = self._account_record(shown)
    return after


@internal
@view
def _store_account(ledger: Ledger, owner: uint256, record: layout.AccountRecord) -> Ledger:
    """
    @notice Change an account. Also done with an unchanged empty one, which is thereby touched (EIP-161).
    """
    after: Ledger = ledger
    stored: layout.AccountRecord = record
    if record.dirty == 0:
        stored.dirty = 1
        after.dirty_accounts = layout._dirty_account_digest(
            layout.DirtyAccount(below=ledger.dirty_accounts, address=owner)
        )
    after.journal = journal._write(
        ledger.journal,
        journal._account_path(owner),
        journal.ACCOUNT_RECORD,
        layout._account_record_digest(stored),
    )
    return after


@internal
@view
def _add_balance(ledger: Ledger, owner: uint256, amount: uint256) -> Ledger:
    """
    @notice Credit an account with wei; crediting nothing touches an empty one.
    """
    after: Ledger = ledger
    record: layout.AccountRecord = empty(layout.AccountRecord)
    cold: bool = False
    after, record, cold = self._load_account(ledger, owner)
    if amount == 0 and not self._is_dead(record):
        return after
    record.balance += amount
    return self._store_account(after, owner, record)


@internal
@view
def _subtract_balance(ledger: Ledger, owner: uint256, amount: uint256) -> Ledger:
    """
    @notice Debit an account that has been found to have that much.
    """
    after: Ledger = ledger
    record: layout.AccountRecord = empty(layout.AccountRecord)
    cold: bool = False
    after, record, cold = self._load_account(ledger, owner)
    if amount == 0:
        return after
    record.balance -= amount
    return self._store_account(after, owner, record)


@internal
@pure
def _is_dead(record: layout.AccountRecord) -> bool:
    """
    @notice Whether the account does not exist, or is empty, which is the same since EIP-161.
    """
    return record.nonce == 0 and record.balance == 0 and record.code_hash == EMPTY_KECCAK


@internal
@pure
def _is_precompile(owner: uint256) -> bool:
    return owner - 1 < LAST_PRECOMPILE if owner != 0 else False


# --- slots ------------------------------------------------------------------------------------------------------------


@internal
@view
def _load_slot(ledger: Ledger, owner: uint256, slot: uint256) -> (Ledger, layout.SlotRecord, bool):
    """
    @notice Access a slot: its record, and whether it was cold.
    """
    after: Ledger = ledger
    path: uint256 = journal._path(journal.SLOT_SPACE, owner, slot)
    shown: uint256 = 0
    after.journal, shown = journal._read(ledger.journal, path, journal.SLOT_RECORD)
    record: layout.SlotRecord = empty(layout.SlotRecord)
    if shown != 0:
        record = self._slot_record(shown)
        if record.loaded == 1:
            return after, record, False
    account: layout.AccountRecord = empty(layout.AccountRecord)
    cold: bool = False
    after, account, cold = self._load_account(after, owner)
    found: uint256 = 0
    found, after.preimages = self._slot_in_trie(account.storage_root, slot, after.preimages)
    record = layout.SlotRecord(loaded=1, dirty=0, original=found, current=found)
    after.journal = journal._write(after.journal, path, journal.SLOT_RECORD, layout._slot_record_digest(record))
    return after, record, shown == 0


@internal
@view
def _warm_slot(ledger: Ledger, owner: uint256, slot: uint256) -> Ledger:
    """
    @notice Declare a slot warm without loading it.
    """
    after: Ledger = ledger
    path: uint256 = journal._path(journal.SLOT_SPACE, owner, slot)
    shown: uint256 = 0
    after.journal, shown = journal._read(ledger.journal, path, journal.SLOT_RECORD)
    if shown == 0:
        after.journal = journal._write(
            after.journal, path, journal.SLOT_RECORD, layout._slot_record_digest(empty(layout.SlotRecord))
        )
    return after


@internal
@view
def _store_slot(ledger: Ledger, owner: uint256, slot: uint256, record: layout.SlotRecord) -> Ledger:
    """
    @notice Change a slot.
    """
    after: Ledger = ledger
    stored: layout.SlotRecord = record
    if record.dirty == 0:
        stored.dirty = 1
        after.dirty_slots = layout._dirty_slot_digest(
            layout.DirtySlot(below=ledger.dirty_slots, address=owner, slot=slot)
        )
    after.journal = journal._write(
        ledger.journal,
        journal._path(journal.SLOT_SPACE, owner, slot),
        journal.SLOT_RECORD,
        layout._slot_record_digest(stored),
    )
    return after


@internal
@view
def _load_transient(ledger: Ledger, owner: uint256, slot: uint256) -> (Ledger, uint256):
    """
    @notice A transient slot; 0 before its first write.
    """
    after: Ledger = ledger
    shown: uint256 = 0
    after.journal, shown = journal._read(
        ledger.journal, journal._path(journal.TRANSIENT_SPACE, owner, slot), journal.TRANSIENT_RECORD
    )
    if shown == 0:
        return after, 0
    assert convert(layout._word(shown), bytes32) == layout.TAG_TRANSIENT_RECORD, "accounts: not a record"
    return after, layout._word(shown + 32)


@internal
@view
def _store_transient(ledger: Ledger, owner: uint256, slot: uint256, new: uint256) -> Ledger:
    """
    @notice Write a transient slot.
    """
    after: Ledger = ledger
    after.journal = journal._write(
        ledger.journal,
        journal._path(journal.TRANSIENT_SPACE, owner, slot),
        journal.TRANSIENT_RECORD,
        layout._transient_record_digest(layout.TransientRecord(value=new)),
    )
    return after


# --- records and leaves as bytes --------------------------------------------------------------------------------------


@internal
@view
def _account_record(at: uint256) -> layout.AccountRecord:
    """
    @dev The record whose preimage `journal` has found right.
    """
    tag: bytes32 = empty(bytes32)
    record: layout.AccountRecord = empty(layout.AccountRecord)
    tag, record = abi_decode(slice(msg.data, at, journal.ACCOUNT_RECORD), (bytes32, layout.AccountRecord))
    assert tag == layout.TAG_ACCOUNT_RECORD, "accounts: not a record"
    layout._check_account_record(record)
    return record


@internal
@view
def _slot_record(at: uint256) -> layout.SlotRecord:
    tag: bytes32 = empty(bytes32)
    record: layout.SlotRecord = empty(layout.SlotRecord)
    tag, record = abi_decode(slice(msg.data, at, journal.SLOT_RECORD), (bytes32, layout.SlotRecord))
    assert tag == layout.TAG_SLOT_RECORD, "accounts: not a record"
    layout._check_slot_record(record)
    return record


@internal
@view
def _account_in_trie(root: bytes32, owner: uint256, at: uint256) -> (layout.AccountRecord, uint256):
    """
    @dev The account as the transaction found it, and where the preimages go on.
    """
    item: Bytes[trie.MAX_VALUE] = b""
    next: uint256 = 0
    item, next = trie._get(root, keccak256(slice(convert(owner, bytes32), 12, 20)), at)
    record: layout.AccountRecord = layout.AccountRecord(
        loaded=1,
        dirty=0,
        created=0,
        destructed=0,
        nonce=0,
        balance=0,
        storage_root=EMPTY_ROOT,
        code_hash=EMPTY_KECCAK,
    )
    if len(item) == 0:
        return record, next
    # Words are read at any byte, so the last byte must have 31 behind it.
    padded: Bytes[PADDED] = concat(item, empty(bytes32))
    end: uint256 = 0
    record.nonce, end = self._uint_at(padded, 2)
    record.balance, end = self._uint_at(padded, end)
    assert (
        convert(extract32(padded, 0), uint256) >> 240 == ACCOUNT_HEAD + len(item) - 2
        and record.nonce < 2**64
        and end + 66 == len(item)
        and convert(extract32(padded, end), uint256) >> 248 == HASH
        and convert(extract32(padded, end + 33), uint256) >> 248 == HASH
    ), "accounts: malformed account"
    record.storage_root = extract32(padded, end + 1)
    record.code_hash = extract32(padded, end + 34)
    return record, next


@internal
@view
def _slot_in_trie(root: bytes32, slot: uint256, at: uint256) -> (uint256, uint256):
    """
    @dev The slot as the transaction found it, and where the preimages go on.
    """
    item: Bytes[trie.MAX_VALUE] = b""
    next: uint256 = 0
    item, next = trie._get(root, keccak256(convert(slot, bytes32)), at)
    if len(item) == 0:
        return 0, next
    found: uint256 = 0
    end: uint256 = 0
    found, end = self._uint_at(concat(item, empty(bytes32)), 0)
    assert end == len(item), "accounts: malformed slot"
    return found, next


@internal
@pure
def _uint_at(item: Bytes[PADDED], start: uint256) -> (uint256, uint256):
    """
    @dev The canonical RLP integer of at most 32 bytes at `start`, and where it ends.
    """
    number: uint256 = convert(extract32(item, start), uint256) >> 248
    if number < STRING:
        assert number != 0, "accounts: malformed number"
        return number, start + 1
    length: uint256 = number - STRING
    if length == 0:
        return 0, start + 1
    assert length <= 32, "accounts: malformed number"
    number = convert(extract32(item, start + 1), uint256) >> (256 - 8 * length)
    assert number >= STRING and number >> (8 * length - 8) != 0, "accounts: malformed number"
    return number, start + 1 + length
