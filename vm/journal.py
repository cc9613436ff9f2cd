"""The state while a block runs: everything in dictionaries, and one list that can undo it.

`Journal` reads through to the parent's state once per account and slot and remembers. Each change first appends
(mapping, key, previous value) to the undo list, so that a snapshot is a length and a revert walks back to it. Sets are
dictionaries to True for the same reason. Method names are those that py-evm's opcodes call.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from protocol.crypto import EMPTY_KECCAK, keccak
from protocol.mpt import EMPTY_ROOT
from protocol.receipt import Log
from protocol.state import Account, StateReader
from protocol.types import UINT256_MAX, ZERO_ADDRESS, Address, Hash32

RIPEMD160_PRECOMPILE = Address(ZERO_ADDRESS[:19] + b"\x03")

_ABSENT: Any = object()


AccountFields: TypeAlias = tuple[int, int, Hash32]
"""An account without its storage: nonce, balance in wei, code hash. A plain tuple, because one is made per change."""

EMPTY_ACCOUNT: AccountFields = (0, 0, EMPTY_KECCAK)

Snapshot = tuple[int, int, int]
"""Lengths of the undo list and of the logs, and the refund counter."""


@dataclass(frozen=True, slots=True)
class JournalChanges:
    """How the state now differs from the parent's, before any trie is computed.

    `accounts` holds changed fields (None: gone); `storage` changed slots; `wiped` accounts whose old slots are void.
    """

    accounts: Mapping[Address, AccountFields | None]
    storage: Mapping[Address, Mapping[int, int]]
    wiped: frozenset[Address]
    code: Mapping[Hash32, bytes]


class Journal:
    """A state that can be written to, over one that cannot.

    Lifetimes: accounts and slots live for the block; warm sets, transient storage, refund, logs, `created`,
    `destructed` and `touched` for one transaction (`begin_transaction` clears them).
    """

    __slots__ = (
        "_code",
        "_loaded_accounts",
        "_loaded_storage",
        "_originals",
        "_storage",
        "_undo",
        "_wiped",
        "accounts",
        "created",
        "destructed",
        "logs",
        "reader",
        "refund",
        "ripemd_touched",
        "touched",
        "transient",
        "warm_addresses",
        "warm_slots",
    )

    def __init__(self, reader: StateReader) -> None:
        self.reader = reader
        self.accounts: dict[Address, AccountFields | None] = {}
        self._loaded_accounts: dict[Address, AccountFields | None] = {}
        self._storage: dict[Address, dict[int, int]] = {}
        self._loaded_storage: dict[Address, dict[int, int]] = {}
        self._wiped: set[Address] = set()
        self._code: dict[Hash32, bytes] = {EMPTY_KECCAK: b""}
        self._undo: list[tuple[dict[Any, Any], Any, Any]] = []
        self.begin_transaction({})

    def begin_transaction(self, warm_addresses: dict[Address, bool]) -> None:
        """Forget what belongs to one transaction. `warm_addresses` is taken over, not copied."""
        self._undo.clear()
        self._originals: dict[tuple[Address, int], int] = {}
        self.warm_addresses = warm_addresses
        self.warm_slots: dict[tuple[Address, int], bool] = {}
        self.transient: dict[tuple[Address, int], bytes] = {}
        self.created: dict[Address, bool] = {}
        self.destructed: dict[Address, bool] = {}
        self.touched: dict[Address, bool] = {}
        self.ripemd_touched = False
        self.logs: list[Log] = []
        self.refund = 0

    # -- undo -- #

    def snapshot(self) -> Snapshot:
        """A mark to revert to within the same transaction."""
        return len(self._undo), len(self.logs), self.refund

    def revert(self, snapshot: Snapshot) -> None:
        """Undo every change since `snapshot`."""
        length, log_count, self.refund = snapshot
        undo = self._undo
        while len(undo) > length:
            mapping, key, previous = undo.pop()
            if previous is _ABSENT:
                del mapping[key]
            else:
                mapping[key] = previous
        del self.logs[log_count:]

    def commit(self, snapshot: Snapshot) -> None:
        """Keep the changes; the undo list stays, since an outer snapshot may still need it."""

    def _mark(self, mapping: dict[Any, bool], key: Any) -> None:
        if key not in mapping:
            self._undo.append((mapping, key, _ABSENT))
            mapping[key] = True

    # -- accounts -- #

    def account(self, address: Address) -> AccountFields | None:
        """The account, or None when it does not exist."""
        try:
            return self.accounts[address]
        except KeyError:
            return self._load(address)

    def _load(self, address: Address) -> AccountFields | None:
        stored = self.reader.account(address)
        fields = None if stored is None else (stored.nonce, stored.balance, stored.code_hash)
        self.accounts[address] = self._loaded_accounts[address] = fields
        return fields

    def set_account(self, address: Address, fields: AccountFields | None) -> None:
        """Replace the account; None removes it (its storage is `delete_account`'s business)."""
        self._undo.append((self.accounts, address, self.account(address)))
        self.accounts[address] = fields

    def get_balance(self, address: Address) -> int:
        """Wei; 0 when the account does not exist."""
        fields = self.account(address)
        return 0 if fields is None else fields[1]

    def set_balance(self, address: Address, balance: int) -> None:
        """Set the balance, creating the account if need be."""
        nonce, _, code_hash = self.account(address) or EMPTY_ACCOUNT
        self.set_account(address, (nonce, balance, code_hash))

    def delta_balance(self, address: Address, delta: int) -> None:
        """Add `delta` wei, which may be negative; the account is created if need be.

        It wraps at 2^256, as in geth: so much ether there is only where a client pretends balances.
        """
        nonce, balance, code_hash = self.account(address) or EMPTY_ACCOUNT
        self.set_account(address, (nonce, (balance + delta) & UINT256_MAX, code_hash))

    def get_nonce(self, address: Address) -> int:
        """The nonce; 0 when the account does not exist."""
        fields = self.account(address)
        return 0 if fields is None else fields[0]

    def set_nonce(self, address: Address, nonce: int) -> None:
        """Set the nonce, creating the account if need be."""
        _, balance, code_hash = self.account(address) or EMPTY_ACCOUNT
        self.set_account(address, (nonce, balance, code_hash))

    def increment_nonce(self, address: Address) -> None:
        """Add one to the nonce."""
        self.set_nonce(address, self.get_nonce(address) + 1)

    def account_exists(self, address: Address) -> bool:
        """Whether the state has the account at all, be it empty."""
        return self.account(address) is not None

    def account_is_empty(self, address: Address) -> bool:
        """Whether nonce, balance and code are all zero (EIP-161); true of an absent account."""
        fields = self.account(address)
        return fields is None or fields == EMPTY_ACCOUNT

    def touch_account(self, address: Address) -> None:
        """Make the account exist, and have it removed at the end of the transaction if it is then empty (EIP-161)."""
        if self.account(address) is None:
            self.set_account(address, EMPTY_ACCOUNT)
        self._mark(self.touched, address)
        if address == RIPEMD160_PRECOMPILE:
            # Mainnet's block 2,675,119 removed this account although the call that touched it had failed.
            self.ripemd_touched = True

    def delete_account(self, address: Address) -> None:
        """Remove the account with its storage. Only between transactions' calls: this cannot be reverted."""
        self.account(address)  # remember what the parent's state had
        self.accounts[address] = None
        self._wiped.add(address)
        self._storage[address] = {}

    # -- code -- #

    def get_code(self, address: Address) -> bytes:
        """The account's code; b"" without one."""
        fields = self.account(address)
        return b"" if fields is None else self.code_of(fields[2])

    def code_of(self, code_hash: Hash32) -> bytes:
        """The code with this hash, from this block or an earlier one."""
        try:
            return self._code[code_hash]
        except KeyError:
            code = self._code[code_hash] = self.reader.code(code_hash)
            return code

    def get_code_hash(self, address: Address) -> Hash32:
        """keccak of the code; of the empty string when the account does not exist."""
        fields = self.account(address)
        return EMPTY_KECCAK if fields is None else fields[2]

    def set_code(self, address: Address, code: bytes) -> None:
        """Install code, creating the account if need be."""
        nonce, balance, _ = self.account(address) or EMPTY_ACCOUNT
        code_hash = keccak(code)
        self._code[code_hash] = code
        self.set_account(address, (nonce, balance, code_hash))

    def has_code_or_nonce(self, address: Address) -> bool:
        """Whether a contract may not be created here: code, a nonce, or storage (EIP-7610)."""
        fields = self.account(address)
        if fields is None:
            return False
        return fields[0] != 0 or fields[2] != EMPTY_KECCAK or self._has_storage(address)

    def _has_storage(self, address: Address) -> bool:
        if any(self._storage.get(address, {}).values()):
            return True
        stored = None if address in self._wiped else self.reader.account(address)
        return stored is not None and stored.storage_root != EMPTY_ROOT

    # -- storage -- #

    def get_storage(self, address: Address, slot: int, from_journal: bool = True) -> int:
        """The word in a slot: now, or at the transaction's start when `from_journal` is False."""
        if not from_journal:
            original = self._originals.get((address, slot))
            if original is not None:
                return original
        try:
            return self._storage[address][slot]
        except KeyError:
            return self._load_slot(address, slot)

    def _load_slot(self, address: Address, slot: int) -> int:
        value = 0 if address in self._wiped else self.reader.storage(address, slot)
        self._storage.setdefault(address, {})[slot] = value
        self._loaded_storage.setdefault(address, {}).setdefault(slot, value)
        return value

    def set_storage(self, address: Address, slot: int, value: int) -> None:
        """Set the word in a slot."""
        current = self.get_storage(address, slot)
        self._originals.setdefault((address, slot), current)
        slots = self._storage[address]
        self._undo.append((slots, slot, current))
        slots[slot] = value

    def delete_storage(self, address: Address) -> None:
        """Nothing: py-evm calls this before CREATE2, but since EIP-7610 no contract is made where storage is."""

    def get_transient_storage(self, address: Address, slot: int) -> bytes:
        """The word of EIP-1153, 32 bytes."""
        return self.transient.get((address, slot), b"\0" * 32)

    def set_transient_storage(self, address: Address, slot: int, value: bytes) -> None:
        """Set the word of EIP-1153."""
        key = (address, slot)
        self._undo.append((self.transient, key, self.transient.get(key, _ABSENT)))
        self.transient[key] = value

    # -- access (EIP-2929) -- #

    def is_address_warm(self, address: Address) -> bool:
        """Whether this transaction has accessed the account."""
        return address in self.warm_addresses

    def mark_address_warm(self, address: Address) -> None:
        """Record an access."""
        self._mark(self.warm_addresses, address)

    def is_storage_warm(self, address: Address, slot: int) -> bool:
        """Whether this transaction has accessed the slot."""
        return (address, slot) in self.warm_slots

    def mark_storage_warm(self, address: Address, slot: int) -> None:
        """Record an access."""
        self._mark(self.warm_slots, (address, slot))

    # -- what a transaction leaves behind -- #

    def mark_created(self, address: Address) -> None:
        """Record that this transaction created the contract (EIP-6780)."""
        self._mark(self.created, address)

    def mark_destructed(self, address: Address) -> None:
        """Record that the account goes at the end of the transaction."""
        self._mark(self.destructed, address)

    def end_transaction(self, clear_empty: bool) -> None:
        """Remove self-destructed accounts and, from EIP-161 on (`clear_empty`), touched ones that are empty."""
        for address in self.destructed:
            self.delete_account(address)
        if clear_empty:
            self._clear_empty(self.touched)
            if self.ripemd_touched:
                self._clear_empty((RIPEMD160_PRECOMPILE,))

    def _clear_empty(self, addresses: Iterable[Address]) -> None:
        for address in addresses:
            if self.accounts[address] == EMPTY_ACCOUNT:
                self.delete_account(address)

    # -- the block's effect -- #

    def changes(self) -> JournalChanges:
        """How the state differs from the parent's."""
        accounts = {
            address: fields
            for address, fields in self.accounts.items()
            if fields != (before := self._loaded_accounts[address]) or (before is not None and address in self._wiped)
        }
        storage: dict[Address, dict[int, int]] = {}
        for address, slots in self._storage.items():
            loaded = {} if address in self._wiped else self._loaded_storage.get(address, {})
            changed = {slot: value for slot, value in slots.items() if value != loaded.get(slot, 0)}
            if changed:
                storage[address] = changed
        code = {
            fields[2]: self._code[fields[2]]
            for address, fields in accounts.items()
            if fields is not None
            and fields[2] not in (EMPTY_KECCAK, (self._loaded_accounts[address] or EMPTY_ACCOUNT)[2])
        }
        wiped = frozenset(address for address in self._wiped if self._loaded_accounts[address] is not None)
        return JournalChanges(accounts, storage, wiped, code)


class PendingState:
    """The journal as a `StateReader`, for reads of the block that is being built. `root` is still the parent's.

    It never writes into the journal, not even what it had to look up. It shows the journal as it is whenever it is
    read or, `frozen`, as it is now: then it may be read from other threads while the block goes on.
    """

    __slots__ = ("_accounts", "_code", "_reader", "_storage", "_wiped")

    def __init__(self, journal: Journal, *, frozen: bool = False) -> None:
        self._reader = journal.reader
        self._accounts, self._storage = journal.accounts, journal._storage
        self._wiped, self._code = journal._wiped, journal._code
        if frozen:
            self._accounts, self._wiped, self._code = dict(self._accounts), set(self._wiped), dict(self._code)
            self._storage = {address: dict(slots) for address, slots in self._storage.items()}

    @property
    def root(self) -> Hash32:
        """The parent's state root."""
        return self._reader.root

    def account(self, address: Address) -> Account | None:
        """The account as it is now; its storage root is the parent's."""
        stored = self._reader.account(address)
        fields = self._accounts.get(address, _ABSENT)
        if fields is _ABSENT:
            return stored
        if fields is None:
            return None
        root = EMPTY_ROOT if stored is None or address in self._wiped else stored.storage_root
        return Account(fields[0], fields[1], root, fields[2])

    def storage(self, address: Address, slot: int) -> int:
        """The word as it is now."""
        slots = self._storage.get(address)
        if slots is not None and slot in slots:
            return slots[slot]
        return 0 if address in self._wiped else self._reader.storage(address, slot)

    def code(self, code_hash: Hash32) -> bytes:
        """The code, be it from this block."""
        code = self._code.get(code_hash)
        return self._reader.code(code_hash) if code is None else code

    def node(self, node_hash: Hash32) -> bytes:
        """A trie node of the parent's state."""
        return self._reader.node(node_hash)
