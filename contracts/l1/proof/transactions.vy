# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Around a transaction's calls
@license MIT
@notice The phases access and end: what the transaction declares is warmed, entry by entry, then the outermost call is
        made; when that is over, gas is settled. A library of the one-step verifier.
@dev Follows `access_step` and `end_step` in `prover/machine/transaction.py`. See `machine.vy` for the arguments.
"""

from . import accounts
from . import layout
from . import machine
from . import new_contracts

DEPOSIT: constant(uint256) = 126  # type 0x7e
MAX_REFUND_QUOTIENT: constant(uint256) = 5  # EIP-3529


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
    @notice The state after `pre`, in these phases. Reverts in others, or if the witness is wrong.
    """
    machine._open(pre, state)
    assert state.vm.globals != empty(bytes32), "proof: no globals"
    if state.vm.phase == layout.PHASE_END:
        return self._end(state, tape)
    assert state.vm.phase == layout.PHASE_ACCESS, "proof: phase"
    if state.vm.cursor == empty(bytes32):
        return self._begin_outermost(state, tape)
    entry: layout.AccessEntry = empty(layout.AccessEntry)
    ledger: accounts.Ledger = accounts._ledger(state.globals, tape)
    entry, ledger.preimages = layout._open_access_entry(state.vm.cursor, tape.preimages)
    if entry.is_slot == 1:
        ledger = accounts._warm_slot(ledger, entry.address, entry.slot)
    else:
        ledger = accounts._warm_account(ledger, entry.address)
    return self._next(state, ledger, layout.PHASE_ACCESS, entry.below)


@internal
@pure
def _next(state: layout.State, ledger: accounts.Ledger, phase: uint256, cursor: bytes32) -> bytes32:
    return machine._post(
        phase, cursor, layout._globals_digest(accounts._globals_after(state.globals, ledger)), state.vm.frame
    )


@internal
@view
def _begin_outermost(state: layout.State, tape: layout.Tape) -> bytes32:
    context: layout.TxContext = empty(layout.TxContext)
    ledger: accounts.Ledger = accounts._ledger(state.globals, tape)
    context, ledger.preimages = layout._open_tx_context(state.globals.tx, tape.preimages)
    record: layout.AccountRecord = empty(layout.AccountRecord)
    cold: bool = False
    if context.create == 1:
        to: uint256 = new_contracts._create_address(context.origin, context.nonce)
        ledger, record, cold = accounts._load_account(ledger, to)
        if new_contracts._collides(record):
            return self._next(state, ledger, layout.PHASE_END, layout._end_digest(empty(layout.End)))
        return self._next(
            state,
            ledger,
            layout.PHASE_ENTER,
            new_contracts._enter(to, context.origin, context.value, context.gas, context.initcode_hash),
        )
    ledger, record, cold = accounts._load_account(ledger, context.to)
    enter: layout.Enter = empty(layout.Enter)
    enter.transfer = 1
    enter.address = context.to
    enter.code_address = context.to
    enter.caller = context.origin
    enter.value = context.value
    enter.gas = context.gas
    enter.code_hash = record.code_hash
    enter.calldata = context.data
    enter.calldata_length = context.data_length
    return self._next(state, ledger, layout.PHASE_ENTER, layout._enter_digest(enter))


@internal
@view
def _end(state: layout.State, tape: layout.Tape) -> bytes32:
    """
    @dev Give back the gas that is left and the refund, and pay whoever receives a fee.
    """
    end: layout.End = empty(layout.End)
    context: layout.TxContext = empty(layout.TxContext)
    boundary: layout.TxBoundary = empty(layout.TxBoundary)
    block_context: layout.BlockContext = empty(layout.BlockContext)
    ledger: accounts.Ledger = accounts._ledger(state.globals, tape)
    at: uint256 = 0
    end, at = layout._open_end(state.vm.cursor, tape.preimages)
    context, at = layout._open_tx_context(state.globals.tx, at)
    boundary, at = layout._open_tx_boundary(state.globals.boundary, at)
    block_context, ledger.preimages = layout._open_block_context(boundary.block, at)
    used: uint256 = context.gas_limit - end.gas_left
    used -= min(used // MAX_REFUND_QUOTIENT, state.globals.refund)
    back: uint256 = (context.gas_limit - used) * context.gas_price
    if context.type == DEPOSIT:
        ledger = accounts._add_balance(ledger, context.origin, back)
        if boundary.charges != empty(bytes32) and boundary.tx_index == 0:
            # The terms transaction takes none of the block's gas.
            used = 0
    else:
        owed: uint256 = self._operator_fee(boundary.operator_fee, used)
        back += self._operator_fee(boundary.operator_fee, context.gas_limit) - owed
        ledger = accounts._add_balance(ledger, context.origin, back)
        ledger = accounts._add_balance(ledger, block_context.fee_recipient, used * context.tip)
        if boundary.charges != empty(bytes32):
            charges: layout.Charges = empty(layout.Charges)
            charges, ledger.preimages = layout._open_charges(boundary.charges, ledger.preimages)
            ledger = self._paid(ledger, charges.l1_fee_recipient, boundary.l1_fee)
            ledger = self._paid(ledger, charges.operator_fee_recipient, owed)
            if charges.base_fee_recipient != 0:
                ledger = self._paid(ledger, charges.base_fee_recipient, used * block_context.base_fee)
    return machine._post(
        layout.PHASE_FLUSH_SLOTS,
        layout._flush_digest(layout.Flush(success=end.success, gas_used=used)),
        layout._globals_digest(accounts._globals_after(state.globals, ledger)),
        empty(bytes32),
    )


@internal
@pure
def _operator_fee(fee: uint256, used: uint256) -> uint256:
    """
    @dev Wei for so much gas: millionths of a wei per gas, and what lies in the lowest 64 bits.
    """
    return used * (fee >> 64) // 10**6 + (fee & (2**64 - 1))


@internal
@view
def _paid(ledger: accounts.Ledger, recipient: uint256, amount: uint256) -> accounts.Ledger:
    if amount == 0:
        return ledger
    return accounts._add_balance(ledger, recipient, amount)
