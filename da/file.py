"""A folder as a data-availability layer: for teaching, tests and chains on one machine.

A commitment is `0x01 ‖ keccak256(data)`, and the data is the file of that name. Sharing the folder (or a copy, or a
network mount of it) is what makes the data available to others.
"""

import asyncio
import os
import tempfile
from pathlib import Path

from da.adapter import BadCommitment, Commitment, NotFound, Unreachable, WrongBytes, check_size
from protocol.crypto import keccak
from protocol.l1 import L1BlockRef

FILE_LAYER = 0x01
FILE_MAX_BYTES = 16 << 20


class FileStore:
    """One file per batch under `directory`, in 256 folders named by the hash's first byte."""

    layer = FILE_LAYER

    def __init__(self, directory: Path, max_bytes: int = FILE_MAX_BYTES) -> None:
        self._directory = directory
        self.max_bytes = max_bytes

    async def submit(self, data: bytes) -> Commitment:
        """Write `data` durably under its hash; again is no harm. Raises Unreachable when the disk refuses."""
        check_size("file store", data, self.max_bytes)
        digest = keccak(data)
        try:
            await asyncio.to_thread(_write, self._path(digest), data)
        except OSError as error:
            raise Unreachable(f"file store: cannot write under {self._directory}: {error}") from error
        return Commitment(bytes((FILE_LAYER,)) + digest)

    def sidecar(self, commitment: Commitment) -> None:
        """Nothing."""

    async def fetch(self, commitment: Commitment, posted: L1BlockRef) -> bytes:
        """Read the data back and check it against its hash. Raises as the seam says."""
        if len(commitment) != 33 or commitment[0] != FILE_LAYER:
            raise BadCommitment(
                f"file store: 0x{commitment[:33].hex()} ({len(commitment)} bytes) is not 0x01 and a hash"
            )
        digest = commitment[1:]
        try:
            data = await asyncio.to_thread(_read, self._path(digest), self.max_bytes)
        except OSError as error:
            raise NotFound(f"file store: {digest.hex()} is not served: {error}") from error
        if len(data) > self.max_bytes or keccak(data) != digest:
            raise WrongBytes(f"file store: the file of {digest.hex()} holds something else")
        return data

    async def is_writable(self) -> bool:
        """Whether the folder takes files now."""
        try:
            await asyncio.to_thread(_try_to_write, self._directory)
        except OSError:
            return False
        return True

    def _path(self, digest: bytes) -> Path:
        return self._directory / digest[:1].hex() / digest.hex()


def _read(path: Path, most: int) -> bytes:
    with path.open("rb") as file:
        return file.read(most + 1)


def _try_to_write(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(b"x")


def _write(path: Path, data: bytes) -> None:
    if path.is_file() and _read(path, len(data)) == data:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)  # a temporary file is private, but this data is for everybody
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    # The commitment goes to L1 next: by then the new name must survive a crash, not only the bytes.
    for folder in (path.parent, path.parent.parent):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
