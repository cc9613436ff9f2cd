"""Ethereum's executable specification (EELS), asked as our engine is.

It comes to its answers by itself: only questions and answers are in our types. Of a block that it is given, it takes
what the author chose and the transactions; the rest of the header is its own.

It asks for older versions of cryptography and coincurve than the node has. Of those it uses two things, recovery on
secp256k1 and verification on P-256, and they do the same with ours: 3,000 and 800 signatures, good, bad and at the
edges, had the same outcome with either pair of versions.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from importlib import import_module
from traceback import extract_tb
from typing import Any

from ethereum.crypto.hash import keccak256
from ethereum.exceptions import EthereumException
from ethereum_rlp import rlp
from ethereum_rlp.exceptions import RLPException
from ethereum_types.bytes import Bytes20, Bytes32
from ethereum_types.numeric import U64, U256, Uint
from hypothesis import reject

from protocol.forks import Fork
from protocol.types import Address, Hash32
from vm.memory_state import Allocation
from vm.pyevm.block_state import BlockEnvironment


@dataclass(frozen=True)
class Refused:
    """A transaction that is not valid here; `name` is the exception's."""

    name: str
    why: str


@dataclass(frozen=True)
class Transition:
    """What one transaction came to."""

    state_root: bytes
    gas_used: int
    receipt: bytes


@dataclass(frozen=True)
class Extended:
    """What a block came to; each receipt as it enters the trie."""

    header: bytes
    hash: bytes
    receipts: tuple[bytes, ...]


