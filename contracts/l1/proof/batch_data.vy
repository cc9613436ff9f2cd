# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Batches outside of their commitments
@license MIT
@notice The phase batch data: bytes that keccak256 names are shown whole; bytes in blobs are opened a page at a time, by
        KZG proofs of their field elements. A library of the one-step verifier.
@dev Follows `prover/machine/batch_data.py`. `code` is the commitment, whose form the phase batch walk has checked; `other`
     is the data, or the elements' openings one after another: KZG commitment, proof (48 bytes each), element. See
     `machine.vy` for the arguments.
"""

from . import blob
from . import layout
from . import machine
from . import new_pages
from . import pages

MAX_COMMITMENT: constant(uint256) = 1057  # bytes
MAX_HASHED: constant(uint256) = 120000  # bytes, `protocol.provable.MOST_HASHED_BYTES`
BLOB_LAYER: constant(uint256) = 2
MAX_ELEMENTS: constant(uint256) = 34  # that a page lies in
OPENING: constant(uint256) = 128  # bytes
CONTENT: constant(uint256) = MAX_ELEMENTS * 31
UINT32: constant(uint256) = 2**32 - 1


@external
@view
def step(
    pre: bytes32,
    state: layout.State,
    stack: DynArray[uint256, 17],
    code: Bytes[MAX_COMMITMENT],
    other: Bytes[MAX_HASHED],
    shown: Bytes[1024],
    tape: layout.Tape,
) -> bytes32:
    """
    @notice The state after `pre`, in this phase. Reverts in others, or if the witness is wrong.
    @param pre The state's hash.
    @param state What every step opens of it.
    @param stack Nothing.
    @param code The commitment.
    @param other The data that it is a hash of, or openings of blobs.
    @param shown The blank page that a page of the batch is written over.
    @param tape Where everything else lies.
    @return The next state's hash.
    """
    assert layout._vm_digest(state.vm) == pre, "proof: not this state"
    assert (
        state.vm.phase == layout.PHASE_BATCH_DATA
        and state.vm.globals == empty(bytes32)
        and state.vm.frame == empty(bytes32)
    ), "proof: phase"
    cursor: layout.BatchData = empty(layout.BatchData)
    at: uint256 = 0
    cursor, at = layout._open_batch_data(state.vm.cursor, tape.preimages)
    assert keccak256(code) == cursor.commitment, "proof: commitment"
    if convert(slice(code, 0, 1), uint256) != BLOB_LAYER:
        assert keccak256(other) == convert(slice(code, len(code) - 32, 32), bytes32), "proof: data"
        cursor.data = new_pages._of_calldata(machine._other_start(), len(other))
        cursor.length = len(other)
        return self._walk_on(cursor, at)
    if cursor.length == 0:
        assert len(other) == OPENING, "proof: openings"
        first: uint256 = convert(self._opened(0, machine._other_start()), uint256)
        room: uint256 = len(code) // 32 * blob.ELEMENTS * blob.ELEMENT_BYTES - blob.LENGTH_BYTES
        cursor.length = min((first >> 216) & UINT32, room)
        if cursor.length == 0:
            return self._walk_on(cursor, at)
        return self._go(layout.PHASE_BATCH_DATA, layout._batch_data_digest(cursor))
    start: uint256 = layout.PAGE_SIZE * cursor.pages
    size: uint256 = min(layout.PAGE_SIZE, cursor.length - start)
    page: bytes32 = new_pages._leaf(self._content(blob.LENGTH_BYTES + start, size, len(other)))
    assert pages._root(cursor.pages, new_pages._leaf(b""), tape.siblings) == cursor.data, "proof: pages"
    cursor.data = pages._root(cursor.pages, page, tape.siblings)
    if start + size == cursor.length:
        return self._walk_on(cursor, at)
    cursor.pages += 1
    return self._go(layout.PHASE_BATCH_DATA, layout._batch_data_digest(cursor))


@internal
@view
def _content(position: uint256, size: uint256, shown: uint256) -> Bytes[1024]:
    """
    @dev What the blobs hold from a position on, the four bytes of the length counted.
    """
    first: uint256 = position // blob.ELEMENT_BYTES
    offset: uint256 = position % blob.ELEMENT_BYTES
    count: uint256 = (offset + size - 1) // blob.ELEMENT_BYTES + 1
    assert shown == OPENING * count, "proof: openings"
    at: uint256 = machine._other_start()
    content: Bytes[CONTENT] = b""
    for i: uint256 in range(count, bound=MAX_ELEMENTS):
        element: bytes32 = self._opened(first + i, at + OPENING * i)
        content = convert(concat(content, slice(element, 1, 31)), Bytes[CONTENT])
    return convert(slice(content, offset, size), Bytes[1024])


@internal
@view
def _opened(number: uint256, at: uint256) -> bytes32:
    """
    @dev A field element, counted through the commitment's blobs, by the opening that lies at `at` in calldata.
    """
    versioned_hash: uint256 = layout._word(machine._code_start() + 1 + 32 * (number // blob.ELEMENTS))
    return blob._element(
        convert(versioned_hash, bytes32),
        number % blob.ELEMENTS,
        slice(msg.data, at, 48),
        convert(layout._word(at + 96), bytes32),
        slice(msg.data, at + 48, 48),
    )


@internal
@view
def _walk_on(cursor: layout.BatchData, preimages: uint256) -> bytes32:
    """
    @dev Put the batch on the chain of batches, and go on to the one before; one without bytes has no effect.
    """
    boot: layout.Boot = empty(layout.Boot)
    block_: layout.ChainBlock = empty(layout.ChainBlock)
    inputs: layout.L1Inputs = empty(layout.L1Inputs)
    at: uint256 = 0
    boot, at = layout._open_boot(cursor.boot, preimages)
    block_, at = layout._open_chain_block(boot.block, at)
    inputs, at = layout._open_l1_inputs(block_.inputs, at)
    if cursor.length != 0:
        inputs.batches = layout._batch_link_digest(
            layout.BatchLink(
                below=inputs.batches, l1_number=cursor.l1_number, data=cursor.data, length=cursor.length
            )
        )
        block_.inputs = layout._l1_inputs_digest(inputs)
        boot.block = layout._chain_block_digest(block_)
    return self._go(layout.PHASE_BATCH_WALK, layout._boot_digest(boot))


@internal
@pure
def _go(phase: uint256, cursor: bytes32) -> bytes32:
    return machine._post(phase, cursor, empty(bytes32), empty(bytes32))
