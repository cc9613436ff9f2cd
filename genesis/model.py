"""What a chain starts from, and the block 0 that follows from it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from protocol.block import EMPTY_OMMERS_HASH, ZERO_NONCE, Block, Header
from protocol.chain_config import ChainConfig
from protocol.crypto import EMPTY_KECCAK, keccak
from protocol.engine import ExecutedBlock
from protocol.errors import Halt
from protocol.fees import first_base_fee
from protocol.forks import Fork
from protocol.mpt import EMPTY_ROOT, update_trie
from protocol.rlp_codec import encode, uint_bytes
from protocol.state import Account, StateChanges
from protocol.types import ZERO_ADDRESS, ZERO_HASH, Address, Hash32

EMPTY_REQUESTS_HASH = Hash32(hashlib.sha256(b"").digest())
"""EIP-7685, no requests."""


@dataclass(frozen=True, slots=True)
class GenesisAccount:
    """An account that exists from the start; `balance` in wei, `storage` slot to word."""

    balance: int = 0
    nonce: int = 0
    code: bytes = b""
    storage: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Genesis:
    """Everything that decides block 0, and with `config` every block after it.

    `base_fee_per_gas`, `excess_blob_gas` and `blob_gas_used` of None mean the fork's default; `timestamp` in seconds.
    """

    config: ChainConfig
    accounts: Mapping[Address, GenesisAccount]
    timestamp: int
    gas_limit: int
    difficulty: int = 0
    fee_recipient: Address = ZERO_ADDRESS
    extra_data: bytes = b""
    prev_randao: Hash32 = ZERO_HASH
    nonce: bytes = ZERO_NONCE
    base_fee_per_gas: int | None = None
    excess_blob_gas: int | None = None
    blob_gas_used: int | None = None
    number: int = 0
    gas_used: int = 0
    parent_hash: Hash32 = ZERO_HASH


def build_genesis(genesis: Genesis) -> ExecutedBlock:
    """Block 0 with the state it starts from, ready for a store."""
    root, changes = _initial_state(genesis.accounts)
    fork = genesis.config.forks.at(genesis.number, genesis.timestamp)
    base_fee = first_base_fee(genesis.config) if genesis.base_fee_per_gas is None else genesis.base_fee_per_gas
    header = Header(
        parent_hash=genesis.parent_hash,
        ommers_hash=EMPTY_OMMERS_HASH,
        fee_recipient=genesis.fee_recipient,
        state_root=root,
        transactions_root=EMPTY_ROOT,
        receipts_root=EMPTY_ROOT,
        bloom=0,
        difficulty=genesis.difficulty,
        number=genesis.number,
        gas_limit=genesis.gas_limit,
        gas_used=genesis.gas_used,
        timestamp=genesis.timestamp,
        extra_data=genesis.extra_data,
        prev_randao=genesis.prev_randao,
        nonce=genesis.nonce,
        base_fee_per_gas=base_fee if fork >= Fork.LONDON else None,
        withdrawals_root=EMPTY_ROOT if fork >= Fork.SHANGHAI else None,
        blob_gas_used=(genesis.blob_gas_used or 0) if fork >= Fork.CANCUN else None,
        excess_blob_gas=(genesis.excess_blob_gas or 0) if fork >= Fork.CANCUN else None,
        parent_beacon_block_root=ZERO_HASH if fork >= Fork.CANCUN else None,
        requests_hash=EMPTY_REQUESTS_HASH if fork >= Fork.PRAGUE else None,
    )
    return ExecutedBlock(Block(header, (), (), () if fork >= Fork.SHANGHAI else None), (), changes)


def _initial_state(alloc: Mapping[Address, GenesisAccount]) -> tuple[Hash32, StateChanges]:
    nodes: dict[Hash32, bytes] = {}
    code: dict[Hash32, bytes] = {}
    accounts: dict[Address, Account | None] = {}
    storage: dict[Address, dict[int, int]] = {}
    leaves: dict[bytes, bytes | None] = {}
    for address, entry in alloc.items():
        code_hash = EMPTY_KECCAK
        if entry.code:
            code_hash = keccak(entry.code)
            code[code_hash] = entry.code
        slots = {slot: word for slot, word in entry.storage.items() if word}
        if slots:
            storage[address] = slots
        slot_leaves: dict[bytes, bytes | None] = {
            keccak(slot.to_bytes(32, "big")): encode(uint_bytes(word)) for slot, word in slots.items()
        }
        storage_root, storage_nodes = update_trie(EMPTY_ROOT, slot_leaves, _no_node)
        nodes.update(storage_nodes)
        accounts[address] = Account(entry.nonce, entry.balance, storage_root, code_hash)
        leaves[keccak(address)] = encode([uint_bytes(entry.nonce), uint_bytes(entry.balance), storage_root, code_hash])
    root, account_nodes = update_trie(EMPTY_ROOT, leaves, _no_node)
    nodes.update(account_nodes)
    return root, StateChanges(accounts, storage, frozenset(), code, nodes)


def _no_node(node_hash: Hash32) -> bytes:
    raise Halt(f"a trie that starts empty has no node 0x{node_hash.hex()}")
