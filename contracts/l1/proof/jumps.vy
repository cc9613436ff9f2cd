# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Jump destinations
@license MIT
@notice Whether a position of the code is a JUMPDEST and not push data. A module of the library for plain opcodes.
@dev Follows `jump_destinations` in `prover/machine/control.py`, 32 bytes at a time: only a PUSH changes what the bytes
     behind it are, so a window is left as soon as it has no PUSH before the target.
"""

from . import layout

JUMPDEST: constant(uint256) = 91
PUSH0: constant(uint256) = 95

# A byte repeated 32 times.
HIGH_BITS: constant(uint256) = max_value(uint256) // 255 * 128
TOP_THREE_BITS: constant(uint256) = max_value(uint256) // 255 * 224
PUSHES: constant(uint256) = max_value(uint256) // 255 * 96

MAX_LENGTH: constant(uint256) = 49152


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
    for _: uint256 in range(MAX_LENGTH):
        if at == target:
            return True
        window: uint256 = convert(slice(msg.data, unsafe_add(code, at), 32), uint256)
        first: uint256 = 0
        if (window >> 253) != 3:
            # PUSH1 to PUSH32 are the bytes whose top three bits are 011. A byte's bit 7 stays 0 for those alone.
            others: uint256 = (window & TOP_THREE_BITS) ^ PUSHES
            found: uint256 = ~(others | (others << 1) | (others << 2)) & HIGH_BITS
            if found == 0:
                if unsafe_sub(target, at) < 32:
                    return True
                at = unsafe_add(at, 32)
                continue
            if (found >> 128) == 0:
                found <<= 128
                first = 16
            if (found >> 192) == 0:
                found <<= 64
                first |= 8
            if (found >> 224) == 0:
                found <<= 32
                first |= 4
            if (found >> 240) == 0:
                found <<= 16
                first |= 2
            if (found >> 248) == 0:
                first |= 1
            if unsafe_sub(target, at) <= first:
                return True
        size: uint256 = unsafe_sub((window >> unsafe_sub(248, unsafe_mul(8, first))) & 255, PUSH0)
        at = unsafe_add(at, unsafe_add(first, unsafe_add(size, 1)))
        if at > target:
            return False
    return False
