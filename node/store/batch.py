"""Writes that happen together: what a block, a reorganisation or a moved head changes in the tables."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, Literal

from node.store import tables
from node.store.codec import encode_account, encode_body, encode_nodes, encode_receipts, encode_undo
from node.store.database import Database
from node.store.retention import MAX_FORGOTTEN_PER_BATCH, OLDEST, NodeCounts, encode_journal
from node.store.trie_diff import state_diff
from protocol.block import Block, Header
from protocol.mpt import EMPTY_ROOT
from protocol.receipt import Receipt
from protocol.rlp_codec import uint_bytes
from protocol.state import StateChanges
from protocol.types import Hash32

if TYPE_CHECKING:
    from node.store.store import Store

HeadName = Literal["unsafe", "safe", "finalized"]
HEAD_NAMES: Final[tuple[HeadName, ...]] = ("unsafe", "safe", "finalized")


class Batch:
    """Writes that will happen together. Nothing is visible to readers before."""

    def __init__(self, store: "Store", database: Database) -> None:
        self._store = store
        self._database = database
        self._counts = NodeCounts(database) if store.counted else None
        self._new_nodes: Mapping[Hash32, bytes] = {}
        self.changes: dict[bytes, bytes | None] = {}
        self.flat: dict[bytes, bytes | None] = {}
        """What changes of the head state; `finish` adds it to `changes`."""
        self.flat_root: Hash32 | None = None
        """The root of the head state after this batch, when the batch moves it."""
        self.before: list[Callable[[], None]] = []
        self.afterwards: list[Callable[[], None]] = []

    def put_meta(self, name: bytes, value: bytes | None) -> None:
        """Set a single named value; None deletes."""
        self.changes[tables.meta(name)] = value

    def put_record(self, table: bytes, key: bytes, value: bytes | None) -> None:
        """Set a record of another role; None deletes."""
        self.changes[tables.record(table, key)] = value

    def put_head(self, name: HeadName, header: Header) -> None:
        """Point a head at a stored block."""
        self.put_meta(name.encode(), header.hash)

    def put_block(self, block: Block, receipts: tuple[Receipt, ...]) -> None:
        """Store a block and make it the canonical one at its height, with its transactions in the index."""
        self.changes[tables.header(block.hash)] = block.header.encode()
        self.changes[tables.body(block.hash)] = encode_body(block)
        self.changes[tables.receipts(block.hash)] = encode_receipts(receipts)
        self.changes[tables.canonical(block.number)] = block.hash
        self.changes[tables.bloom(block.number)] = uint_bytes(block.header.bloom) or None
        for index, tx in enumerate(block.transactions):
            self.changes[tables.transaction(tx.hash)] = block.hash + index.to_bytes(4, "big")
        self.before.append(lambda: self._store.remember(block, receipts))

    def remove_from_canon(self, block: Block) -> None:
        """Take a block off the canonical chain. The block itself stays readable by its hash."""
        self.changes[tables.canonical(block.number)] = None
        self.changes[tables.bloom(block.number)] = None
        for tx in block.transactions:
            self.changes[tables.transaction(tx.hash)] = None

    def apply_state(self, number: int, root: Hash32, changes: StateChanges) -> None:
        """Move the head state forward to `root`, the state after block `number`, and record how to move it back."""
        if self.flat_root is not None:
            raise ValueError("one batch moves the head state once")
        old: dict[bytes, bytes | None] = {}
        for key, value in self._flat_changes(changes).items():
            before = self._store.flat_value(key)
            if before != value:
                old[key] = before
                self.flat[key] = value
        self.changes[tables.undo(number)] = encode_undo(old)
        for code_hash, code in changes.code.items():
            self.changes[tables.code(code_hash)] = code
        self._add_nodes(number, root, changes.nodes)
        self.flat_root = root
        self.afterwards.append(lambda: self._store.remember_nodes(changes))

    def _add_nodes(self, number: int, root: Hash32, nodes: Mapping[Hash32, bytes]) -> None:
        if self._counts is None:
            self.changes.update(encode_nodes(nodes))
            return
        self._new_nodes = nodes
        diff = state_diff(self._store.flat.root or EMPTY_ROOT, root, self._node)
        self._counts.add(diff.added)
        self.changes[tables.node_journal(number)] = encode_journal(diff)

    def _node(self, node_hash: Hash32) -> bytes:
        return self._new_nodes.get(node_hash) or self._store.node(node_hash)

    def _flat_changes(self, changes: StateChanges) -> dict[bytes, bytes | None]:
        """New values of the head state by key, None for what is gone."""
        flat: dict[bytes, bytes | None] = {}
        # A deleted account has no slots left either, whether or not the engine lists it as wiped.
        gone = {address for address, account in changes.accounts.items() if account is None}
        for address in changes.wiped | gone:
            for key, _value in self._database.scan_prefix(tables.slots(address)):
                flat[key] = None
        for address, slots in changes.storage.items():
            if address in gone:
                continue
            for slot, value in slots.items():
                flat[tables.slot(address, slot)] = uint_bytes(value) or None
        for address, account in changes.accounts.items():
            flat[tables.account(address)] = None if account is None else encode_account(account)
        return flat

    def undo_state(self, numbers: range, root: Hash32) -> None:
        """Move the head state back over these blocks (given newest first) to `root`."""
        if self.flat_root is not None:
            raise ValueError("one batch moves the head state once")
        for number in numbers:
            self.flat.update(self._store.undo_record(number))
            self.changes[tables.undo(number)] = None
            if self._counts is not None:
                self._counts.drop(self._store.node_journal(number).added)
                self.changes[tables.node_journal(number)] = None
        self.flat_root = root

    def drop_undo(self, numbers: range) -> None:
        """Forget how to take these blocks back, once they are final."""
        for number in numbers:
            self.changes[tables.undo(number)] = None

    def forget_states(self, head: int, finalized: int) -> None:
        """Take away trie nodes that only states older than retention asks for need; `head` and `finalized` by number.

        Does nothing when every state is kept.
        """
        keep, oldest = self._store.keep_states, self._store.oldest_state
        if keep is None or self._counts is None:
            return
        wanted = min(head - keep + 1, finalized, oldest + MAX_FORGOTTEN_PER_BATCH)
        if wanted <= oldest:
            return
        for number in range(oldest + 1, wanted + 1):
            self._counts.drop(self._store.node_journal(number).removed)
            self.changes[tables.node_journal(number)] = None
        self.put_meta(OLDEST, uint_bytes(wanted))
        self.afterwards.append(lambda: setattr(self._store, "oldest_state", wanted))

    def finish(self) -> None:
        """Turn what was counted, and the head state, into writes. The store calls this last."""
        self.changes.update(self.flat)
        if self._counts is not None:
            self.changes.update(self._counts.changes(self._new_nodes.__getitem__))
            gone = self._counts.deleted()
            self.afterwards.append(lambda: self._store.forget_nodes(gone))
