"""What the database holds, in our terms: blocks, heads, states, and the records of other roles."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Protocol

from node.store import tables
from node.store.batch import HEAD_NAMES, Batch, HeadName
from node.store.cache import Cache
from node.store.codec import decode_body, decode_node, decode_raw_transactions, decode_receipts, decode_undo
from node.store.database import Database, after_prefix
from node.store.recount import count_nodes
from node.store.retention import COUNTED, OLDEST, decode_journal
from node.store.state import FlatPosition, MissingNode, StateAt
from node.store.trie_diff import TrieDiff
from protocol.block import Block, Header, decode_header
from protocol.crypto import EMPTY_KECCAK
from protocol.errors import Halt, InvalidInput, Reject
from protocol.receipt import Receipt
from protocol.rlp_codec import decode_list
from protocol.state import StateChanges
from protocol.types import Hash32
from rpc.backend import TransactionLocation

__all__ = ["HEAD_NAMES", "HeadName", "Store"]

CACHED_HEADERS = 2_000
CACHED_TRANSACTIONS = 10_000
"""In cached blocks, and the same number of receipts; 2 to 3 kB each."""
CACHED_NODES = 40_000
"""About 300 bytes each."""
CACHED_CODES = 500
CACHED_FLAT_VALUES = 50_000
"""Accounts and slots of the head state used lately, about 250 bytes each: a block reads each of its own four times."""


class Closable(Protocol):
    """A resource."""

    def close(self) -> None:
        """Release it."""


class Store:
    """One chain's database.

    Reads may come from any thread. Writes go through `write_batch`, all or nothing; those that move the head state
    come from one thread at a time.
    """

    def __init__(self, path: Path, *, create: bool = True, keep_states: int | None = None) -> None:
        """Open the database directory `path`; the errors are `Database`'s.

        `keep_states` is for how many of the newest blocks the whole state stays readable; None keeps every state.
        Blocks that are not final keep theirs in any case. The first opening with a number may take a while.
        """
        if keep_states is not None and keep_states < 1:
            raise InvalidInput(f"states to keep: at least 1, got {keep_states}")
        self.keep_states = keep_states
        self._database = Database(path, create=create)
        self._beside: list[Closable] = []
        self.get = self._database.get
        self._headers: Cache[Hash32, Header] = Cache(CACHED_HEADERS)
        self._blocks: Cache[Hash32, Block] = Cache(CACHED_TRANSACTIONS)
        self._receipts: Cache[Hash32, tuple[Receipt, ...]] = Cache(CACHED_TRANSACTIONS)
        self._nodes: Cache[Hash32, bytes] = Cache(CACHED_NODES)
        self._codes: Cache[Hash32, bytes] = Cache(CACHED_CODES)
        self._flat_values: Cache[bytes, bytes] = Cache(CACHED_FLAT_VALUES)
        """As the database holds them now, b"" for what is not there."""
        self._flat_lock = Lock()
        """Held to fill that cache: a reader must not bring back what a writer has just replaced."""
        with self._closing_on_error():
            head = self.head("unsafe")
            self.flat = FlatPosition(None if head is None else head.state_root)
            """Which state the tables `a` and `s` hold; replaced at every write to them."""
            self.oldest_state = int.from_bytes(self.get_meta(OLDEST) or b"", "big")
            """Number of the oldest canonical block whose state is complete."""
            self.counted = self.get_meta(COUNTED) is not None
            """Whether trie nodes are counted, so that they can be forgotten."""
            if keep_states is not None and not self.counted:
                self._start_counting()

    @contextmanager
    def _closing_on_error(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self.close()
            raise

    def _start_counting(self) -> None:
        finalized, head = self.head("finalized"), self.head("unsafe")
        if finalized is not None and head is not None:
            headers = [self._canonical_header(number) for number in range(finalized.number, head.number + 1)]
            count_nodes(self._database, headers, self.node)
            self.oldest_state = finalized.number
        self._database.write({tables.meta(COUNTED): b"1"}, sync=True)
        self.counted = True

    def _canonical_header(self, number: int) -> Header:
        block_hash = self.canonical_hash(number)
        header = None if block_hash is None else self.header(block_hash)
        if header is None:
            raise self._damaged(f"canonical block {number} is missing")
        return header

    @property
    def path(self) -> Path:
        """The database directory."""
        return self._database.path

    def close_along(self, other: Closable) -> None:
        """Close `other`, which lies beside, when this closes."""
        self._beside.append(other)

    def close(self) -> None:
        """Release the database for other processes."""
        for other in self._beside:
            other.close()
        self._database.close()

    def __enter__(self) -> "Store":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- chain ---

    def head(self, name: HeadName) -> Header | None:
        """One of the three heads; None before genesis is written."""
        block_hash = self.get_meta(name.encode())
        if block_hash is None:
            return None
        header = self.header(Hash32(block_hash))
        if header is None:
            raise self._damaged(f"the {name} head 0x{block_hash.hex()} has no header")
        return header

    def canonical_hash(self, number: int) -> Hash32 | None:
        """The hash of the canonical block at this height."""
        found = self.get(tables.canonical(number)) if number >= 0 else None
        return None if found is None else Hash32(found)

    def blooms(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """(number, bloom) of the canonical blocks from `first` to `last` that have logs, in order, as of now."""
        for key, value in self._database.scan(tables.bloom(first), tables.bloom(last + 1)):
            yield int.from_bytes(key[1:], "big"), int.from_bytes(value, "big")

    def header(self, block_hash: Hash32) -> Header | None:
        """A stored header, canonical or not."""
        header = self._headers.get(block_hash)
        if header is None:
            data = self.get(tables.header(block_hash))
            if data is None:
                return None
            with self._reading(f"header 0x{block_hash.hex()}"):
                header = decode_header(decode_list(data, "header"))
            self._headers.put(block_hash, header)
        return header

    def block(self, block_hash: Hash32) -> Block | None:
        """A stored block, canonical or not."""
        block = self._blocks.get(block_hash)
        if block is None:
            header = self.header(block_hash)
            data = self.get(tables.body(block_hash))
            if header is None or data is None:
                return None
            with self._reading(f"block 0x{block_hash.hex()}"):
                block = decode_body(header, data)
            self._blocks.put(block_hash, block, 1 + len(block.transactions))
        return block

    def raw_transactions(self, block_hash: Hash32) -> tuple[bytes, ...] | None:
        """The transactions of a stored block as bytes: decoding them would recover their senders."""
        block = self._blocks.peek(block_hash)
        if block is not None:
            return tuple(tx.raw for tx in block.transactions)
        data = self.get(tables.body(block_hash))
        if data is None:
            return None
        with self._reading(f"block 0x{block_hash.hex()}"):
            return decode_raw_transactions(data)

    def receipts(self, block_hash: Hash32) -> tuple[Receipt, ...] | None:
        """The receipts of a stored block."""
        receipts = self._receipts.get(block_hash)
        if receipts is None:
            data = self.get(tables.receipts(block_hash))
            if data is None:
                return None
            with self._reading(f"receipts of 0x{block_hash.hex()}"):
                receipts = decode_receipts(data)
            self._receipts.put(block_hash, receipts, 1 + len(receipts))
        return receipts

    def locate(self, transaction_hash: Hash32) -> TransactionLocation | None:
        """Where the canonical chain holds a transaction."""
        data = self.get(tables.transaction(transaction_hash))
        return None if data is None else TransactionLocation(Hash32(data[:32]), int.from_bytes(data[32:], "big"))

    # --- state ---

    def state(self, root: Hash32) -> StateAt:
        """The state with this root: flat when it is the head's, by its trie otherwise.

        Reading raises Reject once retention has taken the state away.
        """
        return StateAt(self, root)

    def flat_value(self, key: bytes) -> bytes | None:
        """What the tables `a` and `s` hold under `key` at this moment; `flat` tells of which state that is."""
        value = self._flat_values.peek(key)
        if value is None:
            flat = self.flat
            value = self.get(key) or b""
            with self._flat_lock:
                if self.flat is flat:
                    self._flat_values.put(key, value)
        return value or None

    def node(self, node_hash: Hash32, *, remember: bool = True) -> bytes:
        """The RLP of a trie node, kept in the cache if to `remember`; raises Halt when the database lacks it."""
        node = self._nodes.get(node_hash)
        if node is None:
            data = self.get(tables.node(node_hash))
            if data is None:
                raise MissingNode(str(self._damaged(f"trie node 0x{node_hash.hex()} is missing")))
            node = decode_node(data)
            if remember:
                self._nodes.put(node_hash, node)
        return node

    def code(self, code_hash: Hash32) -> bytes:
        """Contract code; raises Halt when the database lacks it."""
        if code_hash == EMPTY_KECCAK:
            return b""
        code = self._codes.get(code_hash)
        if code is None:
            code = self.get(tables.code(code_hash))
            if code is None:
                raise self._damaged(f"code 0x{code_hash.hex()} is missing")
            self._codes.put(code_hash, code)
        return code

    def undo_record(self, number: int) -> dict[bytes, bytes | None]:
        """What the canonical block `number` replaced in the head state; raises Halt when it was dropped."""
        data = self.get(tables.undo(number))
        if data is None:
            raise self._damaged(f"the undo record of block {number} is missing")
        return decode_undo(data)

    def node_journal(self, number: int) -> TrieDiff:
        """What the canonical block `number` did to the tries; raises Halt when it was dropped."""
        data = self.get(tables.node_journal(number))
        if data is None:
            raise self._damaged(f"the trie journal of block {number} is missing")
        return decode_journal(data)

    # --- records of other roles ---

    def get_meta(self, name: bytes) -> bytes | None:
        """A single named value."""
        return self.get(tables.meta(name))

    def get_record(self, table: bytes, key: bytes) -> bytes | None:
        """One record of a table."""
        return self.get(tables.record(table, key))

    def records(
        self, table: bytes, start: bytes = b"", stop: bytes | None = None, *, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        """(key, value) for start <= key < stop, in order of key, from a view as of now."""
        prefix = tables.record(table, b"")
        end = after_prefix(prefix) if stop is None else prefix + stop
        for key, value in self._database.scan(prefix + start, end, reverse=reverse):
            yield key[len(prefix) :], value

    # --- writing ---

    @contextmanager
    def write_batch(self, *, sync: bool = False) -> Iterator["Batch"]:
        """Collect writes and make them together when the block ends; an exception in it drops them all.

        Once made they survive `kill -9`; with `sync` also a power failure (about 3 ms).
        """
        batch = Batch(self, self._database)
        yield batch
        batch.finish()
        for action in batch.before:
            action()
        if batch.flat_root is not None:
            with self._flat_lock:
                self.flat = FlatPosition(None)
        self._database.write(batch.changes, sync=sync)
        if batch.flat_root is not None:
            with self._flat_lock:
                self._flat_values.put_all({key: value or b"" for key, value in batch.flat.items()})
                self.flat = FlatPosition(batch.flat_root)
        for action in batch.afterwards:
            action()

    def sync(self) -> None:
        """Make every write so far survive a power failure."""
        self._database.write({}, sync=True)

    def remember(self, block: Block, receipts: tuple[Receipt, ...]) -> None:
        """Keep a block that is about to be written at hand: whoever sees it on disk first asks for it at once."""
        self._headers.put(block.hash, block.header)
        self._blocks.put(block.hash, block, 1 + len(block.transactions))
        self._receipts.put(block.hash, receipts, 1 + len(receipts))

    def remember_nodes(self, changes: StateChanges) -> None:
        """Keep trie nodes that were just written at hand: the next block starts from them."""
        self._nodes.put_all(changes.nodes)

    def forget_nodes(self, hashes: Iterable[Hash32]) -> None:
        """Let go of trie nodes that were just deleted."""
        for node_hash in hashes:
            self._nodes.forget(node_hash)

    @contextmanager
    def _reading(self, what: str) -> Iterator[None]:
        try:
            yield
        except (Reject, ValueError, IndexError) as error:
            raise self._damaged(f"{what} is not readable: {error}") from error

    def _damaged(self, what: str) -> Halt:
        return Halt(
            f"{self.path}: the database is damaged ({what}); move it away and rebuild it from L1 or a chain file "
            "(`tombolo verify --into FOLDER`, `tombolo import`)"
        )
