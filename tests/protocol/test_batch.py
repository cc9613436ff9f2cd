import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.batch import (
    MAX_BLOCKS_PER_BATCH,
    MAX_TRANSACTIONS_PER_BLOCK,
    Batch,
    BlockClaim,
    decode_batch,
    encode_batch,
    encoded_size,
    split_items,
)
from protocol.errors import InvalidBatch

uint64 = st.integers(0, 2**64 - 1)
claims = st.builds(BlockClaim, uint64, uint64, st.lists(st.binary(max_size=40), max_size=5).map(tuple))
batches = st.builds(Batch, uint64, st.lists(claims, min_size=1, max_size=6).map(tuple))


def raw_batch(items: list[bytes], first: int = 1, version: int = 0) -> bytes:
    ends, end = [], 0
    for item in items:
        end += len(item)
        ends.append(end)
    return struct.pack(f">BQI{len(ends)}I", version, first, len(ends), *ends) + b"".join(items)


def block_item(timestamp: int, origin: int) -> bytes:
    return struct.pack(">BQQ", 0, timestamp, origin)


@given(batches)
def test_every_batch_survives_the_round_trip(batch: Batch) -> None:
    data = encode_batch(batch)
    assert decode_batch(data) == batch
    assert len(data) == encoded_size(batch.blocks)


@given(batches, st.data())
def test_item_i_is_found_through_the_table_alone(batch: Batch, data: st.DataObject) -> None:
    encoded = encode_batch(batch)
    _first, items = split_items(encoded)
    index = data.draw(st.integers(0, len(items) - 1))
    (count,) = struct.unpack_from(">I", encoded, 9)
    begin = struct.unpack_from(">I", encoded, 13 + 4 * (index - 1))[0] if index else 0
    (end,) = struct.unpack_from(">I", encoded, 13 + 4 * index)
    start = 13 + 4 * count
    assert encoded[start + begin : start + end] == items[index]


@given(st.binary(max_size=400))
def test_arbitrary_bytes_decode_or_are_void(data: bytes) -> None:
    try:
        batch = decode_batch(data)
    except InvalidBatch:
        return
    assert len(batch.blocks) <= MAX_BLOCKS_PER_BATCH


@given(batches, st.data())
def test_a_truncated_batch_is_void(batch: Batch, data: st.DataObject) -> None:
    encoded = encode_batch(batch)
    cut = data.draw(st.integers(0, len(encoded) - 1))
    with pytest.raises(InvalidBatch):
        decode_batch(encoded[:cut])


def test_an_unknown_version_voids_the_batch() -> None:
    with pytest.raises(InvalidBatch, match="version 1 is not 0"):
        decode_batch(raw_batch([block_item(1, 1)], version=1))


def test_items_that_overlap_void_the_batch() -> None:
    # Were ends allowed to go back, a few table bytes could reuse one large item any number of times.
    data = struct.pack(">BQI3I", 0, 1, 3, 17, 0, 17) + block_item(1, 1)
    with pytest.raises(InvalidBatch, match="item 1 ends at 0, after 17"):
        decode_batch(data)


def test_a_void_item_leaves_its_neighbours_untouched() -> None:
    items = [b"", b"\x01early", block_item(5, 6), b"\x02?", b"\x01a", b"\x00short", b"\x01b", block_item(7, 8), b""]
    assert decode_batch(raw_batch(items, first=9)) == Batch(9, (BlockClaim(5, 6, (b"a", b"b")), BlockClaim(7, 8, ())))


def test_blocks_and_transactions_beyond_the_limits_are_passed_over() -> None:
    too_many_blocks = raw_batch([block_item(n, 0) for n in range(MAX_BLOCKS_PER_BATCH + 1)] + [b"\x01late"])
    decoded = decode_batch(too_many_blocks)
    assert len(decoded.blocks) == MAX_BLOCKS_PER_BATCH
    assert decoded.blocks[-1] == BlockClaim(MAX_BLOCKS_PER_BATCH - 1, 0, ())

    too_many_txs = raw_batch([block_item(1, 0)] + [b"\x01x"] * (MAX_TRANSACTIONS_PER_BLOCK + 1))
    assert len(decode_batch(too_many_txs).blocks[0].transactions) == MAX_TRANSACTIONS_PER_BLOCK


def test_the_encoder_refuses_what_the_decoder_would_pass_over() -> None:
    with pytest.raises(ValueError, match="1 to 1024 blocks"):
        encode_batch(Batch(1, ()))
    with pytest.raises(ValueError, match="at most"):
        encode_batch(Batch(1, (BlockClaim(1, 1, (b"x",) * (MAX_TRANSACTIONS_PER_BLOCK + 1)),)))
