"""A chain in memory: what the engine's tests execute on."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import pytest

from protocol.block import EMPTY_OMMERS_HASH, ZERO_NONCE, Header
from protocol.chain_config import ChainConfig
from protocol.crypto import private_key_address
from protocol.engine import Call, CallResult, ExecutedBlock
from protocol.forks import Fork, constant_schedule
from protocol.mpt import EMPTY_ROOT
from protocol.payload import BlockAttributes
from protocol.signing import UnsignedTransaction, sign_transaction
from protocol.transaction import Transaction
from protocol.types import ZERO_ADDRESS, ZERO_HASH, Address, Hash32
from vm.memory_state import Allocation, MemoryState, memory_state
from vm.pyevm.builder import PyEvmBuilder
from vm.pyevm.engine import PyEvmEngine

KEYS = tuple(bytes(31) + bytes((index,)) for index in range(1, 6))
SENDERS = tuple(private_key_address(key) for key in KEYS)
MINER = Address(b"\xcc" * 20)
GWEI = 10**9
DEEP = sys.getrecursionlimit()
"""What py-evm sets when it is imported, for 1,024 calls within each other."""


@contextmanager
def room_for_calls() -> Iterator[None]:
    """Hypothesis narrows Python's recursion limit to 2,000 frames: less than a contract that calls itself needs."""
    narrow = sys.getrecursionlimit()
    sys.setrecursionlimit(DEEP)
    try:
        yield
    finally:
        sys.setrecursionlimit(narrow)


@dataclass
class World:
    """One chain of one fork: its head, the state after it, and helpers that read like the test's intent."""

    config: ChainConfig
    state: MemoryState
    head: Header
    hashes: dict[int, Hash32] = field(default_factory=dict)

    @property
    def engine(self) -> PyEvmEngine:
        return PyEvmEngine(self.config)

    def begin(self, **attributes: object) -> PyEvmBuilder:
        chosen = replace(
            BlockAttributes(self.head.timestamp + 12, MINER, self.head.gas_limit),
            **attributes,  # type: ignore[arg-type]
        )
        return self.engine.begin_block(self.head, chosen, self.state, self.ancestor)

    def ancestor(self, number: int) -> Hash32 | None:
        return self.hashes.get(number)

    def adopt(self, executed: ExecutedBlock) -> ExecutedBlock:
        self.head = executed.block.header
        self.hashes[self.head.number] = self.head.hash
        self.state = self.state.applied(self.head.state_root, executed.changes)
        return executed

    def mine(self, *transactions: Transaction, **attributes: object) -> ExecutedBlock:
        builder = self.begin(**attributes)
        for tx in transactions:
            builder.add(tx)
        return self.adopt(builder.seal())

    def sign(self, sender: int = 0, /, **fields: object) -> Transaction:
        account = self.state.account(SENDERS[sender])
        defaults: dict[str, object] = {
            "chain_id": self.config.chain_id,
            "nonce": 0 if account is None else account.nonce,
            "gas_limit": 1_000_000,
            "to": ZERO_ADDRESS,
            "max_fee_per_gas": 10 * GWEI,
            "max_priority_fee_per_gas": GWEI,
        }
        return sign_transaction(UnsignedTransaction(**{**defaults, **fields}), KEYS[sender])  # type: ignore[arg-type]

    def call(self, **fields: object) -> CallResult:
        defaults: dict[str, object] = {"sender": SENDERS[0], "to": None, "gas_limit": 1_000_000}
        call = Call(**{**defaults, **fields})  # type: ignore[arg-type]
        return self.engine.call(call, self.head, self.state, self.ancestor)


WorldMaker = Callable[..., World]


def make_world(
    fork: Fork = Fork.CANCUN, accounts: Mapping[Address, Allocation] | None = None, **config: object
) -> World:
    """A chain at its genesis, with five funded senders beside `accounts`."""
    chain = ChainConfig(1337, constant_schedule(fork), **config)  # type: ignore[arg-type]
    state = memory_state({**{sender: Allocation(10**20) for sender in SENDERS}, **(accounts or {})})
    genesis = Header(
        ZERO_HASH,
        EMPTY_OMMERS_HASH,
        ZERO_ADDRESS,
        state.root,
        EMPTY_ROOT,
        EMPTY_ROOT,
        bloom=0,
        difficulty=0,
        number=0,
        gas_limit=30_000_000,
        gas_used=0,
        timestamp=1_000,
        extra_data=b"",
        prev_randao=ZERO_HASH,
        nonce=ZERO_NONCE,
        base_fee_per_gas=GWEI if fork >= Fork.LONDON else None,
        withdrawals_root=EMPTY_ROOT if fork >= Fork.SHANGHAI else None,
        blob_gas_used=0 if fork >= Fork.CANCUN else None,
        excess_blob_gas=0 if fork >= Fork.CANCUN else None,
        parent_beacon_block_root=ZERO_HASH if fork >= Fork.CANCUN else None,
    )
    return World(chain, state, genesis, {0: genesis.hash})


@pytest.fixture
def world() -> WorldMaker:
    """Makes a chain: `world(fork, accounts, **config)`."""
    return make_world
