"""A receipt's leaf in its trie, hashed without anyone seeing it as a whole: its logs may be longer than a transaction.

Its logs are put into their order first, since the newest is on top, and make the bloom on the way: RECEIPT LOGS, a log
a step. RECEIPT HASH then encodes the leaf piece by piece (what is before the logs; a log's head; up to 952 bytes of its
data) and absorbs each piece; lengths are known, since the machine counts the bytes of all logs.
Source: `protocol.receipt`.
"""

from dataclasses import replace

from protocol.receipt import Log, bloom_bytes, logs_bloom
from protocol.rlp_codec import encode, uint_bytes
from protocol.transaction import LEGACY
from protocol.types import Hash32
from prover.commitments.chain_structures import (
    Filling,
    ReceiptHashing,
    ReceiptLogs,
    Sealing,
    bloom_words,
    pending_words,
)
from prover.commitments.index_trie import leaf_path
from prover.commitments.pages import NO_PAGES
from prover.commitments.structures import Committed, Hashing, LogLink, Receipt
from prover.commitments.trie import Nibbles, packed_path
from prover.machine.digests import DIGESTS, KECCAK256
from prover.machine.hashing import DeferredHashing, absorbed, finished
from prover.machine.vm import FILL, RECEIPT_HASH, RECEIPT_LOGS, VM, is_end, opened

RATE = DIGESTS[KECCAK256].rate
PIECE = 7 * RATE
"""Bytes of a log's data that one step encodes: with what is pending before them, eight blocks at most."""
STRING, LIST = 0x80, 0xC0


def receipt_logs_step(vm: VM) -> None:
    """Put the next log on top of the older ones; after the oldest, begin the leaf."""
    cursor = opened(vm, vm.cursor, ReceiptLogs)
    if is_end(cursor.left):
        _begin_leaf(vm, cursor)
        return
    log = opened(vm, cursor.left, LogLink)
    topics = tuple(topic.to_bytes(32, "big") for topic in log.topics())
    bloom = bloom_words(cursor.bloom() | logs_bloom([Log(log.address, topics, b"")]))
    vm.go(RECEIPT_LOGS, ReceiptLogs(cursor.sealing, log.below, replace(log, below=cursor.ordered), *bloom))


def _begin_leaf(vm: VM, cursor: ReceiptLogs) -> None:
    """What is before the logs: the leaf's path, the headers, and the receipt's other fields."""
    sealing = opened(vm, cursor.sealing, Sealing)
    receipt = opened(vm, sealing.receipts, Receipt)
    bloom = cursor.bloom()
    logs = receipt.logs_rlp_length
    fields = (
        encode(uint_bytes(int(receipt.status)))
        + encode(uint_bytes(receipt.cumulative_gas_used))
        + encode(bloom_bytes(bloom))
        + header(logs, LIST)
    )
    head = b"" if receipt.type == LEGACY else bytes((receipt.type,))
    head += header(len(fields) + logs, LIST) + fields
    head = leaf_head(leaf_path(sealing.left - 1, sealing.count), len(head) + logs) + head
    length = len(head) + logs
    beginning = Hashing(KECCAK256, 0, length, length, *DIGESTS[KECCAK256].initial)
    hashing: Committed = DeferredHashing(beginning, NO_PAGES) if vm.reader is None else beginning
    after = Sealing(
        sealing.boundary,
        sealing.receipts,
        sealing.left,
        sealing.count,
        sealing.transactions_root,
        sealing.receipts_root,
        *bloom_words(sealing.bloom() | bloom),
    )
    empty = ReceiptHashing(after, cursor.ordered, NO_PAGES, 0, 0, 0, *pending_words(b""), hashing)
    vm.go(RECEIPT_HASH, _with_piece(empty, _hashing(hashing), head))


def receipt_hash_step(vm: VM) -> None:
    """Encode some more of the logs and absorb it; after the last one, the leaf's hash is known."""
    cursor = opened(vm, vm.cursor, ReceiptHashing)
    if isinstance(cursor.hashing, DeferredHashing):
        hashing: Hashing | DeferredHashing = cursor.hashing
        if vm.recorder is not None:
            vm.recorder.preimages.append(cursor.hashing.known().encode())
    else:
        hashing = opened(vm, cursor.hashing, Hashing)
    if cursor.data_left:
        piece = cursor.data.read(cursor.data_offset, min(cursor.data_left, PIECE), vm.recorder)
        offset, left = cursor.data_offset + len(piece), cursor.data_left - len(piece)
        vm.go(RECEIPT_HASH, _with_piece(replace(cursor, data_offset=offset, data_left=left), hashing, piece))
    elif is_end(cursor.logs):
        pending = cursor.pending()
        leaf = hashing.finished_with(pending) if isinstance(hashing, DeferredHashing) else finished(hashing, pending)
        vm.go(FILL, Filling(cursor.sealing, Hash32(leaf)))
    else:
        log = opened(vm, cursor.logs, LogLink)
        after = replace(cursor, logs=log.below)
        piece = log.data.read(log.data_offset, 1, vm.recorder) if log.data_length == 1 else b""
        # A single small byte is its own encoding, so a byte that is alone is looked at here.
        data = encode(piece) if piece else header(log.data_length, STRING)
        if not piece:
            after = replace(after, data=log.data, data_offset=log.data_offset, data_left=log.data_length)
        topics = b"".join(b"\xa0" + topic.to_bytes(32, "big") for topic in log.topics())
        fields = encode(log.address) + header(len(topics), LIST) + topics + data
        vm.go(RECEIPT_HASH, _with_piece(after, hashing, header(len(fields) + after.data_left, LIST) + fields))


def _hashing(hashing: Committed) -> Hashing | DeferredHashing:
    if not isinstance(hashing, Hashing | DeferredHashing):
        raise TypeError("no hash is under way")
    return hashing


def _with_piece(cursor: ReceiptHashing, hashing: Hashing | DeferredHashing, piece: bytes) -> ReceiptHashing:
    """Whole blocks are absorbed, the rest waits."""
    data = cursor.pending() + piece
    whole = len(data) // RATE * RATE
    after: Committed = hashing
    if whole:
        blocks = data[:whole]
        after = hashing.absorbed(blocks) if isinstance(hashing, DeferredHashing) else absorbed(hashing, blocks)
    return ReceiptHashing(
        cursor.sealing,
        cursor.logs,
        cursor.data,
        cursor.data_offset,
        cursor.data_left,
        len(data) - whole,
        *pending_words(data[whole:]),
        after,
    )


# --- encoding ---------------------------------------------------------------------------------------------------------


def leaf_head(path: Nibbles, length: int) -> bytes:
    """A leaf's bytes before its value of `length` bytes, which is no single one."""
    fields = encode(packed_path(path, leaf=True)) + header(length, STRING)
    return header(len(fields) + length, LIST) + fields


def header(length: int, kind: int) -> bytes:
    """What RLP puts before the content of a string or list."""
    if length < 56:
        return bytes((kind + length,))
    size = uint_bytes(length)
    return bytes((kind + 55 + len(size),)) + size
