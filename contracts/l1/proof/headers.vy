# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Block headers
@license MIT
@notice The fields of a header that a proof looks at, out of its RLP. A module of the library that walks back.
@dev Follows `protocol.block.decode_header`. The hash is known to be a block's, so a header's form is only checked as far
     as its fields are found by it. Sources: yellow paper section 4.4, EIP-1559, EIP-3675.
"""

MAX_HEADER: constant(uint256) = 1024

# RLP prefixes: what a first byte at or above them begins.
STRING: constant(uint256) = 128
LONG_STRING: constant(uint256) = 184
LONG_LIST: constant(uint256) = 248

PARENT: constant(uint256) = 0
STATE_ROOT: constant(uint256) = 3
NUMBER: constant(uint256) = 8
GAS_LIMIT: constant(uint256) = 9
GAS_USED: constant(uint256) = 10
TIMESTAMP: constant(uint256) = 11
EXTRA_DATA: constant(uint256) = 12
PREV_RANDAO: constant(uint256) = 13
BASE_FEE: constant(uint256) = 15
EXCESS_BLOB_GAS: constant(uint256) = 18
FIELDS: constant(uint256) = 19


struct Header:
    fields: uint256[FIELDS]  # by their place; what is longer than a word, or not there, is zero
    extra_length: uint256
    end: uint256  # where the header ends in calldata


@internal
@view
def _open(digest: bytes32, at: uint256) -> Header:
    """
    @notice The header with this hash, which lies at `at` in calldata.
    """
    data: Bytes[MAX_HEADER] = slice(msg.data, at, MAX_HEADER)
    # A bloom alone makes the list longer than 255 bytes, so its length has two.
    assert convert(slice(data, 0, 1), uint256) == LONG_LIST + 1, "headers: not a header"
    length: uint256 = 3 + convert(slice(data, 1, 2), uint256)
    assert length <= MAX_HEADER - 32, "headers: too long"
    assert keccak256(slice(data, 0, length)) == digest, "headers: another hash"
    header: Header = empty(Header)
    header.end = at + length
    position: uint256 = 3
    for index: uint256 in range(FIELDS):
        if position == length:
            break
        prefix: uint256 = convert(slice(data, position, 1), uint256)
        start: uint256 = position + 1
        size: uint256 = 1
        if prefix < STRING:
            start = position
        elif prefix < LONG_STRING:
            size = prefix - STRING
        else:
            assert prefix == LONG_STRING + 1, "headers: malformed"
            start = position + 3
            size = convert(slice(data, position + 1, 2), uint256)
        if size <= 32:
            header.fields[index] = extract32(data, start, output_type=uint256) >> (8 * (32 - size))
        if index == EXTRA_DATA:
            header.extra_length = size
        position = start + size
        assert position <= length, "headers: malformed"
    return header
