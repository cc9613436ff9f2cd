"""How waiting transactions survive a restart: they lie on disk before their sender hears that they were taken.

A file that only grows, until nothing in it waits any more or little of it does. In LevelDB, where the chain is, each of
them would be sorted, and sorted again, for the second that it usually stays.
"""

import errno
import logging
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol
from zlib import crc32

from protocol.errors import Halt
from protocol.types import Hash32

logger = logging.getLogger(__name__)

FILE = "pool.journal"
"""In the database's directory."""

MAGIC = b"tombolo pool 1\n"

REWRITE_BYTES = 64 << 20
"""A file of this size is written anew once less than half of it still waits."""

_HEAD = 8
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class PoolJournal(Protocol):
    """Raw transactions by hash, in a place that outlives the process."""

    def write(self, changes: Mapping[Hash32, bytes | None]) -> None:
        """Keep these transactions, forget those mapped to None. Survives a killed process once it returns."""

    def load(self) -> Iterator[tuple[Hash32, bytes]]:
        """Everything in it, oldest first."""


class FileJournal:
    """A file of records: length and CRC-32 of what follows, 4 bytes each, the hash, and the raw transaction.

    A record without a transaction forgets the one with its hash. One process at a time, which whoever holds the
    database's lock is.
    """

    def __init__(self, path: Path) -> None:
        """Open, or create.

        Raises:
            Halt: The file is not one of ours, or cannot be used.
        """
        self._path = path
        self._waiting: dict[Hash32, bytes] = {}
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
            self._size = self._read()
        except OSError as error:
            raise self._halt(error) from error

    def write(self, changes: Mapping[Hash32, bytes | None]) -> None:
        """One write to the file. A power failure may lose the last of them, a crash of the process does not.

        Raises:
            Halt: The disk is full or broken; nothing of `changes` is in the file.
        """
        self._append(b"".join([_record(tx_hash, raw or b"") for tx_hash, raw in changes.items()]))
        for tx_hash, raw in changes.items():
            if raw is None:
                self._waiting.pop(tx_hash, None)
            else:
                self._waiting[tx_hash] = raw
        if not self._waiting:
            self._truncate(len(MAGIC))
        elif self._size > REWRITE_BYTES and 2 * sum(map(len, self._waiting.values())) < self._size:
            self._rewrite()

    def load(self) -> Iterator[tuple[Hash32, bytes]]:
        """Everything that waits, oldest first."""
        return iter(list(self._waiting.items()))

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)

    def _append(self, data: bytes) -> None:
        try:
            if os.write(self._file, data) != len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            self._truncate(self._size)  # or what comes next would stand behind half a record
            raise self._halt(error) from error
        self._size += len(data)

    def _truncate(self, size: int) -> None:
        os.ftruncate(self._file, size)
        self._size = size

    def _rewrite(self) -> None:
        """Put what waits into a new file, which then takes the old one's place."""
        fresh = self._path.with_name(f"{self._path.name}.new")
        try:
            fresh.write_bytes(MAGIC + b"".join([_record(*each) for each in self._waiting.items()]))
            file = os.open(fresh, os.O_RDWR | os.O_APPEND)
            os.replace(fresh, self._path)
        except OSError as error:
            raise self._halt(error) from error
        os.close(self._file)
        self._file, self._size = file, os.fstat(file).st_size

    def _read(self) -> int:
        """Read the whole file; returns where its last whole record ends, and cuts off what is behind."""
        data = self._path.read_bytes()
        if not data.startswith(MAGIC):
            if not MAGIC.startswith(data):
                raise Halt(f"{self._path}: not a journal of waiting transactions; move it away")
            os.ftruncate(self._file, 0)
            os.write(self._file, MAGIC)
            return len(MAGIC)
        at = len(MAGIC)
        while (record := _record_at(data, at)) is not None:
            tx_hash, raw = Hash32(record[:32]), record[32:]
            if raw:
                self._waiting[tx_hash] = raw
            else:
                self._waiting.pop(tx_hash, None)
            at += _HEAD + len(record)
        if at < len(data):
            logger.warning("%s: %d bytes at its end are no whole record, and are dropped", self._path, len(data) - at)
            os.ftruncate(self._file, at)
        return at

    def _halt(self, error: OSError) -> Halt:
        if error.errno in _FULL:
            return Halt(
                f"{self._path}: the disk is full ({error.strerror}); nothing is damaged: make room and start again"
            )
        return Halt(f"{self._path}: the journal cannot be used ({error.strerror})")


def _record(tx_hash: Hash32, raw: bytes) -> bytes:
    payload = tx_hash + raw
    return len(payload).to_bytes(4, "big") + crc32(payload).to_bytes(4, "big") + payload


def _record_at(data: bytes, at: int) -> bytes | None:
    """The hash and the transaction of the record that begins there; None when it is not whole."""
    size = int.from_bytes(data[at : at + 4], "big")
    payload = data[at + _HEAD : at + _HEAD + size]
    if size < 32 or len(payload) < size or crc32(payload) != int.from_bytes(data[at + 4 : at + _HEAD], "big"):
        return None
    return payload
