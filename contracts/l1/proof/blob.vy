# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Blob openings
@license MIT
@notice Judges what an EIP-4844 blob holds, from the versioned hash that its transaction named. Blobs themselves are not
        visible to contracts; the point-evaluation precompile proves one field element of one blob at a time. Usable as
        a contract of its own, or as a module by another.
@dev A batch lies in blobs as `protocol/blobs.py` says: 31 bytes in each element behind a byte that means nothing, and
     the length in the first four bytes. So byte i of a batch is in element (i + 4) / 31, counted through its blobs of
     4096 elements.
"""


POINT_EVALUATION: constant(address) = 0x000000000000000000000000000000000000000A
MODULUS: constant(uint256) = 52435875175126190479447740508185965837690552500527637822603658699938581184513
ROOT_OF_UNITY: constant(uint256) = 39033254847818212395286706435128746857159659164139250548781411570340225835782
ELEMENTS: constant(uint256) = 4096
INDEX_BITS: constant(uint256) = 12
ELEMENT_BYTES: constant(uint256) = 31
LENGTH_BYTES: constant(uint256) = 4


@external
@view
def element(
    versioned_hash: bytes32, index: uint256, commitment: Bytes[48], element_value: bytes32, proof: Bytes[48]
) -> bytes32:
    """
    @notice A field element of a blob; reverts unless the proof shows it.
    @param versioned_hash The blob, as its transaction named it.
    @param index Which element, below 4096.
    @param commitment The blob's KZG commitment, 48 bytes.
    @param element_value The element, big-endian, below the BLS modulus.
    @param proof The KZG proof of the value at this element's point, 48 bytes.
    @return The value.
    """
    return self._element(versioned_hash, index, commitment, element_value, proof)


@external
@pure
def place_of(position: uint256) -> (uint256, uint256, uint256):
    """
    @notice Where a byte of a batch lies.
    @param position The byte's position in the batch, from 0.
    @return Which of the batch's blobs, which element of it, which byte of that element's 32.
    """
    at: uint256 = position + LENGTH_BYTES
    number: uint256 = at // ELEMENT_BYTES
    return number // ELEMENTS, number % ELEMENTS, 1 + at % ELEMENT_BYTES


@internal
@view
def _element(
    versioned_hash: bytes32, index: uint256, commitment: Bytes[48], element_value: bytes32, proof: Bytes[48]
) -> bytes32:
    assert index < ELEMENTS, "blob: no such element"
    assert len(commitment) == 48 and len(proof) == 48, "blob: not 48 bytes"
    point: bytes32 = convert(self._point(index), bytes32)
    # The precompile checks that the commitment has this versioned hash, and that the value is below the modulus.
    is_proven: bool = False
    answer: Bytes[64] = b""
    is_proven, answer = raw_call(
        POINT_EVALUATION,
        concat(versioned_hash, point, element_value, commitment, proof),
        max_outsize=64,
        is_static_call=True,
        revert_on_failure=False,
    )
    assert is_proven and len(answer) == 64, "blob: not proven"
    # Where there is no such precompile, a call succeeds and answers nothing.
    assert extract32(answer, 0) == convert(ELEMENTS, bytes32), "blob: another precompile"
    assert extract32(answer, 32) == convert(MODULUS, bytes32), "blob: another precompile"
    return element_value


# A blob is its values at the 4096th roots of unity, in the order of the exponent's bits reversed.
@internal
@pure
def _point(index: uint256) -> uint256:
    point: uint256 = 1
    power: uint256 = ROOT_OF_UNITY
    for bit: uint256 in range(INDEX_BITS):
        if (index >> (INDEX_BITS - 1 - bit)) & 1 == 1:
            point = uint256_mulmod(point, power, MODULUS)
        power = uint256_mulmod(power, power, MODULUS)
    return point
