# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Precompiles
@license MIT
@notice The phase in which a precompile runs. A library of the one-step verifier.
@dev Follows `prover/machine/precompiles.py` and `precompiled.py`. L1 has the functions themselves, so they are called.

     L1's function gets L2's price. Whoever gives this call too little gas could make a function fail that would not; so
     where a failure has a meaning, it counts only if the gas that is left shows that the price had reached the function,
     and where it has none, it reverts.

     A rollup's calls keep within what one step can do (decision 109). Elsewhere inputs longer than MAX_INPUT and outputs
     longer than MAX_OUTPUT revert: `docs/proof/verifier.md`.
"""

from . import layout
from . import machine
from . import new_pages
from . import pages as page_trees

ECRECOVER: constant(uint256) = 1
SHA256: constant(uint256) = 2
RIPEMD160: constant(uint256) = 3
IDENTITY: constant(uint256) = 4
MODEXP: constant(uint256) = 5
BN128_ADD: constant(uint256) = 6
BN128_MULTIPLY: constant(uint256) = 7
BN128_PAIRING: constant(uint256) = 8
BLAKE2: constant(uint256) = 9
POINT_EVALUATION: constant(uint256) = 10

MAX_INPUT: constant(uint256) = 64 * 1024
MAX_PAGES: constant(uint256) = MAX_INPUT + 6 * 1024
MAX_OUTPUT: constant(uint256) = 48 * 1024
MAX_AT_ONCE: constant(uint256) = 32 * 1024  # bytes that are hashed in one step
PAIR: constant(uint256) = 192  # bytes
BLAKE2_INPUT: constant(uint256) = 213
POINT_EVALUATION_INPUT: constant(uint256) = 192

MODEXP_MINIMUM: constant(uint256) = 200
MAX_GAS: constant(uint256) = 10_000_000  # of one call, on a rollup
MAX_OPERAND: constant(uint256) = 1024  # bytes of what MODEXP takes, on a rollup
MODEXP_HEAD: constant(uint256) = 96 + 3 * MAX_OPERAND

PAGES_OFFSET: constant(uint256) = 4 + 32 * 44  # where calldata says how far behind the selector `pages` lies

SHA256_HASHING: constant(uint256) = 1
RIPEMD160_HASHING: constant(uint256) = 2


@external
@view
def step(
    pre: bytes32,
    state: layout.State,
    stack: DynArray[uint256, 17],
    code: Bytes[1],
    other: Bytes[1],
    pages: Bytes[MAX_PAGES],
    tape: layout.Tape,
) -> bytes32:
    """
    @notice The state after `pre`, in this phase. Reverts in others, or if the witness is wrong.
    """
    machine._open_running(pre, state)
    assert state.vm.phase == layout.PHASE_PRECOMPILE, "proof: phase"
    frame: layout.Frame = state.frame
    number: uint256 = frame.code_address & 255
    assert number != 0 and number <= POINT_EVALUATION, "proof: no precompile"
    length: uint256 = frame.calldata_length
    cost: uint256 = 0
    outcome: layout.Outcome = empty(layout.Outcome)
    outcome.success = 1
    if number == IDENTITY:
        # The output is the input where it lies, however long it is.
        cost = 15 + 3 * machine._words_of(length)
        if cost > frame.gas:
            return machine._fault(state)
        outcome.output = frame.calldata
        outcome.output_offset = frame.calldata_offset
        outcome.output_length = length
        return self._paid(state, cost, layout.PHASE_RETURN, layout._outcome_digest(outcome))
    if number == SHA256:
        cost = 60 + 12 * machine._words_of(length)
    elif number == RIPEMD160:
        cost = 600 + 120 * machine._words_of(length)
    if cost != 0 and length > MAX_AT_ONCE:
        if cost > frame.gas:
            return machine._fault(state)
        return self._paid(state, cost, layout.PHASE_HASH, self._hashing(number, frame))

    # No function looks further than it must; one byte too many is as good as all of them.
    if number == ECRECOVER or number == BN128_ADD:
        length = min(length, 128)
    elif number == BN128_MULTIPLY:
        length = min(length, 96)
    elif number == BLAKE2:
        length = min(length, BLAKE2_INPUT + 1)
    elif number == POINT_EVALUATION:
        length = min(length, POINT_EVALUATION_INPUT + 1)
    # What a rollup's limits depend on is shown first; then all of it, where that is more.
    head: uint256 = length
    if number == MODEXP:
        head = min(length, MODEXP_HEAD)
    elif number == BN128_PAIRING:
        head = 0
    start: uint256 = 4 + layout._word(PAGES_OFFSET) + 32
    shown: uint256 = 0
    siblings: uint256 = 0
    shown, siblings = self._checked(frame, head, start, tape.siblings)
    # The input is looked at where it lies in calldata, which is where `pages` was decoded from, and copied once.
    input: uint256 = start + frame.calldata_offset % layout.PAGE_SIZE
    if self._exceeds_limits(number, input, length) and self._is_rollup(state, tape):
        return machine._fault(state)
    if number == MODEXP:
        length = min(length, self._modexp_input(input, head))
    if length > head:
        assert length <= MAX_INPUT, "proof: the input is too long"
        input = shown + frame.calldata_offset % layout.PAGE_SIZE
        shown, siblings = self._checked(frame, length, shown, siblings)
    data: Bytes[MAX_INPUT] = b""
    if length != 0:
        data = convert(slice(pages, input - start, length), Bytes[MAX_INPUT])

    # Gas, and what is refused without a call.
    fails: bool = False  # whether the function may refuse its input
    if number == ECRECOVER:
        cost = 3000
    elif number == MODEXP:
        cost = self._modexp_gas(input, length)
    elif number == BN128_ADD:
        cost = 150
        fails = True
    elif number == BN128_MULTIPLY:
        cost = 6000
        fails = True
    elif number == BN128_PAIRING:
        cost = 45000 + 34000 * (length // PAIR)
        fails = True
        if length % PAIR != 0:
            return machine._fault(state)
    elif number == BLAKE2:
        if length != BLAKE2_INPUT:
            return machine._fault(state)
        cost = layout._word(input) >> 224
        if layout._word(input + 212) >> 248 > 1:
            return machine._fault(state)
    elif number == POINT_EVALUATION:
        cost = 50000
        fails = True
        if length != POINT_EVALUATION_INPUT:
            return machine._fault(state)
    if cost > frame.gas:
        return machine._fault(state)

    if number == MODEXP:
        modulus_length: uint256 = self._number(input, length, 64)
        if modulus_length == 0:
            return self._paid(state, cost, layout.PHASE_RETURN, layout._outcome_digest(outcome))
        assert modulus_length <= MAX_OUTPUT, "proof: the output is too long"
    success: bool = False
    output: Bytes[MAX_OUTPUT] = b""
    success, output = raw_call(
        convert(number, address),
        data,
        max_outsize=MAX_OUTPUT,
        gas=cost if fails else msg.gas,
        is_static_call=True,
        revert_on_failure=False,
    )
    if not success:
        assert fails, "proof: a precompile failed that cannot"
        # Less than its price had reached it only if this much were left, or less (EIP-150).
        assert msg.gas > cost // 63 + 1, "proof: too little gas for the precompile"
        return machine._fault(state)
    if len(output) != 0:
        leaves: DynArray[bytes32, 128] = []
        for i: uint256 in range((len(output) + 1023) // 1024, bound=48):
            chunk: Bytes[MAX_OUTPUT] = slice(output, 1024 * i, min(1024, len(output) - 1024 * i))
            leaves.append(new_pages._leaf(convert(chunk, Bytes[1024])))
        outcome.output = new_pages._root(leaves)
        outcome.output_length = len(output)
    return self._paid(state, cost, layout.PHASE_RETURN, layout._outcome_digest(outcome))


@internal
@view
def _checked(frame: layout.Frame, length: uint256, at: uint256, siblings: uint256) -> (uint256, uint256):
    """
    @dev Where the pages go on in calldata, and their siblings, behind those of the input's first `length` bytes.
    """
    if length == 0:
        return at, siblings
    first: uint256 = frame.calldata_offset // layout.PAGE_SIZE
    last: uint256 = (frame.calldata_offset + length - 1) // layout.PAGE_SIZE
    after: uint256 = siblings
    for index: uint256 in range(first, last + 1, bound=66):
        page: Bytes[1024] = slice(msg.data, at + layout.PAGE_SIZE * (index - first), 1024)
        after = page_trees._check(frame.calldata, index, page, after)
    return at + layout.PAGE_SIZE * (last + 1 - first), after


@internal
@view
def _is_rollup(state: layout.State, tape: layout.Tape) -> bool:
    """
    @dev Whether the transaction's block is one of a chain with deposits.
    """
    boundary: layout.TxBoundary = empty(layout.TxBoundary)
    context: layout.BlockContext = empty(layout.BlockContext)
    at: uint256 = 0
    boundary, at = layout._open_tx_boundary(state.globals.boundary, tape.preimages)
    context, at = layout._open_block_context(boundary.block, at)
    return context.allow_deposits == 1


@internal
@view
def _exceeds_limits(number: uint256, input: uint256, length: uint256) -> bool:
    """
    @dev Whether a rollup refuses the call: `protocol/rollup_limits.py`.
    """
    if number == BN128_PAIRING:
        return 45000 + 34000 * (length // PAIR) > MAX_GAS
    if number == BLAKE2:
        return length == BLAKE2_INPUT and layout._word(input) >> 224 > MAX_GAS
    if number != MODEXP:
        return False
    base: uint256 = self._number(input, length, 0)
    exponent: uint256 = self._number(input, length, 32)
    longest: uint256 = max(base, self._number(input, length, 64))
    if max(longest, exponent) > MAX_OPERAND:
        return True
    # EIP-7883, what L1 may charge.
    complexity: uint256 = 16
    if longest > 32:
        complexity = 2 * ((longest + 7) // 8) ** 2
    head: uint256 = self._number(input, length, 96 + base)
    if exponent < 32:
        head = head >> (8 * (32 - exponent))
    bits: uint256 = self._top_bit(head)
    if exponent > 32:
        bits += 16 * (exponent - 32)
    return complexity * max(bits, 1) > MAX_GAS


@internal
@view
def _modexp_input(input: uint256, shown: uint256) -> uint256:
    """
    @dev How many bytes of its input MODEXP looks at.
    """
    used: uint256 = 96
    for i: uint256 in range(3):
        used += min(self._number(input, shown, 32 * i), 2**64)
    return used


@internal
@pure
def _top_bit(number: uint256) -> uint256:
    """
    @dev The position of the highest bit that is set; 0 if none is.
    """
    rest: uint256 = number
    bits: uint256 = 0
    for i: uint256 in range(8):
        size: uint256 = 128 >> i
        if rest >> size != 0:
            rest = rest >> size
            bits += size
    return bits


@internal
@pure
def _paid(state: layout.State, cost: uint256, phase: uint256, cursor: bytes32) -> bytes32:
    frame: layout.Frame = state.frame
    frame.gas -= cost
    return machine._post(phase, cursor, state.vm.globals, layout._frame_digest(frame))


@internal
@pure
def _hashing(number: uint256, frame: layout.Frame) -> bytes32:
    """
    @dev A hash over a long input that is about to begin, block by block.
    """
    hashing: layout.Hashing = empty(layout.Hashing)
    hashing.offset = frame.calldata_offset
    hashing.length = frame.calldata_length
    hashing.remaining = frame.calldata_length
    if number == SHA256:
        # FIPS 180-4.
        hashing.function = SHA256_HASHING
        hashing.lane_0 = 1779033703
        hashing.lane_1 = 3144134277
        hashing.lane_2 = 1013904242
        hashing.lane_3 = 2773480762
        hashing.lane_4 = 1359893119
        hashing.lane_5 = 2600822924
        hashing.lane_6 = 528734635
        hashing.lane_7 = 1541459225
    else:
        # Dobbertin, Bosselaers, Preneel, 1996.
        hashing.function = RIPEMD160_HASHING
        hashing.lane_0 = 1732584193
        hashing.lane_1 = 4023233417
        hashing.lane_2 = 2562383102
        hashing.lane_3 = 271733878
        hashing.lane_4 = 3285377520
    return layout._hashing_digest(hashing)


@internal
@view
def _number(input: uint256, length: uint256, start: uint256) -> uint256:
    """
    @dev The word at `start` of the input; behind its end there are zeros.
    """
    if start >= length:
        return 0
    word: uint256 = layout._word(input + start)
    unused: uint256 = 32 - min(32, length - start)
    return word >> (8 * unused) << (8 * unused)


@internal
@view
def _modexp_gas(input: uint256, length: uint256) -> uint256:
    """
    @dev EIP-2565.
    """
    base_length: uint256 = self._number(input, length, 0)
    exponent_length: uint256 = self._number(input, length, 32)
    longest: uint256 = max(base_length, self._number(input, length, 64))
    if longest >= 2**40:
        return machine.HUGE
    complexity: uint256 = ((longest + 7) // 8) ** 2
    head: uint256 = 0
    if base_length < length:
        head = self._number(input, length, 96 + base_length)
        if exponent_length < 32:
            head = head >> (8 * (32 - exponent_length))
    bits: uint256 = self._top_bit(head)
    if exponent_length > 32:
        if complexity != 0 and exponent_length >= 2**64:
            return machine.HUGE
        bits += 8 * (min(exponent_length, 2**64) - 32)
    return max(MODEXP_MINIMUM, complexity * max(bits, 1) // 3)
