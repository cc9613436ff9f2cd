"""The machine's whole state, and how a step looks at what is not in it.

The same transition runs on two kinds of state. The machine's has everything: frames, pages, records, and an oracle over
the tries and codes. The referee's has digests, and opens what it needs from a witness. `opened` is where they meet.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar

from protocol.types import Hash32
from prover.commitments import layout as table
from prover.commitments.layout import Memo
from prover.commitments.structures import NOTHING, Committed, Hashed, TxBoundary, TxContext, decode_structure
from prover.commitments.tape import Reader, Recorder, Sealed
from prover.machine.frame import NO_FRAME, Frame, decode_frame
from prover.machine.journal import Journal

S = TypeVar("S", bound=Hashed)

# Phases: which kind of step comes next.
BEGIN, ACCESS, ENTER, EXECUTE, COPY, HASH, PRECOMPILE, RETURN, FAULT, CREATE_FINISH, END = range(11)
FLUSH_SLOTS, FLUSH_ACCOUNTS, DONE = range(11, 14)
NEXT_ITEM, ITEM_HASH, SEAL, BLOCK_DONE, NEXT_BLOCK, ORIGIN, SYSTEM_WRITE, OUTPUT = range(14, 22)
START, RING_WALK, L1_WALK, BATCH_WALK, DEPOSIT_WALK = range(22, 27)
RECEIPT_LOGS, RECEIPT_HASH, FILL = range(27, 30)
BATCH_DATA = 30
CONFIG_WALK, TERMS, PRICE = range(31, 34)
PHASE_NAMES = (
    "begin",
    "access",
    "enter",
    "execute",
    "copy",
    "hash",
    "precompile",
    "return",
    "fault",
    "create finish",
    "end",
    "flush slots",
    "flush accounts",
    "done",
    "next item",
    "item hash",
    "seal",
    "block done",
    "next block",
    "origin",
    "system write",
    "output",
    "start",
    "ring walk",
    "l1 walk",
    "batch walk",
    "deposit walk",
    "receipt logs",
    "receipt hash",
    "fill",
    "batch data",
    "config walk",
    "terms",
    "price",
)


class Oracle(Protocol):
    """What is known by its hash alone: codes, trie nodes, transactions, ancestors."""

    def code(self, code_hash: Hash32, recorder: Recorder | None) -> bytes:
        """The code with this hash."""

    def keep_code(self, code: bytes) -> None:
        """Code that may be asked for from now on."""

    def node(self, node_hash: Hash32, recorder: Recorder | None) -> bytes:
        """The trie node with this hash."""

    def keep_node(self, node: bytes) -> None:
        """A trie node that may be asked for from now on."""

    def transaction(self, item: Hash32, recorder: Recorder | None) -> bytes:
        """The transaction's bytes."""

    def keep_transaction(self, raw: bytes) -> None:
        """A transaction that may be asked for from now on."""

    def elements(self, blobs: Sequence[bytes], first: int, count: int, recorder: Recorder | None) -> list[bytes]:
        """Field elements, 32 bytes each, of blobs with these versioned hashes, counted through them."""

    def ancestor(self, ring: Hash32, number: int, recorder: Recorder | None) -> Hash32:
        """The leaf of the ring at `number` mod 256."""

    def grown_ring(self, ring: Hash32, number: int, block_hash: Hash32, recorder: Recorder | None) -> Hash32:
        """The ring with another leaf at `number` mod 256."""


@dataclass(slots=True, eq=False)
class VM:
    """See the layout table (VM and Globals). `recorder` notes what a step looks at; `reader` is the referee's."""

    phase: int
    cursor: Committed
    frame: Frame | Sealed
    fork: int
    boundary: TxBoundary | Sealed
    tx: TxContext | Sealed
    start_root: Hash32
    working_root: Hash32
    journal: Journal
    oracle: Oracle
    dirty_accounts: Committed = NOTHING
    dirty_slots: Committed = NOTHING
    refund: int = 0
    logs: Committed = NOTHING
    logs_rlp_length: int = 0
    recorder: Recorder | None = None
    reader: Reader | None = None
    has_globals: bool = False
    """False before the transaction has begun and after it is done: then the word for the globals is zero."""
    fault: str = ""
    """For people: the name of the last fault. Not committed to."""
    memo: Memo = field(default_factory=Memo)
    globals_memo: Memo = field(default_factory=Memo)

    def _encoded_globals(self) -> Memo:
        return self.globals_memo.of(
            table.GLOBALS,
            (
                self.fork,
                self.boundary.digest(),
                self.tx.digest(),
                self.start_root,
                self.working_root,
                self.journal.root().digest(),
                self.dirty_accounts.digest(),
                self.dirty_slots.digest(),
                self.refund,
                self.logs.digest(),
                self.logs_rlp_length,
            ),
        )

    def encode_globals(self) -> bytes:
        """The preimage of the globals."""
        return self._encoded_globals().preimage

    def globals_digest(self) -> Hash32:
        """The commitment to the globals."""
        return self._encoded_globals().digest if self.has_globals else NOTHING.digest()

    def _encoded(self) -> Memo:
        words = (self.phase, self.cursor.digest(), self.globals_digest(), self.frame.digest())
        return self.memo.of(table.VM, words)

    def encode(self) -> bytes:
        """The preimage of the state."""
        return self._encoded().preimage

    def digest(self) -> Hash32:
        """The commitment to the state: what two parties of a dispute agree or disagree on."""
        return self._encoded().digest

    def copy(self) -> "VM":
        """An independent machine in the same state. Tries, codes and the journal's tree are shared."""
        return replace(
            self,
            frame=self.frame.copy() if isinstance(self.frame, Frame) else self.frame,
            journal=self.journal.copy(),
            memo=Memo(),
            globals_memo=Memo(),
        )

    def go(self, phase: int, cursor: Committed = NOTHING) -> None:
        """Say what comes next."""
        self.phase = phase
        self.cursor = cursor


def opened(vm: VM, value: S | Sealed | Committed, kind: type[S]) -> S:
    """What a commitment commits to: noted by the machine, taken from the witness by the referee."""
    if isinstance(value, Sealed):
        if vm.reader is None:
            raise TypeError(f"a sealed {kind.__name__} in a full state")
        return decode_structure(kind, vm.reader.preimage(value.hash), vm.reader)
    if not isinstance(value, kind):
        raise TypeError(f"{type(value).__name__} where a {kind.__name__} belongs")
    if vm.recorder is not None:
        vm.recorder.preimages.append(value.encode())
    return value


def is_end(link: object) -> bool:
    """Whether a chain ends here, or there is no such structure."""
    return isinstance(link, Sealed) and link.hash == NOTHING.hash


def running(vm: VM) -> Frame:
    """The frame that this phase works on."""
    if not isinstance(vm.frame, Frame):
        raise TypeError("no frame is running")
    return vm.frame


def open_parent(vm: VM, frame: Frame) -> "Frame | None":
    """The caller's frame, ready to run on; None for the outermost frame."""
    parent = frame.parent
    if isinstance(parent, Frame):
        if vm.recorder is not None:
            vm.recorder.preimages.append(parent.encode())
        if parent.shared:
            parent = parent.alone()
        parent.waiting_digest = None
        return parent
    if parent.hash == NO_FRAME.hash:
        return None
    if vm.reader is None:
        raise TypeError("a sealed frame in a full state")
    return decode_frame(vm.reader.preimage(parent.hash), vm.reader)
