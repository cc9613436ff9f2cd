# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Opcodes that look at nothing but their frame, their transaction and their block
@license MIT
@notice Arithmetic, comparison, bits, stack, environment, block, jumps, the beginnings of copies, and STOP, RETURN,
        REVERT, INVALID; and every undefined opcode. A library of the one-step verifier.
@dev Follows `prover/machine/stack_opcodes.py`, `environment.py`, `control.py`, `copies.py` and `halts.py`. See
     `machine.vy` for the arguments.
"""

from . import arithmetic
from . import jumps
from . import layout
from . import machine

STOP: constant(uint256) = 0
ADDRESS: constant(uint256) = 48
BALANCE: constant(uint256) = 49
ORIGIN: constant(uint256) = 50
CALLER: constant(uint256) = 51
CALLVALUE: constant(uint256) = 52
CALLDATALOAD: constant(uint256) = 53
CALLDATASIZE: constant(uint256) = 54
CALLDATACOPY: constant(uint256) = 55
CODESIZE: constant(uint256) = 56
CODECOPY: constant(uint256) = 57
GASPRICE: constant(uint256) = 58
EXTCODESIZE: constant(uint256) = 59
EXTCODECOPY: constant(uint256) = 60
RETURNDATASIZE: constant(uint256) = 61
RETURNDATACOPY: constant(uint256) = 62
EXTCODEHASH: constant(uint256) = 63
BLOCKHASH: constant(uint256) = 64
COINBASE: constant(uint256) = 65
TIMESTAMP: constant(uint256) = 66
NUMBER: constant(uint256) = 67
PREVRANDAO: constant(uint256) = 68
GASLIMIT: constant(uint256) = 69
CHAINID: constant(uint256) = 70
SELFBALANCE: constant(uint256) = 71
BASEFEE: constant(uint256) = 72
BLOBHASH: constant(uint256) = 73
BLOBBASEFEE: constant(uint256) = 74
POP: constant(uint256) = 80
JUMP: constant(uint256) = 86
JUMPI: constant(uint256) = 87
PC: constant(uint256) = 88
MSIZE: constant(uint256) = 89
GAS: constant(uint256) = 90
JUMPDEST: constant(uint256) = 91
MCOPY: constant(uint256) = 94
PUSH0: constant(uint256) = 95
PUSH32: constant(uint256) = 127
DUP1: constant(uint256) = 128
DUP16: constant(uint256) = 143
SWAP1: constant(uint256) = 144
SWAP16: constant(uint256) = 159
HALT_RETURN: constant(uint256) = 243
HALT_REVERT: constant(uint256) = 253
INVALID: constant(uint256) = 254

BASE_COST: constant(uint256) = 2
VERY_LOW_COST: constant(uint256) = 3
MID_COST: constant(uint256) = 8
HIGH_COST: constant(uint256) = 10
JUMPDEST_COST: constant(uint256) = 1
BLOCKHASH_COST: constant(uint256) = 20
BLOBHASH_COST: constant(uint256) = 3
COPY_WORD_COST: constant(uint256) = 3

# Where a copy reads.
FROM_PAGES: constant(uint256) = 0
FROM_CODE: constant(uint256) = 1
FROM_MEMORY: constant(uint256) = 2
FROM_MEMORY_BACKWARDS: constant(uint256) = 3
FAR: constant(uint256) = 2**32  # an offset past the end of any code; larger ones read the same zeros

CREATE: constant(uint256) = 1  # the kind of a frame
ANCESTORS: constant(uint256) = 256


struct Effect:  # what an opcode does
    cost: uint256  # it faults if the frame has less
    pc: uint256
    memory_words: uint256
    phase: uint256
    cursor: bytes32
    items: DynArray[uint256, 17]


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
    @param pre The state's hash.
    @param state What every step opens of it.
    @param stack The topmost stack items, the topmost last.
    @param code The running code.
    @param other Nothing.
    @param pages Nothing.
    @param tape Where the contexts lie.
    @return The next state's hash.
    """
    machine._open_running(pre, state)
    assert state.vm.phase == layout.PHASE_EXECUTE, "proof: phase"
    machine._check_stack(state, stack)
    assert keccak256(code) == state.frame.code_hash, "proof: code"
    opcode: uint256 = machine._opcode(state.frame.pc, len(code))
    if opcode == INVALID or machine._is_faulty(opcode, state.frame.stack_size):
        return machine._fault(state)
    assert self._is_ours(opcode), "proof: another library's opcode"
    takes: uint256 = 0
    grows: uint256 = 0
    takes, grows = machine._row(opcode)
    assert len(stack) >= takes, "proof: stack items are missing"

    effect: Effect = Effect(
        cost=0,
        pc=state.frame.pc + 1,
        memory_words=state.frame.memory_words,
        phase=layout.PHASE_EXECUTE,
        cursor=empty(bytes32),
        items=stack,
    )
    if opcode == STOP or opcode == HALT_RETURN or opcode == HALT_REVERT:
        effect = self._halt(opcode, state.frame, effect)
    elif opcode <= arithmetic.SAR:
        effect = self._compute(opcode, takes, effect)
    elif opcode >= PUSH0 and opcode <= PUSH32:
        effect = self._push(opcode, len(code), effect)
    elif opcode >= DUP1 and opcode <= DUP16:
        effect.cost = VERY_LOW_COST
        effect.items.append(stack[len(stack) - 1 - (opcode - DUP1)])
    elif opcode >= SWAP1 and opcode <= SWAP16:
        effect.cost = VERY_LOW_COST
        top: uint256 = len(stack) - 1
        effect.items[top] = stack[top - 1 - (opcode - SWAP1)]
        effect.items[top - 1 - (opcode - SWAP1)] = stack[top]
    elif opcode == CALLDATACOPY or opcode == CODECOPY or opcode == RETURNDATACOPY or opcode == MCOPY:
        effect = self._begin_copy(opcode, state.frame, effect)
    elif opcode >= POP:
        effect = self._control(opcode, state.frame, len(code), effect)
    else:
        effect = self._environment(opcode, state, len(code), tape.preimages, effect)

    if effect.cost > state.frame.gas:
        return machine._fault(state)
    frame: layout.Frame = state.frame
    frame.gas -= effect.cost
    frame.pc = effect.pc
    frame.memory_words = effect.memory_words
    frame.stack_size = frame.stack_size - len(stack) + len(effect.items)
    frame.stack = machine._pushed(state.stack_tail, effect.items)
    return machine._post(effect.phase, effect.cursor, state.vm.globals, layout._frame_digest(frame))


