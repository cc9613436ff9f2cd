# pragma version 0.4.3
# pragma evm-version cancun
"""
@title New contracts
@license MIT
@notice Where a new contract's address comes from, whether it may be made there, and how its constructor is entered. A
        module of the libraries for creates and for the beginning of a transaction.
@dev Follows `prover/machine/codes.py` and `creates.py`.
"""

from . import accounts
from . import layout

CREATE: constant(uint256) = 1  # kind of a frame
ADDRESS: constant(uint256) = 2**160 - 1

# RLP prefixes.
STRING: constant(uint256) = 128
LIST: constant(uint256) = 192


@internal
@pure
def _create_address(creator: uint256, nonce: uint256) -> uint256:
    """
    @notice Where CREATE puts a contract; the nonce is the creator's before it counts up.
    """
    # A list of the address, which is a string of 20 bytes, and the nonce as a number.
    encoded: uint256 = nonce
    size: uint256 = 1
    if nonce == 0:
        encoded = STRING
    elif nonce >= STRING:
        for i: uint256 in range(1, 9):
            size = i + 1
            if nonce >> (8 * i) == 0:
                break
        encoded = nonce | (STRING + size - 1) << (8 * (size - 1))
    head: uint256 = (LIST + 21 + size) << 168 | (STRING + 20) << 160 | creator
    item: Bytes[32] = slice(convert(encoded << (8 * (32 - size)), bytes32), 0, size)
    return convert(keccak256(concat(slice(convert(head, bytes32), 10, 22), item)), uint256) & ADDRESS


@internal
@pure
def _create2_address(creator: uint256, salt: uint256, initcode_hash: bytes32) -> uint256:
    """
    @notice Where CREATE2 puts a contract (EIP-1014).
    """
    owner: Bytes[20] = slice(convert(creator, bytes32), 12, 20)
    return convert(keccak256(concat(x"ff", owner, convert(salt, bytes32), initcode_hash)), uint256) & ADDRESS


@internal
@pure
def _collides(record: layout.AccountRecord) -> bool:
    """
    @notice Whether no contract may be made here: it has a nonce, code, or storage (EIP-7610).
    """
    return (
        record.nonce != 0
        or record.code_hash != accounts.EMPTY_KECCAK
        or record.storage_root != accounts.EMPTY_ROOT
    )


@internal
@pure
def _enter(to: uint256, caller: uint256, amount: uint256, passed: uint256, initcode_hash: bytes32) -> bytes32:
    """
    @notice The digest of a constructor that is about to begin.
    """
    enter: layout.Enter = empty(layout.Enter)
    enter.kind = CREATE
    enter.transfer = 1
    enter.address = to
    enter.code_address = to
    enter.caller = caller
    enter.value = amount
    enter.gas = passed
    enter.code_hash = initcode_hash
    return layout._enter_digest(enter)
