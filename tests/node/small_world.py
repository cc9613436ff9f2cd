"""A state small enough to check in full: accounts and slots in dictionaries, and random blocks that change them."""

from dataclasses import dataclass, field

from hypothesis import strategies as st

from protocol.crypto import keccak
from protocol.mpt import EMPTY_ROOT, update_trie
from protocol.rlp_codec import encode, uint_bytes
from protocol.state import Account, StateChanges
from protocol.types import Address, Hash32

ADDRESSES = [Address(bytes([number]) * 20) for number in range(4)]


@dataclass
class World:
    """Accounts and slots in dictionaries, and the nodes of every trie they ever made."""

    accounts: dict[Address, tuple[int, int]] = field(default_factory=dict)
    slots: dict[Address, dict[int, int]] = field(default_factory=dict)
    nodes: dict[Hash32, bytes] = field(default_factory=dict)

    def copy(self) -> "World":
        slots = {address: dict(words) for address, words in self.slots.items()}
        return World(dict(self.accounts), slots, self.nodes)

    def storage_root(self, address: Address) -> Hash32:
        words = self.slots.get(address, {})
        leaves: dict[bytes, bytes | None] = {
            keccak(slot.to_bytes(32, "big")): encode(uint_bytes(word)) for slot, word in words.items()
        }
        root, nodes = update_trie(EMPTY_ROOT, leaves, self.nodes.__getitem__)
        self.nodes.update(nodes)
        return root

    def account(self, address: Address) -> Account | None:
        fields = self.accounts.get(address)
        return None if fields is None else Account(*fields, self.storage_root(address))

    def root(self) -> Hash32:
        leaves: dict[bytes, bytes | None] = {}
        for address in self.accounts:
            account = self.account(address)
            assert account is not None
            fields = [uint_bytes(account.nonce), uint_bytes(account.balance), account.storage_root, account.code_hash]
            leaves[keccak(address)] = encode(fields)
        root, nodes = update_trie(EMPTY_ROOT, leaves, self.nodes.__getitem__)
        self.nodes.update(nodes)
        return root


@dataclass(frozen=True)
class Step:
    """What a block does: write accounts and slots, after destroying some accounts and their slots."""

    destroyed: frozenset[Address]
    reborn: frozenset[Address]
    """Destroyed, yet there again at the end of the block, with none of the old slots."""
    written: dict[Address, dict[int, int]]

    def apply(self, before: World, nonce: int) -> tuple[World, StateChanges]:
        after = before.copy()
        for address in self.destroyed | self.reborn:
            after.accounts.pop(address, None)
            after.slots.pop(address, None)
        touched = set(self.written) | self.reborn
        for address in touched:
            after.accounts[address] = (nonce, nonce * 10**18)
            words = after.slots.setdefault(address, {})
            for slot, word in self.written.get(address, {}).items():
                if word:
                    words[slot] = word
                else:
                    words.pop(slot, None)
        changed = touched | self.destroyed | self.reborn
        after.root()
        accounts = {address: after.account(address) for address in changed}
        wiped = frozenset(address for address in self.destroyed | self.reborn if address in before.accounts)
        return after, StateChanges(accounts, self.written, wiped, {}, after.nodes)


some_addresses = st.frozensets(st.sampled_from(ADDRESSES), max_size=2)
steps = st.builds(
    Step,
    some_addresses,
    some_addresses,
    st.dictionaries(st.sampled_from(ADDRESSES), st.dictionaries(st.integers(0, 3), st.integers(0, 3), max_size=3)),
)