@internal
@pure
def _is_ours(opcode: uint256) -> bool:
    """
    @dev Whether this library runs the opcode, given that it is defined.
    """
    if opcode <= arithmetic.SAR or (opcode >= MCOPY and opcode <= SWAP16) or (opcode >= JUMP and opcode <= JUMPDEST):
        return True
    if opcode >= BLOCKHASH and opcode <= BLOBBASEFEE:
        return opcode != SELFBALANCE
    if opcode >= ADDRESS and opcode < BLOCKHASH:
        return opcode not in [BALANCE, CALLDATALOAD, EXTCODESIZE, EXTCODECOPY, EXTCODEHASH]
    return opcode in [POP, HALT_RETURN, HALT_REVERT]


@internal
@pure
def _compute(opcode: uint256, takes: uint256, before: Effect) -> Effect:
    """
    @dev Arithmetic, comparison and bits.
    """
    effect: Effect = before
    taken: uint256[3] = [0, 0, 0]
    for i: uint256 in range(takes, bound=3):
        taken[i] = effect.items.pop()
    effect.cost = arithmetic._cost(opcode, taken[1])
    effect.items.append(arithmetic._result(opcode, taken[0], taken[1], taken[2]))
    return effect


@internal
@view
def _push(opcode: uint256, code_length: uint256, before: Effect) -> Effect:
    """
    @dev PUSH0 to PUSH32. Past the code's end its data are zeros.
    """
    effect: Effect = before
    size: uint256 = opcode - PUSH0
    effect.cost = VERY_LOW_COST
    if size == 0:
        effect.cost = BASE_COST
    data: uint256 = 0
    present: uint256 = min(size, code_length - effect.pc)
    if present != 0:
        word: uint256 = layout._word(machine._code_start() + effect.pc)
        data = (word >> (8 * (32 - present))) << (8 * (size - present))
    effect.pc += size
    effect.items.append(data)
    return effect


