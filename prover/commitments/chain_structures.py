"""The layout table's structures between blocks as Python values. See `structures`, which has those within one."""

from dataclasses import dataclass
from typing import ClassVar, cast

from protocol.types import Address, Hash32
from prover.commitments import layout as table
from prover.commitments.layout import Layout
from prover.commitments.pages import Pages
from prover.commitments.structures import Committed, Hashed


@dataclass(frozen=True, slots=True)
class ChainRules(Hashed):
    """See the layout table."""

    LAYOUT: ClassVar[Layout] = table.CHAIN_RULES
    chain_id: int
    fork: int
    settings: Committed
    fixed_base_fee: bool
    fee_recipient: Address
    l1_fee_recipient: Address
    operator_fee_recipient: Address
    l1_blob_update_fraction: int
    timestamp_step: int
    max_drift: int
    sequencing_window: int
    l1_genesis: int
    l1_genesis_hash: Hash32
    inbox: Address
    portal: Address
    layers: int
    chain_config: Address


@dataclass(frozen=True, slots=True)
class Settings(Hashed):
    """See the layout table."""

    LAYOUT: ClassVar[Layout] = table.SETTINGS
    gas_limit: int
    base_fee_denominator: int
    elasticity: int
    min_base_fee: int
    base_fee_recipient: Address
    operator_fee: int
    l1_base_fee_scalar: int
    l1_blob_base_fee_scalar: int


@dataclass(frozen=True, slots=True)
class ChangeLink(Hashed):
    """See the layout table."""

    LAYOUT: ClassVar[Layout] = table.CHANGE_LINK
    below: Committed
    l1_number: int
    knob: int
    setting: int


@dataclass(frozen=True, slots=True)
class ChainBlock(Hashed):
    """See the layout table."""

    LAYOUT: ClassVar[Layout] = table.CHAIN_BLOCK
    rules: Committed
    number: int
    hash: Hash32
    state_root: Hash32
    timestamp: int
    gas_limit: int
    gas_used: int
    base_fee: int
    outbox_root: Hash32
    ring: Hash32
    inputs: Committed


@dataclass(frozen=True, slots=True)
class L1Inputs(Hashed):
    """See the layout table."""

    LAYOUT: ClassVar[Layout] = table.L1_INPUTS
    l1_blocks: Committed
    newest: int
    batches: Committed
    deposits: Committed
    reading: Committed
    settings: Committed
    changes: Committed


@dataclass(frozen=True, slots=True)
class L1Link(Hashed):
    """See the layout table."""

    LAYOUT: ClassVar[Layout] = table.L1_LINK
    below: Committed
    number: int
    hash: Hash32
    timestamp: int
    prev_randao: Hash32
    base_fee: int
    excess_blob_gas: int


@dataclass(frozen=True, slots=True)
class BatchLink(Hashed):
    """See the layout table."""

    LAYOUT: ClassVar[Layout] = table.BATCH_LINK
    below: Committed
    l1_number: int
    data: Pages
    length: int


@dataclass(frozen=True, slots=True)
class BatchData(Hashed):
    """See the layout table."""

    LAYOUT: ClassVar[Layout] = table.BATCH_DATA
    boot: Committed
    commitment: Hash32
    l1_number: int
    data: Pages
    length: int
    pages: int


@dataclass(frozen=True, slots=True)
class DepositLink(Hashed):
    """See the layout table."""

    LAYOUT: ClassVar[Layout] = table.DEPOSIT_LINK
    below: Committed
    l1_number: int
    index: int
    deposit: Hash32


@dataclass(frozen=True, slots=True)
class BatchReading(Hashed):
    """See the layout table."""

    LAYOUT: ClassVar[Layout] = table.BATCH_READING
    l1_number: int
    data: Pages
    length: int
    first_number: int
    count: int
    checked: int
    end: int
    item: int
    blocks: int
    transactions: int


@dataclass(frozen=True, slots=True)
class BlockPlan(Hashed):
    """See the layout table."""

    LAYOUT: ClassVar[Layout] = table.BLOCK_PLAN
    parent: Committed
    l1_blocks: Committed
    origin: int
    timestamp: int
    due: bool
    settings: Committed
    changes: Committed


