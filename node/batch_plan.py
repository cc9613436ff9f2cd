"""What the batcher decides, apart from how it asks and sends: plain functions over what it has seen."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from node.l1.client import Fees
from protocol.batch import MAX_BLOCKS_PER_BATCH, Batch, BlockClaim, block_size, encoded_size
from protocol.blobs import BlobSidecar
from protocol.block import Block
from protocol.rollup import l1_origin_of
from protocol.transaction import DEPOSIT
from protocol.types import Hash32


@dataclass(frozen=True, slots=True)
class BatcherConfig:
    """How often, how much, how dearly."""

    interval_seconds: float = 6.0
    """The least time between two batches, unless a batch is full before."""

    max_batch_bytes: int | None = None
    """The largest batch; None, or more than the data layer takes, means what it takes."""

    max_pending: int = 8
    """L1 transactions that may be under way: sent, and their blocks not safe yet."""

    resubmit_after_blocks: int = 4
    """L1 blocks that a transaction may wait before it is sent again with higher fees."""

    max_fee_per_gas: int = 1000 * 10**9
    """Never offer more than this, wei per gas, nor per blob gas."""

    poll_seconds: float = 0.5
    """How often to look at L1 and at the chain."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Up to where derivation is: everything in this L1 block is derived, and led to this safe head."""

    safe_number: int
    l1_number: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """One signed transaction. The attempts of a submission share a nonce, so at most one of them is ever mined."""

    hash: Hash32
    raw: bytes = field(repr=False)
    """As L1's pool takes it; empty once another attempt has taken its place."""
    fees: Fees


@dataclass(frozen=True, slots=True)
class Submission:
    """A batch of the blocks `first` to `last` on its way to L1."""

    first: int
    last: int
    nonce: int
    calldata: bytes = field(repr=False)
    gas_limit: int
    attempts: tuple[Attempt, ...]
    """Newest last."""
    sidecar: BlobSidecar | None
    """The blobs that it carries, when the data layer is L1's blobs."""
    sent_at: int
    """L1's block number when the newest attempt was first sent."""
    underpriced: bool = False
    """The pool refused the newest attempt because another transaction with this nonce pays as much."""

    def __str__(self) -> str:
        return f"the batch of blocks {self.first} to {self.last} (nonce {self.nonce})"


@dataclass(frozen=True, slots=True)
class Waiting:
    """Not mined; `in_pool` says whether L1's node still has it."""

    in_pool: bool


@dataclass(frozen=True, slots=True)
class Mined:
    """In this L1 block."""

    l1_number: int
    succeeded: bool


@dataclass(frozen=True, slots=True)
class Taken:
    """Another transaction used the nonce."""


