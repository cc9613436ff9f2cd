# pragma version 0.4.3
# pragma evm-version cancun
"""
@title A receipt's leaf
@license MIT
@notice The phases receipt logs and receipt hash: logs into their order and their bloom, then the leaf that holds the
        receipt, encoded and hashed piece by piece. A library of the one-step verifier.
@dev Follows `prover/machine/receipts.py`. `pages` show some bytes of a log's data. See `machine.vy` for the arguments.
     Source: EIP-658, EIP-2718, yellow paper 4.3.1.
"""

from . import hashing as hashes
from . import index_trie
from . import keccak_sponge
from . import layout
from . import machine
from . import pages as page_trees

PIECE: constant(uint256) = 7 * keccak_sponge.RATE  # bytes of a log's data that one step encodes
MAX_DATA: constant(uint256) = 8 * keccak_sponge.RATE  # with what was pending before them

STRING: constant(uint256) = 128
LIST: constant(uint256) = 192


@external
@view
def step(
    pre: bytes32,
    state: layout.State,
    stack: DynArray[uint256, 17],
    code: Bytes[1],
    other: Bytes[1],
    pages: Bytes[2 * layout.PAGE_SIZE],
    tape: layout.Tape,
) -> bytes32:
    """
    @notice The state after `pre`, in these phases. Reverts in others, or if the witness is wrong.
    """
    assert layout._vm_digest(state.vm) == pre, "proof: not this state"
    assert state.vm.globals == empty(bytes32) and state.vm.frame == empty(bytes32), "proof: phase"
    if state.vm.phase == layout.PHASE_RECEIPT_LOGS:
        return self._log_in_order(state.vm.cursor, tape.preimages)
    assert state.vm.phase == layout.PHASE_RECEIPT_HASH, "proof: phase"
    return self._encoded_further(state.vm.cursor, pages, tape)


# --- the bloom --------------------------------------------------------------------------------------------------------


@internal
@view
def _log_in_order(cursor: bytes32, start: uint256) -> bytes32:
    """
    @dev Put the next log on top of the older ones; after the oldest, begin the leaf.
    """
    logs: layout.ReceiptLogs = empty(layout.ReceiptLogs)
    at: uint256 = 0
    logs, at = layout._open_receipt_logs(cursor, start)
    if logs.left == empty(bytes32):
        return self._begun(logs, at)
    entry: layout.Log = empty(layout.Log)
    entry, at = layout._open_log(logs.left, at)
    bits: uint256[8] = self._bits(slice(convert(entry.address, bytes32), 12, 20))
    topics: uint256[4] = [entry.topic_0, entry.topic_1, entry.topic_2, entry.topic_3]
    for i: uint256 in range(entry.topic_count, bound=4):
        more: uint256[8] = self._bits(abi_encode(topics[i]))
        for j: uint256 in range(8):
            bits[j] |= more[j]
    logs.left = entry.below
    entry.below = logs.ordered
    logs.ordered = layout._log_digest(entry)
    logs.bloom_0 |= bits[0]
    logs.bloom_1 |= bits[1]
    logs.bloom_2 |= bits[2]
    logs.bloom_3 |= bits[3]
    logs.bloom_4 |= bits[4]
    logs.bloom_5 |= bits[5]
    logs.bloom_6 |= bits[6]
    logs.bloom_7 |= bits[7]
    return self._next(layout.PHASE_RECEIPT_LOGS, layout._receipt_logs_digest(logs))


@internal
@pure
def _bits(part: Bytes[32]) -> uint256[8]:
    """
    @dev The three bits that an address or topic sets in the bloom, of which the first word is the most significant.
    """
    digest: uint256 = convert(keccak256(part), uint256)
    bloom: uint256[8] = empty(uint256[8])
    for i: uint256 in range(3):
        bit: uint256 = (digest >> (240 - 16 * i)) & 2047
        bloom[7 - (bit >> 8)] |= 1 << (bit & 255)
    return bloom


