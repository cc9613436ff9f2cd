"""The world state as rules see it: read through one seam, changed by returning values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from protocol.crypto import EMPTY_KECCAK
from protocol.types import Address, Hash32


@dataclass(frozen=True, slots=True)
class Account:
    """The four fields of an account in the state trie; `balance` in wei."""

    nonce: int
    balance: int
    storage_root: Hash32
    code_hash: Hash32 = EMPTY_KECCAK


class StateReader(Protocol):
    """The state after one block, read-only. Absent accounts are None, absent slots 0."""

    @property
    def root(self) -> Hash32:
        """The state trie's root."""

    def account(self, address: Address) -> Account | None:
        """The account, or None when it does not exist."""

    def storage(self, address: Address, slot: int) -> int:
        """The 256-bit word in a storage slot."""

    def code(self, code_hash: Hash32) -> bytes:
        """The code with this hash; raises Halt when the database lacks it."""

    def node(self, node_hash: Hash32) -> bytes:
        """The RLP of the trie node with this hash; raises Halt when the database lacks it."""


@dataclass(frozen=True, slots=True)
class StateChanges:
    """What a block did to the state, as new values.

    An account mapped to None is gone. `wiped` lists accounts whose slots were all cleared before `storage` applies;
    a slot set to 0 in `storage` is gone. `nodes` are the new trie nodes by hash, `code` new code by hash.
    """

    accounts: Mapping[Address, Account | None] = field(default_factory=dict)
    storage: Mapping[Address, Mapping[int, int]] = field(default_factory=dict)
    wiped: frozenset[Address] = frozenset()
    code: Mapping[Hash32, bytes] = field(default_factory=dict)
    nodes: Mapping[Hash32, bytes] = field(default_factory=dict)
