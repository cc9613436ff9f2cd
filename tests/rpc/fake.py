"""A node in memory: just enough of `rpc.backend.Backend` to test the protocol around it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from typing import Any

from protocol.block import EMPTY_OMMERS_HASH, ZERO_NONCE, Block, Header
from protocol.chain_config import ChainConfig
from protocol.crypto import EMPTY_KECCAK, keccak
from protocol.engine import AncestorHash, BlockBuilder, Call, CallResult, SimulatedBlock
from protocol.errors import InvalidTransaction, Reject, Reset, TxError
from protocol.fees import GAS_TX
from protocol.forks import Fork, constant_schedule
from protocol.mpt import EMPTY_ROOT, update_trie
from protocol.payload import BlockAttributes
from protocol.receipt import Log, Receipt, logs_bloom
from protocol.rlp_codec import encode, uint_bytes
from protocol.signing import UnsignedTransaction, sign_transaction
from protocol.simulation import NORMAL, Conditions
from protocol.state import Account, StateReader
from protocol.transaction import Transaction, decode_transaction
from protocol.types import ZERO_ADDRESS, ZERO_HASH, Address, Hash32
from rpc.backend import Event, NewHead, NewPendingTransaction, SyncProgress, TransactionLocation

CHAIN_ID = 901
KEY = b"\x01" * 32
ALICE = Address(b"\xa1" * 20)
BOB = Address(b"\xb0" * 20)


def transfer(nonce: int, **changes: Any) -> Transaction:
    """A signed transfer from KEY's account to Bob."""
    unsigned = UnsignedTransaction(
        chain_id=CHAIN_ID, nonce=nonce, gas_limit=21_000, to=BOB, value=1, max_fee_per_gas=10**10
    )
    return sign_transaction(replace(unsigned, **changes), KEY)


class FakeState:
    """A state of a few accounts, with a real trie over them."""

    def __init__(self, accounts: dict[Address, Account], slots: dict[tuple[Address, int], int]) -> None:
        self._nodes: dict[Hash32, bytes] = {}
        self._codes: dict[Hash32, bytes] = {}
        self._slots = slots
        self._accounts = {
            address: replace(account, storage_root=self._storage_root(address)) for address, account in accounts.items()
        }
        leaves: dict[bytes, bytes | None] = {
            keccak(address): encode(
                [uint_bytes(account.nonce), uint_bytes(account.balance), account.storage_root, account.code_hash]
            )
            for address, account in self._accounts.items()
        }
        self.root, created = update_trie(EMPTY_ROOT, leaves, self.node)
        self._nodes |= created

    def _storage_root(self, address: Address) -> Hash32:
        leaves: dict[bytes, bytes | None] = {
            keccak(slot.to_bytes(32, "big")): encode(uint_bytes(value))
            for (owner, slot), value in self._slots.items()
            if owner == address
        }
        root, created = update_trie(EMPTY_ROOT, leaves, self.node)
        self._nodes |= created
        return root

    def add_code(self, code: bytes) -> Hash32:
        self._codes[keccak(code)] = code
        return keccak(code)

    def account(self, address: Address) -> Account | None:
        return self._accounts.get(address)

    def storage(self, address: Address, slot: int) -> int:
        return self._slots.get((address, slot), 0)

    def code(self, code_hash: Hash32) -> bytes:
        return b"" if code_hash == EMPTY_KECCAK else self._codes[code_hash]

    def node(self, node_hash: Hash32) -> bytes:
        return self._nodes[node_hash]


def _state() -> FakeState:
    account = Account(nonce=7, balance=1000, storage_root=EMPTY_ROOT)
    return FakeState({ALICE: account}, {(ALICE, 1): 0x38})