Sighting = Waiting | Mined | Taken


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do with the submissions, by position: how many from the front are done, which to send again as they
    are, which to replace with higher fees. `idle` says that all the others are on their way."""

    done: int = 0
    resend: tuple[int, ...] = ()
    bump: tuple[int, ...] = ()

    @property
    def idle(self) -> bool:
        """Whether nothing needs help, so that more may be sent."""
        return not self.resend and not self.bump


@dataclass(frozen=True, slots=True)
class Restart:
    """Forget all submissions and begin again after the safe head."""

    reason: str


def judge(
    submissions: Sequence[Submission],
    sightings: Sequence[Sighting],
    next_block: int,
    nonce: int,
    l1_head: int,
    progress: Progress,
    resubmit_after_blocks: int,
) -> Plan | Restart:
    """Decide on the submissions (by nonce, ascending; they end before `next_block`) from what was seen of each.

    `nonce` is the account's on L1 at that time.
    """
    if (reason := _out_of_step(submissions, next_block, nonce, progress)) is not None:
        return Restart(reason)
    done, resend, bump = 0, [], []
    for position, (submission, sighting) in enumerate(zip(submissions, sightings, strict=True)):
        match sighting:
            case Taken():
                return Restart(f"another transaction took the nonce of {submission}")
            case Mined(l1_number, False):
                return Restart(f"the transaction of {submission} failed in L1 block {l1_number}")
            case Mined(l1_number, True):
                if progress.safe_number >= submission.last:
                    done += 1  # nonces are mined in order, so these are the first ones
                elif progress.l1_number >= l1_number:
                    return Restart(f"derivation passed over {submission} in L1 block {l1_number}")
            case Waiting(in_pool):
                if submission.underpriced or l1_head - submission.sent_at >= resubmit_after_blocks:
                    bump.append(position)
                elif not in_pool:
                    resend.append(position)
    return Plan(done, tuple(resend), tuple(bump))


def _out_of_step(submissions: Sequence[Submission], next_block: int, nonce: int, progress: Progress) -> str | None:
    """Why the submissions, taken together, no longer lead from the safe head on; None when they do."""
    if not submissions and progress.safe_number >= next_block:
        return f"block {next_block} is safe already, though this batcher did not post it"
    uncovered = submissions[0].first if submissions else next_block
    if progress.safe_number + 1 < uncovered:
        return f"the safe head went back to block {progress.safe_number}, before block {uncovered}"
    waiting = [submission for submission in submissions if submission.nonce >= nonce]
    if waiting and waiting[0].nonce > nonce:
        # A reorg took back a foreign transaction, or one of ours that was done with.
        return f"nothing fills L1's nonces from {nonce} to that of {waiting[0]}"
    return None


def bumped(last: Fees, suggested: Fees, max_fee_per_gas: int) -> Fees | None:
    """Fees that replace `last` in a pool: all an eighth higher, or what is suggested if that is more.

    None when that would pass `max_fee_per_gas`. Pools ask for a tenth (geth's `--txpool.pricebump`); for a transaction
    with blobs, which has a blob fee, they ask for twice as much of everything (geth's `--blobpool.pricebump`).
    """
    more = _twice if last.blob_fee else _eighth_more
    least = Fees(more(last.max_fee), more(last.tip), more(last.blob_fee) if last.blob_fee else 0)
    if least.max_fee > max_fee_per_gas or least.blob_fee > max_fee_per_gas:
        return None
    max_fee = min(max(least.max_fee, suggested.max_fee), max_fee_per_gas)
    blob_fee = min(max(least.blob_fee, suggested.blob_fee), max_fee_per_gas) if last.blob_fee else 0
    return Fees(max_fee, min(max(least.tip, suggested.tip), max_fee), blob_fee)


def _twice(amount: int) -> int:
    return max(1, 2 * amount)


def _eighth_more(amount: int) -> int:
    return amount + max(1, -(-amount // 8))


class Refusal(Enum):
    """Why a pool did not take a transaction, as far as the batcher acts on it."""

    NONCE_TOO_LOW = auto()
    UNDERPRICED = auto()
    INSUFFICIENT_FUNDS = auto()
    OTHER = auto()


def classify_refusal(message: str) -> Refusal:
    """Read a node's words: there is no code for it, and geth, reth, nethermind, besu and anvil differ in detail."""
    text = message.lower()
    if "nonce too low" in text or "nonce is too low" in text or "nonce_too_low" in text:
        return Refusal.NONCE_TOO_LOW
    if "underpriced" in text or "replacement fee too low" in text or "less than block base fee" in text:
        return Refusal.UNDERPRICED
    if "insufficient funds" in text or "insufficient balance" in text or "upfront cost exceeds" in text:
        return Refusal.INSUFFICIENT_FUNDS
    return Refusal.OTHER


class OpenBatch:
    """The batch being gathered: consecutive blocks from `first` on, up to `limit` bytes."""

    def __init__(self, first: int, parent_hash: Hash32, limit: int) -> None:
        self.first = first
        self.last_hash = parent_hash
        self.full = False
        self._limit = limit
        self._size = encoded_size(())
        self._claims: list[BlockClaim] = []

    @property
    def next(self) -> int:
        """The number of the block to add next; `last_hash` is its parent's hash."""
        return self.first + len(self._claims)

    def add(self, block: Block) -> bool:
        """Take the next block. False if it does not follow the last one, or (then `full`) does not fit any more.

        Raises:
            ValueError: It does not even fit alone.
        """
        if block.number != self.next or block.header.parent_hash != self.last_hash:
            return False
        claim = claim_of(block)
        size = block_size(len(claim.transactions), map(len, claim.transactions))
        if self._size + size > self._limit or len(self._claims) == MAX_BLOCKS_PER_BATCH:
            if not self._claims:
                raise ValueError(f"block {block.number} takes {self._size + size} bytes, a batch at most {self._limit}")
            self.full = True
            return False
        self._claims.append(claim)
        self._size += size
        self.last_hash = block.hash
        return True

    def batch(self) -> Batch:
        """What was gathered."""
        return Batch(self.first, tuple(self._claims))


def claim_of(block: Block) -> BlockClaim:
    """What a batch says of a block; its deposits come from L1 and are left out."""
    transactions = tuple(tx.raw for tx in block.transactions if tx.type != DEPOSIT)
    return BlockClaim(block.header.timestamp, l1_origin_of(block.header), transactions)