# --- the leaf ---------------------------------------------------------------------------------------------------------


@internal
@view
def _begun(logs: layout.ReceiptLogs, start: uint256) -> bytes32:
    """
    @dev What is before the logs: the leaf's path, the headers, and the receipt's other fields.
    """
    sealing: layout.Sealing = empty(layout.Sealing)
    receipt: layout.Receipt = empty(layout.Receipt)
    at: uint256 = 0
    sealing, at = layout._open_sealing(logs.sealing, start)
    receipt, at = layout._open_receipt(sealing.receipts, at)
    size: uint256 = receipt.logs_rlp_length
    fields: Bytes[330] = concat(
        self._uint(receipt.status),
        self._uint(receipt.cumulative_gas_used),
        x"b90100",
        abi_encode(
            logs.bloom_0,
            logs.bloom_1,
            logs.bloom_2,
            logs.bloom_3,
            logs.bloom_4,
            logs.bloom_5,
            logs.bloom_6,
            logs.bloom_7,
        ),
        index_trie._header(size, LIST),
    )
    kind: Bytes[1] = b""
    if receipt.type != 0:
        kind = slice(convert(receipt.type, bytes32), 31, 1)
    body: Bytes[336] = concat(kind, index_trie._header(len(fields) + size, LIST), fields)
    head: Bytes[15] = index_trie._leaf_head(
        index_trie._place(sealing.left - 1, sealing.count), len(body) + size
    )
    sealing.bloom_0 |= logs.bloom_0
    sealing.bloom_1 |= logs.bloom_1
    sealing.bloom_2 |= logs.bloom_2
    sealing.bloom_3 |= logs.bloom_3
    sealing.bloom_4 |= logs.bloom_4
    sealing.bloom_5 |= logs.bloom_5
    sealing.bloom_6 |= logs.bloom_6
    sealing.bloom_7 |= logs.bloom_7

    leaf: layout.ReceiptHashing = empty(layout.ReceiptHashing)
    leaf.sealing = layout._sealing_digest(sealing)
    leaf.logs = logs.ordered
    hashing: layout.Hashing = empty(layout.Hashing)
    hashing.length = len(head) + len(body) + size
    hashing.remaining = hashing.length
    return self._with_piece(leaf, hashing, concat(head, body))


@internal
@view
def _encoded_further(cursor: bytes32, pages: Bytes[2 * layout.PAGE_SIZE], tape: layout.Tape) -> bytes32:
    """
    @dev Encode some more of the logs and absorb it; after the last one, the leaf's hash is known.
    """
    leaf: layout.ReceiptHashing = empty(layout.ReceiptHashing)
    hashing: layout.Hashing = empty(layout.Hashing)
    at: uint256 = 0
    leaf, at = layout._open_receipt_hashing(cursor, tape.preimages)
    hashing, at = layout._open_hashing(leaf.hashing, at)
    if leaf.data_left != 0:
        count: uint256 = min(leaf.data_left, PIECE)
        piece: Bytes[PIECE] = self._read(leaf.data, leaf.data_offset, count, pages, tape.siblings)
        leaf.data_offset += count
        leaf.data_left -= count
        return self._with_piece(leaf, hashing, piece)
    if leaf.logs == empty(bytes32):
        digest: bytes32 = convert(hashes._keccak_of(hashing, self._pending(leaf)), bytes32)
        return self._next(
            layout.PHASE_FILL, layout._filling_digest(layout.Filling(sealing=leaf.sealing, leaf=digest))
        )
    entry: layout.Log = empty(layout.Log)
    entry, at = layout._open_log(leaf.logs, at)
    leaf.logs = entry.below
    data: Bytes[5] = b""
    if entry.data_length == 1:
        # A single small byte is its own encoding, so a byte that is alone is looked at here.
        data = convert(self._read(entry.data, entry.data_offset, 1, pages, tape.siblings), Bytes[5])
        if convert(slice(data, 0, 1), uint256) >= STRING:
            data = concat(x"81", slice(data, 0, 1))
    else:
        data = index_trie._header(entry.data_length, STRING)
        leaf.data = entry.data
        leaf.data_offset = entry.data_offset
        leaf.data_left = entry.data_length
    topics: Bytes[132] = slice(
        concat(
            x"a0",
            convert(entry.topic_0, bytes32),
            x"a0",
            convert(entry.topic_1, bytes32),
            x"a0",
            convert(entry.topic_2, bytes32),
            x"a0",
            convert(entry.topic_3, bytes32),
        ),
        0,
        33 * entry.topic_count,
    )
    fields: Bytes[163] = concat(
        x"94",
        slice(convert(entry.address, bytes32), 12, 20),
        index_trie._header(len(topics), LIST),
        topics,
        data,
    )
    return self._with_piece(
        leaf, hashing, concat(index_trie._header(len(fields) + leaf.data_left, LIST), fields)
    )