@internal
@pure
def _halt(opcode: uint256, frame: layout.Frame, before: Effect) -> Effect:
    """
    @dev STOP, RETURN and REVERT: the program counter stays; a constructor that did not revert still has to pay.
    """
    effect: Effect = before
    effect.pc = frame.pc
    outcome: layout.Outcome = empty(layout.Outcome)
    outcome.success = 1
    effect.phase = layout.PHASE_RETURN
    if opcode != STOP:
        outcome.output_offset = effect.items.pop()
        outcome.output_length = effect.items.pop()
        effect.memory_words = machine._expanded(frame.memory_words, outcome.output_offset, outcome.output_length)
        effect.cost = machine._expansion_cost(frame.memory_words, effect.memory_words)
        if outcome.output_length == 0:
            outcome.output_offset = 0
        else:
            outcome.output = frame.memory
    if opcode == HALT_REVERT:
        outcome.success = 0
    elif frame.kind == CREATE:
        effect.phase = layout.PHASE_CREATE_FINISH
    effect.cursor = layout._outcome_digest(outcome)
    return effect


@internal
@pure
def _begin_copy(opcode: uint256, frame: layout.Frame, before: Effect) -> Effect:
    """
    @dev CALLDATACOPY, CODECOPY, RETURNDATACOPY and MCOPY: pay, and say what the next steps are to copy.
    """
    effect: Effect = before
    destination: uint256 = effect.items.pop()
    offset: uint256 = effect.items.pop()
    length: uint256 = effect.items.pop()
    words: uint256 = machine._expanded(frame.memory_words, destination, length)
    if opcode == MCOPY and words != machine.HUGE:
        words = machine._expanded(words, offset, length)
    effect.memory_words = words
    effect.cost = machine._expansion_cost(frame.memory_words, words)
    if effect.cost > frame.gas:
        return effect
    effect.cost += VERY_LOW_COST + COPY_WORD_COST * machine._words_of(length)
    if opcode == RETURNDATACOPY and (offset > frame.returndata_length or length > frame.returndata_length - offset):
        effect.cost = machine.HUGE
        return effect
    if length == 0:
        return effect

    copy: layout.Copy = empty(layout.Copy)
    copy.destination = destination
    copy.remaining = length
    if opcode == CALLDATACOPY:
        copy.source = FROM_PAGES
        copy.pages = frame.calldata
        copy.source_offset = frame.calldata_offset + min(offset, frame.calldata_length)
        copy.source_length = frame.calldata_length - min(offset, frame.calldata_length)
    elif opcode == RETURNDATACOPY:
        copy.source = FROM_PAGES
        copy.pages = frame.returndata
        copy.source_offset = frame.returndata_offset + offset
        copy.source_length = frame.returndata_length - offset
    elif opcode == CODECOPY:
        copy.source = FROM_CODE
        copy.code_hash = frame.code_hash
        copy.source_offset = min(offset, FAR)
    else:
        copy.source = FROM_MEMORY
        if destination > offset:
            copy.source = FROM_MEMORY_BACKWARDS
        copy.source_offset = offset
    effect.phase = layout.PHASE_COPY
    effect.cursor = layout._copy_digest(copy)
    return effect


@internal
@view
def _control(opcode: uint256, frame: layout.Frame, code_length: uint256, before: Effect) -> Effect:
    """
    @dev POP, jumps, and what a frame knows of its progress.
    """
    effect: Effect = before
    effect.cost = BASE_COST
    if opcode == POP:
        effect.items.pop()
    elif opcode == JUMP:
        effect.cost = MID_COST
        effect.pc = effect.items.pop()
        if MID_COST <= frame.gas and not jumps._is_destination(machine._code_start(), code_length, effect.pc):
            effect.cost = machine.HUGE
    elif opcode == JUMPI:
        effect.cost = HIGH_COST
        target: uint256 = effect.items.pop()
        if effect.items.pop() != 0:
            effect.pc = target
            if HIGH_COST <= frame.gas and not jumps._is_destination(machine._code_start(), code_length, target):
                effect.cost = machine.HUGE
    elif opcode == PC:
        effect.items.append(frame.pc)
    elif opcode == MSIZE:
        effect.items.append(32 * frame.memory_words)
    elif opcode == GAS:
        effect.items.append(unsafe_sub(frame.gas, BASE_COST))
    else:
        assert opcode == JUMPDEST, "proof: opcode"
        effect.cost = JUMPDEST_COST
    return effect


