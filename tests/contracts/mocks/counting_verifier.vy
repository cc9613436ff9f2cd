# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Counting verifier
@notice For tests of the game's own rules: a state is a number as cursor, in the phase *execute*; the next one is that
        number plus one. The arguments are the number.
"""

TAG_VM: constant(bytes32) = 0x4f8448975c85920da0ad1740d667c9a410c6c828f7014e0219469603c475cc27


@external
@view
@raw_return
def __default__() -> Bytes[32]:
    pre: bytes32 = convert(slice(msg.data, 4, 32), bytes32)
    number: uint256 = convert(slice(msg.data, 36, 32), uint256)
    phase: uint256 = convert(slice(msg.data, 68, 32), uint256)
    assert self._state(phase, number) == pre, "counting: not this state"
    return concat(self._state(3, number + 1), b"")


@internal
@pure
def _state(phase: uint256, number: uint256) -> bytes32:
    return keccak256(abi_encode(TAG_VM, phase, number, empty(bytes32), empty(bytes32)))
