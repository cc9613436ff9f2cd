# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Logs
@license MIT
@notice LOG0 to LOG4. A library of the one-step verifier.
@dev Follows `prover/machine/logs.py`. A log refers to its data in the memory it came from; nothing is copied. See
     `machine.vy` for the arguments.
"""

from . import layout
from . import machine
from . import pages as page_trees
from . import running

LOG0: constant(uint256) = 160
LOG4: constant(uint256) = 164

LOG: constant(uint256) = 375
LOG_TOPIC: constant(uint256) = 375
LOG_BYTE: constant(uint256) = 8


@external
@view
def step(
    pre: bytes32,
    state: layout.State,
    stack: DynArray[uint256, 17],
    code: Bytes[49152],
    other: Bytes[1],
    pages: Bytes[1024],
    tape: layout.Tape,
) -> bytes32:
    """
    @notice The state after `pre`, if its next opcode is LOG. Reverts if it is not, or the witness is wrong.
    """
    opcode: running.Opcode = running._opcode(pre, state, stack, keccak256(code), len(code))
    assert opcode.number >= LOG0 and opcode.number <= LOG4, "proof: another library's opcode"
    if opcode.is_faulty:
        return machine._fault(state)
    return self._log(state, opcode, pages, tape)


@internal
@view
def _log(state: layout.State, opcode: running.Opcode, page: Bytes[1024], tape: layout.Tape) -> bytes32:
    frame: layout.Frame = state.frame
    globals: layout.Globals = state.globals
    count: uint256 = opcode.number - LOG0
    offset: uint256 = opcode.taken[0]
    length: uint256 = opcode.taken[1]
    words: uint256 = machine._expanded(frame.memory_words, offset, length)
    if frame.static == 1 or words == machine.HUGE:
        return machine._fault(state)
    cost: uint256 = LOG + LOG_TOPIC * count + LOG_BYTE * length + machine._expansion_cost(frame.memory_words, words)
    if cost > frame.gas:
        return machine._fault(state)
    frame.gas -= cost
    frame.memory_words = words

    data_rlp: uint256 = self._header_length(length) + length
    if length == 1:
        # A single small byte is its own encoding.
        siblings: uint256 = page_trees._check(frame.memory, offset // layout.PAGE_SIZE, page, tape.siblings)
        if convert(slice(page, offset % layout.PAGE_SIZE, 1), uint256) < 128:
            data_rlp = 1
    topics_rlp: uint256 = 33 * count
    payload: uint256 = 21 + self._header_length(topics_rlp) + topics_rlp + data_rlp
    globals.logs_rlp_length += self._header_length(payload) + payload
    globals.logs = layout._log_digest(
        layout.Log(
            below=globals.logs,
            address=frame.address,
            topic_count=count,
            topic_0=opcode.taken[2],
            topic_1=opcode.taken[3],
            topic_2=opcode.taken[4],
            topic_3=opcode.taken[5],
            data=frame.memory if length != 0 else empty(bytes32),
            data_offset=offset if length != 0 else 0,
            data_length=length,
        )
    )
    return running._next(state, opcode, frame, globals, layout.PHASE_EXECUTE, empty(bytes32))


@internal
@pure
def _header_length(payload: uint256) -> uint256:
    """
    @dev Bytes of the RLP header before so many bytes.
    """
    if payload < 56:
        return 1
    size: uint256 = 1
    for i: uint256 in range(1, 9):
        if payload >> (8 * i) == 0:
            break
        size += 1
    return 1 + size
