"""An L1 and a rollup in memory, in which everything that can happen to a batcher can be made to happen."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from da.adapter import Commitment, DataAvailability
from node.batch_plan import Progress, claim_of
from node.l1.client import Fees
from node.l1.transport import L1Refused, L1Unreachable
from node.l1.wire import L1Head, L1Receipt, L1Transaction
from protocol.batch import BlockClaim, decode_batch
from protocol.blobs import unwrap
from protocol.block import EMPTY_OMMERS_HASH, ZERO_NONCE, Block, Header
from protocol.crypto import keccak, private_key_address
from protocol.extra_data import extra_data_of_origin
from protocol.inbox import posted_commitment
from protocol.l1 import L1BlockRef
from protocol.signing import UnsignedTransaction, sign_transaction
from protocol.transaction import Transaction, decode_transaction, deposit_transaction
from protocol.types import ZERO_ADDRESS, ZERO_HASH, Address, Hash32

KEY = b"\x01" * 32
BATCHER = private_key_address(KEY)
INBOX = Address(b"\x1b" * 20)
GWEI = 10**9


def l2_block(number: int, parent: Hash32, claim: BlockClaim) -> Block:
    header = Header(
        parent_hash=parent,
        ommers_hash=EMPTY_OMMERS_HASH,
        fee_recipient=ZERO_ADDRESS,
        state_root=ZERO_HASH,
        transactions_root=ZERO_HASH,
        receipts_root=ZERO_HASH,
        bloom=0,
        difficulty=0,
        number=number,
        gas_limit=30_000_000,
        gas_used=0,
        timestamp=claim.timestamp,
        extra_data=extra_data_of_origin(claim.l1_origin),
        prev_randao=ZERO_HASH,
        nonce=ZERO_NONCE,
    )
    deposit = deposit_transaction(ZERO_HASH, ZERO_ADDRESS, ZERO_ADDRESS, 0, 0, 21_000, b"")
    transactions = (deposit, *(decode_transaction(raw) for raw in claim.transactions))
    return Block(header, transactions)


def l2_transaction(size: int) -> bytes:
    """A transaction of about this many bytes."""
    unsigned = UnsignedTransaction(chain_id=1, nonce=0, gas_limit=21_000, to=ZERO_ADDRESS, data=bytes(size))
    return sign_transaction(unsigned, b"\x02" * 32).raw


class SimulatedChain:
    """An unsafe chain; genesis is block 0."""

    def __init__(self) -> None:
        self.blocks = [l2_block(0, ZERO_HASH, BlockClaim(0, 0))]
        self.built = 0

    @property
    def head(self) -> int:
        return len(self.blocks) - 1

    def build(self, count: int = 1, transactions: Iterable[bytes] = ()) -> None:
        for _block in range(count):
            self.built += 1  # so that a block built in another's place differs from it
            self.append(BlockClaim(self.built, 0, tuple(transactions)))

    def append(self, claim: BlockClaim) -> None:
        self.blocks.append(l2_block(len(self.blocks), self.blocks[-1].hash, claim))

    def rewind(self, to: int) -> None:
        del self.blocks[to + 1 :]

    def canonical_hash(self, number: int) -> Hash32 | None:
        return self.blocks[number].hash if 0 <= number < len(self.blocks) else None

    def block(self, block_hash: Hash32) -> Block | None:
        return next((block for block in self.blocks if block.hash == block_hash), None)


@dataclass
class L1Block:
    ref: L1BlockRef
    transactions: list[Transaction]


@dataclass
class SimulatedL1:
    """One account's view of an L1: a pool that drops and refuses, blocks that reorganise, an endpoint that fails."""

    blocks: list[L1Block] = field(default_factory=lambda: [L1Block(_ref(0, ZERO_HASH, 0), [])])
    pool: dict[int, Transaction] = field(default_factory=dict)
    sent: list[Transaction] = field(default_factory=list)
    base_fee: int = GWEI
    is_down: bool = False
    loses_answers: bool = False
    is_poor: bool = False
    has_inbox: bool = True
    refusal: str | None = None
    forks: int = 0
    carried: list[tuple[bytes, ...]] = field(default_factory=list)
    """Blobs, commitments and proofs of the last transaction that came with some."""

    # What the batcher asks.

    async def chain_id(self) -> int:
        self._check()
        return 1

    async def head(self) -> L1Head:
        self._check()
        return L1Head(self.blocks[-1].ref, self.base_fee)

    async def nonce(self, address: Address, at: Literal["latest", "pending"] = "latest") -> int:
        self._check()
        assert address == BATCHER
        mined = self._nonce()
        while at == "pending" and mined in self.pool:
            mined += 1
        return mined

    async def balance(self, address: Address) -> int:
        self._check()
        return 7 if self.is_poor else 10**18

    async def code(self, address: Address) -> bytes:
        self._check()
        return b"\xfe" if self.has_inbox and address == INBOX else b""

    async def receipt(self, transaction_hash: Hash32) -> L1Receipt | None:
        self._check()
        for block in self.blocks:
            for tx in block.transactions:
                if tx.hash == transaction_hash:
                    return L1Receipt(tx.hash, block.ref.hash, block.ref.number, tx.to == INBOX, 21_000, None)
        return None

    async def transaction(self, transaction_hash: Hash32) -> L1Transaction | None:
        self._check()
        known = [*self.pool.values(), *(tx for block in self.blocks for tx in block.transactions)]
        for tx in known:
            if tx.hash == transaction_hash:
                return L1Transaction(tx.hash, tx.to, tx.data, tx.nonce, None)
        return None

    async def suggest_fees(self) -> Fees:
        self._check()
        return Fees(2 * self.base_fee + GWEI, GWEI)

    async def suggest_blob_fee(self) -> int:
        self._check()
        return GWEI

    async def estimate_gas(
        self, sender: Address, to: Address | None, data: bytes, blob_hashes: Sequence[bytes] = ()
    ) -> int:
        self._check()
        if self.refusal is not None:
            raise L1Refused("eth_estimateGas", 3, self.refusal)
        return 30_000

    async def send_raw(self, raw: bytes, transaction_hash: Hash32 | None = None) -> Hash32:
        self._check()
        if raw[:1] == b"\3":
            raw, *self.carried = unwrap(raw)
        tx = decode_transaction(raw)
        assert transaction_hash in (None, tx.hash)
        if self.is_poor:
            raise L1Refused("eth_sendRawTransaction", -32000, "insufficient funds for gas * price + value")
        if tx.nonce < self._nonce():
            raise L1Refused("eth_sendRawTransaction", -32000, "nonce too low: next nonce 5, tx nonce 3")
        waiting = self.pool.get(tx.nonce)
        if waiting is not None and waiting.hash != tx.hash and not _replaces(tx, waiting):
            raise L1Refused("eth_sendRawTransaction", -32000, "replacement transaction underpriced")
        self.pool[tx.nonce] = tx
        self.sent.append(tx)
        if self.loses_answers:
            raise L1Unreachable("the answer was lost")
        return tx.hash

    # What happens to it.

    def mine(self, count: int = 1) -> None:
        for _block in range(count):
            included = []
            nonce = self._nonce()
            while nonce in self.pool and self.pool[nonce].max_fee_per_gas >= self.base_fee:
                included.append(self.pool.pop(nonce))
                nonce += 1
            parent = self.blocks[-1].ref
            self.blocks.append(L1Block(_ref(parent.number + 1, parent.hash, self.forks), included))

    def reorganise(self, depth: int, *, keep_transactions: bool) -> None:
        """Replace the last blocks by as many empty ones, and one more, with the transactions pooled again or lost."""
        depth = min(depth, len(self.blocks) - 1)
        removed = self.blocks[len(self.blocks) - depth :]
        del self.blocks[len(self.blocks) - depth :]
        self.forks += 1
        kept = {tx.nonce: tx for block in removed for tx in block.transactions} if keep_transactions else {}
        pool, self.pool = {**self.pool, **kept}, {}
        self.mine(depth + 1)
        self.pool = pool

    def drop_pool(self) -> None:
        self.pool.clear()

    def take_nonce(self) -> None:
        """Another program with the same key sends something and has it mined."""
        unsigned = UnsignedTransaction(
            chain_id=1, nonce=self._nonce(), gas_limit=21_000, to=BATCHER, max_fee_per_gas=self.base_fee
        )
        self.pool[unsigned.nonce] = sign_transaction(unsigned, KEY)
        self.mine()

    def _nonce(self) -> int:
        return sum(len(block.transactions) for block in self.blocks)

    def _check(self) -> None:
        if self.is_down:
            raise L1Unreachable("L1 does not answer")


