"""Reading the state after any retained block.

The head's state is flat: one lookup per account or slot. Older states are read by walking their trie. A reader of the
head stays right when the head moves on: it notices, and walks the trie from then on.
"""

from typing import Protocol

from node.store import tables
from node.store.codec import decode_account
from protocol.crypto import keccak
from protocol.errors import Halt, HistoryPruned
from protocol.mpt import EMPTY_ROOT, get
from protocol.rlp_codec import as_bytes, as_uint, decode, decode_list
from protocol.state import Account
from protocol.types import Address, Hash32


class FlatPosition:
    """Names one version of the flat state; compared by identity. `root` is None while a write is under way."""

    __slots__ = ("root",)

    def __init__(self, root: Hash32 | None) -> None:
        self.root = root


class MissingNode(Halt):
    """The database lacks a trie node."""


class StateSource(Protocol):
    """What a reader needs of the store."""

    flat: FlatPosition
    counted: bool

    def flat_value(self, key: bytes) -> bytes | None:
        """What the flat state holds under a key of its tables."""

    def code(self, code_hash: Hash32) -> bytes:
        """Code; Halt when it is absent."""

    def node(self, node_hash: Hash32, *, remember: bool = True) -> bytes:
        """A trie node; MissingNode when it is absent. Not every one is worth to `remember`."""


class StateAt:
    """A `protocol.state.StateReader` for one state root. Usable from any thread."""

    def __init__(self, source: StateSource, root: Hash32) -> None:
        self._source = source
        self._root = root
        flat = source.flat
        self._flat = flat if flat.root == root else None
        self._accounts: dict[Address, Account | None] = {}
        """What was read so far. A state does not change, and building a block reads each of its accounts twice."""

    @property
    def root(self) -> Hash32:
        """The state trie's root."""
        return self._root

    def account(self, address: Address) -> Account | None:
        """The account, or None when it does not exist."""
        try:
            return self._accounts[address]
        except KeyError:
            account = self._accounts[address] = self._read_account(address)
            return account

    def _read_account(self, address: Address) -> Account | None:
        if self._flat is not None:
            data = self._source.flat_value(tables.account(address))
            # Looked at after the read: a write that began before the read would already have replaced it.
            if self._source.flat is self._flat:
                return None if data is None else decode_account(data)
            self._flat = None
        leaf = get(self._root, keccak(address), self.node)
        return None if leaf is None else decode_leaf(leaf)

    def storage(self, address: Address, slot: int) -> int:
        """The 256-bit word in a storage slot."""
        if self._flat is not None:
            data = self._source.flat_value(tables.slot(address, slot))
            if self._source.flat is self._flat:
                return 0 if data is None else int.from_bytes(data, "big")
            self._flat = None
        account = self.account(address)
        if account is None or account.storage_root == EMPTY_ROOT:
            return 0
        leaf = get(account.storage_root, keccak(slot.to_bytes(32, "big")), self.node)
        return 0 if leaf is None else int.from_bytes(as_bytes(decode(leaf), "slot"), "big")

    def code(self, code_hash: Hash32) -> bytes:
        """The code with this hash."""
        return self._source.code(code_hash)

    def node(self, node_hash: Hash32) -> bytes:
        """The RLP of a trie node; raises HistoryPruned when it belonged to a state that is not kept any more."""
        try:
            # Of the head's tries nodes are read to be replaced: the cache is for those that take their place.
            return self._source.node(node_hash, remember=self._flat is None)
        except MissingNode as error:
            if self._source.counted and self._source.flat.root != self._root:
                raise HistoryPruned(
                    f"pruned history unavailable: the state with root 0x{self._root.hex()} is not kept any more"
                ) from error
            raise


def decode_leaf(leaf: bytes) -> Account:
    """An account as the state trie holds it."""
    nonce, balance, storage_root, code_hash = decode_list(leaf, "account")
    return Account(
        as_uint(nonce, "nonce", 64),
        as_uint(balance, "balance"),
        Hash32(as_bytes(storage_root, "storage root", 32)),
        Hash32(as_bytes(code_hash, "code hash", 32)),
    )
