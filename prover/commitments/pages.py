"""Byte strings as Merkle trees over pages of 1 KiB: memory, calldata, returndata, log data.

Every tree has depth 16, so 64 MiB; whatever was never written reads as zero and costs nothing (precomputed empty
subtrees). `FrozenPages` has all pages and hashes on demand, `ProvenPages` has only a root and is shown pages.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from protocol.crypto import keccak
from protocol.types import ZERO_HASH, Hash32
from prover.commitments.layout import PAGE, PAGE_DEPTH, PAGE_NODE, PAGE_SIZE
from prover.commitments.tape import InvalidWitness, PageOpening, Reader, Recorder

MAX_BYTES = PAGE_SIZE << PAGE_DEPTH
ZERO_PAGE = bytes(PAGE_SIZE)


def page_digest(page: bytes) -> Hash32:
    """The leaf of one page."""
    return keccak(PAGE.tag + page)


def node_digest(left: bytes, right: bytes) -> Hash32:
    """An inner node."""
    return keccak(PAGE_NODE.tag + left + right)


def _empty_subtrees() -> tuple[Hash32, ...]:
    digests = [page_digest(ZERO_PAGE)]
    for _ in range(PAGE_DEPTH):
        digests.append(node_digest(digests[-1], digests[-1]))
    return tuple(digests)


EMPTY_SUBTREES = _empty_subtrees()
"""The digest of an all-zero subtree by its height: a page at 0, the whole tree at 16."""
EMPTY_TREE = EMPTY_SUBTREES[PAGE_DEPTH]


def root_of(index: int, leaf: bytes, siblings: Sequence[bytes]) -> Hash32:
    """The root that follows from one leaf and the digests beside its path.

    Raises:
        InvalidWitness: Not exactly one sibling of 32 bytes per level, or no such page.
    """
    if len(siblings) != PAGE_DEPTH or index >> PAGE_DEPTH:
        raise InvalidWitness(f"page {index} with {len(siblings)} siblings")
    node = Hash32(leaf)
    for sibling in siblings:
        if len(sibling) != 32:
            raise InvalidWitness("a sibling is not 32 bytes")
        node = node_digest(sibling, node) if index & 1 else node_digest(node, sibling)
        index >>= 1
    return node


def opened_page(root: bytes, index: int, opening: PageOpening) -> bytes:
    """The page at `index` under `root`, as the opening shows it."""
    if len(opening.page) != PAGE_SIZE or root_of(index, page_digest(opening.page), opening.siblings) != root:
        raise InvalidWitness(f"page {index} is not under root 0x{root.hex()}")
    return opening.page


class Pages(Protocol):
    """Immutable bytes behind a root."""

    def digest(self) -> Hash32:
        """The root."""

    def read(self, offset: int, length: int, recorder: Recorder | None) -> bytes:
        """Bytes of the tree; past what was written they are zero."""


class NoPages:
    """Where there are no bytes to refer to."""

    __slots__ = ()

    def digest(self) -> Hash32:
        """Zero, which is no tree's root."""
        return ZERO_HASH

    def read(self, offset: int, length: int, recorder: Recorder | None) -> bytes:
        """Never asked for a byte."""
        if length:
            raise InvalidWitness("there are no pages to read")
        return b""


NO_PAGES = NoPages()