class Eels:
    """The specification of one fork, by ours or by its own name, which tells forks apart that only change blobs.

    Its Constantinople is Petersburg: nobody else uses what was before.
    """

    def __init__(self, fork: Fork | str) -> None:
        name = fork if isinstance(fork, str) else fork.name.lower()
        if name == "petersburg":
            name = "constantinople"
        self.fork, self.state, self.types, self.blocks, self.trie, self.bloom, self.vm, self.gas, self.transactions = (
            import_module(f"ethereum.forks.{name}.{part}")
            for part in ("fork", "state", "fork_types", "blocks", "trie", "bloom", "vm", "vm.gas", "transactions")
        )
        self.has_requests = hasattr(self.fork, "compute_requests_hash")

    def transition(
        self,
        accounts: Mapping[Address, Allocation],
        environment: BlockEnvironment,
        excess_blob_gas: int,
        ancestors: Sequence[Hash32],
        raw: bytes,
    ) -> Refused | Transition:
        """One transaction on a state, without what a block does before and after."""
        state = self.state_of(accounts)
        known = {
            "chain_id": U64(environment.chain_id),
            "state": state,
            "block_gas_limit": Uint(environment.gas_limit),
            "block_hashes": [Bytes32(one) for one in ancestors],
            "coinbase": Bytes20(environment.fee_recipient),
            "number": Uint(environment.number),
            "difficulty": Uint(environment.difficulty),
            "base_fee_per_gas": Uint(environment.base_fee),
            "time": U256(environment.timestamp),
            "prev_randao": Bytes32(environment.prev_randao),
            "excess_blob_gas": U64(excess_blob_gas),
            "parent_beacon_block_root": Bytes32(bytes(32)),
        }
        # Each fork's block has the fields that there were.
        block = self.vm.BlockEnvironment(
            **{field.name: known[field.name] for field in fields(self.vm.BlockEnvironment)}
        )
        output = self.vm.BlockOutput()
        try:
            with _passing_over_modexp():
                self.fork.process_transaction(block, output, self._transaction(raw), Uint(0))
        except (EthereumException, RLPException) as refusal:
            return Refused(type(refusal).__name__, repr(refusal))
        (receipt,) = self._receipts(output)
        return Transition(self.state.state_root(state), int(output.block_gas_used), receipt)

    def chain(
        self, chain_id: int, accounts: Mapping[Address, Allocation], genesis: bytes, blocks: Sequence[bytes]
    ) -> list[Extended]:
        """Blocks one after another, each on top of what it makes of the one before."""
        first = self.blocks.Block(rlp.decode_to(self.blocks.Header, genesis), (), (), ())
        held = self.fork.BlockChain([first], self.state_of(accounts), U64(chain_id))
        with _passing_over_modexp():
            return [self._extend(held, raw) for raw in blocks]

    def _extend(self, held: Any, raw: bytes) -> Extended:
        block = rlp.decode_to(self.blocks.Block, raw)
        parent, given = held.blocks[-1].header, block.header
        base_fee = self.fork.calculate_base_fee_per_gas(
            given.gas_limit, parent.gas_limit, parent.gas_used, parent.base_fee_per_gas
        )
        excess_blob_gas = self.gas.calculate_excess_blob_gas(parent)
        environment = self.vm.BlockEnvironment(
            chain_id=held.chain_id,
            state=held.state,
            block_gas_limit=given.gas_limit,
            block_hashes=self.fork.get_last_256_block_hashes(held),
            coinbase=given.coinbase,
            number=parent.number + Uint(1),
            base_fee_per_gas=base_fee,
            time=given.timestamp,
            prev_randao=given.prev_randao,
            excess_blob_gas=excess_blob_gas,
            parent_beacon_block_root=given.parent_beacon_block_root,
        )
        output = self.fork.apply_body(environment, block.transactions, block.withdrawals)
        header = replace(
            given,
            parent_hash=keccak256(rlp.encode(parent)),
            ommers_hash=self.fork.EMPTY_OMMER_HASH,
            number=environment.number,
            base_fee_per_gas=base_fee,
            excess_blob_gas=excess_blob_gas,
            gas_used=output.block_gas_used,
            blob_gas_used=output.blob_gas_used,
            state_root=self.state.state_root(held.state),
            transactions_root=self.trie.root(output.transactions_trie),
            receipt_root=self.trie.root(output.receipts_trie),
            withdrawals_root=self.trie.root(output.withdrawals_trie),
            bloom=self.bloom.logs_bloom(output.block_logs),
            **({"requests_hash": self.fork.compute_requests_hash(output.requests)} if self.has_requests else {}),
        )
        self.fork.validate_header(held, header)
        held.blocks.append(replace(block, header=header))
        encoded = rlp.encode(header)
        return Extended(encoded, keccak256(encoded), self._receipts(output))

    def _transaction(self, raw: bytes) -> Any:
        if not hasattr(self.transactions, "decode_transaction"):  # before Berlin there was one type
            return rlp.decode_to(self.transactions.Transaction, raw)
        is_list = raw[:1] >= b"\xc0"
        return self.transactions.decode_transaction(
            rlp.decode_to(self.transactions.LegacyTransaction, raw) if is_list else raw
        )

    def _receipts(self, output: Any) -> tuple[bytes, ...]:
        found = [self.trie.trie_get(output.receipts_trie, key) for key in output.receipt_keys]
        return tuple(one if isinstance(one, bytes) else rlp.encode(one) for one in found)

    def state_of(self, accounts: Mapping[Address, Allocation]) -> Any:
        """The specification's state of these accounts."""
        state = self.state.State()
        for name, account in accounts.items():
            address = Bytes20(name)
            held = self.types.Account(Uint(account.nonce), U256(account.balance), account.code)
            self.state.set_account(state, address, held)
            for slot, word in account.storage.items():
                self.state.set_storage(state, address, Bytes32(slot.to_bytes(32, "big")), U256(word))
        return state

    def copied(self, state: Any) -> Any:
        """Another state with the same accounts; the given one may be another fork's."""
        accounts = {
            Address(bytes(address)): Allocation(
                balance=int(account.balance),
                nonce=int(account.nonce),
                code=bytes(account.code),
                storage={
                    int.from_bytes(slot, "big"): int(word)
                    for slot, word in getattr(state._storage_tries.get(address), "_data", {}).items()
                },
            )
            for address, account in state._main_trie._data.items()
            if account is not None
        }
        return self.state_of(accounts)


@contextmanager
def _passing_over_modexp() -> Iterator[None]:
    """EELS 2.20.0 adds modexp's lengths in 256 bits before it looks at the gas: it has no answer there."""
    try:
        yield
    except OverflowError as error:
        if any(frame.filename.endswith("modexp.py") for frame in extract_tb(error.__traceback__)):
            reject()
        raise
