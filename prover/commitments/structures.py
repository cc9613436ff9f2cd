"""The structures of the layout table as Python values.

Each class has its fields in the table's order and under the table's names, so that one function encodes and one
decodes them all. A reference to another structure is that structure, or `Sealed` where nobody has opened it yet.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import ClassVar, Protocol, TypeVar, cast

from protocol.crypto import keccak
from protocol.types import ZERO_HASH, Address, Hash32
from prover.commitments import layout as table
from prover.commitments.layout import Kind, Layout
from prover.commitments.pages import NO_PAGES, Pages, ProvenPages
from prover.commitments.tape import Reader, Sealed


class Committed(Protocol):
    """Anything that has a digest: a structure or a seal."""

    def digest(self) -> Hash32:
        """The commitment."""


@dataclass(frozen=True, slots=True)
class Hashed:
    """A structure; computes its digest once. A base class only because of that cache."""

    LAYOUT: ClassVar[Layout]
    _digest: Hash32 | None = field(default=None, init=False, repr=False, compare=False)

    def encode(self) -> bytes:
        """The preimage."""
        parts = [self.LAYOUT.tag]
        for name, refers in _plan(self.LAYOUT):
            entry = getattr(self, name)
            if refers:
                parts.append(entry.digest())
            elif isinstance(entry, bytes):
                parts.append(entry.rjust(32, b"\0"))
            else:
                parts.append(entry.to_bytes(32, "big"))
        return b"".join(parts)

    def digest(self) -> Hash32:
        """The commitment. Chains are walked in a loop: they may have thousands of links."""
        pending: list[Hashed] = []
        link: object = self
        while isinstance(link, Hashed) and link._digest is None:
            pending.append(link)
            link = getattr(link, "below", None)
        for part in reversed(pending):
            object.__setattr__(part, "_digest", keccak(part.encode()))
        return cast(Hash32, self._digest)


S = TypeVar("S", bound=Hashed)

NOTHING = Sealed(ZERO_HASH)
"""The end of a chain, and whatever a phase does not have."""


@cache
def _plan(layout: Layout) -> list[tuple[str, bool]]:
    return [(entry.name, entry.kind in (Kind.COMMITMENT, Kind.PAGES)) for entry in layout.fields]


def decode_structure(kind: type[S], preimage: bytes, reader: Reader) -> S:
    """A structure from its preimage; what it refers to is sealed, its pages are read from the witness.

    Raises:
        InvalidEncoding: It is no such structure.
    """
    values: list[object] = []
    for entry, word in zip(kind.LAYOUT.fields, table.decode(kind.LAYOUT, preimage), strict=True):
        if entry.kind is Kind.COMMITMENT:
            values.append(Sealed(Hash32(cast(bytes, word))))
        elif entry.kind is Kind.PAGES:
            values.append(NO_PAGES if word == ZERO_HASH else ProvenPages(Hash32(cast(bytes, word)), reader))
        elif entry.kind is Kind.BOOL:
            values.append(bool(word))
        else:
            values.append(word)
    return cast(Callable[..., S], kind)(*values)


@dataclass(frozen=True, slots=True)
class BlockContext(Hashed):
    """See the layout table."""

    LAYOUT: ClassVar[Layout] = table.BLOCK_CONTEXT
    chain_id: int
    fork: int
    allow_blobs: bool
    allow_deposits: bool
    number: int
    timestamp: int
    fee_recipient: Address
    gas_limit: int
    base_fee: int
    prev_randao: Hash32
    blob_base_fee: int
    blob_gas_limit: int
    ring: Hash32


@dataclass(frozen=True, slots=True)
class TxBoundary(Hashed):
    """See the layout table."""

    LAYOUT: ClassVar[Layout] = table.TX_BOUNDARY
    block: BlockContext | Sealed
    parent: Committed
    tx_index: int
    item: Hash32
    state_root: Hash32
    gas_used: int
    blob_gas_used: int
    receipts: Committed
    batch_cursor: Committed
    charges: Committed = NOTHING
    operator_fee: int = 0
    l1_fee: int = 0


@dataclass(frozen=True, slots=True)
class Charges(Hashed):
    """See the layout table."""

    LAYOUT: ClassVar[Layout] = table.CHARGES
    terms: Hash32
    l1_price: int
    base_fee_recipient: Address
    l1_fee_recipient: Address
    operator_fee_recipient: Address


@dataclass(frozen=True, slots=True)
class TxContext(Hashed):
    """See the layout table."""

    LAYOUT: ClassVar[Layout] = table.TX_CONTEXT
    item: Hash32
    type: int
    origin: Address
    create: bool
    to: Address
    nonce: int
    value: int
    gas_limit: int
    gas: int
    gas_price: int
    tip: int
    blob_gas: int
    blob_hashes: "BlobHashes | Sealed"
    data: Pages
    data_length: int
    initcode_hash: Hash32


@dataclass(frozen=True, slots=True)
class BlobHashes(Hashed):
    """See the layout table."""

    LAYOUT: ClassVar[Layout] = table.BLOB_HASHES
    count: int
    hash_0: Hash32
    hash_1: Hash32
    hash_2: Hash32
    hash_3: Hash32
    hash_4: Hash32
    hash_5: Hash32
    hash_6: Hash32
    hash_7: Hash32
    hash_8: Hash32

    def at(self, index: int) -> int:
        """The hash as a number, or 0 past the last."""
        if index >= self.count:
            return 0
        return int.from_bytes(cast(bytes, getattr(self, f"hash_{index}")), "big")


@dataclass(frozen=True, slots=True)
class Receipt(Hashed):
    """See the layout table."""

    LAYOUT: ClassVar[Layout] = table.RECEIPT
    below: Committed
    tx: Hash32
    type: int
    status: bool
    cumulative_gas_used: int
    logs: Committed
    logs_rlp_length: int


@dataclass(frozen=True, slots=True)
class Snapshot(Hashed):
    """See the layout table; `journal` is whatever the journal restores itself from."""

    LAYOUT: ClassVar[Layout] = table.SNAPSHOT
    journal: Committed
    dirty_accounts: Committed
    dirty_slots: Committed
    refund: int
    logs: Committed
    logs_rlp_length: int


# --- cursors ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AccessEntry(Hashed):
    """See the layout table."""

    LAYOUT: ClassVar[Layout] = table.ACCESS_ENTRY
    below: Committed
    address: Address
    is_slot: bool
    slot: int


@dataclass(frozen=True, slots=True)
class Enter(Hashed):
    """See the layout table."""

    LAYOUT: ClassVar[Layout] = table.ENTER
    kind: int
    static: bool
    transfer: bool
    address: Address
    code_address: Address
    caller: Address
    value: int
    gas: int
    code_hash: Hash32
    calldata: Pages
    calldata_offset: int
    calldata_length: int
    return_offset: int
    return_length: int


@dataclass(frozen=True, slots=True)
class Copy(Hashed):
    """See the layout table."""

    LAYOUT: ClassVar[Layout] = table.COPY
    source: int
    pages: Pages
    code_hash: Hash32
    source_offset: int
    source_length: int
    destination: int
    remaining: int


@dataclass(frozen=True, slots=True)
class Hashing(Hashed):
    """See the layout table."""

    LAYOUT: ClassVar[Layout] = table.HASHING
    function: int
    offset: int
    length: int
    remaining: int
    lane_0: int
    lane_1: int
    lane_2: int
    lane_3: int
    lane_4: int
    lane_5: int
    lane_6: int
    lane_7: int
    lane_8: int
    lane_9: int
    lane_10: int
    lane_11: int
    lane_12: int
    lane_13: int
    lane_14: int
    lane_15: int
    lane_16: int
    lane_17: int
    lane_18: int
    lane_19: int
    lane_20: int
    lane_21: int
    lane_22: int
    lane_23: int
    lane_24: int

    def lanes(self) -> tuple[int, ...]:
        """What the function remembers."""
        return tuple(cast(int, getattr(self, f"lane_{index}")) for index in range(25))


@dataclass(frozen=True, slots=True)
class Return(Hashed):
    """See the layout table."""

    LAYOUT: ClassVar[Layout] = table.RETURN
    success: bool
    output: Pages
    output_offset: int
    output_length: int


@dataclass(frozen=True, slots=True)
class End(Hashed):
    """See the layout table."""

    LAYOUT: ClassVar[Layout] = table.END
    success: bool
    gas_left: int


@dataclass(frozen=True, slots=True)
class Flush(Hashed):
    """See the layout table."""

    LAYOUT: ClassVar[Layout] = table.FLUSH
    success: bool
    gas_used: int


# --- journal records and chains ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AccountRecord(Hashed):
    """See the layout table."""

    LAYOUT: ClassVar[Layout] = table.ACCOUNT_RECORD
    loaded: bool
    dirty: bool
    created: bool
    destructed: bool
    nonce: int
    balance: int
    storage_root: Hash32
    code_hash: Hash32


@dataclass(frozen=True, slots=True)
class SlotRecord(Hashed):
    """See the layout table."""

    LAYOUT: ClassVar[Layout] = table.SLOT_RECORD
    loaded: bool
    dirty: bool
    original: int
    current: int


@dataclass(frozen=True, slots=True)
class TransientRecord(Hashed):
    """See the layout table."""

    LAYOUT: ClassVar[Layout] = table.TRANSIENT_RECORD
    value: int


@dataclass(frozen=True, slots=True)
class DirtyAccount(Hashed):
    """See the layout table."""

    LAYOUT: ClassVar[Layout] = table.DIRTY_ACCOUNT
    below: Committed
    address: Address


@dataclass(frozen=True, slots=True)
class DirtySlot(Hashed):
    """See the layout table."""

    LAYOUT: ClassVar[Layout] = table.DIRTY_SLOT
    below: Committed
    address: Address
    slot: int


@dataclass(frozen=True, slots=True)
class LogLink(Hashed):
    """See the layout table."""

    LAYOUT: ClassVar[Layout] = table.LOG
    below: Committed
    address: Address
    topic_count: int
    topic_0: int
    topic_1: int
    topic_2: int
    topic_3: int
    data: Pages
    data_offset: int
    data_length: int

    def topics(self) -> tuple[int, ...]:
        """The used topics."""
        return (self.topic_0, self.topic_1, self.topic_2, self.topic_3)[: self.topic_count]