class FrozenPages:
    """All pages of an immutable tree; its levels are hashed when first needed.

    `since` are the levels of an earlier tree and the pages that have changed since: then only what is above those is
    hashed.
    """

    __slots__ = ("_levels", "_since", "pages")

    def __init__(self, pages: Sequence[bytes], since: tuple[list[list[Hash32]], frozenset[int]] | None = None) -> None:
        self.pages = pages
        self._since = since
        self._levels: list[list[Hash32]] | None = None

    def digest(self) -> Hash32:
        """The root."""
        top = self.levels()[PAGE_DEPTH]
        return top[0] if top else EMPTY_TREE

    def levels(self) -> list[list[Hash32]]:
        """Digests by height, each list as long as the written part."""
        if self._levels is None:
            self._levels = self._all_levels() if self._since is None else self._changed_levels(*self._since)
            self._since = None
        return self._levels

    def _all_levels(self) -> list[list[Hash32]]:
        levels = [[page_digest(page) for page in self.pages]]
        for height in range(PAGE_DEPTH):
            below = levels[-1]
            count = (len(below) + 1) // 2
            levels.append([_parent(below, index, height) for index in range(count)])
        return levels

    def _changed_levels(self, before: list[list[Hash32]], changed: frozenset[int]) -> list[list[Hash32]]:
        levels = [list(level) for level in before]
        levels[0].extend([EMPTY_SUBTREES[0]] * (len(self.pages) - len(levels[0])))
        for index in changed:
            levels[0][index] = page_digest(self.pages[index])
        indices = set(changed)
        for height in range(PAGE_DEPTH):
            indices = {index >> 1 for index in indices}
            level = levels[height + 1]
            level.extend([EMPTY_SUBTREES[height + 1]] * ((len(levels[height]) + 1) // 2 - len(level)))
            for index in indices:
                level[index] = _parent(levels[height], index, height)
        return levels

    def with_pages(self, pages: Sequence[bytes], changed: Iterable[int]) -> "FrozenPages":
        """The tree after some pages changed or were appended."""
        if self._levels is not None:
            return FrozenPages(pages, (self._levels, frozenset(changed)))
        if self._since is not None:
            levels, earlier = self._since
            return FrozenPages(pages, (levels, earlier.union(changed)))
        return FrozenPages(pages)

    def page(self, index: int) -> bytes:
        """One page."""
        return self.pages[index] if index < len(self.pages) else ZERO_PAGE

    def opening(self, index: int) -> PageOpening:
        """One page with its path."""
        siblings = []
        position = index
        for height, level in enumerate(self.levels()[:PAGE_DEPTH]):
            beside = position ^ 1
            siblings.append(level[beside] if beside < len(level) else EMPTY_SUBTREES[height])
            position >>= 1
        return PageOpening(self.page(index), tuple(siblings))

    def read(self, offset: int, length: int, recorder: Recorder | None) -> bytes:
        """Bytes of the tree; notes the pages they lie in."""
        if recorder is not None:
            recorder.pages.extend(self.opening(index) for index in page_range(offset, length))
        return slice_pages(self.page, offset, length)


def _parent(below: list[Hash32], index: int, height: int) -> Hash32:
    right = below[2 * index + 1] if 2 * index + 1 < len(below) else EMPTY_SUBTREES[height]
    return node_digest(below[2 * index], right)


class ProvenPages:
    """A tree of which only the root is known; pages come from the witness."""

    __slots__ = ("_reader", "_root")

    def __init__(self, root: Hash32, reader: Reader) -> None:
        self._root = root
        self._reader = reader

    def digest(self) -> Hash32:
        """The root."""
        return self._root

    def read(self, offset: int, length: int, recorder: Recorder | None) -> bytes:
        """Bytes of the tree, each page checked against the root."""
        return slice_pages(lambda index: opened_page(self._root, index, self._reader.page()), offset, length)


def page_range(offset: int, length: int) -> range:
    """The pages that a range of bytes touches."""
    return range(offset // PAGE_SIZE, (offset + length - 1) // PAGE_SIZE + 1) if length else range(0)


def slice_pages(page: Callable[[int], bytes], offset: int, length: int) -> bytes:
    """A range of bytes, put together from the pages it touches."""
    if not length:
        return b""
    joined = b"".join([page(index) for index in page_range(offset, length)])
    start = offset % PAGE_SIZE
    return joined[start : start + length]


def pages_of(data: bytes) -> FrozenPages:
    """A byte string as a tree, from offset 0."""
    return FrozenPages(
        [data[start : start + PAGE_SIZE].ljust(PAGE_SIZE, b"\0") for start in range(0, len(data), PAGE_SIZE)]
    )
