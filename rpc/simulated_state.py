"""The state after simulated blocks: what they changed, over the real state that they started from."""

from protocol.crypto import EMPTY_KECCAK
from protocol.state import Account, StateChanges, StateReader
from protocol.types import Address, Hash32


class SimulatedState:
    """A `StateReader` that grows by one block's changes at a time."""

    def __init__(self, base: StateReader) -> None:
        self._base = base
        self._root = base.root
        self._accounts: dict[Address, Account | None] = {}
        self._storage: dict[Address, dict[int, int]] = {}
        self._wiped: set[Address] = set()
        self._code: dict[Hash32, bytes] = {EMPTY_KECCAK: b""}
        self._nodes: dict[Hash32, bytes] = {}

    def apply(self, root: Hash32, changes: StateChanges) -> None:
        """Take a sealed block's changes over."""
        self._root = root
        self._accounts.update(changes.accounts)
        self._wiped.update(changes.wiped)
        for address in changes.wiped:
            self._storage[address] = {}
        for address, slots in changes.storage.items():
            self._storage.setdefault(address, {}).update(slots)
        self._code.update(changes.code)
        self._nodes.update(changes.nodes)

    @property
    def root(self) -> Hash32:
        """The root after the last block."""
        return self._root

    def account(self, address: Address) -> Account | None:
        """The account after the last block."""
        return self._accounts[address] if address in self._accounts else self._base.account(address)

    def storage(self, address: Address, slot: int) -> int:
        """The word after the last block."""
        slots = self._storage.get(address)
        if slots is not None and slot in slots:
            return slots[slot]
        return 0 if address in self._wiped else self._base.storage(address, slot)

    def code(self, code_hash: Hash32) -> bytes:
        """Code, simulated or real."""
        code = self._code.get(code_hash)
        return self._base.code(code_hash) if code is None else code

    def node(self, node_hash: Hash32) -> bytes:
        """A trie node, simulated or real."""
        node = self._nodes.get(node_hash)
        return self._base.node(node_hash) if node is None else node
