"""What JSON-RPC needs from a node, and nothing else. `node/` implements it; tests may do so in memory."""

from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from protocol.block import Block, Header
from protocol.chain_config import ChainConfig
from protocol.engine import BlockBuilder, Engine
from protocol.receipt import Receipt
from protocol.state import StateReader
from protocol.transaction import Transaction
from protocol.types import Address, Hash32


@dataclass(frozen=True, slots=True)
class TransactionLocation:
    """Where a mined transaction stands."""

    block_hash: Hash32
    index: int


@dataclass(frozen=True, slots=True)
class NewHead:
    """The canonical chain changed: blocks in `removed` left it (newest first), those in `added` joined (oldest first).

    Published after the chain shows it; a reader may treat it as a mere signal to look.
    """

    removed: tuple[Block, ...]
    added: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class NewPendingTransaction:
    """A transaction became executable in the pool."""

    transaction: Transaction


Event = NewHead | NewPendingTransaction


class ChainView(Protocol):
    """Read access to one chain. All lookups are local and quick; None means that it does not exist."""

    def head(self) -> Header:
        """The newest block (`latest`, the unsafe head)."""

    def safe_head(self) -> Header:
        """The newest block derived from L1 (`safe`)."""

    def finalized_head(self) -> Header:
        """The newest block whose L1 data is final (`finalized`)."""

    def canonical_hash(self, number: int) -> Hash32 | None:
        """The hash of the canonical block at this height."""

    def blooms(self, first: int, last: int) -> Iterable[tuple[int, int]]:
        """(number, bloom) of the canonical blocks from `first` to `last` that have logs, in order."""

    def header(self, block_hash: Hash32) -> Header | None:
        """Any stored header."""

    def block(self, block_hash: Hash32) -> Block | None:
        """Any stored block with its transactions."""

    def receipts(self, block_hash: Hash32) -> tuple[Receipt, ...] | None:
        """The receipts of a stored block, one per transaction."""

    def locate(self, transaction_hash: Hash32) -> TransactionLocation | None:
        """Where the canonical chain holds this transaction."""

    def state_at(self, header: Header) -> StateReader:
        """The state after this block; raises Reject when retention has pruned it."""

    def ancestor_hash(self, header: Header, number: int) -> Hash32 | None:
        """The hash of the ancestor of `header` at `number`, for BLOCKHASH."""


class PoolView(Protocol):
    """The transactions that wait."""

    def add(self, raw: bytes) -> Transaction:
        """Take a transaction from a client.

        Raises:
            Reject: It is invalid or the pool refuses it; the message is what clients match on.
        """

    def add_decoded(self, tx: Transaction) -> None:
        """Take a transaction that `decode_transaction` has read elsewhere; raises what `add` would."""

    def together(self) -> AbstractContextManager[None]:
        """What is added within is stored at the end, all of it at once."""

    def get(self, transaction_hash: Hash32) -> Transaction | None:
        """A waiting transaction."""

    def next_nonce(self, address: Address) -> int | None:
        """One above the highest nonce that is executable without a gap; None when the pool holds none of them."""

    def pending(self) -> Iterable[Transaction]:
        """Executable transactions: grouped by sender, nonces ascending."""

    def queued(self) -> Iterable[Transaction]:
        """Transactions behind a nonce gap."""


@dataclass(frozen=True, slots=True)
class SyncProgress:
    """A node that has not caught up: the blocks it started at, stands at, and knows of."""

    starting_block: int
    current_block: int
    highest_block: int


class Backend(Protocol):
    """One running node, as JSON-RPC sees it."""

    @property
    def chain_id(self) -> int:
        """EIP-155 chain id."""

    @property
    def config(self) -> ChainConfig:
        """The chain's rules: forks, fee parameters."""

    @property
    def client_version(self) -> str:
        """For web3_clientVersion."""

    @property
    def engine(self) -> Engine:
        """Executes calls."""

    @property
    def chain(self) -> ChainView:
        """The chain."""

    @property
    def pool(self) -> PoolView:
        """The mempool."""

    def pending_block(self) -> BlockBuilder | None:
        """The block being built, for the `pending` tag; None when this node builds none."""

    def syncing(self) -> SyncProgress | None:
        """How far this node has come in catching up; None when it has."""

    def events(self) -> AbstractAsyncContextManager[AsyncIterator[Event]]:
        """A bounded stream of events from now on; a reader that falls behind gets a Reset."""
