"""Batches whose bytes are not in their commitment: named by keccak256, or lying in blobs.

Data that is named by its hash is shown whole, in one step: a hash says nothing of a part of what it was made from, and
the sponge's state half way would be the prover's word alone. So such a batch is bounded by what one L1 transaction can
show. Blobs are opened a field element at a time, by their KZG commitments, and a page of the batch in each step.
"""

from dataclasses import replace

from protocol.blobs import ELEMENT_BYTES, LENGTH_BYTES, MAX_BLOBS, capacity
from protocol.kzg import BLOB_HASH_VERSION
from protocol.provable import MOST_HASHED_BYTES
from protocol.types import Hash32
from prover.commitments.chain_structures import BatchData, BatchLink, Boot, ChainBlock, L1Inputs
from prover.commitments.layout import PAGE_SIZE
from prover.commitments.pages import (
    ZERO_PAGE,
    FrozenPages,
    Pages,
    ProvenPages,
    opened_page,
    page_digest,
    pages_of,
    root_of,
)
from prover.commitments.tape import InvalidWitness
from prover.machine.vm import BATCH_DATA, BATCH_WALK, VM, opened

FILE_LAYER, BLOB_LAYER, ALT_DA_LAYER = 0x01, 0x02, 0x03
HASH_BYTES = 32
MAX_KEY_BYTES = 1024
"""Of an alt-DA server's own commitment."""


def has_form(commitment: bytes) -> bool:
    """Whether data could match it, as far as the machine can open data. Each layer of `da` says what its own are."""
    length = len(commitment)
    if commitment[:1] == bytes((FILE_LAYER,)):
        return length == 1 + HASH_BYTES
    if commitment[:2] == bytes((ALT_DA_LAYER, 0)):
        return length == 2 + HASH_BYTES
    if commitment[:2] == bytes((ALT_DA_LAYER, 1)):
        return 3 + HASH_BYTES <= length <= 1 + MAX_KEY_BYTES + HASH_BYTES
    if commitment[:1] == bytes((BLOB_LAYER,)) and length % HASH_BYTES == 1 and 1 <= length // HASH_BYTES <= MAX_BLOBS:
        return all(blob[:1] == BLOB_HASH_VERSION for blob in blob_hashes(commitment))
    return False


def data_hash(commitment: bytes) -> Hash32:
    """keccak256 of the data that a commitment of `file` or `alt-da` stands for."""
    return Hash32(commitment[-HASH_BYTES:])


def blob_hashes(commitment: bytes) -> list[bytes]:
    """The versioned hashes in a commitment to blobs."""
    return [commitment[at : at + HASH_BYTES] for at in range(1, len(commitment), HASH_BYTES)]


def batch_data_step(vm: VM) -> None:
    """Show the data, or a page more of it, and go on with the walk when it is complete."""
    cursor = opened(vm, vm.cursor, BatchData)
    commitment = vm.oracle.transaction(cursor.commitment, vm.recorder)
    if commitment[0] == BLOB_LAYER:
        _from_blobs(vm, cursor, blob_hashes(commitment))
        return
    data = vm.oracle.transaction(data_hash(commitment), vm.recorder)
    if len(data) > MOST_HASHED_BYTES:
        raise InvalidWitness(f"a batch of {len(data)} bytes behind a hash cannot be shown at once")
    _walk_on(vm, cursor, pages_of(data), len(data))


def _from_blobs(vm: VM, cursor: BatchData, blobs: list[bytes]) -> None:
    """The length, from the first element; then page after page."""
    if cursor.length == 0:
        [first] = vm.oracle.elements(blobs, 0, 1, vm.recorder)
        length = min(int.from_bytes(first[1 : 1 + LENGTH_BYTES], "big"), capacity(len(blobs)))
        if length:
            vm.go(BATCH_DATA, replace(cursor, length=length))
        else:
            _walk_on(vm, cursor, cursor.data, 0)
        return
    start = PAGE_SIZE * cursor.pages
    size = min(PAGE_SIZE, cursor.length - start)
    first_element, offset = divmod(LENGTH_BYTES + start, ELEMENT_BYTES)
    count = (offset + size - 1) // ELEMENT_BYTES + 1
    content = b"".join(element[1:] for element in vm.oracle.elements(blobs, first_element, count, vm.recorder))
    data = _grown(vm, cursor.data, cursor.pages, content[offset : offset + size].ljust(PAGE_SIZE, b"\0"))
    if start + size == cursor.length:
        _walk_on(vm, cursor, data, cursor.length)
    else:
        vm.go(BATCH_DATA, replace(cursor, data=data, pages=cursor.pages + 1))


def _grown(vm: VM, pages: Pages, index: int, page: bytes) -> Pages:
    """The tree with a page where it had none."""
    if isinstance(pages, FrozenPages):
        if vm.recorder is not None:
            vm.recorder.pages.append(pages.opening(index))
        pages.levels()
        return pages.with_pages([*pages.pages, page], [index])
    if vm.reader is None:
        raise TypeError("a sealed tree in a full state")
    opening = vm.reader.page()
    if opened_page(pages.digest(), index, opening) != ZERO_PAGE:
        raise InvalidWitness(f"page {index} is written already")
    return ProvenPages(root_of(index, page_digest(page), opening.siblings), vm.reader)


def _walk_on(vm: VM, cursor: BatchData, data: Pages, length: int) -> None:
    boot = opened(vm, cursor.boot, Boot)
    block = opened(vm, boot.block, ChainBlock)
    walk_on(vm, boot, block, opened(vm, block.inputs, L1Inputs), cursor.l1_number, data, length)


def walk_on(vm: VM, boot: Boot, block: ChainBlock, inputs: L1Inputs, l1_number: int, data: Pages, length: int) -> None:
    """Put a batch on the chain of batches, and go on to the one before. A batch without bytes has no effect."""
    if length:
        inputs = replace(inputs, batches=BatchLink(inputs.batches, l1_number, data, length))
    vm.go(BATCH_WALK, replace(boot, block=replace(block, inputs=inputs)))
