import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prover.commitments.layout import PAGE_SIZE
from prover.commitments.pages import (
    EMPTY_TREE,
    FrozenPages,
    ProvenPages,
    node_digest,
    opened_page,
    page_digest,
    pages_of,
    root_of,
)
from prover.commitments.tape import InvalidWitness, PageOpening, Reader, Recorder, Witness
from prover.machine.memory import PagedMemory, ProvenMemory

writes = st.lists(
    st.tuples(st.integers(0, 6 * PAGE_SIZE), st.binary(min_size=1, max_size=3 * PAGE_SIZE)), min_size=1, max_size=5
)


def plain_root(data: bytes) -> bytes:
    """The root by the definition: every page of the whole tree's first 16, then up."""
    level = [
        page_digest(data[start : start + PAGE_SIZE].ljust(PAGE_SIZE, b"\0"))
        for start in range(0, 16 * PAGE_SIZE, PAGE_SIZE)
    ]
    empty = page_digest(bytes(PAGE_SIZE))
    for _ in range(16):
        if len(level) % 2:
            level.append(empty)
        level = [node_digest(level[i], level[i + 1]) for i in range(0, len(level), 2)]
        empty = node_digest(empty, empty)
    return level[0]


def test_no_bytes_have_the_empty_root():
    assert pages_of(b"").digest() == EMPTY_TREE == plain_root(b"")


@given(st.binary(max_size=5 * PAGE_SIZE))
def test_the_root_follows_the_definition(data):
    assert pages_of(data).digest() == plain_root(data)


@settings(max_examples=40)
@given(writes)
def test_memory_written_in_parts_has_the_root_of_its_bytes(parts):
    memory, plain = PagedMemory(), bytearray(16 * PAGE_SIZE)
    for offset, data in parts:
        memory.write(offset, data, None)
        plain[offset : offset + len(data)] = data
        assert memory.digest() == plain_root(bytes(plain))
    assert memory.read(0, 10 * PAGE_SIZE, None) == bytes(plain[: 10 * PAGE_SIZE])


@settings(max_examples=40)
@given(writes)
def test_a_referee_reaches_the_same_root_and_bytes_from_openings(parts):
    memory, recorder = PagedMemory(), Recorder()
    read = []
    for offset, data in parts:
        memory.write(offset, data, recorder)
        read.append(memory.read(offset // 2, len(data), recorder))
    reader = Reader(Witness((), tuple(recorder.pages)))
    proven = ProvenMemory(EMPTY_TREE, reader)
    for (offset, data), expected in zip(parts, read, strict=True):
        proven.write(offset, data, None)
        assert proven.read(offset // 2, len(data), None) == expected
    reader.finish()
    assert proven.digest() == memory.digest()


def test_what_was_frozen_stays_when_memory_is_written():
    memory = PagedMemory()
    memory.write(5, b"before", None)
    frozen = memory.freeze()
    root = frozen.digest()
    memory.write(5, b"after!", None)
    assert frozen.read(5, 6, None) == b"before"
    assert frozen.digest() == root != memory.digest()


@given(st.integers(0, 2), st.integers(0, 1023), st.integers(1, 255))
def test_a_changed_page_is_refused(index, at, flip):
    tree = pages_of(bytes(range(256)) * 12)
    opening = tree.opening(index)
    page = bytearray(opening.page)
    page[at] ^= flip
    with pytest.raises(InvalidWitness):
        opened_page(tree.digest(), index, PageOpening(bytes(page), opening.siblings))


def test_a_page_is_refused_at_another_index_or_with_too_few_siblings():
    tree = pages_of(bytes(range(256)) * 12)
    opening = tree.opening(1)
    for index, shown in (
        (2, opening),
        (1 + (1 << 16), opening),
        (1, PageOpening(opening.page, opening.siblings[:-1])),
        (1, PageOpening(opening.page[:-1], opening.siblings)),
        (1, PageOpening(opening.page, (*opening.siblings[:-1], opening.siblings[-1] + b"\0"))),
    ):
        with pytest.raises(InvalidWitness):
            opened_page(tree.digest(), index, shown)


def test_reading_past_the_witness_is_no_zero_but_a_miss():
    tree = pages_of(b"x" * 2000)
    with pytest.raises(InvalidWitness, match="a page is missing"):
        ProvenPages(tree.digest(), Reader(Witness(()))).read(0, 1, None)


def test_updating_levels_equals_hashing_anew():
    pages = [bytes([index]) * PAGE_SIZE for index in range(5)]
    tree = FrozenPages(pages)
    tree.digest()
    changed = [*pages[:2], b"\xff" * PAGE_SIZE, *pages[3:], b"\xee" * PAGE_SIZE, bytes(PAGE_SIZE)]
    assert tree.with_pages(changed, {2, 5}).digest() == FrozenPages(changed).digest()
    assert (
        root_of(2, page_digest(changed[2]), tree.with_pages(changed, {2, 5}).opening(2).siblings)
        == FrozenPages(changed).digest()
    )


def test_levels_are_updated_over_several_changes_of_which_none_was_hashed():
    pages = [bytes([index]) * PAGE_SIZE for index in range(3)]
    tree = FrozenPages(pages)
    tree.digest()
    for index in (1, 5, 0, 9, 5):
        pages = [*pages, *[bytes(PAGE_SIZE)] * (index + 1 - len(pages))]
        pages[index] = bytes([100 + index]) * PAGE_SIZE
        tree = tree.with_pages(pages, {index, len(pages) - 1})
    assert tree.digest() == FrozenPages(pages).digest()
    assert tree.levels() == FrozenPages(pages).levels()
