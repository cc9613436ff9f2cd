# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Entering and leaving frames
@license MIT
@notice The phases enter, return and fault. A library of the one-step verifier.
@dev Follows `enter_step`, `return_step` and `fault_step` in `prover/machine/calls.py`. See `machine.vy` for the arguments.
"""

from . import accounts
from . import layout
from . import machine

CALL: constant(uint256) = 0  # kinds of frames
CREATE: constant(uint256) = 1
FROM_PAGES: constant(uint256) = 0  # source of a copy


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
    @notice The state after `pre`, if it enters or leaves a frame. Reverts if it does not, or the witness is wrong.
    """
    if state.vm.phase == layout.PHASE_ENTER:
        assert state.vm.globals != empty(bytes32), "proof: no globals"
        machine._open(pre, state)
        return self._enter(state, tape)
    machine._open_running(pre, state)
    if state.vm.phase == layout.PHASE_RETURN:
        outcome: layout.Outcome = empty(layout.Outcome)
        at: uint256 = 0
        outcome, at = layout._open_outcome(state.vm.cursor, tape.preimages)
        globals: layout.Globals = state.globals
        if outcome.success == 0:
            globals, at = self._restored(state, at)
        return self._leave(state, globals, outcome, state.frame.gas, at)
    assert state.vm.phase == layout.PHASE_FAULT, "proof: phase"
    restored: layout.Globals = empty(layout.Globals)
    next: uint256 = 0
    restored, next = self._restored(state, tape.preimages)
    return self._leave(state, restored, empty(layout.Outcome), 0, next)


@internal
@view
def _enter(state: layout.State, tape: layout.Tape) -> bytes32:
    """
    @dev Make the child's frame: snapshot, value, and for a create the new account.
    """
    enter: layout.Enter = empty(layout.Enter)
    ledger: accounts.Ledger = accounts._ledger(state.globals, tape)
    enter, ledger.preimages = layout._open_enter(state.vm.cursor, tape.preimages)
    snapshot: bytes32 = layout._snapshot_digest(
        layout.Snapshot(
            journal=state.globals.journal,
            dirty_accounts=state.globals.dirty_accounts,
            dirty_slots=state.globals.dirty_slots,
            refund=state.globals.refund,
            logs=state.globals.logs,
            logs_rlp_length=state.globals.logs_rlp_length,
        )
    )
    if enter.transfer == 1:
        ledger = accounts._subtract_balance(ledger, enter.caller, enter.value)
        ledger = accounts._add_balance(ledger, enter.address, enter.value)
    if enter.kind == CREATE:
        record: layout.AccountRecord = empty(layout.AccountRecord)
        cold: bool = False
        ledger, record, cold = accounts._load_account(ledger, enter.address)
        # As the constructor finds it (EIP-161).
        record.created = 1
        record.destructed = 0
        record.nonce = 1
        ledger = accounts._store_account(ledger, enter.address, record)
    frame: layout.Frame = empty(layout.Frame)
    if state.vm.frame != empty(bytes32):
        frame.parent = state.vm.frame
        frame.depth = state.frame.depth + 1
    frame.kind = enter.kind
    frame.static = enter.static
    frame.address = enter.address
    frame.code_address = enter.code_address
    frame.caller = enter.caller
    frame.value = enter.value
    frame.code_hash = enter.code_hash
    frame.calldata = enter.calldata
    frame.calldata_offset = enter.calldata_offset
    frame.calldata_length = enter.calldata_length
    frame.return_offset = enter.return_offset
    frame.return_length = enter.return_length
    frame.snapshot = snapshot
    frame.gas = enter.gas
    frame.memory = layout.EMPTY_TREE
    phase: uint256 = layout.PHASE_EXECUTE
    if enter.kind == CALL and accounts._is_precompile(enter.code_address):
        phase = layout.PHASE_PRECOMPILE
    return machine._post(
        phase,
        empty(bytes32),
        layout._globals_digest(accounts._globals_after(state.globals, ledger)),
        layout._frame_digest(frame),
    )


@internal
@view
def _restored(state: layout.State, at: uint256) -> (layout.Globals, uint256):
    """
    @dev Everything since the frame was entered undone, warm accounts and slots included.
    """
    snapshot: layout.Snapshot = empty(layout.Snapshot)
    next: uint256 = 0
    snapshot, next = layout._open_snapshot(state.frame.snapshot, at)
    globals: layout.Globals = state.globals
    globals.journal = snapshot.journal
    globals.dirty_accounts = snapshot.dirty_accounts
    globals.dirty_slots = snapshot.dirty_slots
    globals.refund = snapshot.refund
    globals.logs = snapshot.logs
    globals.logs_rlp_length = snapshot.logs_rlp_length
    return globals, next


@internal
@view
def _leave(
    state: layout.State, globals: layout.Globals, outcome: layout.Outcome, gas_left: uint256, at: uint256
) -> bytes32:
    """
    @dev Back to the caller, or to the end of the transaction.
    """
    frame: layout.Frame = state.frame
    if frame.parent == empty(bytes32):
        return machine._post(
            layout.PHASE_END,
            layout._end_digest(layout.End(success=outcome.success, gas_left=gas_left)),
            layout._globals_digest(globals),
            empty(bytes32),
        )
    parent: layout.Frame = empty(layout.Frame)
    end: uint256 = 0
    parent, end = layout._open_frame(frame.parent, at)
    parent.gas += gas_left
    # An empty output refers to no pages.
    parent.returndata_length = outcome.output_length
    parent.returndata = empty(bytes32)
    parent.returndata_offset = 0
    if outcome.output_length != 0:
        parent.returndata = outcome.output
        parent.returndata_offset = outcome.output_offset
    result: uint256 = outcome.success
    if result == 1 and frame.kind == CREATE:
        result = frame.address
    parent.stack = layout._stack_digest(parent.stack, result)
    parent.stack_size += 1

    phase: uint256 = layout.PHASE_EXECUTE
    cursor: bytes32 = empty(bytes32)
    copied: uint256 = min(frame.return_length, outcome.output_length)
    if copied != 0:
        phase = layout.PHASE_COPY
        cursor = layout._copy_digest(
            layout.Copy(
                source=FROM_PAGES,
                pages=outcome.output,
                code_hash=empty(bytes32),
                source_offset=outcome.output_offset,
                source_length=outcome.output_length,
                destination=frame.return_offset,
                remaining=copied,
            )
        )
    return machine._post(phase, cursor, layout._globals_digest(globals), layout._frame_digest(parent))
