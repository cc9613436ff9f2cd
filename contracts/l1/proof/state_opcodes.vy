# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Opcodes that look at accounts and storage
@license MIT
@notice SLOAD, SSTORE, TLOAD, TSTORE, BALANCE, SELFBALANCE, EXTCODESIZE, EXTCODEHASH, EXTCODECOPY. A library of the one-step
        verifier.
@dev Follows `prover/machine/storage.py`, `environment.py` and `copies.py`. See `machine.vy` for the arguments.
"""

from . import accounts
from . import layout
from . import machine
from . import running

BALANCE: constant(uint256) = 49
EXTCODESIZE: constant(uint256) = 59
EXTCODECOPY: constant(uint256) = 60
EXTCODEHASH: constant(uint256) = 63
SELFBALANCE: constant(uint256) = 71
SLOAD: constant(uint256) = 84
SSTORE: constant(uint256) = 85
TLOAD: constant(uint256) = 92
TSTORE: constant(uint256) = 93

LOW: constant(uint256) = 5
WARM_ACCESS: constant(uint256) = 100
COLD_ACCOUNT: constant(uint256) = 2600
COLD_SLOT: constant(uint256) = 2100
COPY_WORD: constant(uint256) = 3
STORAGE_SENTRY: constant(uint256) = 2300
STORAGE_SET: constant(uint256) = 20000
STORAGE_UPDATE: constant(uint256) = 2900
STORAGE_CLEAR_REFUND: constant(uint256) = 4800

FROM_CODE: constant(uint256) = 1
FAR: constant(uint256) = 2**32  # past the end of any code


@external
@view
def step(
    pre: bytes32,
    state: layout.State,
    stack: DynArray[uint256, 17],
    code: Bytes[49152],
    other: Bytes[24576],
    pages: Bytes[1024],
    tape: layout.Tape,
) -> bytes32:
    """
    @notice The state after `pre`, if its next opcode is one of these. Reverts if it is not, or the witness is wrong.
    """
    opcode: running.Opcode = running._opcode(pre, state, stack, keccak256(code), len(code))
    assert self._is_ours(opcode.number), "proof: another library's opcode"
    if opcode.is_faulty:
        return machine._fault(state)
    if opcode.number == TLOAD or opcode.number == TSTORE:
        return self._transient(state, opcode, tape)
    if opcode.number == SLOAD or opcode.number == SSTORE:
        return self._storage(state, opcode, tape)
    return self._account(state, opcode, keccak256(other), len(other), tape)


@internal
@pure
def _is_ours(opcode: uint256) -> bool:
    return opcode in [
        BALANCE, EXTCODESIZE, EXTCODECOPY, EXTCODEHASH, SELFBALANCE, SLOAD, SSTORE, TLOAD, TSTORE
    ]


@internal
@view
def _account(
    state: layout.State, opcode: running.Opcode, other_hash: bytes32, other_length: uint256, tape: layout.Tape
) -> bytes32:
    """
    @dev BALANCE, SELFBALANCE, EXTCODESIZE, EXTCODEHASH, EXTCODECOPY.
    """
    after: running.Opcode = opcode
    frame: layout.Frame = state.frame
    phase: uint256 = layout.PHASE_EXECUTE
    cursor: bytes32 = empty(bytes32)
    ledger: accounts.Ledger = accounts._ledger(state.globals, tape)
    record: layout.AccountRecord = empty(layout.AccountRecord)
    cold: bool = False
    if opcode.number == SELFBALANCE:
        # Its price is fixed, so it is due before the account is looked at.
        if frame.gas < LOW:
            return machine._fault(state)
        ledger, record, cold = accounts._load_account(ledger, frame.address)
        frame.gas -= LOW
        after.items.append(record.balance)
        return running._next(state, after, frame, accounts._globals_after(state.globals, ledger), phase, cursor)

    ledger, record, cold = accounts._load_account(ledger, opcode.taken[0] & (2**160 - 1))
    cost: uint256 = COLD_ACCOUNT if cold else WARM_ACCESS
    if opcode.number == EXTCODECOPY:
        destination: uint256 = opcode.taken[1]
        length: uint256 = opcode.taken[3]
        words: uint256 = machine._expanded(frame.memory_words, destination, length)
        if words == machine.HUGE:
            return machine._fault(state)
        cost += COPY_WORD * machine._words_of(length) + machine._expansion_cost(frame.memory_words, words)
        frame.memory_words = words
        if length != 0:
            phase = layout.PHASE_COPY
            cursor = layout._copy_digest(
                layout.Copy(
                    source=FROM_CODE,
                    pages=empty(bytes32),
                    code_hash=record.code_hash,
                    source_offset=min(opcode.taken[2], FAR),
                    source_length=0,
                    destination=destination,
                    remaining=length,
                )
            )
    if cost > frame.gas:
        return machine._fault(state)
    frame.gas -= cost
    if opcode.number == BALANCE:
        after.items.append(record.balance)
    elif opcode.number == EXTCODEHASH:
        after.items.append(0 if accounts._is_dead(record) else convert(record.code_hash, uint256))
    elif opcode.number == EXTCODESIZE:
        if record.code_hash == machine.EMPTY_KECCAK:
            after.items.append(0)
        else:
            assert other_hash == record.code_hash, "proof: other code"
            after.items.append(other_length)
    return running._next(state, after, frame, accounts._globals_after(state.globals, ledger), phase, cursor)


@internal
@view
def _transient(state: layout.State, opcode: running.Opcode, tape: layout.Tape) -> bytes32:
    """
    @dev TLOAD and TSTORE (EIP-1153).
    """
    after: running.Opcode = opcode
    frame: layout.Frame = state.frame
    if frame.gas < WARM_ACCESS or (opcode.number == TSTORE and frame.static == 1):
        return machine._fault(state)
    frame.gas -= WARM_ACCESS
    ledger: accounts.Ledger = accounts._ledger(state.globals, tape)
    if opcode.number == TSTORE:
        ledger = accounts._store_transient(ledger, frame.address, opcode.taken[0], opcode.taken[1])
    else:
        found: uint256 = 0
        ledger, found = accounts._load_transient(ledger, frame.address, opcode.taken[0])
        after.items.append(found)
    return running._next(
        state,
        after,
        frame,
        accounts._globals_after(state.globals, ledger),
        layout.PHASE_EXECUTE,
        empty(bytes32),
    )


@internal
@view
def _storage(state: layout.State, opcode: running.Opcode, tape: layout.Tape) -> bytes32:
    """
    @dev SLOAD and SSTORE (EIP-2200, EIP-2929, EIP-3529).
    """
    after: running.Opcode = opcode
    frame: layout.Frame = state.frame
    globals: layout.Globals = state.globals
    slot: uint256 = opcode.taken[0]
    if opcode.number == SSTORE and (frame.static == 1 or frame.gas <= STORAGE_SENTRY):
        return machine._fault(state)
    ledger: accounts.Ledger = accounts._ledger(globals, tape)
    record: layout.SlotRecord = empty(layout.SlotRecord)
    cold: bool = False
    ledger, record, cold = accounts._load_slot(ledger, frame.address, slot)
    cost: uint256 = WARM_ACCESS
    if opcode.number == SLOAD:
        if cold:
            cost = COLD_SLOT
        after.items.append(record.current)
    else:
        new: uint256 = opcode.taken[1]
        if record.original == record.current and record.current != new:
            cost = STORAGE_SET if record.original == 0 else STORAGE_UPDATE
        if cold:
            cost += COLD_SLOT
    if cost > frame.gas:
        return machine._fault(state)
    frame.gas -= cost
    if opcode.number == SSTORE and record.current != opcode.taken[1]:
        globals.refund = self._refund(globals.refund, record, opcode.taken[1])
        record.current = opcode.taken[1]
        ledger = accounts._store_slot(ledger, frame.address, slot, record)
    return running._next(
        state, after, frame, accounts._globals_after(globals, ledger), layout.PHASE_EXECUTE, empty(bytes32)
    )


@internal
@pure
def _refund(refund: uint256, record: layout.SlotRecord, new: uint256) -> uint256:
    """
    @dev The refund counter after a slot has changed; it never falls below 0, since only what was added is taken away.
    """
    after: uint256 = refund
    if record.original != 0 and record.current != 0 and new == 0:
        after += STORAGE_CLEAR_REFUND
    if record.original == new:
        after += (STORAGE_SET if new == 0 else STORAGE_UPDATE) - WARM_ACCESS
    if record.original != 0 and record.current == 0:
        after -= STORAGE_CLEAR_REFUND
    return after
