# pragma version 0.4.3
# pragma evm-version cancun
"""
@title The one-step verifier
@license MIT
@notice From a state's hash and a witness to the next state's hash: `step(pre, state, stack, code, other, pages, tape)`,
        an entry that every library has. Reverts if the witness does not show what the step needs, which proves nothing.
@dev Picks the library by phase and opcode, and passes the call on as it is. Nothing here is checked: each library opens
     the state and derives phase and opcode itself, and refuses what is not its own, so the wrong one can only revert.
     The caller says neither opcode nor phase nor outcome.
"""

from . import layout
from . import machine

ROOM: constant(uint256) = 24

# Where calldata has what the choice needs, see `layout.State`.
VM: constant(uint256) = 4 + 32
PC: constant(uint256) = VM + 32 * (4 + 11 + 15)

# By phase and by opcode, a byte each: the library's number; 255 where there is none.
NOWHERE: constant(uint256) = 255
PHASES: constant(bytes32[2]) = [
    0x0b0907ff010208070706090a0a0a0c02100f0d0d0e0f0f0f0f0f0f1111121314,
    0x1414ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff,
]
OPCODES: constant(bytes32[8]) = [
    0x0000000000000000000000000000000000000000000000000000000000000000,
    0x0200000000000000000000000000000000030000000100000000000303000003,
    0x0000000000000003000000000000000000010101030300000000000003030000,
    0x0000000000000000000000000000000000000000000000000000000000000000,
    0x0000000000000000000000000000000000000000000000000000000000000000,
    0x0404040404000000000000000000000000000000000000000000000000000000,
    0x0000000000000000000000000000000000000000000000000000000000000000,
    0x0000000000000000000000000000000006050500050600000000050000000005,
]

LIBRARIES: immutable(address[ROOM])


@deploy
def __init__(libraries: address[ROOM]):
    """
    @param libraries The libraries by number; zero where there is none.
    """
    LIBRARIES = libraries


@external
@view
@raw_return
def __default__() -> Bytes[32]:
    """
    @notice `step` of the right library.
    @return The next state's hash.
    """
    phase: uint256 = layout._word(VM)
    assert phase < 64, "proof: phase"
    phases: bytes32[2] = PHASES
    number: uint256 = self._byte(phases[phase >> 5], phase & 31)
    if phase == layout.PHASE_EXECUTE:
        code: uint256 = machine._code_start()
        opcode: uint256 = machine._opcode(layout._word(PC), layout._word(code - 32))
        opcodes: bytes32[8] = OPCODES
        number = self._byte(opcodes[opcode >> 5], opcode & 31)
    assert number != NOWHERE, "proof: phase"
    libraries: address[ROOM] = LIBRARIES
    post: Bytes[32] = raw_call(libraries[number], msg.data, max_outsize=32, is_static_call=True)
    assert len(post) == 32, "proof: no library"
    return post


@internal
@pure
def _byte(table: bytes32, index: uint256) -> uint256:
    return (convert(table, uint256) >> (8 * (31 - index))) & 255
