"""Bytes in EIP-4844 blobs, and the wrapper in which a blob transaction travels to L1's pool.

A blob is 4096 field elements of 32 bytes, each below the BLS modulus. Each holds 31 bytes of ours behind a zero byte,
so byte *i* stands in element *(i + 4) / 31*, and a referee on L1 can open that one element by the point-evaluation
precompile. The first four bytes are the length, big-endian.

Reading is total: the high byte of an element is passed over, and a length beyond what the blobs hold means all of it.
So nothing can be wrong with a blob, and a referee has nothing to check but the elements that it opens.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from protocol.errors import Reject
from protocol.kzg import FIELD_ELEMENTS_PER_BLOB
from protocol.rlp_codec import InvalidRlp, RlpItem, as_bytes, as_list, decode_list, encode

BLOB_BYTES = 32 * FIELD_ELEMENTS_PER_BLOB
ELEMENT_BYTES = 31
USABLE_BYTES = ELEMENT_BYTES * FIELD_ELEMENTS_PER_BLOB
LENGTH_BYTES = 4
MAX_BLOBS = 6
"""Per transaction, from Osaka on (EIP-7594)."""
CELL_PROOFS_PER_BLOB = 128

_BLOB_TYPE = b"\x03"


class InvalidSidecar(Reject):
    """The bytes are no blob transaction in its wrapper."""


def capacity(blobs: int) -> int:
    """How many bytes fit into so many blobs."""
    return blobs * USABLE_BYTES - LENGTH_BYTES


def pack_blobs(data: bytes) -> tuple[bytes, ...]:
    """The fewest blobs that hold `data`, zeros behind it."""
    content = len(data).to_bytes(LENGTH_BYTES, "big") + data
    count = max(1, -(-len(content) // USABLE_BYTES))
    content += bytes(count * USABLE_BYTES - len(content))
    elements = [b"\0" + content[at : at + ELEMENT_BYTES] for at in range(0, len(content), ELEMENT_BYTES)]
    per_blob = FIELD_ELEMENTS_PER_BLOB
    return tuple(b"".join(elements[at : at + per_blob]) for at in range(0, len(elements), per_blob))


def unpack_blobs(blobs: Sequence[bytes]) -> bytes:
    """The bytes in one or more blobs, whatever they are."""
    content = b"".join(blob[at + 1 : at + 32] for blob in blobs for at in range(0, BLOB_BYTES, 32))
    length = int.from_bytes(content[:LENGTH_BYTES], "big")
    return content[LENGTH_BYTES : LENGTH_BYTES + length]


@dataclass(frozen=True, slots=True)
class BlobSidecar:
    """What travels with a blob transaction and is not in its hash. `proofs`: one per blob, or 128 per blob (Osaka)."""

    blobs: tuple[bytes, ...] = field(repr=False)
    commitments: tuple[bytes, ...] = field(repr=False)
    proofs: tuple[bytes, ...] = field(repr=False)
    versioned_hashes: tuple[bytes, ...]

    @property
    def has_cell_proofs(self) -> bool:
        """Whether the proofs are Osaka's."""
        return len(self.proofs) == CELL_PROOFS_PER_BLOB * len(self.blobs)


def wrap(raw: bytes, sidecar: BlobSidecar) -> bytes:
    """The canonical bytes of a type-3 transaction, as eth_sendRawTransaction takes them.

    Sources: EIP-4844 `rlp([tx, blobs, commitments, proofs])`; EIP-7594 `rlp([tx, 1, blobs, commitments, cell_proofs])`.
    """
    body: RlpItem = list(decode_list(raw[1:], "transaction"))
    version: list[RlpItem] = [b"\x01"] if sidecar.has_cell_proofs else []
    rest: list[RlpItem] = [list(sidecar.blobs), list(sidecar.commitments), list(sidecar.proofs)]
    return _BLOB_TYPE + encode([body, *version, *rest])


def unwrap(wrapped: bytes) -> tuple[bytes, tuple[bytes, ...], tuple[bytes, ...], tuple[bytes, ...]]:
    """(canonical bytes of the transaction, blobs, commitments, proofs) of what `wrap` makes; nothing is verified.

    Raises:
        InvalidSidecar: It is shaped otherwise, or the lists' lengths do not agree.
    """
    if wrapped[:1] != _BLOB_TYPE:
        raise InvalidSidecar("not a blob transaction")
    try:
        fields = decode_list(wrapped[1:], "blob transaction with blobs")
        has_cell_proofs = len(fields) == 5
        if len(fields) not in (4, 5) or (has_cell_proofs and as_bytes(fields[1], "version", 1) != b"\x01"):
            raise InvalidSidecar(f"a wrapper of {len(fields)} fields, or of an unknown version")
        body = as_list(fields[0], "transaction")
        blobs = tuple(as_bytes(item, "blob", BLOB_BYTES) for item in as_list(fields[-3], "blobs"))
        commitments = tuple(as_bytes(item, "commitment", 48) for item in as_list(fields[-2], "commitments"))
        proofs = tuple(as_bytes(item, "proof", 48) for item in as_list(fields[-1], "proofs"))
    except InvalidRlp as error:
        raise InvalidSidecar(str(error)) from error
    per_blob = CELL_PROOFS_PER_BLOB if has_cell_proofs else 1
    if len(commitments) != len(blobs) or len(proofs) != per_blob * len(blobs):
        raise InvalidSidecar(f"{len(blobs)} blobs, {len(commitments)} commitments, {len(proofs)} proofs")
    return _BLOB_TYPE + encode(body), blobs, commitments, proofs
