"""One running call or create. Frames refer to their parent; nothing here recurses."""

from dataclasses import dataclass, field
from typing import cast

from protocol.types import ZERO_HASH, Address, Hash32
from prover.commitments import layout as table
from prover.commitments.layout import Memo
from prover.commitments.pages import NO_PAGES, Pages, ProvenPages
from prover.commitments.structures import NOTHING, Snapshot
from prover.commitments.tape import Reader, Sealed
from prover.machine.memory import Memory, PagedMemory, ProvenMemory
from prover.machine.stack import Stack

CALL, CREATE = 0, 1
"""Kinds of frames."""


@dataclass(slots=True, eq=False)
class Frame:
    """See the layout table. `words` is the memory's size; `code` is the preimage of `code_hash`, once it is
    known."""

    parent: "Frame | Sealed"
    depth: int
    kind: int
    static: bool
    address: Address
    code_address: Address
    caller: Address
    value: int
    code_hash: Hash32
    calldata: Pages
    calldata_offset: int
    calldata_length: int
    return_offset: int
    return_length: int
    snapshot: Snapshot | Sealed
    gas: int
    memory: Memory
    code: bytes = b""
    code_known: bool = False
    pc: int = 0
    words: int = 0
    stack: Stack = field(default_factory=Stack)
    returndata: Pages = NO_PAGES
    returndata_offset: int = 0
    returndata_length: int = 0
    waiting_digest: Hash32 | None = None
    """Set while the frame waits for a child and so cannot change."""
    shared: bool = False
    """Whether several machines have it below what they run."""
    memo: Memo = field(default_factory=Memo)

    def _encoded(self) -> Memo:
        return self.memo.of(
            table.FRAME,
            (
                self.parent.waiting() if isinstance(self.parent, Frame) else self.parent.digest(),
                self.depth,
                self.kind,
                self.static,
                self.address,
                self.code_address,
                self.caller,
                self.value,
                self.code_hash,
                self.calldata.digest(),
                self.calldata_offset,
                self.calldata_length,
                self.return_offset,
                self.return_length,
                self.snapshot.digest(),
                self.pc,
                self.gas,
                self.stack.size,
                self.stack.digest(),
                self.words,
                self.memory.digest(),
                self.returndata.digest(),
                self.returndata_offset,
                self.returndata_length,
            ),
        )

    def encode(self) -> bytes:
        """The preimage."""
        return self._encoded().preimage

    def digest(self) -> Hash32:
        """The commitment to the running frame."""
        return self._encoded().digest

    def waiting(self) -> Hash32:
        """The commitment to the frame while it waits for a child; the frames below are hashed in a loop."""
        pending: list[Frame] = []
        frame: Frame | Sealed = self
        while isinstance(frame, Frame) and frame.waiting_digest is None:
            pending.append(frame)
            frame = frame.parent
        for below in reversed(pending):
            below.waiting_digest = below.digest()
        assert self.waiting_digest is not None  # noqa: S101
        return self.waiting_digest

    def set_returndata(self, pages: Pages, offset: int, length: int) -> None:
        """Replace what RETURNDATACOPY reads; an empty output refers to no pages."""
        self.returndata = pages if length else NO_PAGES
        self.returndata_offset = offset if length else 0
        self.returndata_length = length

    def copy(self) -> "Frame":
        """An independent frame in the same state. What waits below is shared, and copied when it runs on."""
        below = self.parent
        while isinstance(below, Frame) and not below.shared:
            below.shared = True
            below = below.parent
        return self.alone()

    def alone(self) -> "Frame":
        """An independent frame on the same ones below."""
        assert isinstance(self.memory, PagedMemory)  # noqa: S101
        return Frame(
            self.parent,
            self.depth,
            self.kind,
            self.static,
            self.address,
            self.code_address,
            self.caller,
            self.value,
            self.code_hash,
            self.calldata,
            self.calldata_offset,
            self.calldata_length,
            self.return_offset,
            self.return_length,
            self.snapshot,
            self.gas,
            self.memory.copy(),
            self.code,
            self.code_known,
            self.pc,
            self.words,
            self.stack.copy(),
            self.returndata,
            self.returndata_offset,
            self.returndata_length,
            self.waiting_digest,
        )


def decode_frame(preimage: bytes, reader: Reader) -> Frame:
    """A frame from its preimage: its stack is hidden, its pages are read from the witness, its code is not known.

    Raises:
        InvalidEncoding: It is no frame.
    """
    fields = table.FRAME.fields
    words = {entry.name: word for entry, word in zip(fields, table.decode(table.FRAME, preimage), strict=True)}

    def number(name: str) -> int:
        return cast(int, words[name])

    def word(name: str) -> Hash32:
        return Hash32(cast(bytes, words[name]))

    def address(name: str) -> Address:
        return Address(cast(bytes, words[name]))

    def pages(name: str) -> Pages:
        return NO_PAGES if word(name) == ZERO_HASH else ProvenPages(word(name), reader)

    return Frame(
        parent=Sealed(word("parent")),
        depth=number("depth"),
        kind=number("kind"),
        static=bool(number("static")),
        address=address("address"),
        code_address=address("code_address"),
        caller=address("caller"),
        value=number("value"),
        code_hash=word("code_hash"),
        calldata=pages("calldata"),
        calldata_offset=number("calldata_offset"),
        calldata_length=number("calldata_length"),
        return_offset=number("return_offset"),
        return_length=number("return_length"),
        snapshot=Sealed(word("snapshot")),
        gas=number("gas"),
        memory=ProvenMemory(word("memory"), reader),
        pc=number("pc"),
        words=number("memory_words"),
        stack=Stack(None, number("stack_size"), word("stack")),
        returndata=pages("returndata"),
        returndata_offset=number("returndata_offset"),
        returndata_length=number("returndata_length"),
    )


NO_FRAME = NOTHING
"""What runs before the first frame is entered and after the last one has ended."""
