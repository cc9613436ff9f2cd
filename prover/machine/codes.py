"""Codes and addresses: small things that several opcodes share."""

from protocol.crypto import EMPTY_KECCAK, keccak
from protocol.rlp_codec import encode, uint_bytes
from protocol.types import Address, Hash32
from prover.machine.vm import VM

_ADDRESS_MASK = 2**160 - 1


def to_address(word: int) -> Address:
    """The lower 20 bytes of a word."""
    return Address((word & _ADDRESS_MASK).to_bytes(20, "big"))


def code_of(vm: VM, code_hash: Hash32) -> bytes:
    """The code with this hash; the empty one needs no witness."""
    return b"" if code_hash == EMPTY_KECCAK else vm.oracle.code(code_hash, vm.recorder)


def create_address(creator: Address, nonce: int) -> Address:
    """Where CREATE, or a transaction without `to`, puts the contract; `nonce` is the creator's before it counts up."""
    return Address(keccak(encode([creator, uint_bytes(nonce)]))[12:])


def create2_address(creator: Address, salt: int, initcode_hash: bytes) -> Address:
    """Where CREATE2 puts the contract (EIP-1014)."""
    return Address(keccak(b"\xff" + creator + salt.to_bytes(32, "big") + initcode_hash)[12:])
