# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Opcodes that look into pages, and copies
@license MIT
@notice MLOAD, MSTORE, MSTORE8, CALLDATALOAD, and the phase that copies. A library of the one-step verifier.
@dev Follows `prover/machine/memory_opcodes.py`, `environment.py` and `copies.py`. See `machine.vy` for the arguments.
"""

from . import layout
from . import machine
from . import pages as page_trees

CALLDATALOAD: constant(uint256) = 53
MLOAD: constant(uint256) = 81
MSTORE: constant(uint256) = 82
MSTORE8: constant(uint256) = 83

VERY_LOW_COST: constant(uint256) = 3

MAX_PAGES: constant(uint256) = 3 * 1024  # a copy reads from two and writes to one

FROM_PAGES: constant(uint256) = 0
FROM_CODE: constant(uint256) = 1
FROM_MEMORY: constant(uint256) = 2
FROM_MEMORY_BACKWARDS: constant(uint256) = 3


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
    @notice The state after `pre`, if a copy is under way or its next opcode is one of these. Reverts if neither is, or
            the witness is wrong.
    @param pre The state's hash.
    @param state What every step opens of it.
    @param stack The topmost stack items, the topmost last.
    @param code The running code; of a copy, the code that is copied from.
    @param other Nothing.
    @param pages The pages opened.
    @param tape Where the copy's cursor and the pages' siblings lie.
    @return The next state's hash.
    """
    machine._open_running(pre, state)
    code_hash: bytes32 = keccak256(code)
    if state.vm.phase == layout.PHASE_COPY:
        return self._copy(state, code_hash, len(code), pages, tape)
    assert state.vm.phase == layout.PHASE_EXECUTE, "proof: phase"
    machine._check_stack(state, stack)
    assert code_hash == state.frame.code_hash, "proof: code"
    opcode: uint256 = machine._opcode(state.frame.pc, len(code))
    assert opcode in [CALLDATALOAD, MLOAD, MSTORE, MSTORE8], "proof: another library's opcode"
    if machine._is_faulty(opcode, state.frame.stack_size):
        return machine._fault(state)
    takes: uint256 = 0
    grows: uint256 = 0
    takes, grows = machine._row(opcode)
    assert len(stack) >= takes, "proof: stack items are missing"

    frame: layout.Frame = state.frame
    items: DynArray[uint256, 17] = stack
    offset: uint256 = items.pop()
    if opcode == CALLDATALOAD:
        if frame.gas < VERY_LOW_COST:
            return machine._fault(state)
        frame.gas -= VERY_LOW_COST
        items.append(self._calldata_word(state.frame, offset, pages, tape.siblings))
    else:
        length: uint256 = 32
        if opcode == MSTORE8:
            length = 1
        frame.memory_words = machine._expanded(frame.memory_words, offset, length)
        cost: uint256 = VERY_LOW_COST + machine._expansion_cost(state.frame.memory_words, frame.memory_words)
        if cost > frame.gas:
            return machine._fault(state)
        frame.gas -= cost
        if opcode == MLOAD:
            self._check_range(frame.memory, offset, 32, pages, tape.siblings)
            items.append(extract32(pages, offset % layout.PAGE_SIZE, output_type=uint256))
        elif opcode == MSTORE:
            word: bytes32 = convert(items.pop(), bytes32)
            frame.memory = self._written(frame.memory, offset, concat(word, b""), pages, 0, tape.siblings)
        else:
            lowest: Bytes[32] = slice(convert(items.pop(), bytes32), 31, 1)
            frame.memory = self._written(frame.memory, offset, lowest, pages, 0, tape.siblings)
    frame.pc += 1
    frame.stack_size = frame.stack_size - len(stack) + len(items)
    frame.stack = machine._pushed(state.stack_tail, items)
    return machine._post(layout.PHASE_EXECUTE, empty(bytes32), state.vm.globals, layout._frame_digest(frame))


@internal
@view
def _calldata_word(frame: layout.Frame, offset: uint256, pages: Bytes[MAX_PAGES], siblings: uint256) -> uint256:
    """
    @dev 32 bytes of the calldata; zeros behind its end.
    """
    if offset >= frame.calldata_length:
        return 0
    length: uint256 = min(32, frame.calldata_length - offset)
    position: uint256 = frame.calldata_offset + offset
    self._check_range(frame.calldata, position, length, pages, siblings)
    start: uint256 = position % layout.PAGE_SIZE
    # A word that begins near the end of the pages shown: read an earlier one, and move.
    base: uint256 = min(start, len(pages) - 32)
    word: uint256 = extract32(pages, base, output_type=uint256) << (8 * (start - base))
    unused: uint256 = 8 * (32 - length)
    return (word >> unused) << unused


