# pragma version 0.4.3
# pragma evm-version cancun
"""
@title An opcode's beginning and end
@license MIT
@notice Finds the opcode and what it takes from the stack; makes the state after one that went well. A module of the
        libraries for opcodes that look at accounts.
@dev Follows `execute` in `prover/machine/step.py`.
"""

from . import layout
from . import machine


struct Opcode:
    number: uint256
    is_faulty: bool  # undefined, or the stack is too low or too high for it
    taken: uint256[7]  # the topmost first
    items: DynArray[uint256, 17]  # shown and not taken; what the opcode gives goes on top
    hidden: uint256  # how many lie below `items`


@internal
@view
def _opcode(
    pre: bytes32, state: layout.State, stack: DynArray[uint256, 17], code_hash: bytes32, code_length: uint256
) -> Opcode:
    """
    @notice The opcode that runs next. Reverts if none does, or the state, the stack or the code is another.
    """
    machine._open_running(pre, state)
    assert state.vm.phase == layout.PHASE_EXECUTE, "proof: phase"
    machine._check_stack(state, stack)
    assert code_hash == state.frame.code_hash, "proof: code"
    found: Opcode = empty(Opcode)
    found.number = machine._opcode(state.frame.pc, code_length)
    found.is_faulty = machine._is_faulty(found.number, state.frame.stack_size)
    if found.is_faulty:
        return found
    takes: uint256 = 0
    grows: uint256 = 0
    takes, grows = machine._row(found.number)
    assert len(stack) >= takes and takes <= 7, "proof: stack items are missing"
    found.items = stack
    for i: uint256 in range(7):
        if i == takes:
            break
        found.taken[i] = found.items.pop()
    found.hidden = state.frame.stack_size - len(stack)
    return found


@internal
@pure
def _next(
    state: layout.State,
    opcode: Opcode,
    frame: layout.Frame,
    globals: layout.Globals,
    phase: uint256,
    cursor: bytes32,
) -> bytes32:
    """
    @notice The state after the opcode. `frame` has paid; its stack is `opcode.items`, its pc one further on.
    """
    after: layout.Frame = frame
    after.pc += 1
    after.stack_size = opcode.hidden + len(opcode.items)
    after.stack = machine._pushed(state.stack_tail, opcode.items)
    return machine._post(phase, cursor, layout._globals_digest(globals), layout._frame_digest(after))