def _ref(number: int, parent: Hash32, fork: int) -> L1BlockRef:
    return L1BlockRef(number, keccak(parent + bytes((fork % 256,))), parent, number, ZERO_HASH)


def _replaces(tx: Transaction, waiting: Transaction) -> bool:
    return (
        tx.max_fee_per_gas * 10 >= waiting.max_fee_per_gas * 11
        and tx.max_priority_fee_per_gas * 10 >= waiting.max_priority_fee_per_gas * 11
    )


class Derived:
    """What a verifier makes of the inbox: after each L1 block the claims of the safe chain, block 1 first."""

    def __init__(self, l1: SimulatedL1, chain: SimulatedChain, layer: DataAvailability) -> None:
        self._l1 = l1
        self._chain = chain
        self._layer = layer
        self._records: list[tuple[L1BlockRef, list[BlockClaim]]] = [(l1.blocks[0].ref, [])]

    @property
    def claims(self) -> list[BlockClaim]:
        return self._records[-1][1]

    def progress(self) -> Progress:
        ref, claims = self._records[-1]
        return Progress(safe_number=len(claims), l1_number=ref.number)

    async def follow(self) -> None:
        """Derive up to L1's head, after going back over a reorg; the chain becomes what is derived."""
        while self._records[-1][0] not in [block.ref for block in self._l1.blocks]:
            self._records.pop()
        for block in self._l1.blocks[self._records[-1][0].number + 1 :]:
            claims = list(self.claims)
            for tx in block.transactions:
                commitment = posted_commitment(tx.to, tx.data, INBOX, keccak(_commitment(tx.data)))
                if commitment is not None:
                    batch = decode_batch(await self._layer.fetch(Commitment(commitment), block.ref))
                    for number, claim in enumerate(batch.blocks, start=batch.first_number):
                        if number == len(claims) + 1:
                            claims.append(claim)
            self._records.append((block.ref, claims))
        for number, claim in enumerate(self.claims, start=1):
            if number > self._chain.head or claim_of(self._chain.blocks[number]) != claim:
                self._chain.rewind(number - 1)
                self._chain.append(claim)


def _commitment(calldata: bytes) -> bytes:
    return calldata[68 : 68 + int.from_bytes(calldata[36:68], "big")]
