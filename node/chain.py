"""One chain: its heads, how blocks join and leave it, and reading any of it.

`Chain` is a `rpc.backend.ChainView`. Reads may come from any thread. What moves the chain (`append`, `rewind_to`,
`set_safe`, `set_finalized`, `import_block`) comes from one thread at a time, and each is one atomic, synced write: a
block that was reported survives `kill -9` and power failure.
"""

from collections.abc import Callable, Iterable, Iterator

from node.store import Batch, Store
from node.store.batch import HEAD_NAMES
from protocol.block import Block, Header
from protocol.block_import import reexecute
from protocol.chain_config import ChainConfig
from protocol.engine import Engine, ExecutedBlock
from protocol.errors import Halt, HistoryPruned, InvalidBlock
from protocol.header_rules import check_block
from protocol.receipt import Receipt
from protocol.state import StateReader
from protocol.types import Hash32
from rpc.backend import NewHead, TransactionLocation

Record = tuple[bytes, bytes, bytes | None]
"""(table, key, value): a record of another role to write along; a value of None deletes it."""


class Chain:
    """A chain in a store that holds at least its genesis block."""

    def __init__(self, store: Store, engine: Engine, config: ChainConfig, *, sync: bool = True) -> None:
        """Continue the chain that `store` holds. `sync` off trades power-failure safety for speed, for bulk imports.

        Raises:
            Halt: The store holds no genesis, or its heads contradict each other.
        """
        self.store = store
        self.config = config
        self._engine = engine
        self._sync = sync
        self._listeners: list[Callable[[NewHead], None]] = []
        heads = [store.head(name) for name in HEAD_NAMES]
        if None in heads:
            raise Halt(f"{store.path}: the database holds no genesis block; create the chain first")
        self._head, self._safe, self._finalized = (head for head in heads if head is not None)
        for name, head in zip(HEAD_NAMES, (self._head, self._safe, self._finalized), strict=True):
            if store.canonical_hash(head.number) != head.hash:
                raise Halt(f"{store.path}: the database is damaged (the {name} head {head.number} is not canonical)")

    # --- reading: ChainView ---

    def head(self) -> Header:
        """The newest block (`latest`, the unsafe head)."""
        return self._head

    def safe_head(self) -> Header:
        """The newest block derived from L1 (`safe`)."""
        return self._safe

    def finalized_head(self) -> Header:
        """The newest block whose L1 data is final (`finalized`)."""
        return self._finalized

    def canonical_hash(self, number: int) -> Hash32 | None:
        """The hash of the canonical block at this height."""
        return self.store.canonical_hash(number)

    def canonical_block(self, number: int) -> Block:
        """The canonical block at a height that the chain has.

        Raises:
            ValueError: The chain ends below.
            Halt: The database has lost it.
        """
        if not 0 <= number <= self._head.number:
            raise ValueError(f"there is no block {number}, the head is {self._head.number}")
        block_hash = self.canonical_hash(number)
        block = None if block_hash is None else self.block(block_hash)
        if block is None:
            raise Halt(f"{self.store.path}: the database is damaged (canonical block {number} is missing)")
        return block

    def blooms(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """(number, bloom) of the canonical blocks from `first` to `last` that have logs, in order."""
        return self.store.blooms(first, last)

    def header(self, block_hash: Hash32) -> Header | None:
        """Any stored header."""
        return self.store.header(block_hash)

    def block(self, block_hash: Hash32) -> Block | None:
        """Any stored block with its transactions."""
        return self.store.block(block_hash)

    def raw_transactions(self, block_hash: Hash32) -> tuple[bytes, ...] | None:
        """The transactions of a stored block as bytes, which is far cheaper than decoding them."""
        return self.store.raw_transactions(block_hash)

    def receipts(self, block_hash: Hash32) -> tuple[Receipt, ...] | None:
        """The receipts of a stored block, one per transaction."""
        return self.store.receipts(block_hash)

    def locate(self, transaction_hash: Hash32) -> TransactionLocation | None:
        """Where the canonical chain holds this transaction."""
        return self.store.locate(transaction_hash)

    def state_at(self, header: Header) -> StateReader:
        """The state after this block; raises HistoryPruned when retention has taken it away."""
        if header.number < self.store.oldest_state:
            raise HistoryPruned(
                f"pruned history unavailable: the state of block {header.number} is not kept any more; the oldest is "
                f"that of block {self.store.oldest_state}"
            )
        return self.store.state(header.state_root)

    def head_state(self) -> StateReader:
        """The state after the newest block."""
        return self.state_at(self._head)

    def ancestor_hash(self, header: Header, number: int) -> Hash32 | None:
        """The hash of the ancestor of `header` at `number`, for BLOCKHASH; its own hash at its own number."""
        if not 0 <= number <= header.number:
            return None
        if number == header.number:
            return header.hash
        if self.store.canonical_hash(header.number) == header.hash:
            return self.store.canonical_hash(number)
        # A block off the canonical chain, or one not stored yet: walk, which ends at the canonical chain very soon.
        parent = self.store.header(header.parent_hash)
        return None if parent is None else self.ancestor_hash(parent, number)

    # --- moving ---

    def on_head(self, listener: Callable[[NewHead], None]) -> None:
        """Call `listener` after each change of the canonical chain, on the thread that made it."""
        self._listeners.append(listener)

    def append(self, executed: ExecutedBlock, records: Iterable[Record] = ()) -> None:
        """Make a child of the head the new head, with `records` in the same write.

        Raises:
            InvalidBlock: Its parent is not the head.
        """
        block = executed.block
        if block.header.parent_hash != self._head.hash or block.number != self._head.number + 1:
            raise InvalidBlock(
                "UNKNOWN_PARENT",
                f"block {block.number} builds on 0x{block.header.parent_hash.hex()}, "
                f"the head is {self._head.number} 0x{self._head.hash.hex()}",
            )
        with self.store.write_batch(sync=self._sync) as batch:
            write_block(batch, executed)
            batch.put_head("unsafe", block.header)
            batch.forget_states(block.number, self._finalized.number)
            _write_records(batch, records)
        self._head = block.header
        self._announce(NewHead((), (block,)))

    def rewind_to(self, header: Header, records: Iterable[Record] = ()) -> tuple[Block, ...]:
        """Take every block after `header` off the chain; returns them newest first. The safe head moves back along.

        Raises:
            Halt: `header` is not canonical, or lies below the finalized head.
        """
        if self.canonical_hash(header.number) != header.hash:
            raise Halt(f"cannot go back to block {header.number} 0x{header.hash.hex()}: it is not on this chain")
        if header.number < self._finalized.number:
            raise Halt(f"cannot go back to block {header.number}: block {self._finalized.number} is final")
        numbers = range(self._head.number, header.number, -1)
        removed = tuple(self.canonical_block(number) for number in numbers)
        with self.store.write_batch(sync=self._sync) as batch:
            if removed:
                batch.undo_state(numbers, header.state_root)
            for block in removed:
                batch.remove_from_canon(block)
            batch.put_head("unsafe", header)
            if self._safe.number > header.number:
                batch.put_head("safe", header)
            _write_records(batch, records)
        self._head = header
        if self._safe.number > header.number:
            self._safe = header
        if removed:
            self._announce(NewHead(removed, ()))
        return removed

    def set_safe(self, header: Header, records: Iterable[Record] = ()) -> None:
        """Move the safe head, forward or back, to a canonical block between the finalized head and the head.

        Raises:
            Halt: There is no such block on this chain.
        """
        self._check_canonical("safe", header, self._finalized)
        with self.store.write_batch(sync=self._sync) as batch:
            batch.put_head("safe", header)
            _write_records(batch, records)
        self._safe = header

    def set_finalized(self, header: Header, records: Iterable[Record] = ()) -> None:
        """Move the finalized head forward; a safe head that lies behind moves along.

        Raises:
            Halt: There is no such block on this chain, or it lies below what is final already.
        """
        self._check_canonical("finalized", header, self._finalized)
        safe = header if self._safe.number < header.number else self._safe
        with self.store.write_batch(sync=self._sync) as batch:
            batch.put_head("finalized", header)
            batch.put_head("safe", safe)
            batch.drop_undo(range(self._finalized.number + 1, header.number + 1))
            batch.forget_states(self._head.number, header.number)
            _write_records(batch, records)
        self._safe, self._finalized = safe, header

    def import_block(self, block: Block) -> ExecutedBlock:
        """Check a block from elsewhere against every rule, execute it on the head, and append it.

        Raises:
            InvalidBlock: A header rule fails, or execution makes another header; names the field and both values.
            InvalidTransaction: It contains one.
        """
        parent = self._head
        if block.header.parent_hash != parent.hash:
            raise InvalidBlock(
                "UNKNOWN_PARENT",
                f"block {block.number} builds on 0x{block.header.parent_hash.hex()}, head is 0x{parent.hash.hex()}",
            )
        check_block(block, parent, self.config, self.block)
        executed = reexecute(
            self._engine, block, parent, self.head_state(), lambda number: self.ancestor_hash(parent, number)
        )
        self.append(executed)
        return executed

    def _check_canonical(self, name: str, header: Header, lowest: Header) -> None:
        if self.canonical_hash(header.number) != header.hash:
            raise Halt(f"block {header.number} 0x{header.hash.hex()} cannot become {name}: it is not on this chain")
        if header.number < lowest.number:
            raise Halt(f"block {header.number} cannot become {name}: block {lowest.number} is final")

    def _announce(self, event: NewHead) -> None:
        for listener in self._listeners:
            listener(event)


def write_block(batch: Batch, executed: ExecutedBlock) -> None:
    """Everything of one executed block but the head that points to it."""
    block = executed.block
    batch.put_block(block, executed.receipts)
    batch.apply_state(block.number, block.header.state_root, executed.changes)


def create_chain(store: Store, genesis: ExecutedBlock, records: Iterable[Record] = ()) -> None:
    """Write `genesis` into an empty store; a store that has it already is left as it is.

    Raises:
        Halt: The store belongs to another chain.
    """
    found = store.canonical_hash(0)
    if found is not None:
        if found != genesis.block.hash:
            raise Halt(
                f"{store.path}: belongs to the chain with genesis 0x{found.hex()}, "
                f"this chain's is 0x{genesis.block.hash.hex()}; choose another data directory"
            )
        return
    with store.write_batch(sync=True) as batch:
        write_block(batch, genesis)
        batch.drop_undo(range(1))
        for name in HEAD_NAMES:
            batch.put_head(name, genesis.block.header)
        _write_records(batch, records)


def _write_records(batch: Batch, records: Iterable[Record]) -> None:
    for table, key, value in records:
        batch.put_record(table, key, value)
