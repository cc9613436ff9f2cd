"""Chains of blocks as EELS makes and judges them, under rules that may change on the way."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

from ethereum.exceptions import EthereumException
from ethereum_rlp import rlp
from ethereum_rlp.exceptions import RLPException
from ethereum_types.bytes import Bytes20, Bytes32
from ethereum_types.numeric import U64, U256, Uint

from protocol.block import Header
from protocol.rlp_codec import RlpItem, encode
from protocol.types import Address, Hash32
from tests.vm.eels.official import CHAIN_ID
from tests.vm.eels.oracle import Eels, Refused
from vm.memory_state import Allocation

eels_of = cache(Eels)


@dataclass(frozen=True)
class Draft:
    """One block: what its author chose, and its body as RLP items."""

    fee_recipient: Address
    gas_limit: int
    timestamp: int
    extra_data: bytes
    prev_randao: Hash32
    difficulty: int
    nonce: bytes
    beacon_root: Hash32
    transactions: tuple[RlpItem, ...]
    withdrawals: tuple[RlpItem, ...]


class EelsChain:
    """A chain of valid blocks in the specification's own hands. From Shanghai on; forks start by time."""

    def __init__(
        self, forks: Sequence[tuple[int, str]], accounts: Mapping[Address, Allocation], genesis: Header
    ) -> None:
        """`forks` are the specification's names and when they start, in order; the first has started."""
        self.forks = forks
        self.eels = self._eels_at(genesis.timestamp)
        first = rlp.decode_to(self.eels.blocks.Header, genesis.encode())
        block = self.eels.blocks.Block(first, (), (), ())
        self.held = self.eels.fork.BlockChain([block], self.eels.state_of(accounts), U64(CHAIN_ID))

    @property
    def state_root(self) -> bytes:
        """Of the last block."""
        return bytes(self.eels.state.state_root(self.held.state))

    def seal(self, draft: Draft) -> Header | Refused:
        """The header with which the draft is the next block; the chain stays as it is."""
        with self._rules_at(draft.timestamp) as eels:
            try:
                return self._execute(eels, draft)
            except (EthereumException, RLPException) as refusal:
                return Refused(type(refusal).__name__, repr(refusal))

    def _execute(self, eels: Eels, draft: Draft) -> Header:
        parent = self.held.blocks[-1].header
        # A limit that the parent forbids has no base fee: the header's rules say so later.
        fee = eels.fork.calculate_base_fee_per_gas(
            parent.gas_limit, parent.gas_limit, parent.gas_used, parent.base_fee_per_gas
        )
        blobs = hasattr(eels.gas, "calculate_excess_blob_gas")
        excess = eels.gas.calculate_excess_blob_gas(parent) if blobs else U64(0)
        state = eels.copied(self.held.state)
        known = {
            "chain_id": self.held.chain_id,
            "state": state,
            "block_gas_limit": Uint(draft.gas_limit),
            "block_hashes": eels.fork.get_last_256_block_hashes(self.held),
            "coinbase": Bytes20(draft.fee_recipient),
            "number": parent.number + Uint(1),
            "base_fee_per_gas": fee,
            "time": U256(draft.timestamp),
            "prev_randao": Bytes32(draft.prev_randao),
            "excess_blob_gas": excess,
            "parent_beacon_block_root": Bytes32(draft.beacon_root),
        }
        environment = eels.vm.BlockEnvironment(
            **{one.name: known[one.name] for one in fields(eels.vm.BlockEnvironment)}
        )
        output = eels.fork.apply_body(
            environment,
            tuple(_transaction(eels, item) for item in draft.transactions),
            tuple(rlp.decode_to(eels.blocks.Withdrawal, encode(item)) for item in draft.withdrawals),
        )
        return Header(
            parent_hash=Hash32(eels.fork.keccak256(rlp.encode(parent))),
            ommers_hash=Hash32(eels.fork.EMPTY_OMMER_HASH),
            fee_recipient=draft.fee_recipient,
            state_root=Hash32(eels.state.state_root(state)),
            transactions_root=Hash32(eels.trie.root(output.transactions_trie)),
            receipts_root=Hash32(eels.trie.root(output.receipts_trie)),
            bloom=int.from_bytes(eels.bloom.logs_bloom(output.block_logs), "big"),
            difficulty=draft.difficulty,
            number=int(parent.number) + 1,
            gas_limit=draft.gas_limit,
            gas_used=int(output.block_gas_used),
            timestamp=draft.timestamp,
            extra_data=draft.extra_data,
            prev_randao=draft.prev_randao,
            nonce=draft.nonce,
            base_fee_per_gas=int(fee),
            withdrawals_root=Hash32(eels.trie.root(output.withdrawals_trie)),
            blob_gas_used=int(output.blob_gas_used) if blobs else None,
            excess_blob_gas=int(excess) if blobs else None,
            parent_beacon_block_root=draft.beacon_root if blobs else None,
            requests_hash=Hash32(eels.fork.compute_requests_hash(output.requests)) if eels.has_requests else None,
        )

    def extend(self, raw: bytes, timestamp: int) -> Refused | None:
        """Take the block; if it is refused, the chain stays as it is. `timestamp` chooses the rules."""
        with self._rules_at(timestamp) as eels:
            chain = eels.fork.BlockChain(list(self.held.blocks), eels.copied(self.held.state), self.held.chain_id)
            try:
                eels.fork.state_transition(chain, rlp.decode_to(eels.blocks.Block, raw))
            except (EthereumException, RLPException) as refusal:
                return Refused(type(refusal).__name__, repr(refusal))
            self.held = chain
        return None

    def _eels_at(self, timestamp: int) -> Eels:
        return eels_of([name for start, name in self.forks if start <= timestamp][-1])

    @contextmanager
    def _rules_at(self, timestamp: int) -> Iterator[Eels]:
        eels = self._eels_at(timestamp)
        parent = self.held.blocks[-1].header
        before, state = self.eels, self.held.state
        if eels is not before:
            self.held.state = eels.copied(state)
        # Each fork takes the excess from headers of its own class: at later forks the one before has it, too.
        module = vars(eels.gas)
        own = module.get("Header")
        if hasattr(parent, "excess_blob_gas"):
            module["Header"] = type(parent)
        kept = self.held
        try:
            yield eels
        finally:
            if own is not None:
                module["Header"] = own
            if self.held is kept:
                self.held.state = state
            else:
                self.eels = eels


def _transaction(eels: Eels, item: RlpItem) -> Any:
    return item if isinstance(item, bytes) else rlp.decode_to(eels.transactions.LegacyTransaction, encode(item))
