# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Creates
@license MIT
@notice CREATE, CREATE2, and the phase in which a constructor's code is paid for and installed. A library of the one-step
        verifier.
@dev Follows `prover/machine/creates.py`. See `machine.vy` for the arguments.
"""

from . import accounts
from . import layout
from . import machine
from . import new_contracts
from . import pages as page_trees
from . import running

CREATE: constant(uint256) = 240
CREATE2: constant(uint256) = 245

CREATE_COST: constant(uint256) = 32000
INITCODE_WORD: constant(uint256) = 2
KECCAK_WORD: constant(uint256) = 6
CODE_BYTE: constant(uint256) = 200

MAX_DEPTH: constant(uint256) = 1024
MAX_CODE: constant(uint256) = 24576  # bytes (EIP-170)
MAX_INITCODE: constant(uint256) = 2 * MAX_CODE  # EIP-3860
MAX_PAGES: constant(uint256) = MAX_INITCODE + 1024  # an unaligned range touches one page more
RESERVED_FIRST_BYTE: constant(uint256) = 239  # 0xef (EIP-3541)


@external
@view
def step(
    pre: bytes32,
    state: layout.State,
    stack: DynArray[uint256, 17],
    code: Bytes[MAX_INITCODE],
    other: Bytes[1],
    pages: Bytes[MAX_PAGES],
    tape: layout.Tape,
) -> bytes32:
    """
    @notice The state after `pre`, if it creates or ends a create. Reverts if it does not, or the witness is wrong.
    """
    if state.vm.phase == layout.PHASE_CREATE_FINISH:
        machine._open_running(pre, state)
        outcome: layout.Outcome = empty(layout.Outcome)
        changed: layout.Tape = tape
        outcome, changed.preimages = layout._open_outcome(state.vm.cursor, tape.preimages)
        length: uint256 = outcome.output_length
        if length > MAX_CODE or CODE_BYTE * length > state.frame.gas:
            return machine._fault(state)
        installed: bytes32 = machine.EMPTY_KECCAK
        if length != 0:
            siblings: uint256 = tape.siblings
            first: uint256 = outcome.output_offset // layout.PAGE_SIZE
            last: uint256 = (outcome.output_offset + length - 1) // layout.PAGE_SIZE
            for index: uint256 in range(first, last + 1, bound=26):
                page: Bytes[1024] = slice(pages, layout.PAGE_SIZE * (index - first), 1024)
                siblings = page_trees._check(outcome.output, index, page, siblings)
            start: uint256 = outcome.output_offset % layout.PAGE_SIZE
            if convert(slice(pages, start, 1), uint256) == RESERVED_FIRST_BYTE:
                return machine._fault(state)
            installed = keccak256(slice(pages, start, length))
        return self._finish(state, length, installed, changed)

    opcode: running.Opcode = running._opcode(pre, state, stack, keccak256(code), len(code))
    assert opcode.number == CREATE or opcode.number == CREATE2, "proof: another library's opcode"
    offset: uint256 = opcode.taken[1]
    size: uint256 = opcode.taken[2]
    frame: layout.Frame = state.frame
    if opcode.is_faulty or frame.static == 1 or size > MAX_INITCODE:
        return machine._fault(state)
    frame.memory_words = machine._expanded(frame.memory_words, offset, size)
    cost: uint256 = CREATE_COST + machine._expansion_cost(state.frame.memory_words, frame.memory_words)
    cost += (INITCODE_WORD if opcode.number == CREATE else INITCODE_WORD + KECCAK_WORD) * machine._words_of(size)
    if cost > frame.gas:
        return machine._fault(state)
    frame.gas -= cost
    frame.returndata = empty(bytes32)
    frame.returndata_offset = 0
    frame.returndata_length = 0

    # Too deep, too poor, or out of nonces: nothing happens and no gas is passed.
    ledger: accounts.Ledger = accounts._ledger(state.globals, tape)
    creator: layout.AccountRecord = empty(layout.AccountRecord)
    cold: bool = False
    ledger, creator, cold = accounts._load_account(ledger, frame.address)
    if frame.depth + 1 > MAX_DEPTH or creator.balance < opcode.taken[0] or creator.nonce == 2**64 - 1:
        opcode.items.append(0)
        return running._next(
            state,
            opcode,
            frame,
            accounts._globals_after(state.globals, ledger),
            layout.PHASE_EXECUTE,
            empty(bytes32),
        )
    initcode_hash: bytes32 = machine.EMPTY_KECCAK
    if size != 0:
        siblings: uint256 = tape.siblings
        first: uint256 = offset // layout.PAGE_SIZE
        last: uint256 = (offset + size - 1) // layout.PAGE_SIZE
        for index: uint256 in range(first, last + 1, bound=50):
            page: Bytes[1024] = slice(pages, layout.PAGE_SIZE * (index - first), 1024)
            siblings = page_trees._check(frame.memory, index, page, siblings)
        initcode_hash = keccak256(slice(pages, offset % layout.PAGE_SIZE, size))
    return self._enter(state, opcode, frame, ledger, creator, initcode_hash)


@internal
@view
def _enter(
    state: layout.State,
    opcode: running.Opcode,
    paid: layout.Frame,
    loaded: accounts.Ledger,
    creator: layout.AccountRecord,
    initcode_hash: bytes32,
) -> bytes32:
    """
    @dev Go into the constructor. A collision costs its gas; the creator's nonce has counted up by then and the address
         stays warm.
    """
    after: running.Opcode = opcode
    frame: layout.Frame = paid
    passed: uint256 = frame.gas - frame.gas // 64
    frame.gas -= passed
    to: uint256 = 0
    if opcode.number == CREATE:
        to = new_contracts._create_address(frame.address, creator.nonce)
    else:
        to = new_contracts._create2_address(frame.address, opcode.taken[3], initcode_hash)
    counted: layout.AccountRecord = creator
    counted.nonce += 1
    ledger: accounts.Ledger = accounts._store_account(loaded, frame.address, counted)
    record: layout.AccountRecord = empty(layout.AccountRecord)
    cold: bool = False
    ledger, record, cold = accounts._load_account(ledger, to)
    phase: uint256 = layout.PHASE_EXECUTE
    cursor: bytes32 = empty(bytes32)
    if new_contracts._collides(record):
        after.items.append(0)
    else:
        phase = layout.PHASE_ENTER
        cursor = new_contracts._enter(to, frame.address, opcode.taken[0], passed, initcode_hash)
    return running._next(state, after, frame, accounts._globals_after(state.globals, ledger), phase, cursor)


@internal
@view
def _finish(state: layout.State, length: uint256, installed: bytes32, tape: layout.Tape) -> bytes32:
    """
    @dev Pay for the code that a constructor returned and install it.
    """
    frame: layout.Frame = state.frame
    frame.gas -= CODE_BYTE * length
    ledger: accounts.Ledger = accounts._ledger(state.globals, tape)
    record: layout.AccountRecord = empty(layout.AccountRecord)
    cold: bool = False
    ledger, record, cold = accounts._load_account(ledger, frame.address)
    record.code_hash = installed
    ledger = accounts._store_account(ledger, frame.address, record)
    outcome: layout.Outcome = empty(layout.Outcome)
    outcome.success = 1
    return machine._post(
        layout.PHASE_RETURN,
        layout._outcome_digest(outcome),
        layout._globals_digest(accounts._globals_after(state.globals, ledger)),
        layout._frame_digest(frame),
    )
