"""A frame's memory: pages of 1 KiB that can be written, frozen at any moment, or opened from a witness."""

from typing import Protocol

from protocol.types import Hash32
from prover.commitments.layout import PAGE_SIZE
from prover.commitments.pages import (
    EMPTY_TREE,
    ZERO_PAGE,
    FrozenPages,
    Pages,
    ProvenPages,
    opened_page,
    page_digest,
    page_range,
    root_of,
    slice_pages,
)
from prover.commitments.tape import Reader, Recorder

_LAST = PAGE_SIZE - 1


class Memory(Protocol):
    """Bytes that a frame reads and writes. Its size in words is the frame's, since only gas depends on it."""

    def digest(self) -> Hash32:
        """The root of its pages."""

    def read(self, offset: int, length: int, recorder: Recorder | None) -> bytes:
        """A range; zero where nothing was written."""

    def write(self, offset: int, data: bytes, recorder: Recorder | None) -> None:
        """Overwrite a range."""

    def freeze(self) -> Pages:
        """What it holds now, which later writes do not change."""


class PagedMemory:
    """Memory with all its pages."""

    __slots__ = ("_dirty", "_frozen", "_pages")

    def __init__(self) -> None:
        self._pages: list[bytes] = []
        self._dirty: set[int] = set()
        self._frozen = FrozenPages([])

    def copy(self) -> "PagedMemory":
        """An independent memory with the same bytes."""
        other = PagedMemory()
        other._pages = list(self._pages)
        other._dirty = set(self._dirty)
        other._frozen = self._frozen
        return other

    def digest(self) -> Hash32:
        """The root."""
        return self.freeze().digest()

    def freeze(self) -> FrozenPages:
        """What it holds now."""
        if self._dirty:
            self._frozen = self._frozen.with_pages(list(self._pages), self._dirty)
            self._dirty = set()
        return self._frozen

    def read(self, offset: int, length: int, recorder: Recorder | None) -> bytes:
        """A range of bytes; notes the pages it lies in."""
        if recorder is not None:
            return self.freeze().read(offset, length, recorder)
        start = offset & _LAST
        if start + length <= PAGE_SIZE:
            return self._page(offset >> 10)[start : start + length]
        return slice_pages(self._page, offset, length)

    def write(self, offset: int, data: bytes, recorder: Recorder | None) -> None:
        """Overwrite a range; notes each page as it was before."""
        position = 0
        for index in page_range(offset, len(data)):
            if recorder is not None:
                recorder.pages.append(self.freeze().opening(index))
            start = (offset + position) & _LAST
            part = data[position : position + PAGE_SIZE - start]
            page = self._page(index)
            while len(self._pages) <= index:
                self._pages.append(ZERO_PAGE)
            self._pages[index] = page[:start] + part + page[start + len(part) :]
            self._dirty.add(index)
            position += len(part)

    def _page(self, index: int) -> bytes:
        return self._pages[index] if index < len(self._pages) else ZERO_PAGE


class ProvenMemory:
    """Memory of which only the root is known; pages come from the witness, one opening per page and access."""

    __slots__ = ("_reader", "_root")

    def __init__(self, root: Hash32, reader: Reader) -> None:
        self._root = root
        self._reader = reader

    def digest(self) -> Hash32:
        """The root."""
        return self._root

    def freeze(self) -> Pages:
        """What it holds now."""
        return ProvenPages(self._root, self._reader)

    def read(self, offset: int, length: int, recorder: Recorder | None) -> bytes:
        """A range of bytes, each page checked against the root."""
        return self.freeze().read(offset, length, recorder)

    def write(self, offset: int, data: bytes, recorder: Recorder | None) -> None:
        """Open each page under the root, change it, and take the root that follows from the same siblings."""
        position = 0
        for index in page_range(offset, len(data)):
            opening = self._reader.page()
            page = opened_page(self._root, index, opening)
            start = (offset + position) % PAGE_SIZE
            part = data[position : position + PAGE_SIZE - start]
            changed = page[:start] + part + page[start + len(part) :]
            self._root = root_of(index, page_digest(changed), opening.siblings)
            position += len(part)


def empty_memory(reader: Reader | None) -> Memory:
    """The memory of a new frame, on either side."""
    return PagedMemory() if reader is None else ProvenMemory(EMPTY_TREE, reader)
