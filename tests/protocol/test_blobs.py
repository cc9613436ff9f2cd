"""How bytes lie in blobs, and how a blob transaction travels."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.blobs import (
    BLOB_BYTES,
    MAX_BLOBS,
    USABLE_BYTES,
    BlobSidecar,
    InvalidSidecar,
    capacity,
    pack_blobs,
    unpack_blobs,
    unwrap,
    wrap,
)
from protocol.kzg import BLS_MODULUS
from protocol.rlp_codec import decode_list, encode
from protocol.signing import UnsignedTransaction, sign_transaction
from protocol.transaction import BLOB

KEY = bytes(31) + b"\x01"


@settings(max_examples=30)
@given(data=st.binary(max_size=3_000))
def test_what_was_packed_is_unpacked(data: bytes) -> None:
    assert unpack_blobs(pack_blobs(data)) == data


@pytest.mark.parametrize("blobs", range(1, MAX_BLOBS + 1))
def test_the_fewest_blobs_are_used(blobs: int) -> None:
    data = random.Random(blobs).randbytes(capacity(blobs))
    assert len(pack_blobs(data)) == blobs
    assert unpack_blobs(pack_blobs(data)) == data
    assert len(pack_blobs(data + b"x")) == blobs + 1


def test_a_blob_holds_31_bytes_in_each_of_4096_elements() -> None:
    assert USABLE_BYTES == 31 * 4096
    assert BLOB_BYTES == 32 * 4096


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32))
def test_every_element_is_below_the_modulus(seed: int) -> None:
    for blob in pack_blobs(random.Random(seed).randbytes(5_000) + b"\xff" * 200):
        assert len(blob) == BLOB_BYTES
        elements = [int.from_bytes(blob[at : at + 32], "big") for at in range(0, BLOB_BYTES, 32)]
        assert max(elements) < BLS_MODULUS


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32), head=st.binary(min_size=5, max_size=5))
def test_any_blobs_at_all_are_some_bytes(seed: int, head: bytes) -> None:
    blob = head + random.Random(seed).randbytes(BLOB_BYTES - 5)
    data = unpack_blobs([blob])
    length = int.from_bytes(head[1:], "big")
    assert len(data) == min(length, capacity(1))
    content = b"".join(blob[at + 1 : at + 32] for at in range(0, BLOB_BYTES, 32))
    assert data == content[4 : 4 + length]


def signed(hashes: tuple[bytes, ...]) -> bytes:
    unsigned = UnsignedTransaction(
        chain_id=1, nonce=0, gas_limit=21_000, to=None, type=BLOB, max_fee_per_blob_gas=1, blob_hashes=hashes
    )
    return sign_transaction(unsigned, KEY).raw


def sidecar(blobs: int, proofs_per_blob: int) -> BlobSidecar:
    return BlobSidecar(
        tuple(bytes((n,)) * BLOB_BYTES for n in range(blobs)),
        tuple(bytes((n,)) * 48 for n in range(blobs)),
        tuple(bytes((n % 256,)) * 48 for n in range(blobs * proofs_per_blob)),
        tuple(bytes((n,)) * 32 for n in range(blobs)),
    )


@pytest.mark.parametrize(("proofs_per_blob", "fields"), [(1, 4), (128, 5)])
def test_a_wrapped_transaction_is_unwrapped(proofs_per_blob: int, fields: int) -> None:
    carried = sidecar(2, proofs_per_blob)
    raw = signed(carried.versioned_hashes)
    wrapped = wrap(raw, carried)
    assert len(decode_list(wrapped[1:], "wrapper")) == fields
    assert unwrap(wrapped) == (raw, carried.blobs, carried.commitments, carried.proofs)


def test_what_is_no_wrapper_is_refused() -> None:
    carried = sidecar(1, 1)
    raw = signed(carried.versioned_hashes)
    fields = list(decode_list(wrap(raw, carried)[1:], "wrapper"))
    body, blobs, commitments, proofs = fields
    wrong: dict[str, list[object]] = {
        "no blobs at all": [body],
        "a short blob": [body, [b"\0" * 100], commitments, proofs],
        "a short commitment": [body, blobs, [b"\0" * 47], proofs],
        "no proofs": [body, blobs, commitments, []],
        "more commitments": [body, blobs, [b"\0" * 48] * 2, proofs],
        "version 0": [body, b"", blobs, commitments, [b"\0" * 48] * 128],
        "version 2": [body, b"\2", blobs, commitments, [b"\0" * 48] * 128],
        "version 1 with one proof": [body, b"\1", blobs, commitments, proofs],
        "one field more": [body, b"\1", blobs, commitments, proofs, b""],
        "bytes for a body": [b"body", blobs, commitments, proofs],
    }
    for name, items in wrong.items():
        with pytest.raises(InvalidSidecar):
            print(name, unwrap(b"\3" + encode(items)))  # type: ignore[arg-type]
    for other in (b"", raw, b"\2" + wrap(raw, carried)[1:], b"\3\xc0", wrap(raw, carried) + b"\0"):
        with pytest.raises(InvalidSidecar):
            unwrap(other)


@given(noise=st.binary(max_size=200))
def test_noise_is_refused_by_name(noise: bytes) -> None:
    with pytest.raises(InvalidSidecar):
        unwrap(b"\3" + noise)
