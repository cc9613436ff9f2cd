"""The journal together with the block it runs in: the `state` of py-evm's opcodes."""

from dataclasses import dataclass

from protocol.engine import AncestorHash
from protocol.forks import Fork
from protocol.state import StateReader
from protocol.types import Address, Hash32
from vm.journal import Journal
from vm.pyevm.charges import Charges

BLOCKHASH_WINDOW = 256


@dataclass(frozen=True, slots=True)
class BlockEnvironment:
    """What opcodes can learn about the block. Fees in wei, time in seconds."""

    fork: Fork
    chain_id: int
    fee_recipient: Address
    number: int
    timestamp: int
    gas_limit: int
    difficulty: int
    prev_randao: Hash32
    base_fee: int
    blob_base_fee: int
    ancestor_hash: AncestorHash


class BlockState(Journal):
    """A journal with the block's constants beside it, because py-evm's opcodes look for both on one object."""

    __slots__ = (
        "ancestor_hash",
        "base_fee",
        "blob_base_fee",
        "block_number",
        "chain_id",
        "charges",
        "coinbase",
        "difficulty",
        "fork",
        "gas_limit",
        "mix_hash",
        "timestamp",
    )

    def __init__(self, reader: StateReader, environment: BlockEnvironment) -> None:
        super().__init__(reader)
        self.fork = environment.fork
        self.chain_id = environment.chain_id
        self.coinbase = environment.fee_recipient
        self.block_number = environment.number
        self.timestamp = environment.timestamp
        self.gas_limit = environment.gas_limit
        self.difficulty = environment.difficulty
        self.mix_hash = environment.prev_randao
        self.base_fee = environment.base_fee
        self.blob_base_fee = environment.blob_base_fee
        self.ancestor_hash = environment.ancestor_hash
        self.charges: Charges | None = None
        """What transactions pay beside gas."""

    @property
    def execution_context(self) -> "BlockState":
        """Where py-evm's CHAINID looks for `chain_id`."""
        return self

    def get_ancestor_hash(self, number: int) -> bytes:
        """BLOCKHASH: one of the last 256 hashes, or b"" (which reads 0)."""
        if not self.block_number - BLOCKHASH_WINDOW <= number < self.block_number:
            return b""
        return self.ancestor_hash(number) or b""
