"""A state in memory, made from a list of accounts: what genesis files and test fixtures describe."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from protocol.crypto import EMPTY_KECCAK, keccak
from protocol.errors import Halt
from protocol.mpt import EMPTY_ROOT
from protocol.state import Account, StateChanges
from protocol.types import Address, Hash32
from vm.journal import JournalChanges
from vm.state_root import state_after


@dataclass(frozen=True, slots=True)
class Allocation:
    """One account to begin with; `balance` in wei. Slots of value 0 do not exist."""

    balance: int = 0
    nonce: int = 0
    code: bytes = b""
    storage: Mapping[int, int] = field(default_factory=dict)


class MemoryState:
    """A `StateReader` over dictionaries. `applied` gives the state after a block; the original stays as it was."""

    def __init__(self) -> None:
        self.root: Hash32 = EMPTY_ROOT
        self._accounts: dict[Address, Account] = {}
        self._storage: dict[Address, dict[int, int]] = {}
        self._code: dict[Hash32, bytes] = {EMPTY_KECCAK: b""}
        self._nodes: dict[Hash32, bytes] = {}

    def account(self, address: Address) -> Account | None:
        """The account, or None."""
        return self._accounts.get(address)

    def storage(self, address: Address, slot: int) -> int:
        """The word in the slot."""
        return self._storage.get(address, {}).get(slot, 0)

    def code(self, code_hash: Hash32) -> bytes:
        """The code with this hash; raises Halt when it was never given."""
        try:
            return self._code[code_hash]
        except KeyError:
            raise Halt(f"no code with hash 0x{code_hash.hex()} in memory") from None

    def node(self, node_hash: Hash32) -> bytes:
        """The trie node with this hash; raises Halt when it was never made."""
        try:
            return self._nodes[node_hash]
        except KeyError:
            raise Halt(f"no trie node with hash 0x{node_hash.hex()} in memory") from None

    def applied(self, root: Hash32, changes: StateChanges) -> "MemoryState":
        """This state with a block's changes."""
        after = MemoryState()
        after.root = root
        after._nodes = {**self._nodes, **changes.nodes}
        after._code = {**self._code, **changes.code}
        after._accounts = dict(self._accounts)
        for address, account in changes.accounts.items():
            if account is None:
                after._accounts.pop(address, None)
            else:
                after._accounts[address] = account
        after._storage = {address: slots for address, slots in self._storage.items() if address not in changes.wiped}
        for address, slots in changes.storage.items():
            after._storage[address] = {**after._storage.get(address, {}), **slots}
        return after


def memory_state(allocations: Mapping[Address, Allocation]) -> MemoryState:
    """The state that holds exactly these accounts."""
    changes = JournalChanges(
        accounts={
            address: (account.nonce, account.balance, keccak(account.code)) for address, account in allocations.items()
        },
        storage={
            address: {slot: value for slot, value in account.storage.items() if value}
            for address, account in allocations.items()
            if any(account.storage.values())
        },
        wiped=frozenset(),
        code={keccak(account.code): account.code for account in allocations.values() if account.code},
    )
    root, state_changes = state_after(MemoryState(), changes)
    return MemoryState().applied(root, state_changes)
