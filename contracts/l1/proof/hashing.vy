# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Hashes
@license MIT
@notice KECCAK256, and the phases that hash block by block: long inputs of KECCAK256, SHA-256 and RIPEMD-160, and long
        transactions of a batch. A library of the one-step verifier.
@dev Follows `prover/machine/hashing.py`, `digests.py` and `batch_items.py`. See `machine.vy` for the arguments.
"""

from . import keccak_sponge
from . import layout
from . import machine
from . import pages as page_trees
from . import word_hashes

KECCAK256: constant(uint256) = 32

COST: constant(uint256) = 30
WORD_COST: constant(uint256) = 6

MAX_AT_ONCE: constant(uint256) = 32 * 1024  # bytes hashed in one step
MAX_PAGES: constant(uint256) = 33 * 1024

# Functions, and how much of an input a step absorbs.
KECCAK: constant(uint256) = 0
SHA256: constant(uint256) = 1
RIPEMD160: constant(uint256) = 2
KECCAK_STEP: constant(uint256) = 7 * 136
WORDS_STEP: constant(uint256) = 16 * 64


@external
@view
def step(
    pre: bytes32,
    state: layout.State,
    stack: DynArray[uint256, 17],
    code: Bytes[49152],
    other: Bytes[1],
    pages: Bytes[MAX_PAGES],
    tape: layout.Tape,
) -> bytes32:
    """
    @notice The state after `pre`, if a hash is under way (a frame's, or a batch item's) or its next opcode is KECCAK256. Reverts if neither is, or the
            witness is wrong.
    @param pre The state's hash.
    @param state What every step opens of it.
    @param stack The topmost stack items, the topmost last.
    @param code The running code; nothing while a hash is under way.
    @param other Nothing.
    @param pages The pages opened.
    @param tape Where the hash's cursor and the pages' siblings lie.
    @return The next state's hash.
    """
    if state.vm.phase == layout.PHASE_ITEM_HASH:
        return self._item(pre, state, pages, tape)
    machine._open_running(pre, state)
    frame: layout.Frame = state.frame
    if state.vm.phase == layout.PHASE_HASH:
        hashing: layout.Hashing = empty(layout.Hashing)
        end: uint256 = 0
        hashing, end = layout._open_hashing(state.vm.cursor, tape.preimages)
        full: uint256 = KECCAK_STEP
        root: bytes32 = frame.memory
        if hashing.function != KECCAK:
            full = WORDS_STEP
            root = frame.calldata
        count: uint256 = min(hashing.remaining, full)
        data: Bytes[1024] = b""
        if count != 0:
            self._check_range(root, hashing.offset, count, pages, tape.siblings)
            data = convert(slice(pages, hashing.offset % layout.PAGE_SIZE, count), Bytes[1024])
        if count == full:
            return self._absorb(state, hashing, data)
        return self._finish(state, hashing, data)

    assert state.vm.phase == layout.PHASE_EXECUTE, "proof: phase"
    machine._check_stack(state, stack)
    assert keccak256(code) == frame.code_hash, "proof: code"
    opcode: uint256 = machine._opcode(frame.pc, len(code))
    assert opcode == KECCAK256, "proof: another library's opcode"
    if machine._is_faulty(opcode, frame.stack_size):
        return machine._fault(state)
    assert len(stack) > 1, "proof: stack items are missing"
    items: DynArray[uint256, 17] = stack
    offset: uint256 = items.pop()
    length: uint256 = items.pop()
    frame.memory_words = machine._expanded(frame.memory_words, offset, length)
    cost: uint256 = machine._expansion_cost(state.frame.memory_words, frame.memory_words)
    if cost > frame.gas:
        return machine._fault(state)
    cost += COST + WORD_COST * machine._words_of(length)
    if cost > frame.gas:
        return machine._fault(state)
    frame.gas -= cost
    frame.pc += 1
    phase: uint256 = layout.PHASE_EXECUTE
    cursor: bytes32 = empty(bytes32)
    if length > MAX_AT_ONCE:
        beginning: layout.Hashing = empty(layout.Hashing)
        beginning.offset = offset
        beginning.length = length
        beginning.remaining = length
        phase = layout.PHASE_HASH
        cursor = layout._hashing_digest(beginning)
    elif length == 0:
        items.append(convert(machine.EMPTY_KECCAK, uint256))
    else:
        self._check_range(frame.memory, offset, length, pages, tape.siblings)
        items.append(convert(keccak256(slice(pages, offset % layout.PAGE_SIZE, length)), uint256))
    frame.stack_size = frame.stack_size - len(stack) + len(items)
    frame.stack = machine._pushed(state.stack_tail, items)
    return machine._post(phase, cursor, state.vm.globals, layout._frame_digest(frame))


@internal
@view
def _check_range(root: bytes32, offset: uint256, length: uint256, pages: Bytes[MAX_PAGES], siblings: uint256):
    """
    @dev Refuses pages that do not begin with those that the range touches.
    """
    first: uint256 = offset // layout.PAGE_SIZE
    count: uint256 = (offset + length - 1) // layout.PAGE_SIZE + 1 - first
    at: uint256 = siblings
    for i: uint256 in range(count, bound=33):
        at = page_trees._check(root, first + i, slice(pages, layout.PAGE_SIZE * i, layout.PAGE_SIZE), at)


@internal
@view
def _item(pre: bytes32, state: layout.State, pages: Bytes[MAX_PAGES], tape: layout.Tape) -> bytes32:
    """
    @dev Some more of a long transaction out of a batch; the step that ends it begins the transaction.
    """
    assert layout._vm_digest(state.vm) == pre, "proof: not this state"
    assert state.vm.globals == empty(bytes32) and state.vm.frame == empty(bytes32), "proof: phase"
    item: layout.ItemHashing = empty(layout.ItemHashing)
    hashing: layout.Hashing = empty(layout.Hashing)
    at: uint256 = 0
    item, at = layout._open_item_hashing(state.vm.cursor, tape.preimages)
    hashing, at = layout._open_hashing(item.hashing, at)
    assert hashing.function == KECCAK, "proof: function"
    count: uint256 = min(hashing.remaining, KECCAK_STEP)
    data: Bytes[1024] = b""
    if count != 0:
        self._check_range(item.data, hashing.offset, count, pages, tape.siblings)
        data = convert(slice(pages, hashing.offset % layout.PAGE_SIZE, count), Bytes[1024])
    if count == KECCAK_STEP:
        item.hashing = self._absorbed(hashing, data)
        return machine._post(
            layout.PHASE_ITEM_HASH, layout._item_hashing_digest(item), empty(bytes32), empty(bytes32)
        )
    boundary: layout.TxBoundary = empty(layout.TxBoundary)
    boundary, at = layout._open_tx_boundary(item.boundary, at)
    boundary.item = convert(self._keccak_of(hashing, data), bytes32)
    return machine._post(
        layout.PHASE_BEGIN if boundary.charges == empty(bytes32) else layout.PHASE_PRICE,
        layout._tx_boundary_digest(boundary),
        empty(bytes32),
        empty(bytes32),
    )


@internal
@pure
def _absorb(state: layout.State, before: layout.Hashing, data: Bytes[1024]) -> bytes32:
    """
    @dev A step that does not reach the end: the same frame, and the hash so far.
    """
    return machine._post(layout.PHASE_HASH, self._absorbed(before, data), state.vm.globals, state.vm.frame)


@internal
@pure
def _absorbed(before: layout.Hashing, data: Bytes[1024]) -> bytes32:
    """
    @dev The digest of the hash after some more whole blocks.
    """
    lanes: uint256[25] = self._lanes(before)
    if before.function == KECCAK:
        lanes = keccak_sponge._absorb(lanes, data)
    elif before.function == SHA256:
        lanes = word_hashes._sha256_absorb(lanes, data)
    else:
        assert before.function == RIPEMD160, "proof: function"
        lanes = word_hashes._ripemd160_absorb(lanes, data)
    numbers: uint256[4] = [
        before.function, before.offset + len(data), before.length, before.remaining - len(data)
    ]
    return keccak256(abi_encode(layout.TAG_HASHING, numbers, lanes))


@internal
@pure
def _keccak_of(hashing: layout.Hashing, tail: Bytes[1024]) -> uint256:
    """
    @dev The hash, once the rest of the input is known.
    """
    zeros: Bytes[192] = abi_encode(empty(bytes32[6]))
    gap: uint256 = keccak_sponge.RATE - len(tail) % keccak_sponge.RATE
    padding: Bytes[192] = x"81"
    if gap > 1:
        padding = convert(concat(x"01", slice(zeros, 0, gap - 2), x"80"), Bytes[192])
    padded: Bytes[1088] = convert(concat(tail, padding), Bytes[1088])
    return keccak_sponge._squeezed(keccak_sponge._absorb(self._lanes(hashing), padded))


@internal
@pure
def _finish(state: layout.State, hashing: layout.Hashing, tail: Bytes[1024]) -> bytes32:
    """
    @dev The last step, with less than it could absorb: pads, and delivers.
    """
    zeros: Bytes[192] = abi_encode(empty(bytes32[6]))
    lanes: uint256[25] = self._lanes(hashing)
    if hashing.function == KECCAK:
        frame: layout.Frame = state.frame
        frame.stack = layout._stack_digest(frame.stack, self._keccak_of(hashing, tail))
        frame.stack_size += 1
        return machine._post(layout.PHASE_EXECUTE, empty(bytes32), state.vm.globals, layout._frame_digest(frame))

    gap: uint256 = (128 - (len(tail) + 9) % 64) % 64
    bits: uint256 = 8 * hashing.length
    digest: uint256 = 0
    if hashing.function == SHA256:
        size: Bytes[8] = slice(convert(bits, bytes32), 24, 8)
        padded: Bytes[1152] = convert(concat(tail, x"80", slice(zeros, 0, gap), size), Bytes[1152])
        digest = word_hashes._sha256_squeezed(word_hashes._sha256_absorb(lanes, padded))
    else:
        assert hashing.function == RIPEMD160, "proof: function"
        size: Bytes[8] = slice(convert(keccak_sponge._swapped(bits), bytes32), 24, 8)
        padded: Bytes[1152] = convert(concat(tail, x"80", slice(zeros, 0, gap), size), Bytes[1152])
        digest = word_hashes._ripemd160_squeezed(word_hashes._ripemd160_absorb(lanes, padded))
    outcome: layout.Outcome = layout.Outcome(
        success=1, output=page_trees._of_word(convert(digest, bytes32)), output_offset=0, output_length=32
    )
    return machine._post(
        layout.PHASE_RETURN, layout._outcome_digest(outcome), state.vm.globals, state.vm.frame
    )


@internal
@pure
def _lanes(x: layout.Hashing) -> uint256[25]:
    return [
        x.lane_0, x.lane_1, x.lane_2, x.lane_3, x.lane_4, x.lane_5, x.lane_6, x.lane_7, x.lane_8, x.lane_9,
        x.lane_10, x.lane_11, x.lane_12, x.lane_13, x.lane_14, x.lane_15, x.lane_16, x.lane_17, x.lane_18, x.lane_19,
        x.lane_20, x.lane_21, x.lane_22, x.lane_23, x.lane_24,
    ]
