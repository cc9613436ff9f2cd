"""The journal's two sides: one with all records, one that is shown them."""

from typing import Protocol, TypeVar

from protocol.crypto import keccak
from protocol.types import Hash32
from prover.commitments.journal_tree import Node, find, insert, opened_root, opening, root_digest, written_root
from prover.commitments.structures import Committed, Hashed, decode_structure
from prover.commitments.tape import InvalidWitness, JournalOpening, Reader, Recorder, Sealed

R = TypeVar("R", bound=Hashed)


class Journal(Protocol):
    """Records by path. Reading and then writing one path takes one opening, if nothing was written in between."""

    def read(self, path: int, kind: type[R], recorder: Recorder | None) -> R | None:
        """The record, or None."""

    def write(self, path: int, record: Hashed, recorder: Recorder | None) -> None:
        """Set the record."""

    def root(self) -> Committed:
        """What `restore` takes."""

    def restore(self, root: Committed) -> None:
        """Go back to an earlier root."""

    def copy(self) -> "Journal":
        """An independent journal with the same records."""


class JournalRoot:
    """A tree at one moment."""

    __slots__ = ("node",)

    def __init__(self, node: Node) -> None:
        self.node = node

    def digest(self) -> Hash32:
        """The root's digest."""
        return root_digest(self.node)


class FullJournal:
    """A journal with all its records."""

    __slots__ = ("node",)

    def __init__(self, node: Node = None) -> None:
        self.node = node

    def read(self, path: int, kind: type[R], recorder: Recorder | None) -> R | None:
        """The record; notes its opening."""
        if recorder is not None:
            recorder.openings.append(opening(self.node, path))
            recorder.last_path = path
        record = find(self.node, path)
        if record is not None and not isinstance(record, kind):
            raise TypeError(f"{type(record).__name__} at the path of a {kind.__name__}")
        return record

    def write(self, path: int, record: Hashed, recorder: Recorder | None) -> None:
        """Set the record; notes where its path ended, unless the last read did."""
        if recorder is not None:
            if recorder.last_path != path:
                recorder.openings.append(opening(self.node, path))
            recorder.last_path = None
        self.node = insert(self.node, path, record)

    def root(self) -> JournalRoot:
        """The tree now."""
        return JournalRoot(self.node)

    def restore(self, root: Committed) -> None:
        """Go back."""
        if not isinstance(root, JournalRoot):
            raise TypeError("a journal with records cannot go back to a bare digest")
        self.node = root.node

    def copy(self) -> "FullJournal":
        """Another reference to the same tree."""
        return FullJournal(self.node)


class ProvenJournal:
    """A journal of which only the root is known."""

    __slots__ = ("_last", "_reader", "_root")

    def __init__(self, root: Hash32, reader: Reader) -> None:
        self._root = root
        self._reader = reader
        self._last: tuple[int, JournalOpening] | None = None

    def read(self, path: int, kind: type[R], recorder: Recorder | None) -> R | None:
        """The record that the next opening shows under the root."""
        shown = self._open(path)
        self._last = (path, shown)
        return decode_structure(kind, shown.record, self._reader) if shown.record else None

    def write(self, path: int, record: Hashed, recorder: Recorder | None) -> None:
        """Take the root that follows from an opening under the old one."""
        shown = self._last[1] if self._last is not None and self._last[0] == path else self._open(path)
        self._last = None
        self._root = written_root(path, shown, keccak(record.encode()))

    def _open(self, path: int) -> JournalOpening:
        shown = self._reader.opening()
        if opened_root(path, shown) != self._root:
            raise InvalidWitness("a journal opening is not under the journal's root")
        return shown

    def root(self) -> Committed:
        """The root."""
        return Sealed(self._root)

    def restore(self, root: Committed) -> None:
        """Go back."""
        self._root = root.digest()
        self._last = None

    def copy(self) -> "ProvenJournal":
        """Another reference to the same root."""
        return ProvenJournal(self._root, self._reader)
