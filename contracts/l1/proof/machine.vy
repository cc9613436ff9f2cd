# pragma version 0.4.3
# pragma evm-version cancun
"""
@title What every step begins and ends with
@license MIT
@notice Opens a state, finds the opcode, counts gas for memory, and hashes the next state. A module of each library.
@dev Follows `prover/machine/step.py` and `prover/machine/gas.py`. All libraries have one entry,

         step(pre, state, stack, code, other, pages, tape) -> post

     `code` is the first of the witness's codes (the running one in the phase of opcodes), `other` the second; `pages`
     are the opened pages joined, `tape` where in calldata the other pieces begin. Nothing of it is trusted before it
     is hashed.
"""

from . import layout

CANCUN: constant(uint256) = 15  # `protocol.forks.Fork`

STACK_LIMIT: constant(uint256) = 1024
MAX_MEMORY: constant(uint256) = 64 * 1024 * 1024  # bytes; decision 103

EMPTY_KECCAK: constant(bytes32) = 0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470  # keccak256("")

HUGE: constant(uint256) = 2**128  # more gas than a frame can have

CODE_OFFSET: constant(uint256) = 4 + 32 * 42  # where calldata says how far behind the selector `code` lies
OTHER_OFFSET: constant(uint256) = CODE_OFFSET + 32

# By opcode, a byte each: how many items it takes, +128 if the stack grows; 127 where Cancun has no such opcode.
ROWS: constant(bytes32[8]) = [
    0x0002020202020202030302027f7f7f7f02020202020102020201020202027f7f,
    0x027f7f7f7f7f7f7f7f7f7f7f7f7f7f7f80018080800180038003800104800301,
    0x01808080808080808001807f7f7f7f7f01010202010201028080800001020380,
    0x8080808080808080808080808080808080808080808080808080808080808080,
    0x8182838485868788898a8b8c8d8e8f9002030405060708090a0b0c0d0e0f1011,
    0x02030405067f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f,
    0x7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f,
    0x7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f0307070206047f7f7f7f067f7f020001,
]
UNDEFINED: constant(uint256) = 127


@internal
@pure
def _open(pre: bytes32, state: layout.State):
    """
    @dev Refuses a state that is not the one with hash `pre`. Globals and frame are unchecked where the VM has none.
    """
    assert layout._vm_digest(state.vm) == pre, "proof: not this state"
    layout._check_vm(state.vm)
    if state.vm.globals != empty(bytes32):
        assert layout._globals_digest(state.globals) == state.vm.globals, "proof: not these globals"
        layout._check_globals(state.globals)
        assert state.globals.fork == CANCUN, "proof: fork"
    if state.vm.frame != empty(bytes32):
        assert layout._frame_digest(state.frame) == state.vm.frame, "proof: not this frame"
        layout._check_frame(state.frame)


@internal
@pure
def _open_running(pre: bytes32, state: layout.State):
    """
    @dev The same for the phases that have a running frame.
    """
    assert state.vm.globals != empty(bytes32) and state.vm.frame != empty(bytes32), "proof: no frame"
    self._open(pre, state)


@internal
@pure
def _post(phase: uint256, cursor: bytes32, globals: bytes32, frame: bytes32) -> bytes32:
    """
    @dev The next state's hash.
    """
    return layout._vm_digest(layout.VM(phase=phase, cursor=cursor, globals=globals, frame=frame))


@internal
@pure
def _fault(state: layout.State) -> bytes32:
    """
    @dev What follows a fault, whatever the step had done before it was found: only the phase changes.
    """
    return self._post(layout.PHASE_FAULT, empty(bytes32), state.vm.globals, state.vm.frame)


@internal
@pure
def _check_stack(state: layout.State, stack: DynArray[uint256, 17]):
    """
    @dev Refuses items that are not the top of the running frame's stack.
    """
    assert len(stack) <= state.frame.stack_size, "proof: stack"
    assert self._pushed(state.stack_tail, stack) == state.frame.stack, "proof: stack"


@internal
@pure
def _pushed(below: bytes32, items: DynArray[uint256, 17]) -> bytes32:
    """
    @dev A stack with items on top of others, the topmost last.
    """
    digest: bytes32 = below
    for item: uint256 in items:
        digest = layout._stack_digest(digest, item)
    return digest


@internal
@view
def _code_start() -> uint256:
    """
    @dev Where in calldata the bytes of `code` begin: the same place that the argument was decoded from.
    """
    return 4 + layout._word(CODE_OFFSET) + 32


@internal
@view
def _other_start() -> uint256:
    """
    @dev Where in calldata the bytes of `other` begin.
    """
    return 4 + layout._word(OTHER_OFFSET) + 32


@internal
@view
def _opcode(pc: uint256, code_length: uint256) -> uint256:
    """
    @dev The opcode at a position of `code`; past its end there are STOPs. `code`'s hash is for the caller to check.
    """
    if pc >= code_length:
        return 0
    return convert(slice(msg.data, self._code_start() + pc, 1), uint256)


@internal
@pure
def _row(opcode: uint256) -> (uint256, uint256):
    """
    @dev How many items an opcode takes (UNDEFINED if there is no such opcode), and by how many the stack grows at most.
    """
    rows: bytes32[8] = ROWS
    row: uint256 = (convert(rows[opcode >> 5], uint256) >> (8 * (31 - (opcode & 31)))) & 255
    return row & 127, row >> 7


@internal
@pure
def _is_faulty(opcode: uint256, stack_size: uint256) -> bool:
    """
    @dev Whether the opcode faults whatever it does: it is undefined, or the stack too low or too high for it.
    """
    takes: uint256 = 0
    grows: uint256 = 0
    takes, grows = self._row(opcode)
    return takes == UNDEFINED or stack_size < takes or stack_size + grows > STACK_LIMIT


@internal
@pure
def _words_of(length: uint256) -> uint256:
    """
    @dev How many words so many bytes fill; no length of memory overflows.
    """
    return (length + 31) >> 5


@internal
@pure
def _expanded(words: uint256, offset: uint256, length: uint256) -> uint256:
    """
    @dev The memory's size in words once it covers a range; HUGE if the range ends beyond 64 MiB.
    """
    if length == 0:
        return words
    if length > MAX_MEMORY or offset > MAX_MEMORY - length:
        return HUGE
    return max(words, self._words_of(offset + length))


@internal
@pure
def _expansion_cost(before: uint256, after: uint256) -> uint256:
    """
    @dev Gas for growing the memory, in words; HUGE for a size that is.
    """
    if after == HUGE:
        return HUGE
    return 3 * after + after * after // 512 - 3 * before - before * before // 512