@dataclass(frozen=True, slots=True)
class ItemHashing(Hashed):
    """See the layout table."""

    LAYOUT: ClassVar[Layout] = table.ITEM_HASHING
    boundary: Committed
    data: Pages
    hashing: Committed


@dataclass(frozen=True, slots=True)
class Sealing(Hashed):
    """See the layout table."""

    LAYOUT: ClassVar[Layout] = table.SEALING
    boundary: Committed
    receipts: Committed
    left: int
    count: int
    transactions_root: Hash32
    receipts_root: Hash32
    bloom_0: int
    bloom_1: int
    bloom_2: int
    bloom_3: int
    bloom_4: int
    bloom_5: int
    bloom_6: int
    bloom_7: int

    def bloom(self) -> int:
        """The 2,048 bits as one number."""
        return _bloom_of(self)


@dataclass(frozen=True, slots=True)
class ReceiptLogs(Hashed):
    """See the layout table."""

    LAYOUT: ClassVar[Layout] = table.RECEIPT_LOGS
    sealing: Committed
    left: Committed
    ordered: Committed
    bloom_0: int
    bloom_1: int
    bloom_2: int
    bloom_3: int
    bloom_4: int
    bloom_5: int
    bloom_6: int
    bloom_7: int

    def bloom(self) -> int:
        """The 2,048 bits as one number."""
        return _bloom_of(self)


@dataclass(frozen=True, slots=True)
class ReceiptHashing(Hashed):
    """See the layout table."""

    LAYOUT: ClassVar[Layout] = table.RECEIPT_HASHING
    sealing: Committed
    logs: Committed
    data: Pages
    data_offset: int
    data_left: int
    pending_length: int
    pending_0: Hash32
    pending_1: Hash32
    pending_2: Hash32
    pending_3: Hash32
    pending_4: Hash32
    hashing: Committed

    def pending(self) -> bytes:
        """The bytes that wait for more."""
        words = (self.pending_0, self.pending_1, self.pending_2, self.pending_3, self.pending_4)
        return b"".join(words)[: self.pending_length]


@dataclass(frozen=True, slots=True)
class Filling(Hashed):
    """See the layout table."""

    LAYOUT: ClassVar[Layout] = table.FILLING
    sealing: Committed
    leaf: Hash32


@dataclass(frozen=True, slots=True)
class Start(Hashed):
    """See the layout table."""

    LAYOUT: ClassVar[Layout] = table.START
    rules: Committed
    parent_output: Hash32
    parent_l1_hash: Hash32
    l1_hash: Hash32


@dataclass(frozen=True, slots=True)
class Boot(Hashed):
    """See the layout table."""

    LAYOUT: ClassVar[Layout] = table.BOOT
    start: Committed
    block: Committed
    next: Hash32
    stop: Hash32
    count: int
    origin: int
    newest_state: Hash32
    parent_state: Hash32


@dataclass(frozen=True, slots=True)
class Output(Hashed):
    """See the layout table."""

    LAYOUT: ClassVar[Layout] = table.OUTPUT
    number: int
    root: Hash32


def bloom_words(bloom: int) -> tuple[int, int, int, int, int, int, int, int]:
    """2,048 bits as eight words, the most significant first."""
    first, second, third, fourth, fifth, sixth, seventh, eighth = (
        bloom >> 256 * (7 - index) & (2**256 - 1) for index in range(8)
    )
    return first, second, third, fourth, fifth, sixth, seventh, eighth


def _bloom_of(words: Sealing | ReceiptLogs) -> int:
    bloom = 0
    for index in range(8):
        bloom = bloom << 256 | cast(int, getattr(words, f"bloom_{index}"))
    return bloom


def pending_words(pending: bytes) -> tuple[Hash32, Hash32, Hash32, Hash32, Hash32]:
    """Fewer than 136 bytes as five words, zeros behind them."""
    first, second, third, fourth, fifth = (
        Hash32(pending[start : start + 32].ljust(32, b"\0")) for start in range(0, 160, 32)
    )
    return first, second, third, fourth, fifth
