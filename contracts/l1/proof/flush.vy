# pragma version 0.4.3
# pragma evm-version cancun
"""
@title The end of a transaction in the tries
@license MIT
@notice The phases flush slots, flush accounts and done: one changed slot or account per step, then the next boundary. A
        library of the one-step verifier.
@dev Follows `prover/machine/flush.py`. Slots come first, since an account's leaf holds the root of its storage. Only here
     does a trie change. See `machine.vy` for the arguments.
"""

from . import accounts
from . import journal
from . import layout
from . import machine
from . import trie

EMPTY: constant(Bytes[1]) = x"80"  # RLP of an empty string


@external
@view
def step(
    pre: bytes32,
    state: layout.State,
    stack: DynArray[uint256, 17],
    code: Bytes[1],
    other: Bytes[1],
    pages: Bytes[1],
    tape: layout.Tape,
) -> bytes32:
    """
    @notice The state after `pre`, if the transaction is being flushed or done. Reverts if it is not, or the witness is
            wrong.
    """
    machine._open(pre, state)
    if state.vm.phase == layout.PHASE_DONE:
        return pre
    assert state.vm.globals != empty(bytes32), "proof: no globals"
    if state.vm.phase == layout.PHASE_FLUSH_SLOTS:
        if state.globals.dirty_slots == empty(bytes32):
            return machine._post(
                layout.PHASE_FLUSH_ACCOUNTS, state.vm.cursor, state.vm.globals, state.vm.frame
            )
        return self._next(state, self._slot(state.globals, tape))
    assert state.vm.phase == layout.PHASE_FLUSH_ACCOUNTS, "proof: phase"
    if state.globals.dirty_accounts == empty(bytes32):
        return self._finish(state, tape.preimages)
    return self._next(state, self._account(state.globals, tape))


@internal
@pure
def _next(state: layout.State, globals: layout.Globals) -> bytes32:
    return machine._post(state.vm.phase, state.vm.cursor, layout._globals_digest(globals), state.vm.frame)


@internal
@view
def _slot(globals: layout.Globals, tape: layout.Tape) -> layout.Globals:
    """
    @dev Write the slot that was changed last into its account's storage trie.
    """
    after: layout.Globals = globals
    entry: layout.DirtySlot = empty(layout.DirtySlot)
    at: uint256 = 0
    entry, at = layout._open_dirty_slot(globals.dirty_slots, tape.preimages)
    after.dirty_slots = entry.below

    ledger: accounts.Ledger = accounts._ledger(after, tape)
    shown: uint256 = 0
    ledger.journal, shown = journal._read(
        ledger.journal,
        journal._path(journal.SLOT_SPACE, entry.address, entry.slot),
        journal.SLOT_RECORD,
    )
    account: layout.AccountRecord = empty(layout.AccountRecord)
    ledger, account = self._dirty_account(ledger, entry.address)
    assert shown != 0, "flush: a dirty slot is not in the journal"
    slot: layout.SlotRecord = accounts._slot_record(shown)
    if account.destructed == 1 or slot.current == slot.original:
        return after
    item: Bytes[trie.MAX_VALUE] = b""
    if slot.current != 0:
        item = self._uint(slot.current)
    account.storage_root, at = trie._put(
        account.storage_root, keccak256(convert(entry.slot, bytes32)), item, at
    )
    ledger = accounts._store_account(ledger, entry.address, account)
    return accounts._globals_after(after, ledger)


@internal
@view
def _account(globals: layout.Globals, tape: layout.Tape) -> layout.Globals:
    """
    @dev Write the account that was changed last into the state trie, or remove it.
    """
    after: layout.Globals = globals
    entry: layout.DirtyAccount = empty(layout.DirtyAccount)
    at: uint256 = 0
    entry, at = layout._open_dirty_account(globals.dirty_accounts, tape.preimages)
    after.dirty_accounts = entry.below
    ledger: accounts.Ledger = accounts._ledger(after, tape)
    account: layout.AccountRecord = empty(layout.AccountRecord)
    ledger, account = self._dirty_account(ledger, entry.address)
    item: Bytes[trie.MAX_VALUE] = b""
    if account.destructed == 0 and not accounts._is_dead(account):
        fields: Bytes[108] = concat(
            convert(self._uint(account.nonce), Bytes[9]),
            self._uint(account.balance),
            x"a0",
            account.storage_root,
            x"a0",
            account.code_hash,
        )
        item = concat(x"f8", slice(convert(len(fields), bytes32), 31, 1), fields)
    after.working_root, at = trie._put(
        globals.working_root, keccak256(slice(convert(entry.address, bytes32), 12, 20)), item, at
    )
    return after


@internal
@view
def _dirty_account(ledger: accounts.Ledger, owner: uint256) -> (accounts.Ledger, layout.AccountRecord):
    after: accounts.Ledger = ledger
    shown: uint256 = 0
    after.journal, shown = journal._read(
        ledger.journal, journal._account_path(owner), journal.ACCOUNT_RECORD
    )
    assert shown != 0, "flush: a dirty account is not in the journal"
    record: layout.AccountRecord = accounts._account_record(shown)
    assert record.loaded == 1, "flush: a dirty account is not loaded"
    return after, record


@internal
@pure
def _uint(number: uint256) -> Bytes[33]:
    """
    @dev A number as an RLP item.
    """
    if number == 0:
        return EMPTY
    size: uint256 = 32
    for i: uint256 in range(1, 32):
        if number >> (8 * i) == 0:
            size = i
            break
    digits: Bytes[32] = slice(convert(number, bytes32), 32 - size, size)
    if number < 128:
        return digits
    return concat(slice(convert(128 + size, bytes32), 31, 1), digits)


@internal
@view
def _finish(state: layout.State, at: uint256) -> bytes32:
    """
    @dev The boundary to the next transaction.
    """
    flush: layout.Flush = empty(layout.Flush)
    context: layout.TxContext = empty(layout.TxContext)
    boundary: layout.TxBoundary = empty(layout.TxBoundary)
    next: uint256 = 0
    flush, next = layout._open_flush(state.vm.cursor, at)
    context, next = layout._open_tx_context(state.globals.tx, next)
    boundary, next = layout._open_tx_boundary(state.globals.boundary, next)
    boundary.gas_used += flush.gas_used
    boundary.receipts = layout._receipt_digest(
        layout.Receipt(
            below=boundary.receipts,
            tx=context.item,
            type=context.type,
            status=flush.success,
            cumulative_gas_used=boundary.gas_used,
            logs=state.globals.logs,
            logs_rlp_length=state.globals.logs_rlp_length,
        )
    )
    boundary.tx_index += 1
    boundary.item = empty(bytes32)
    boundary.state_root = state.globals.working_root
    boundary.blob_gas_used += context.blob_gas
    boundary.l1_fee = 0
    return machine._post(
        layout.PHASE_DONE, layout._tx_boundary_digest(boundary), empty(bytes32), state.vm.frame
    )