class FakeChain:
    """A list of blocks that can grow, and shrink."""

    def __init__(self) -> None:
        self.state: StateReader = _state()
        self.pruned_below = 0
        self._headers: dict[Hash32, Header] = {}
        self._blocks: dict[Hash32, Block] = {}
        self._receipts: dict[Hash32, tuple[Receipt, ...]] = {}
        self._canonical: list[Header] = []
        self.extend()

    def extend(
        self,
        transactions: Iterable[Transaction] = (),
        logs: Iterable[tuple[Log, ...]] = (),
        extra_data: bytes | None = None,
    ) -> Block:
        """Append a block; `logs` gives those of each transaction. Salted, so that no two blocks are equal."""
        transactions = tuple(transactions)
        logs = (*logs, *[()] * len(transactions))[: len(transactions)]
        receipts = tuple(
            Receipt(tx.type, 1, 21_000 * (index + 1), logs_bloom(entry), entry, 21_000)
            for index, (tx, entry) in enumerate(zip(transactions, logs, strict=True))
        )
        number = len(self._canonical)
        header = Header(
            parent_hash=self._canonical[-1].hash if self._canonical else ZERO_HASH,
            ommers_hash=EMPTY_OMMERS_HASH,
            fee_recipient=ZERO_ADDRESS,
            state_root=self.state.root,
            transactions_root=ZERO_HASH,
            receipts_root=ZERO_HASH,
            bloom=logs_bloom(log for entry in logs for log in entry),
            difficulty=0,
            number=number,
            gas_limit=30_000_000,
            gas_used=21_000 * len(transactions),
            timestamp=1000 + 2 * number,
            extra_data=len(self._headers).to_bytes(4, "big") if extra_data is None else extra_data,
            prev_randao=ZERO_HASH,
            nonce=ZERO_NONCE,
            base_fee_per_gas=10**9,
            withdrawals_root=EMPTY_ROOT,
            blob_gas_used=0,
            excess_blob_gas=0,
            parent_beacon_block_root=ZERO_HASH,
        )
        block = Block(header, transactions, withdrawals=())
        self._headers[header.hash] = header
        self._blocks[header.hash] = block
        self._receipts[header.hash] = receipts
        self._canonical.append(header)
        return block

    def shrink(self, count: int) -> None:
        """Take the newest blocks off the chain; they stay readable by hash."""
        del self._canonical[-count:]

    def head(self) -> Header:
        return self._canonical[-1]

    def safe_head(self) -> Header:
        return self._canonical[len(self._canonical) // 2]

    def finalized_head(self) -> Header:
        return self._canonical[0]

    def canonical_hash(self, number: int) -> Hash32 | None:
        return self._canonical[number].hash if number < len(self._canonical) else None

    def blooms(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        return ((header.number, header.bloom) for header in self._canonical[first : last + 1] if header.bloom)

    def header(self, block_hash: Hash32) -> Header | None:
        return self._headers.get(block_hash)

    def block(self, block_hash: Hash32) -> Block | None:
        return self._blocks.get(block_hash)

    def receipts(self, block_hash: Hash32) -> tuple[Receipt, ...] | None:
        return self._receipts.get(block_hash)

    def locate(self, transaction_hash: Hash32) -> TransactionLocation | None:
        for header in self._canonical:
            for index, tx in enumerate(self._blocks[header.hash].transactions):
                if tx.hash == transaction_hash:
                    return TransactionLocation(header.hash, index)
        return None

    def state_at(self, header: Header) -> StateReader:
        if header.number < self.pruned_below:
            raise Reject(f"state of block {header.number} is not retained")
        return self.state

    def ancestor_hash(self, header: Header, number: int) -> Hash32 | None:
        return self.canonical_hash(number)


class FakePool:
    """Takes everything that decodes, unless told otherwise."""

    def __init__(self) -> None:
        self.waiting: dict[Hash32, Transaction] = {}
        self.refusal: Exception | None = None

    def add(self, raw: bytes) -> Transaction:
        tx = decode_transaction(raw)
        self.add_decoded(tx)
        return tx

    def add_decoded(self, tx: Transaction) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.waiting[tx.hash] = tx

    @contextmanager
    def together(self) -> Iterator[None]:
        yield

    def get(self, transaction_hash: Hash32) -> Transaction | None:
        return self.waiting.get(transaction_hash)

    def next_nonce(self, address: Address) -> int | None:
        nonces = [tx.nonce for tx in self.waiting.values() if tx.sender == address]
        return max(nonces) + 1 if nonces else None

    def pending(self) -> Iterable[Transaction]:
        return self.waiting.values()

    def queued(self) -> Iterable[Transaction]:
        return ()


Script = Callable[[Call, Header, StateReader], CallResult]


def needs_gas(threshold: int) -> Script:
    """Calls that succeed from `threshold` gas on, whatever they report as used."""

    def run(call: Call, header: Header, state: StateReader) -> CallResult:
        if call.gas_limit < GAS_TX:
            raise InvalidTransaction(TxError.INTRINSIC_GAS_TOO_LOW)
        error = None if call.gas_limit >= threshold else "out of gas"
        return CallResult(error, b"", min(threshold, call.gas_limit) * 3 // 4, (), ())

    return run


class FakeEngine:
    """Answers calls by a script."""

    def __init__(self) -> None:
        self.script: Script = lambda call, header, state: CallResult(None, b"", GAS_TX, (), ())
        self.calls: list[Call] = []

    def call(
        self,
        call: Call,
        header: Header,
        state: StateReader,
        ancestor_hash: AncestorHash,
        conditions: Conditions = NORMAL,
    ) -> CallResult:
        self.calls.append(call)
        return self.script(call, header, state)

    def begin_block(
        self, parent: Header, attributes: BlockAttributes, state: StateReader, ancestor_hash: AncestorHash
    ) -> BlockBuilder:
        raise NotImplementedError

    def begin_simulation(
        self,
        parent: Header,
        attributes: BlockAttributes,
        state: StateReader,
        ancestor_hash: AncestorHash,
        conditions: Conditions = NORMAL,
    ) -> SimulatedBlock:
        raise Reject("this engine simulates nothing")


class FakeBackend:
    """One node. `publish` makes an event; `reset_readers` is what a full queue does."""

    def __init__(self) -> None:
        self.chain_id = CHAIN_ID
        self.client_version = "fake/1"
        self.config = ChainConfig(CHAIN_ID, constant_schedule(Fork.CANCUN))
        self.engine = FakeEngine()
        self.chain = FakeChain()
        self.pool = FakePool()
        self.sync_progress: SyncProgress | None = None
        self.readers: list[asyncio.Queue[Event | Exception]] = []

    def pending_block(self) -> BlockBuilder | None:
        return None

    def syncing(self) -> SyncProgress | None:
        return self.sync_progress

    def new_block(self, transactions: Iterable[Transaction] = (), logs: Iterable[tuple[Log, ...]] = ()) -> Block:
        """Extend the chain and say so."""
        block = self.chain.extend(transactions, logs)
        self.publish(NewHead((), (block,)))
        return block

    def new_transaction(self, tx: Transaction) -> None:
        """Put a transaction into the pool and say so."""
        self.pool.waiting[tx.hash] = tx
        self.publish(NewPendingTransaction(tx))

    def publish(self, event: Event) -> None:
        for reader in self.readers:
            reader.put_nowait(event)

    def reset_readers(self) -> None:
        for reader in self.readers:
            reader.put_nowait(Reset("fell behind"))

    @asynccontextmanager
    async def events(self) -> AsyncIterator[AsyncIterator[Event]]:
        queue: asyncio.Queue[Event | Exception] = asyncio.Queue()
        self.readers.append(queue)

        async def stream() -> AsyncIterator[Event]:
            while True:
                event = await queue.get()
                if isinstance(event, Exception):
                    raise event
                yield event

        try:
            yield stream()
        finally:
            self.readers.remove(queue)