@internal
@view
def _environment(
    opcode: uint256, state: layout.State, code_length: uint256, preimages: uint256, before: Effect
) -> Effect:
    """
    @dev What code can learn about its call, its transaction and its block.
    """
    effect: Effect = before
    effect.cost = BASE_COST
    if opcode == BLOCKHASH:
        effect.cost = BLOCKHASH_COST
    elif opcode == BLOBHASH:
        effect.cost = BLOBHASH_COST
    if effect.cost > state.frame.gas:
        return effect
    given: uint256 = 0
    if opcode == ADDRESS:
        given = state.frame.address
    elif opcode == CALLER:
        given = state.frame.caller
    elif opcode == CALLVALUE:
        given = state.frame.value
    elif opcode == CALLDATASIZE:
        given = state.frame.calldata_length
    elif opcode == CODESIZE:
        given = code_length
    elif opcode == RETURNDATASIZE:
        given = state.frame.returndata_length
    elif opcode == ORIGIN or opcode == GASPRICE or opcode == BLOBHASH:
        argument: uint256 = 0
        if opcode == BLOBHASH:
            argument = effect.items.pop()
        given = self._of_transaction(opcode, argument, state.globals.tx, preimages)
    else:
        argument: uint256 = 0
        if opcode == BLOCKHASH:
            argument = effect.items.pop()
        given = self._of_block(opcode, argument, state.globals.boundary, preimages)
    effect.items.append(given)
    return effect


@internal
@view
def _of_transaction(opcode: uint256, index: uint256, digest: bytes32, preimages: uint256) -> uint256:
    at: uint256 = 0
    context: layout.TxContext = empty(layout.TxContext)
    context, at = layout._open_tx_context(digest, preimages)
    if opcode == ORIGIN:
        return context.origin
    if opcode == GASPRICE:
        return context.gas_price
    start: uint256 = at
    hashes: layout.BlobHashes = empty(layout.BlobHashes)
    hashes, at = layout._open_blob_hashes(context.blob_hashes, start)
    if index >= hashes.count:
        return 0
    return layout._word(start + 32 * (2 + index))  # behind the tag and the count


@internal
@view
def _of_block(opcode: uint256, wanted: uint256, digest: bytes32, preimages: uint256) -> uint256:
    at: uint256 = 0
    boundary: layout.TxBoundary = empty(layout.TxBoundary)
    boundary, at = layout._open_tx_boundary(digest, preimages)
    context: layout.BlockContext = empty(layout.BlockContext)
    context, at = layout._open_block_context(boundary.block, at)
    if opcode == BLOCKHASH:
        if wanted >= context.number or context.number - wanted > ANCESTORS:
            return 0
        return self._ancestor(context.ring, wanted, at)
    if opcode == COINBASE:
        return context.fee_recipient
    if opcode == TIMESTAMP:
        return context.timestamp
    if opcode == NUMBER:
        return context.number
    if opcode == PREVRANDAO:
        return convert(context.prev_randao, uint256)
    if opcode == GASLIMIT:
        return context.gas_limit
    if opcode == CHAINID:
        return context.chain_id
    if opcode == BASEFEE:
        return context.base_fee
    assert opcode == BLOBBASEFEE, "proof: opcode"
    return context.blob_base_fee


@internal
@view
def _ancestor(ring: bytes32, number: uint256, at: uint256) -> uint256:
    """
    @dev A leaf of the ring of block hashes, which lies at `at` in calldata with its siblings behind it.
    """
    leaf: uint256 = layout._word(at)
    node: bytes32 = convert(leaf, bytes32)
    for level: uint256 in range(layout.RING_DEPTH):
        sibling: bytes32 = convert(layout._word(at + 32 * (level + 1)), bytes32)
        if (number >> level) & 1 == 1:
            node = layout._ring_node(sibling, node)
        else:
            node = layout._ring_node(node, sibling)
    assert node == ring, "proof: not an ancestor"
    return leaf