@internal
@view
def _copy(
    state: layout.State, code_hash: bytes32, code_length: uint256, pages: Bytes[MAX_PAGES], tape: layout.Tape
) -> bytes32:
    """
    @dev Copies into the page that the copy has reached. Code is read where it lies in calldata.
    """
    copy: layout.Copy = empty(layout.Copy)
    end: uint256 = 0
    copy, end = layout._open_copy(state.vm.cursor, tape.preimages)
    count: uint256 = min(copy.remaining, layout.PAGE_SIZE - copy.destination % layout.PAGE_SIZE)
    destination: uint256 = copy.destination
    source: uint256 = copy.source_offset
    root: bytes32 = state.frame.memory
    available: uint256 = count
    if copy.source == FROM_MEMORY_BACKWARDS:
        destination = copy.destination + copy.remaining
        count = min(copy.remaining, (destination - 1) % layout.PAGE_SIZE + 1)
        destination -= count
        source = copy.source_offset + copy.remaining - count
        available = count
    elif copy.source == FROM_PAGES:
        root = copy.pages
        available = min(count, copy.source_length)

    data: Bytes[1024] = b""
    used: uint256 = 0  # pages
    if copy.source == FROM_CODE:
        if copy.code_hash != machine.EMPTY_KECCAK:
            assert code_hash == copy.code_hash, "proof: code"
            if source < code_length:
                chunk: Bytes[1024] = slice(msg.data, machine._code_start() + source, 1024)
                data = slice(chunk, 0, min(count, code_length - source))
    elif available != 0:
        used = self._check_range(root, source, available, pages, tape.siblings)
        data = convert(slice(pages, source % layout.PAGE_SIZE, available), Bytes[1024])
    zeros: Bytes[1024] = abi_encode(empty(bytes32[32]))
    data = convert(concat(data, slice(zeros, 0, count - len(data))), Bytes[1024])

    frame: layout.Frame = state.frame
    frame.memory = self._written(
        frame.memory, destination, data, pages, used, tape.siblings + used * page_trees.SIBLINGS
    )
    copy.remaining -= count
    if copy.source == FROM_MEMORY_BACKWARDS:
        copy.source_length = 0
    else:
        copy.source_offset += count
        copy.source_length -= min(count, copy.source_length)
        copy.destination += count
    phase: uint256 = layout.PHASE_EXECUTE
    cursor: bytes32 = empty(bytes32)
    if copy.remaining != 0:
        phase = layout.PHASE_COPY
        cursor = layout._copy_digest(copy)
    return machine._post(phase, cursor, state.vm.globals, layout._frame_digest(frame))


@internal
@view
def _check_range(
    root: bytes32, offset: uint256, length: uint256, pages: Bytes[MAX_PAGES], siblings: uint256
) -> uint256:
    """
    @dev Refuses pages that do not begin with those that the range touches; returns how many these are.
    """
    first: uint256 = offset // layout.PAGE_SIZE
    count: uint256 = (offset + length - 1) // layout.PAGE_SIZE + 1 - first
    at: uint256 = siblings
    for i: uint256 in range(count, bound=3):
        at = page_trees._check(root, first + i, slice(pages, layout.PAGE_SIZE * i, layout.PAGE_SIZE), at)
    return count


@internal
@view
def _written(
    root: bytes32, offset: uint256, data: Bytes[1024], pages: Bytes[MAX_PAGES], shown: uint256, siblings: uint256
) -> bytes32:
    """
    @dev The root after `data` is written, which touches one page or two: those behind the first `shown` ones.
    """
    after: bytes32 = root
    position: uint256 = 0
    at: uint256 = siblings
    for i: uint256 in range(2):
        if position == len(data):
            break
        index: uint256 = (offset + position) // layout.PAGE_SIZE
        start: uint256 = (offset + position) % layout.PAGE_SIZE
        count: uint256 = min(len(data) - position, layout.PAGE_SIZE - start)
        page: Bytes[1024] = slice(pages, layout.PAGE_SIZE * (shown + i), layout.PAGE_SIZE)
        end: uint256 = page_trees._check(after, index, page, at)
        changed: Bytes[1024] = convert(
            concat(
                slice(page, 0, start),
                slice(data, position, count),
                slice(page, start + count, layout.PAGE_SIZE - start - count),
            ),
            Bytes[1024],
        )
        after = page_trees._root(index, page_trees._leaf(changed), at)
        at = end
        position += count
    return after
