"""What a block is built from: the header fields that its author chooses, and the transactions to run."""

from dataclasses import dataclass

from protocol.block import EMPTY_OMMERS_HASH, ZERO_NONCE, Header, Withdrawal
from protocol.fee_terms import FeeTerms
from protocol.types import ZERO_HASH, Address, Hash32


@dataclass(frozen=True, slots=True)
class BlockAttributes:
    """The inputs of a block other than its parent and its transactions.

    `prev_randao` is the PoW mix hash, and `difficulty`, `nonce` and `ommers` have their own meaning, before Paris.
    `parent_beacon_block_root` is used from Cancun on; on a rollup it carries the L1 origin's hash.
    `base_fee_per_gas` is normally computed from the parent; set, it overrides (state tests and simulations).
    `fee_terms` are for a block that is only imagined: a derived one says its own in its first transaction.
    """

    timestamp: int
    fee_recipient: Address
    gas_limit: int
    prev_randao: Hash32 = ZERO_HASH
    extra_data: bytes = b""
    parent_beacon_block_root: Hash32 = ZERO_HASH
    withdrawals: tuple[Withdrawal, ...] = ()
    difficulty: int = 0
    nonce: bytes = ZERO_NONCE
    ommers_hash: Hash32 = EMPTY_OMMERS_HASH
    ommers: tuple[Header, ...] = ()
    base_fee_per_gas: int | None = None
    excess_blob_gas: int | None = None
    fee_terms: FeeTerms | None = None


@dataclass(frozen=True, slots=True)
class PayloadAttributes:
    """One L2 block as derivation prescribes it: its attributes and its transactions in canonical bytes.

    `forced` come first (deposits; always valid to decode). Of `transactions` each one that turns out invalid is
    skipped, so that these attributes always make exactly one block.
    """

    number: int
    block: BlockAttributes
    forced: tuple[bytes, ...]
    transactions: tuple[bytes, ...]
