"""LevelDB with our errors: whatever makes the database unusable is a Halt that says what to do."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import plyvel

from protocol.errors import Halt, InvalidInput

SCHEMA_VERSION = b"1"
SCHEMA_KEY = b"mschema"

BLOCK_CACHE_BYTES = 8 << 20
"""Four times as many find no more, since reads are in no order, and the store keeps what is read again."""
WRITE_BUFFER_BYTES = 16 << 20
BLOCK_BYTES = 1 << 10
"""What one read takes from a file, checks and caches. Accounts and trie nodes are short and read in no order, so at
LevelDB's own 4 KiB most of that would be neighbours that nobody asked for."""
BLOOM_BITS = 10
"""Per key; one lookup in a hundred for an absent key still touches the disk."""
COMPRESSION = None
"""Hashes and signatures do not shrink; what does, `node.store.codec` leaves out. So LevelDB reads where the file is
mapped, without a copy, in half the time, and compacts with less than half the work."""


class Database:
    """One LevelDB directory. Safe to read and write from several threads; one process at a time.

    Every read verifies the checksum of what it reads from a file: 0.7 of its 3.8 µs.
    """

    def __init__(self, path: Path, *, create: bool) -> None:
        """Open, and create when asked.

        Raises:
            InvalidInput: There is nothing at `path`, or something that is not a directory.
            Halt: Another process holds it, another version of this program made it, or it is damaged.
        """
        self.path = path
        self._refuses: str | None = None
        if path.exists() and not path.is_dir():
            raise InvalidInput(f"{path}: is a file, expected a directory for the database")
        fresh = not (path / "CURRENT").exists()
        if fresh and (any(path.glob("*.ldb")) or any(path.glob("*.log"))):
            # LevelDB would begin a new database here and delete what is left of the old one.
            raise self._damaged("its file CURRENT is missing")
        if fresh and not create:
            raise InvalidInput(f"{path}: there is no database here")
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InvalidInput(f"{path}: the directory cannot be made ({error.strerror})") from error
        with self._errors():
            self._db = plyvel.DB(
                str(path),
                create_if_missing=create,
                paranoid_checks=True,
                lru_cache_size=BLOCK_CACHE_BYTES,
                write_buffer_size=WRITE_BUFFER_BYTES,
                block_size=BLOCK_BYTES,
                bloom_filter_bits=BLOOM_BITS,
                compression=COMPRESSION,
            )
        try:
            self._check_schema(fresh)
        except BaseException:
            self.close()
            raise

    def _check_schema(self, fresh: bool) -> None:
        found = self.get(SCHEMA_KEY)
        if found is None and (fresh or next(self.scan(b"", None), None) is None):
            self.write({SCHEMA_KEY: SCHEMA_VERSION}, sync=False)
        elif found is None:
            raise Halt(f"{self.path}: a LevelDB that is not one of ours; choose another directory")
        elif found != SCHEMA_VERSION:
            raise Halt(
                f"{self.path}: has schema version {found.decode(errors='replace')}, this program writes version "
                f"{SCHEMA_VERSION.decode()}; use the program that made it, or rebuild it in another directory"
            )

    def get(self, key: bytes) -> bytes | None:
        """The value, or None; raises Halt when it is there but damaged."""
        try:
            value: bytes | None = self._db.get(key, verify_checksums=True)
        except (plyvel.CorruptionError, plyvel.IOError) as error:
            raise self._halt(error) from error
        return value

    def scan(self, start: bytes, stop: bytes | None, *, reverse: bool = False) -> Iterator[tuple[bytes, bytes]]:
        """(key, value) for start <= key < stop as of now, ascending unless `reverse`."""
        # Going backwards, plyvel 1.5 passes over a first key that equals `start`: so bound that side here.
        bounds = {"stop": stop} if reverse else {"start": start, "stop": stop}
        with (
            self._errors(),
            self._db.iterator(**bounds, reverse=reverse, verify_checksums=True) as entries,
        ):
            for key, value in entries:
                if key < start:
                    return
                yield key, value

    def scan_prefix(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """(key, value) for all keys with this prefix, ascending."""
        return self.scan(prefix, after_prefix(prefix))

    def write(self, changes: Mapping[bytes, bytes | None], *, sync: bool) -> None:
        """Put, or delete where the value is None, all or nothing.

        When this returns, the writes survive the end of the process, however it ends. With `sync` they survive the
        end of the machine.

        Raises:
            Halt: The disk is full or broken. Nothing more is written until the database is opened again.
        """
        if self._refuses is not None:
            raise Halt(self._refuses)
        try:
            with self._errors(), self._db.write_batch(sync=sync) as batch:
                for key, value in changes.items():
                    if value is None:
                        batch.delete(key)
                    else:
                        batch.put(key, value)
        except Halt as error:
            # LevelDB has left half a record at the end of its log. Opening passes over it there, but what would be
            # written behind it, once there is space again, would be lost or make the log unreadable.
            self._refuses = str(error)
            raise

    def close(self) -> None:
        """Release the directory for others."""
        self._db.close()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except plyvel.Error as error:
            raise self._halt(error) from error

    def _halt(self, error: Exception) -> Halt:
        text = str(error.args[0].decode(errors="replace") if isinstance(error.args[0], bytes) else error)
        if "LOCK" in text or "already held by process" in text:
            return Halt(f"{self.path}: another process is using this database; stop it, or choose another directory")
        # A table file that is cut short reads as an invalid argument.
        if "Corruption" in text or (".ldb" in text and "Invalid argument" in text):
            return self._damaged(text)
        if "No space left" in text or "File too large" in text or "quota exceeded" in text:
            return Halt(f"{self.path}: the disk is full ({text}); nothing is damaged: make room and start again")
        return Halt(f"{self.path}: the database cannot be used ({text})")

    def _damaged(self, how: str) -> Halt:
        return Halt(
            f"{self.path}: the database is damaged ({how}); move it away and rebuild it from L1 or a chain file "
            "(`tombolo verify --into FOLDER`, `tombolo import`)"
        )


def after_prefix(prefix: bytes) -> bytes | None:
    """The least key above all keys with this prefix; None when there is none."""
    stripped = prefix.rstrip(b"\xff")
    return stripped[:-1] + bytes((stripped[-1] + 1,)) if stripped else None
