"""A chain in memory, as small as the mempool's view of one: headers, accounts, blocks that come and go."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from protocol.block import EMPTY_OMMERS_HASH, ZERO_NONCE, Block, Header
from protocol.chain_config import ChainConfig
from protocol.crypto import keccak, private_key_address
from protocol.fees import next_base_fee
from protocol.forks import Fork, constant_schedule
from protocol.mpt import EMPTY_ROOT
from protocol.signing import UnsignedTransaction, sign_transaction
from protocol.state import Account
from protocol.transaction import Transaction
from protocol.types import ZERO_ADDRESS, ZERO_HASH, Address, Hash32

CHAIN_ID = 71717
CONFIG = ChainConfig(CHAIN_ID, constant_schedule(Fork.CANCUN), allow_deposits=True, allow_blobs=False)
GWEI = 10**9
ETHER = 10**18
KEYS = [keccak(b"pool key %d" % index) for index in range(40)]
SENDERS = [private_key_address(key) for key in KEYS]
RECIPIENT = Address(b"\x11" * 20)


def signed(key: int, nonce: int, tip: int = GWEI, **fields: Any) -> Transaction:
    """A transfer from account number `key`; `tip` and `fee` are wei per gas, the fee by default far above any base."""
    fee = fields.pop("fee", 100 * GWEI + tip)
    values: dict[str, Any] = {"chain_id": CHAIN_ID, "gas_limit": 21_000, "to": RECIPIENT, **fields}
    unsigned = UnsignedTransaction(nonce=nonce, max_fee_per_gas=fee, max_priority_fee_per_gas=tip, **values)
    return sign_transaction(unsigned, KEYS[key])


@dataclass
class State:
    """Accounts after one block."""

    accounts: Mapping[Address, Account]
    codes: Mapping[Hash32, bytes]
    root: Hash32 = EMPTY_ROOT

    def account(self, address: Address) -> Account | None:
        return self.accounts.get(address)

    def code(self, code_hash: Hash32) -> bytes:
        return self.codes[code_hash]

    def storage(self, address: Address, slot: int) -> int:
        raise NotImplementedError

    def node(self, node_hash: Hash32) -> bytes:
        raise NotImplementedError


@dataclass
class PoolChain:
    """Every account starts with `balance` wei."""

    balance: int = 1_000 * ETHER
    config: ChainConfig = CONFIG
    blocks: list[Block] = field(default_factory=list)
    states: dict[Hash32, State] = field(default_factory=dict)
    forks_made: int = 0

    def __post_init__(self) -> None:
        accounts = {sender: Account(0, self.balance, EMPTY_ROOT) for sender in SENDERS}
        self._append((), accounts, {})

    def head(self) -> Header:
        return self.blocks[-1].header

    def block(self, block_hash: Hash32) -> Block | None:
        return next((block for block in self.blocks if block.hash == block_hash), None)

    def state_at(self, header: Header) -> State:
        return self.states[header.hash]

    def mine(self, *transactions: Transaction, gas_limit: int = 30_000_000, gas_used: int | None = None) -> Block:
        """A block that moves nonces and takes what each transaction costs at most."""
        accounts = dict(self.states[self.head().hash].accounts)
        for tx in transactions:
            before = accounts[tx.sender]
            spent = tx.value + tx.gas_limit * tx.max_fee_per_gas
            accounts[tx.sender] = Account(tx.nonce + 1, before.balance - spent, EMPTY_ROOT, before.code_hash)
        return self._append(transactions, accounts, self.states[self.head().hash].codes, gas_limit, gas_used)

    def change(self, address: Address, account: Account | None, code: bytes = b"") -> Block:
        """An empty block after which an account is as given."""
        state = self.states[self.head().hash]
        accounts = {**state.accounts, address: account}
        return self._append((), accounts, {**state.codes, keccak(code): code})

    def unwind(self, count: int) -> tuple[Block, ...]:
        """Take blocks off; returns them newest first."""
        removed = tuple(reversed(self.blocks[-count:]))
        del self.blocks[-count:]
        self.forks_made += 1
        return removed

    def _append(self, transactions, accounts, codes, gas_limit=30_000_000, gas_used=None) -> Block:
        parent = self.blocks[-1].header if self.blocks else None
        number = len(self.blocks)
        header = Header(
            parent_hash=parent.hash if parent else ZERO_HASH,
            ommers_hash=EMPTY_OMMERS_HASH,
            fee_recipient=ZERO_ADDRESS,
            state_root=EMPTY_ROOT,
            transactions_root=EMPTY_ROOT,
            receipts_root=EMPTY_ROOT,
            bloom=0,
            difficulty=0,
            number=number,
            gas_limit=gas_limit,
            gas_used=gas_limit // 2 if gas_used is None else gas_used,
            timestamp=1_000 + 2 * number,
            extra_data=self.forks_made.to_bytes(2, "big"),
            prev_randao=ZERO_HASH,
            nonce=ZERO_NONCE,
            base_fee_per_gas=next_base_fee(parent, self.config, Fork.CANCUN) if parent else GWEI,
        )
        block = Block(header, tuple(transactions))
        self.blocks.append(block)
        self.states[header.hash] = State(accounts, codes)
        return block


class DictJournal:
    """A journal that outlives its pool, in a dictionary."""

    def __init__(self) -> None:
        self.kept: dict[Hash32, bytes] = {}

    def write(self, changes: Mapping[Hash32, bytes | None]) -> None:
        for tx_hash, raw in changes.items():
            if raw is None:
                self.kept.pop(tx_hash, None)
            else:
                self.kept[tx_hash] = raw

    def load(self):
        return iter(list(self.kept.items()))
