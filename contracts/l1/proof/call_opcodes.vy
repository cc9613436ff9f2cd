# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Opcodes that move value or call
@license MIT
@notice CALL, CALLCODE, DELEGATECALL, STATICCALL: what they cost, and what is to be entered; and SELFDESTRUCT. A library
        of the one-step verifier.
@dev Follows `prover/machine/calls.py` and `halts.py`. See `machine.vy` for the arguments.
"""

from . import accounts
from . import layout
from . import machine
from . import running

CALL: constant(uint256) = 241
CALLCODE: constant(uint256) = 242
DELEGATECALL: constant(uint256) = 244
STATICCALL: constant(uint256) = 250
SELFDESTRUCT: constant(uint256) = 255

WARM_ACCESS: constant(uint256) = 100
COLD_ACCOUNT: constant(uint256) = 2600
CALL_VALUE: constant(uint256) = 9000
CALL_STIPEND: constant(uint256) = 2300
NEW_ACCOUNT: constant(uint256) = 25000
SELFDESTRUCT_COST: constant(uint256) = 5000

MAX_DEPTH: constant(uint256) = 1024
ADDRESS: constant(uint256) = 2**160 - 1
CREATE: constant(uint256) = 1  # kind of a frame


@external
@view
def step(
    pre: bytes32,
    state: layout.State,
    stack: DynArray[uint256, 17],
    code: Bytes[49152],
    other: Bytes[1],
    pages: Bytes[1],
    tape: layout.Tape,
) -> bytes32:
    """
    @notice The state after `pre`, if its next opcode is one of these. Reverts if it is not, or the witness is wrong.
    """
    opcode: running.Opcode = running._opcode(pre, state, stack, keccak256(code), len(code))
    assert opcode.number in [
        CALL, CALLCODE, DELEGATECALL, STATICCALL, SELFDESTRUCT
    ], "proof: another library's opcode"
    if opcode.is_faulty:
        return machine._fault(state)
    if opcode.number == SELFDESTRUCT:
        return self._selfdestruct(state, opcode, tape)
    return self._call(state, opcode, tape)


@internal
@view
def _call(state: layout.State, opcode: running.Opcode, tape: layout.Tape) -> bytes32:
    frame: layout.Frame = state.frame
    requested: uint256 = opcode.taken[0]
    to: uint256 = opcode.taken[1] & ADDRESS
    spent: uint256 = 0
    ranges: uint256 = 2  # where the input's and output's places are among what is taken
    if opcode.number == CALL or opcode.number == CALLCODE:
        spent = opcode.taken[2]
        ranges = 3
    input_offset: uint256 = opcode.taken[ranges]
    input_length: uint256 = opcode.taken[ranges + 1]
    output_offset: uint256 = opcode.taken[ranges + 2]
    output_length: uint256 = opcode.taken[ranges + 3]

    # Gas (EIP-150, EIP-2929): what the call costs, and what it passes on.
    if opcode.number == CALL and frame.static == 1 and spent != 0:
        return machine._fault(state)
    words: uint256 = max(
        machine._expanded(frame.memory_words, input_offset, input_length),
        machine._expanded(frame.memory_words, output_offset, output_length),
    )
    if words == machine.HUGE:
        return machine._fault(state)
    ledger: accounts.Ledger = accounts._ledger(state.globals, tape)
    record: layout.AccountRecord = empty(layout.AccountRecord)
    cold: bool = False
    ledger, record, cold = accounts._load_account(ledger, to)
    cost: uint256 = COLD_ACCOUNT if cold else WARM_ACCESS
    cost += machine._expansion_cost(frame.memory_words, words)
    if spent != 0:
        cost += CALL_VALUE
        if opcode.number == CALL and accounts._is_dead(record):
            cost += NEW_ACCOUNT
    if cost > frame.gas:
        return machine._fault(state)
    left: uint256 = frame.gas - cost
    passed: uint256 = min(requested, left - left // 64)
    frame.gas = left - passed
    if spent != 0:
        passed += CALL_STIPEND

    frame.memory_words = words
    frame.returndata = empty(bytes32)
    frame.returndata_offset = 0
    frame.returndata_length = 0
    affordable: bool = True
    if spent != 0:
        own: layout.AccountRecord = empty(layout.AccountRecord)
        ledger, own, cold = accounts._load_account(ledger, frame.address)
        affordable = own.balance >= spent
    after: running.Opcode = opcode
    phase: uint256 = layout.PHASE_EXECUTE
    cursor: bytes32 = empty(bytes32)
    if frame.depth + 1 > MAX_DEPTH or not affordable:
        frame.gas += passed
        after.items.append(0)
    else:
        enter: layout.Enter = layout.Enter(
            kind=0,
            static=frame.static,
            transfer=1,
            address=to,
            code_address=to,
            caller=frame.address,
            value=spent,
            gas=passed,
            code_hash=record.code_hash,
            calldata=empty(bytes32),
            calldata_offset=0,
            calldata_length=input_length,
            return_offset=0,
            return_length=output_length,
        )
        # A range of no bytes lies nowhere.
        if input_length != 0:
            enter.calldata = frame.memory
            enter.calldata_offset = input_offset
        if output_length != 0:
            enter.return_offset = output_offset
        if opcode.number == STATICCALL:
            enter.static = 1
        elif opcode.number != CALL:
            enter.transfer = 0
            enter.address = frame.address
            if opcode.number == DELEGATECALL:
                enter.caller = frame.caller
                enter.value = frame.value
        phase = layout.PHASE_ENTER
        cursor = layout._enter_digest(enter)
    return running._next(state, after, frame, accounts._globals_after(state.globals, ledger), phase, cursor)


@internal
@view
def _selfdestruct(state: layout.State, opcode: running.Opcode, tape: layout.Tape) -> bytes32:
    """
    @dev Send all wei away and end; the account goes only if this transaction made it (EIP-6780).
    """
    frame: layout.Frame = state.frame
    beneficiary: uint256 = opcode.taken[0] & ADDRESS
    if frame.static == 1:
        return machine._fault(state)
    ledger: accounts.Ledger = accounts._ledger(state.globals, tape)
    heir: layout.AccountRecord = empty(layout.AccountRecord)
    own: layout.AccountRecord = empty(layout.AccountRecord)
    cold: bool = False
    own_cold: bool = False
    ledger, heir, cold = accounts._load_account(ledger, beneficiary)
    ledger, own, own_cold = accounts._load_account(ledger, frame.address)
    cost: uint256 = SELFDESTRUCT_COST
    if cold:
        cost += COLD_ACCOUNT
    if own.balance != 0 and accounts._is_dead(heir):
        cost += NEW_ACCOUNT
    if cost > frame.gas:
        return machine._fault(state)
    frame.gas -= cost
    amount: uint256 = own.balance
    own.balance = 0
    if own.created == 1:
        own.destructed = 1
        ledger = accounts._store_account(ledger, frame.address, own)
    elif beneficiary != frame.address and amount != 0:
        ledger = accounts._store_account(ledger, frame.address, own)
    if beneficiary != frame.address:
        ledger = accounts._add_balance(ledger, beneficiary, amount)

    frame.stack_size -= 1
    frame.stack = machine._pushed(state.stack_tail, opcode.items)
    outcome: layout.Outcome = empty(layout.Outcome)
    outcome.success = 1
    return machine._post(
        layout.PHASE_CREATE_FINISH if frame.kind == CREATE else layout.PHASE_RETURN,
        layout._outcome_digest(outcome),
        layout._globals_digest(accounts._globals_after(state.globals, ledger)),
        layout._frame_digest(frame),
    )
