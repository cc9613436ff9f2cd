"""KZG commitments to blobs, by the ckzg library: what EIP-4844 and EIP-7594 (cell proofs) call by these names."""

import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import ckzg

BLOB_HASH_VERSION = b"\x01"
BLS_MODULUS = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
FIELD_ELEMENTS_PER_BLOB = 4096
ROOT_OF_UNITY = pow(7, (BLS_MODULUS - 1) // FIELD_ELEMENTS_PER_BLOB, BLS_MODULUS)


def versioned_hash(commitment: bytes) -> bytes:
    """The 32 bytes by which a transaction names the blob with this KZG commitment (48 bytes)."""
    return BLOB_HASH_VERSION + hashlib.sha256(commitment).digest()[1:]


def commitment_of(blob: bytes) -> bytes:
    """The KZG commitment of a blob, 48 bytes; 50 ms. Raises ValueError for a blob with a number outside the field."""
    try:
        found: bytes = ckzg.blob_to_kzg_commitment(blob, trusted_setup())
    except RuntimeError as error:
        raise ValueError("the blob holds a number that is not below the BLS modulus") from error
    return found


def blob_proof(blob: bytes, commitment: bytes) -> bytes:
    """The proof that a transaction carries before Osaka, 48 bytes; 50 ms."""
    proof: bytes = ckzg.compute_blob_kzg_proof(blob, commitment, trusted_setup())
    return proof


def cell_proofs(blob: bytes) -> tuple[bytes, ...]:
    """The 128 proofs that a transaction carries from Osaka on, 48 bytes each; 300 ms."""
    _cells, proofs = ckzg.compute_cells_and_kzg_proofs(blob, trusted_setup())
    return tuple(proofs)


def is_blob_of(blob: bytes, commitment: bytes, proof: bytes) -> bool:
    """Whether the pre-Osaka proof holds."""
    try:
        return bool(ckzg.verify_blob_kzg_proof(blob, commitment, proof, trusted_setup()))
    except (RuntimeError, ValueError):
        return False


def are_cell_proofs(blob: bytes, commitment: bytes, proofs: Sequence[bytes]) -> bool:
    """Whether all 128 proofs of a blob's cells hold."""
    setup = trusted_setup()
    try:
        cells = ckzg.compute_cells(blob, setup)
        count = len(cells)
        return bool(
            ckzg.verify_cell_kzg_proof_batch([commitment] * count, list(range(count)), cells, list(proofs), setup)
        )
    except (RuntimeError, ValueError):
        return False


def opening(blob: bytes, index: int) -> tuple[bytes, bytes]:
    """(field element at `index`, 32 bytes; its proof, 48 bytes) for the point-evaluation precompile."""
    proof, value = ckzg.compute_kzg_proof(blob, point(index).to_bytes(32, "big"), trusted_setup())
    return value, proof


def is_element_of(commitment: bytes, index: int, element: bytes, proof: bytes) -> bool:
    """Whether the proof shows that the blob with this commitment has `element` (32 bytes) at `index`; 3 ms."""
    try:
        return bool(
            ckzg.verify_kzg_proof(commitment, point(index).to_bytes(32, "big"), element, proof, trusted_setup())
        )
    except (RuntimeError, ValueError):
        return False


def point(index: int) -> int:
    """Where the blob's polynomial has the field element `index` as its value: roots of unity, bits reversed."""
    reversed_bits = int(f"{index:012b}"[::-1], 2)
    return pow(ROOT_OF_UNITY, reversed_bits, BLS_MODULUS)


@cache
def trusted_setup() -> object:
    """Ethereum's KZG ceremony result, from py-evm's files; loading takes 4 s, once a process."""
    spec = find_spec("eth")
    if spec is None or spec.origin is None:
        raise RuntimeError("py-evm, whose files hold the KZG trusted setup, is not installed")
    return ckzg.load_trusted_setup(str(Path(spec.origin).parent / "_utils" / "kzg_trusted_setup.txt"), 0)
