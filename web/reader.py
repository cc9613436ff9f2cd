"""What the pages read of the chain: summaries of blocks and transactions, looked up within bounds."""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from protocol.block import Block, Header
from protocol.fee_terms import terms_of
from protocol.receipt import Receipt
from protocol.rollup import l1_origin_of
from protocol.transaction import DEPOSIT, Transaction
from protocol.types import Address, Hash32
from rpc.backend import ChainView
from rpc.encode import create_address

KEPT_SUMMARIES = 4_096


class Stage(IntEnum):
    """How far a block or transaction is from being irrevocable."""

    POOL = 0
    UNSAFE = 1
    SAFE = 2
    FINALIZED = 3

    @property
    def label(self) -> str:
        """As the pages say it."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class BlockSummary:
    """A line about a block; times in seconds, sizes in gas."""

    number: int
    hash: Hash32
    timestamp: int
    transactions: int
    gas_used: int
    gas_limit: int
    base_fee: int
    l1_origin: int | None


@dataclass(frozen=True, slots=True)
class TransactionSummary:
    """A line about a mined transaction. `created` is the address of the contract that it made."""

    tx: Transaction
    header: Header
    index: int
    receipt: Receipt
    created: Address | None
    l1_fee: int = 0
    """Wei that the sender paid for its bytes on L1."""
    operator_fee: int = 0
    """Wei that the sender paid the operator."""

    @property
    def fee(self) -> int:
        """Wei that the sender paid, for gas and beside it."""
        gas = self.receipt.gas_used * self.tx.effective_gas_price(self.header.base_fee_per_gas or 0)
        return gas + self.l1_fee + self.operator_fee


@dataclass(frozen=True, slots=True)
class Scan:
    """What a bounded search found, and the highest block that it has not looked at (None: it reached genesis)."""

    found: tuple[TransactionSummary, ...]
    blocks: int
    rest: int | None


class Reader:
    """Bounded look-ups over one chain; `is_rollup` tells whether its headers name an L1 origin."""

    def __init__(self, chain: ChainView, *, is_rollup: bool) -> None:
        self.chain = chain
        self.is_rollup = is_rollup
        self._summaries: OrderedDict[Hash32, BlockSummary] = OrderedDict()

    def heads(self) -> dict[str, Header]:
        """The three heads by name, most recent first."""
        chain = self.chain
        return {"unsafe": chain.head(), "safe": chain.safe_head(), "finalized": chain.finalized_head()}

    def stage(self, number: int) -> Stage:
        """How far the canonical block at this height is."""
        if number <= self.chain.finalized_head().number:
            return Stage.FINALIZED
        return Stage.SAFE if number <= self.chain.safe_head().number else Stage.UNSAFE

    def header(self, number: int) -> Header | None:
        """The canonical header at a height."""
        block_hash = self.chain.canonical_hash(number)
        return None if block_hash is None else self.chain.header(block_hash)

    def summary(self, number: int) -> BlockSummary | None:
        """The line about the canonical block at a height; remembered, for a block never changes."""
        block_hash = self.chain.canonical_hash(number)
        if block_hash is None:
            return None
        known = self._summaries.get(block_hash)
        if known is not None:
            self._summaries.move_to_end(block_hash)
            return known
        block = self.chain.block(block_hash)
        if block is None:
            return None
        header = block.header
        summary = BlockSummary(
            number,
            block_hash,
            header.timestamp,
            len(block.transactions),
            header.gas_used,
            header.gas_limit,
            header.base_fee_per_gas or 0,
            self.l1_origin(header),
        )
        self._summaries[block_hash] = summary
        if len(self._summaries) > KEPT_SUMMARIES:
            self._summaries.popitem(last=False)
        return summary

    def summaries(self, newest: int, count: int) -> list[BlockSummary]:
        """The lines about `count` blocks, newest first; fewer near genesis."""
        lines = (self.summary(number) for number in range(newest, max(-1, newest - count), -1))
        return [line for line in lines if line is not None]

    def l1_origin(self, header: Header) -> int | None:
        """The L1 block that an L2 block names; None on a chain that has no L1 below it."""
        return l1_origin_of(header) if self.is_rollup and header.number > 0 else None

    def latest_transactions(self, count: int, most_blocks: int) -> list[TransactionSummary]:
        """The newest mined transactions, newest first, from at most so many blocks."""
        found: list[TransactionSummary] = []
        head = self.chain.head().number
        for number in range(head, max(-1, head - most_blocks), -1):
            summary = self.summary(number)
            if summary is None or summary.transactions == 0:
                continue
            block = self.chain.block(summary.hash)
            if block is not None:
                wanted = range(len(block.transactions) - 1, -1, -1)[: count - len(found)]
                found += self.transactions(block, wanted)
            if len(found) >= count:
                break
        return found

    def transactions(self, block: Block, indices: range) -> Iterator[TransactionSummary]:
        """The lines about some transactions of a block."""
        receipts = self.chain.receipts(block.hash)
        if receipts is None:
            return
        terms = terms_of(block.transactions)
        for index in indices:
            tx, receipt = block.transactions[index], receipts[index]
            created = receipt.contract_address if tx.to is None else None
            if terms is None or tx.type == DEPOSIT:
                yield TransactionSummary(tx, block.header, index, receipt, created)
                continue
            l1_fee, operator_fee = terms.l1_fee(tx.raw), terms.operator_fee(receipt.gas_used)
            yield TransactionSummary(tx, block.header, index, receipt, created, l1_fee, operator_fee)

    def transaction(self, tx_hash: Hash32) -> TransactionSummary | None:
        """A mined transaction of the canonical chain."""
        location = self.chain.locate(tx_hash)
        block = None if location is None else self.chain.block(location.block_hash)
        if location is None or block is None:
            return None
        return next(self.transactions(block, range(location.index, location.index + 1)), None)

    def activity(self, address: Address, newest: int, *, most_blocks: int, most_found: int, most_read: int) -> Scan:
        """Transactions from or to an account, or that created it, newest first, within three bounds."""
        found: list[TransactionSummary] = []
        read = 0
        for number in range(newest, max(-1, newest - most_blocks), -1):
            summary = self.summary(number)
            if summary is None:
                break
            if len(found) >= most_found or read >= most_read:
                return Scan(tuple(found), newest - number, number)
            if summary.transactions == 0:
                continue
            block = self.chain.block(summary.hash)
            if block is None:
                break
            read += len(block.transactions)
            indices = range(len(block.transactions) - 1, -1, -1)
            touched = [index for index in indices if _touches(block.transactions[index], address)]
            found += [line for index in touched for line in self.transactions(block, range(index, index + 1))]
        oldest = newest - most_blocks
        return Scan(tuple(found), min(most_blocks, newest + 1), oldest if oldest >= 0 else None)


def _touches(tx: Transaction, address: Address) -> bool:
    return address in (tx.sender, tx.to) or (tx.type != DEPOSIT and tx.to is None and _creates(tx, address))


def _creates(tx: Transaction, address: Address) -> bool:
    return create_address(tx.sender, tx.nonce) == address
