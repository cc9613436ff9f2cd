"""Chains in files: RLP blocks one after another, as `geth import` reads and `geth export` writes them."""

import gzip
import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from genesis.geth_format import load_geth_genesis
from node.chain import Chain
from node.chain_setup import database_path, open_chain, reopen_chain
from node.store import Store
from protocol.block import Block, Header, decode_block
from protocol.errors import InvalidInput, Reject

CHUNK_BYTES = 1 << 20
MAX_BLOCK_BYTES = 128 << 20
"""A longer item is damage, not a block: do not wait for the rest of it."""
_LENGTH_BYTES = 9
"""An RLP length prefix is never longer."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import or export has come: `done` of `total` (bytes read, or blocks written)."""

    number: int
    done: int
    total: int


Report = Callable[[Progress], None]


def import_chain(
    genesis_path: Path, chain_path: Path, data_dir: Path, report: Report = lambda progress: None
) -> Header:
    """Validate and execute the blocks of a file on top of what `data_dir` holds; returns the head, which is then final.

    Blocks that are already there are skipped, so that an interrupted import goes on. Memory holds one block at a time.

    Raises:
        InvalidInput: A file cannot be read, or a block in it is invalid: names the block and what is wrong. The blocks
            before it are kept.
        Halt: The database cannot be used or belongs to another chain.
    """
    genesis = load_geth_genesis(genesis_path)
    if not chain_path.is_file():
        raise InvalidInput(f"{chain_path}: there is no such file")
    with Store(database_path(data_dir)) as store:
        chain = open_chain(store, genesis, sync=False)
        total = chain_path.stat().st_size
        for block, done in read_blocks(chain_path):
            _import(chain, block, chain_path)
            report(Progress(block.number, done, total))
        chain.set_finalized(chain.head())
        store.sync()
        return chain.head()


def _import(chain: Chain, block: Block, source: Path) -> None:
    if chain.canonical_hash(block.number) == block.hash:
        return
    if block.number == 0:
        raise InvalidInput(f"{source}: its genesis block 0x{block.hash.hex()} is not the one of the genesis file")
    try:
        chain.import_block(block)
    except Reject as error:
        raise InvalidInput(f"{source}: block {block.number} is invalid: {error}") from error


def export_chain(
    data_dir: Path, target: Path, first: int = 0, last: int | None = None, report: Report = lambda progress: None
) -> int:
    """Write the canonical blocks `first` to `last` (the head unless given) to a file; returns how many.

    The file appears when it is complete. A name that ends in `.gz` makes it compressed.

    Raises:
        InvalidInput: There is no such range, or the file cannot be written.
        Halt: The database cannot be used.
    """
    with Store(database_path(data_dir), create=False) as store:
        chain = reopen_chain(store)
        head = chain.head().number
        end = head if last is None else last
        if not 0 <= first <= end <= head:
            raise InvalidInput(f"no blocks {first} to {end}: the chain has 0 to {head}")
        temporary = target.with_name(target.name + ".part")
        with _writing(target, temporary) as out:
            for number in range(first, end + 1):
                out.write(chain.canonical_block(number).encode())
                report(Progress(number, number - first + 1, end - first + 1))
    return end - first + 1


def read_blocks(path: Path) -> Iterator[tuple[Block, int]]:
    """Every block of a file with how many bytes of the file have been read; a name ending in `.gz` is decompressed.

    Raises:
        InvalidInput: The file cannot be read, is cut off, or holds something else than blocks.
    """
    with _file_errors(path), path.open("rb") as raw:
        stream = cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if path.suffix == ".gz" else raw
        position = 0
        for item in _items(stream, path):
            try:
                block = decode_block(item)
            except Reject as error:
                raise InvalidInput(f"{path}: at byte {position}: {error}") from error
            position += len(item)
            yield block, raw.tell() if path.suffix == ".gz" else position


def _items(stream: BinaryIO, path: Path) -> Iterator[bytes]:
    """The RLP items of a stream, whole."""
    buffer = b""
    offset = 0  # of the next item, in the buffer
    position = 0  # of the same, in the stream
    while True:
        if len(buffer) - offset < _LENGTH_BYTES:
            buffer = buffer[offset:] + stream.read(CHUNK_BYTES)
            offset = 0
        if offset == len(buffer):
            return
        length = _item_length(buffer, offset)
        if length is None:
            raise InvalidInput(f"{path}: at byte {position}: expected a block, found 0x{buffer[offset]:02x}")
        if length > MAX_BLOCK_BYTES:
            raise InvalidInput(f"{path}: at byte {position}: a block of {length} bytes, at most {MAX_BLOCK_BYTES}")
        if len(buffer) - offset < length:
            buffer = _at_least(stream, buffer[offset:], length)
            offset = 0
            if len(buffer) < length:
                missing = length - len(buffer)
                raise InvalidInput(f"{path}: at byte {position}: the file ends {missing} bytes before the block does")
        yield buffer[offset : offset + length]
        offset += length
        position += length


def _at_least(stream: BinaryIO, start: bytes, length: int) -> bytes:
    """Read on until there are `length` bytes, or the stream ends."""
    parts = [start]
    missing = length - len(start)
    while missing > 0:
        chunk = stream.read(max(CHUNK_BYTES, missing))
        if not chunk:
            break
        parts.append(chunk)
        missing -= len(chunk)
    return b"".join(parts)


def _item_length(buffer: bytes, offset: int) -> int | None:
    """Bytes of the list that starts at `offset`, as its prefix says; None when no list does."""
    prefix = buffer[offset]
    if prefix < 0xC0:
        return None
    if prefix < 0xF8:
        return 1 + prefix - 0xC0
    start = offset + 1 + prefix - 0xF7
    return start - offset + int.from_bytes(buffer[offset + 1 : start], "big")


@contextmanager
def _writing(target: Path, temporary: Path) -> Iterator[BinaryIO]:
    """A file that takes its name when it is complete, and is gone when it is not."""
    try:
        with _file_errors(target):
            with cast(BinaryIO, gzip.open(temporary, "wb") if target.suffix == ".gz" else temporary.open("wb")) as out:
                yield out
            os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def _file_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, EOFError, zlib.error) as error:
        raise InvalidInput(f"{path}: {getattr(error, 'strerror', None) or error}") from error
