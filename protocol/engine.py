"""The seam between a chain and whatever executes its transactions.

An engine is a pure function of a parent header, a state and transactions. It never writes: what a block changes comes
back as `StateChanges`, and storing them is the caller's.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Protocol

from protocol.block import Block, Header
from protocol.errors import InvalidTransaction
from protocol.payload import BlockAttributes, PayloadAttributes
from protocol.receipt import Log, Receipt
from protocol.simulation import NORMAL, Conditions
from protocol.state import StateChanges, StateReader
from protocol.tracing import Tracer
from protocol.transaction import DEPOSIT, AccessEntry, Authorization, Transaction, decode_transaction
from protocol.types import Address, Hash32

NONE_DECODED: Final[Mapping[bytes, Transaction]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ExecutedBlock:
    """A sealed block with its receipts and its effect on the parent's state.

    `requests` are those that its header commits to (EIP-7685), each with its type byte first.
    """

    block: Block
    receipts: tuple[Receipt, ...]
    changes: StateChanges
    requests: tuple[bytes, ...] = ()


class BlockBuilder(Protocol):
    """A block under construction: add transactions as they come, then seal once."""

    @property
    def attributes(self) -> BlockAttributes:
        """What the block was begun with."""

    @property
    def gas_left(self) -> int:
        """Gas of the block's limit that no transaction has used yet."""

    @property
    def base_fee_per_gas(self) -> int:
        """The block's base fee in wei; 0 before London."""

    @property
    def transactions(self) -> list[Transaction]:
        """What was added so far, in order."""

    @property
    def receipts(self) -> list[Receipt]:
        """One receipt per added transaction."""

    @property
    def state(self) -> StateReader:
        """The state as it would be if the block ended here; its `root` is the parent's. For `pending` reads."""

    def snapshot(self) -> StateReader:
        """The same as of now: later transactions do not show, and other threads may read it meanwhile."""

    def add(self, tx: Transaction, tracer: Tracer | None = None) -> Receipt:
        """Execute `tx` at the end of the block, watched by `tracer` if there is one.

        Raises:
            InvalidTransaction: The block cannot contain it; the builder is as it was before the call.
        """

    def seal(self) -> ExecutedBlock:
        """Finish: withdrawals, system calls, roots and header. The builder must not be used afterwards."""


@dataclass(frozen=True, slots=True)
class Call:
    """A message to try without a signature: `eth_call`, `eth_estimateGas`, access lists. Amounts in wei.

    `gas_price` is what GASPRICE returns and what the sender is charged; None means free, with BASEFEE reading 0.
    `charges` is what it pays beside gas, in wei.
    """

    sender: Address
    to: Address | None
    gas_limit: int
    value: int = 0
    data: bytes = b""
    gas_price: int | None = None
    access_list: tuple[AccessEntry, ...] = ()
    authorizations: tuple[Authorization, ...] = ()
    blob_hashes: tuple[bytes, ...] = ()
    charges: int = 0


@dataclass(frozen=True, slots=True)
class CallResult:
    """What a call did. `error` is None on success, "execution reverted" with `output` as its data on REVERT, and the
    fault's name (geth's wording, e.g. "out of gas") otherwise. `gas_used` counts intrinsic gas, after refunds, and
    `gas_before_refund` what it took at most; `access_list` is what the call touched beyond what is warm anyway."""

    error: str | None
    output: bytes
    gas_used: int
    logs: tuple[Log, ...]
    access_list: tuple[AccessEntry, ...]
    gas_before_refund: int = 0


AncestorHash = Callable[[int], Hash32 | None]
"""The hash of the ancestor with this number, for BLOCKHASH; None when it is not known."""


class SimulatedBlock(Protocol):
    """A block that is only imagined: its transactions need no signature, and its state may be pretended."""

    @property
    def gas_left(self) -> int:
        """Gas of the block's limit that no transaction has used yet."""

    @property
    def base_fee_per_gas(self) -> int:
        """The block's base fee in wei; 0 before London."""

    @property
    def state(self) -> StateReader:
        """The state as it would be if the block ended here; its `root` is the parent's."""

    def call(self, tx: Transaction, *, validate: bool, tracer: Tracer | None = None) -> CallResult:
        """Execute `tx`, whose sender is taken at its word, at the end of the block.

        Without `validate` its nonce is not checked, and a price of zero is below no base fee and pays nobody.

        Raises:
            InvalidTransaction: The block cannot contain it; the block is as it was before the call.
        """

    def seal(self) -> ExecutedBlock:
        """Finish: withdrawals, system calls, roots and header. The block must not be used afterwards."""


class Engine(Protocol):
    """One virtual machine with one chain's rules."""

    def begin_block(
        self, parent: Header, attributes: BlockAttributes, state: StateReader, ancestor_hash: AncestorHash
    ) -> BlockBuilder:
        """Start the block after `parent`, whose post-state is `state`. Runs the fork's opening system calls."""

    def begin_simulation(
        self,
        parent: Header,
        attributes: BlockAttributes,
        state: StateReader,
        ancestor_hash: AncestorHash,
        conditions: Conditions = NORMAL,
    ) -> SimulatedBlock:
        """Imagine a block after `parent`. Overrides become part of the state before anything else happens in it.

        Raises:
            Reject: An override asks for what cannot be.
        """

    def call(
        self,
        call: Call,
        header: Header,
        state: StateReader,
        ancestor_hash: AncestorHash,
        conditions: Conditions = NORMAL,
    ) -> CallResult:
        """Run `call` on `state` as if inside the block that `header` describes. Nothing is kept.

        `state` must show the overrides of `conditions` already; what they do to precompiles is done here.

        Raises:
            InvalidTransaction: The call cannot start (funds for value or gas, intrinsic gas).
            Reject: An override asks for what cannot be.
        """


def execute_payload(
    engine: Engine,
    parent: Header,
    payload: PayloadAttributes,
    state: StateReader,
    ancestor_hash: AncestorHash,
    decoded: Mapping[bytes, Transaction] = NONE_DECODED,
) -> ExecutedBlock:
    """Make the one block that `payload` prescribes: forced transactions, then every valid one of the others.

    `decoded` holds what `decode_transaction` has made of some of them already, by their bytes.
    """
    builder = engine.begin_block(parent, payload.block, state, ancestor_hash)
    for raw in payload.forced:
        builder.add(decode_transaction(raw))
    for raw in payload.transactions:
        try:
            tx = decoded.get(raw) or decode_transaction(raw)
            if tx.type != DEPOSIT:  # deposits mint: they come from L1's events alone, never from a batch
                builder.add(tx)
        except InvalidTransaction:
            continue  # the defined transition: an invalid item of a batch leaves no trace
    return builder.seal()
