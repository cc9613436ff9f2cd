# pragma version 0.4.3
# pragma evm-version cancun
"""
@title The next transaction of a block
@license MIT
@notice The phase next item: the transaction that says what a block charges, a deposit of the block's L1 origin, an item
        of the batch, or the block's end. A library of the one-step verifier.
@dev Follows `next_item_step` in `prover/machine/batch_items.py`. `code` is a deposit's calldata, `pages` show the batch.
     See `machine.vy` for the arguments.
"""

from . import batch_bytes
from . import layout
from . import machine

MAX_TRANSACTIONS: constant(uint256) = 2**14 - 2
MAX_TX: constant(uint256) = 120 * 1024  # bytes; decision 109
MAX_AT_ONCE: constant(uint256) = 32 * 1024  # bytes that are hashed in one step
MAX_DATA: constant(uint256) = 49152  # bytes that the portal takes
MAX_PAGES: constant(uint256) = 40 * 1024  # bytes
DEPOSIT: constant(uint256) = 126  # 0x7e
DEPOSIT_WORDS: constant(uint256) = 7
EMPTY_ROOT: constant(bytes32) = 0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421


struct Found:  # what the batch's next item leads to
    begins: bool  # a transaction, whose bytes lie at `at` in calldata
    post: bytes32  # the next state, if none begins
    inputs: layout.L1Inputs
    at: uint256
    length: uint256


@external
@view
def step(
    pre: bytes32,
    state: layout.State,
    stack: DynArray[uint256, 17],
    code: Bytes[MAX_DATA],
    other: Bytes[1],
    pages: Bytes[MAX_PAGES],
    tape: layout.Tape,
) -> bytes32:
    """
    @notice The state after `pre`, in this phase. Reverts in others, or if the witness is wrong.
    """
    assert layout._vm_digest(state.vm) == pre, "proof: not this state"
    assert (
        state.vm.phase == layout.PHASE_NEXT_ITEM
        and state.vm.globals == empty(bytes32)
        and state.vm.frame == empty(bytes32)
    ), "proof: phase"
    boundary: layout.TxBoundary = empty(layout.TxBoundary)
    inputs: layout.L1Inputs = empty(layout.L1Inputs)
    at: uint256 = 0
    boundary, at = layout._open_tx_boundary(state.vm.cursor, tape.preimages)
    if boundary.charges != empty(bytes32) and boundary.tx_index == 0:
        charges: layout.Charges = empty(layout.Charges)
        charges, at = layout._open_charges(boundary.charges, at)
        boundary.item = charges.terms
        return self._outside(layout.PHASE_BEGIN, layout._tx_boundary_digest(boundary))
    inputs, at = layout._open_l1_inputs(boundary.batch_cursor, at)
    if inputs.deposits != empty(bytes32):
        deposit: layout.DepositLink = empty(layout.DepositLink)
        origin: layout.L1Link = empty(layout.L1Link)
        deposit, at = layout._open_deposit_link(inputs.deposits, at)
        origin, at = layout._open_l1_link(inputs.l1_blocks, at)
        if deposit.l1_number == origin.number:
            inputs.deposits = deposit.below
            preimage: Bytes[32 * DEPOSIT_WORDS] = slice(msg.data, at, 32 * DEPOSIT_WORDS)
            assert keccak256(preimage) == deposit.deposit, "proof: deposit"
            source: bytes32 = keccak256(
                abi_encode(empty(bytes32), keccak256(abi_encode(origin.hash, deposit.index)))
            )
            words: uint256[DEPOSIT_WORDS] = abi_decode(preimage, uint256[DEPOSIT_WORDS])
            assert keccak256(code) == convert(words[6], bytes32), "proof: deposit's data"
            boundary.item = self._deposit(source, words, code)
            return self._at(layout.PHASE_BEGIN, boundary, inputs)
    if inputs.reading == empty(bytes32):
        return self._sealed(boundary)
    reading: layout.BatchReading = empty(layout.BatchReading)
    reading, at = layout._open_batch_reading(inputs.reading, at)
    shown: batch_bytes.Shown = batch_bytes._shown(tape)
    found: Found = self._from_batch(boundary, inputs, reading, shown)
    if not found.begins:
        return found.post
    assert found.at >= shown.page, "proof: pages"
    boundary.item = keccak256(slice(pages, found.at - shown.page, found.length))
    phase: uint256 = layout.PHASE_BEGIN if boundary.charges == empty(bytes32) else layout.PHASE_PRICE
    return self._at(phase, boundary, found.inputs)


