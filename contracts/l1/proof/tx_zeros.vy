# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Zero bytes
@license MIT
@notice How many bytes of a transaction are zero: they cost less. A module of the libraries that price them.
"""

from . import layout

MAX_WORDS: constant(uint256) = 120 * 1024 // 32

LOW_BITS: constant(uint256) = 57669001306428065956053000376875938421040345304064124051023973211784186134399  # 0x7f7f…
ONES: constant(uint256) = 454086624460063511464984254936031011189294057512315937409637584344757371137  # 0x0101…


@internal
@view
def _count(start: uint256, length: uint256) -> uint256:
    """
    @notice How many of `length` bytes of calldata are zero.
    """
    zeros: uint256 = 0
    for i: uint256 in range((length + 31) // 32, bound=MAX_WORDS):
        word: uint256 = layout._word(start + 32 * i)
        if length - 32 * i < 32:
            word |= max_value(uint256) >> (8 * (length - 32 * i))
        # In each byte the high bit says whether it is not zero.
        marks: uint256 = ((word & LOW_BITS) + LOW_BITS) | word | LOW_BITS
        zeros += unsafe_mul(~marks >> 7, ONES) >> 248
    return zeros
