"""Names for the byte strings and numbers that the rules speak of."""

from typing import NewType

Hash32 = NewType("Hash32", bytes)
"""Exactly 32 bytes, usually a keccak256."""

Address = NewType("Address", bytes)
"""Exactly 20 bytes."""

ZERO_HASH = Hash32(b"\0" * 32)
ZERO_ADDRESS = Address(b"\0" * 20)

UINT64_MAX = 2**64 - 1
UINT256_MAX = 2**256 - 1