@internal
@view
def _read(
    root: bytes32, offset: uint256, count: uint256, pages: Bytes[2 * layout.PAGE_SIZE], siblings: uint256
) -> Bytes[PIECE]:
    """
    @dev Some bytes of a page tree, out of one page or two.
    """
    first: uint256 = offset // layout.PAGE_SIZE
    start: uint256 = offset % layout.PAGE_SIZE
    next: uint256 = page_trees._check(root, first, slice(pages, 0, layout.PAGE_SIZE), siblings)
    if start + count > layout.PAGE_SIZE:
        next = page_trees._check(root, first + 1, slice(pages, layout.PAGE_SIZE, layout.PAGE_SIZE), next)
    return convert(slice(pages, start, count), Bytes[PIECE])


@internal
@pure
def _with_piece(before: layout.ReceiptHashing, hashing: layout.Hashing, piece: Bytes[PIECE]) -> bytes32:
    """
    @dev The next state: whole blocks are absorbed, the rest waits.
    """
    data: Bytes[MAX_DATA] = concat(self._pending(before), piece)
    rest: uint256 = len(data) % keccak_sponge.RATE
    whole: uint256 = len(data) - rest
    leaf: layout.ReceiptHashing = before
    if whole != 0:
        lanes: uint256[25] = keccak_sponge._absorb(hashes._lanes(hashing), data)
        numbers: uint256[4] = [
            hashing.function, hashing.offset + whole, hashing.length, hashing.remaining - whole
        ]
        leaf.hashing = keccak256(abi_encode(layout.TAG_HASHING, numbers, lanes))
    else:
        leaf.hashing = layout._hashing_digest(hashing)
    waiting: Bytes[1248] = concat(slice(data, whole, rest), abi_encode(empty(bytes32[5])))
    leaf.pending_length = rest
    leaf.pending_0 = extract32(waiting, 0)
    leaf.pending_1 = extract32(waiting, 32)
    leaf.pending_2 = extract32(waiting, 64)
    leaf.pending_3 = extract32(waiting, 96)
    leaf.pending_4 = extract32(waiting, 128)
    return self._next(layout.PHASE_RECEIPT_HASH, layout._receipt_hashing_digest(leaf))


@internal
@pure
def _pending(leaf: layout.ReceiptHashing) -> Bytes[135]:
    """
    @dev The bytes that wait for more.
    """
    words: Bytes[160] = abi_encode(
        leaf.pending_0, leaf.pending_1, leaf.pending_2, leaf.pending_3, leaf.pending_4
    )
    return convert(slice(words, 0, leaf.pending_length), Bytes[135])


@internal
@pure
def _next(phase: uint256, cursor: bytes32) -> bytes32:
    return machine._post(phase, cursor, empty(bytes32), empty(bytes32))


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
