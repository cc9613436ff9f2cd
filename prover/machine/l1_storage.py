"""A word of an L1 contract's storage, out of L1's state at a block."""

from protocol.crypto import keccak
from protocol.mpt import EMPTY_ROOT
from protocol.rlp_codec import as_bytes, as_uint, decode, decode_list
from protocol.types import ZERO_HASH, Address, Hash32
from prover.commitments import trie
from prover.machine.vm import VM


def word_of(vm: VM, state_root: Hash32, contract: Address, slot: int) -> int:
    """A storage word; 0 where there is no state, contract or word."""
    if state_root == ZERO_HASH:
        return 0
    account = trie.get(state_root, keccak(contract), lambda node: vm.oracle.node(node, vm.recorder))
    storage = Hash32(as_bytes(decode_list(account, "account")[2], "storage root", 32)) if account else EMPTY_ROOT
    key = keccak(slot.to_bytes(32, "big"))
    word = trie.get(Hash32(storage), key, lambda node: vm.oracle.node(node, vm.recorder))
    return as_uint(decode(word), "storage word") if word else 0


def as_hash(word: int) -> Hash32:
    """The word as the digest that it is."""
    return Hash32(word.to_bytes(32, "big"))
