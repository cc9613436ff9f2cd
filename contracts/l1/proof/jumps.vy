# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Jump destinations
@license MIT
@notice Whether a position of the code is a JUMPDEST and not push data. A module of the library for plain opcodes.
@dev Follows `jump_destinations` in `prover/machine/control.py`, 32 bytes at a time: only a PUSH changes what the bytes
     behind it are, so a window without one is passed at once.
"""

from . import layout

JUMPDEST: constant(uint256) = 91
PUSH0: constant(uint256) = 95

# A byte repeated 32 times.
HIGH_BITS: constant(uint256) = max_value(uint256) // 255 * 128
TOP_THREE_BITS: constant(uint256) = max_value(uint256) // 255 * 224
PUSHES: constant(uint256) = max_value(uint256) // 255 * 96

MAX_WINDOWS: constant(uint256) = 49152 // 32


@internal
@view
def _is_destination(code: uint256, length: uint256, target: uint256) -> bool:
    """
    @dev Whether one may jump to `target`, in the code of `length` bytes that begins at `code` in calldata.
    """
    if target >= length:
        return False
    if convert(slice(msg.data, code + target, 1), uint256) != JUMPDEST:
        return False
    at: uint256 = 0  # an instruction begins here, at `target` or before
    for _: uint256 in range(MAX_WINDOWS):
        window: uint256 = convert(slice(msg.data, unsafe_add(code, at), 32), uint256)
        end: uint256 = min(unsafe_sub(target, at), 32)
        # PUSH1 to PUSH32 are the bytes whose top three bits are 011. A byte's bit 7 stays 0 for those alone.
        others: uint256 = (window & TOP_THREE_BITS) ^ PUSHES
        if (others | (others << 1) | (others << 2)) & HIGH_BITS == HIGH_BITS:
            at = unsafe_add(at, end)
        else:
            passed: uint256 = 0
            for instruction: uint256 in range(32):
                if passed >= end:
                    break
                size: uint256 = 1
                if (window >> 253) == 3:
                    size = unsafe_sub(window >> 248, PUSH0 - 1)
                window = window << unsafe_mul(8, size)
                passed = unsafe_add(passed, size)
            at = unsafe_add(at, passed)
        if at >= target:
            return at == target
    return False