@internal
@view
def _from_batch(
    boundary: layout.TxBoundary,
    inputs: layout.L1Inputs,
    reading: layout.BatchReading,
    before: batch_bytes.Shown,
) -> Found:
    """
    @dev By the batch's next item.
    """
    found: Found = empty(Found)
    if reading.item == reading.count:
        found.post = self._sealed(boundary)
        return found
    shown: batch_bytes.Shown = before
    start: uint256 = 0
    length: uint256 = 0
    begins: bool = False
    timestamp: uint256 = 0
    origin: uint256 = 0
    shown, start, length = batch_bytes._item(shown, reading)
    shown, begins, timestamp, origin = batch_bytes._claim(shown, reading, start, length)
    if begins:
        found.post = self._sealed(boundary)
        return found
    after: layout.BatchReading = reading
    after.item += 1
    kind: uint256 = 0
    counts: bool = False
    if reading.transactions < MAX_TRANSACTIONS and length != 0:
        shown, kind = batch_bytes._byte(shown, reading, start)
        counts = kind == batch_bytes.TX_ITEM
    if counts:
        after.transactions += 1
    rest: layout.L1Inputs = inputs
    rest.reading = layout._batch_reading_digest(after)
    type: uint256 = 0
    if counts and length > 1:
        shown, type = batch_bytes._byte(shown, reading, start + 1)
    if not counts or type == DEPOSIT or length - 1 > MAX_TX:
        found.post = self._at(layout.PHASE_NEXT_ITEM, boundary, rest)
        return found
    if length - 1 <= MAX_AT_ONCE:
        found.begins = True
        found.inputs = rest
        found.length = length - 1
        shown, found.at = batch_bytes._read(shown, reading.data, start + 1, length - 1)
        return found
    hashing: layout.Hashing = empty(layout.Hashing)
    hashing.offset = start + 1
    hashing.length = length - 1
    hashing.remaining = length - 1
    later: layout.TxBoundary = boundary
    later.batch_cursor = layout._l1_inputs_digest(rest)
    found.post = self._outside(
        layout.PHASE_ITEM_HASH,
        layout._item_hashing_digest(
            layout.ItemHashing(
                boundary=layout._tx_boundary_digest(later),
                data=reading.data,
                hashing=layout._hashing_digest(hashing),
            )
        ),
    )
    return found


@internal
@pure
def _at(phase: uint256, boundary: layout.TxBoundary, inputs: layout.L1Inputs) -> bytes32:
    after: layout.TxBoundary = boundary
    after.batch_cursor = layout._l1_inputs_digest(inputs)
    return self._outside(phase, layout._tx_boundary_digest(after))


@internal
@pure
def _sealed(boundary: layout.TxBoundary) -> bytes32:
    """
    @dev The block has no more transactions.
    """
    sealing: layout.Sealing = empty(layout.Sealing)
    sealing.boundary = layout._tx_boundary_digest(boundary)
    sealing.receipts = boundary.receipts
    sealing.left = boundary.tx_index
    sealing.count = boundary.tx_index
    sealing.transactions_root = EMPTY_ROOT
    sealing.receipts_root = EMPTY_ROOT
    return self._outside(layout.PHASE_SEAL, layout._sealing_digest(sealing))


@internal
@pure
def _outside(phase: uint256, cursor: bytes32) -> bytes32:
    return machine._post(phase, cursor, empty(bytes32), empty(bytes32))


# --- a deposit's bytes ------------------------------------------------------------------------------------------------


@internal
@pure
def _deposit(source: bytes32, words: uint256[DEPOSIT_WORDS], data: Bytes[MAX_DATA]) -> bytes32:
    """
    @dev The hash of the transaction that a deposit stands for (`protocol.deposit`): its type, then a list in RLP.
    """
    assert words[0] < 2**160 and words[1] < 2**160, "proof: deposit"
    to: Bytes[21] = x"80"
    if words[5] == 0:
        to = concat(x"94", slice(convert(words[1], bytes32), 12, 20))
    header: Bytes[4] = b""
    if len(data) != 1 or convert(slice(data, 0, 1), uint256) >= 128:
        header = self._header(len(data), 128)
    fields: Bytes[200] = concat(
        x"a0",
        source,
        x"94",
        slice(convert(words[0], bytes32), 12, 20),
        to,
        self._uint(words[2]),
        self._uint(words[3]),
        self._uint(words[4]),
        header,
    )
    return keccak256(concat(x"7e", self._header(len(fields) + len(data), 192), fields, data))


@internal
@pure
def _header(length: uint256, kind: uint256) -> Bytes[4]:
    """
    @dev What comes before a string (128) or a list (192) of so many bytes.
    """
    if length < 56:
        return slice(convert(kind + length, bytes32), 31, 1)
    width: uint256 = 1
    if length >= 65536:
        width = 3
    elif length >= 256:
        width = 2
    return convert(
        slice(convert((kind + 55 + width) << (8 * width) | length, bytes32), 31 - width, width + 1), Bytes[4]
    )


@internal
@pure
def _uint(number: uint256) -> Bytes[33]:
    """
    @dev A number as an RLP item.
    """
    if number == 0:
        return x"80"
    size: uint256 = 32
    for i: uint256 in range(1, 32):
        if number >> (8 * i) == 0:
            size = i
            break
    digits: Bytes[32] = slice(convert(number, bytes32), 32 - size, size)
    if number < 128:
        return digits
    return concat(slice(convert(128 + size, bytes32), 31, 1), digits)
