"""Answers too large to hold: written piece by piece, in memory at first and then in a file, and sent in chunks.

Nothing is sent before the answer is complete, so that a failure half-way is an error and not a torn document.
"""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rpc.errors import RESPONSE_TOO_LARGE, RpcError

MEMORY_BYTES = 8 * 1024 * 1024
"""What stays in memory; the rest goes to a temporary file that has no name."""

CHUNK_BYTES = 256 * 1024
PIECES = 512
"""Small pieces are joined before they are written."""


class Spool:
    """JSON text under construction, at most `limit` bytes of it."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._file = tempfile.SpooledTemporaryFile(max_size=MEMORY_BYTES)  # noqa: SIM115 - it outlives this function
        self._pieces: list[str] = []
        self.size = 0

    def write(self, piece: str) -> None:
        """Append ASCII text; raises RpcError when the answer becomes too large."""
        self._pieces.append(piece)
        if len(self._pieces) >= PIECES:
            self._flush()

    def _flush(self) -> None:
        data = "".join(self._pieces).encode("ascii")
        self._pieces.clear()
        self.size += len(data)
        if self.size > self._limit:
            raise RpcError(RESPONSE_TOO_LARGE, f"response too large: more than {self._limit} bytes")
        self._file.write(data)

    def close(self) -> None:
        """Forget the text."""
        self._file.close()

    def finish(self) -> "Spool":
        """The whole text is written; `size` is its length."""
        self._flush()
        return self

    def chunks(self) -> Iterator[bytes]:
        """The text from its beginning; afterwards it is gone."""
        with self._file as file:
            file.seek(0)
            while chunk := file.read(CHUNK_BYTES):
                yield chunk

    def text(self, limit: int) -> str:
        """The text in one piece, for those who need it so; raises RpcError beyond `limit` bytes."""
        if self.size > limit:
            self.close()
            raise RpcError(RESPONSE_TOO_LARGE, "response too large: ask over HTTP, and alone")
        return b"".join(self.chunks()).decode("ascii")


def spooled(limit: int, write: Callable[[Spool], None]) -> Spool:
    """What `write` writes; when it fails, nothing is left behind."""
    spool = Spool(limit)
    try:
        write(spool)
        return spool.finish()
    except BaseException:
        spool.close()
        raise


@dataclass(frozen=True, slots=True)
class Streamed:
    """A response around a spooled result."""

    head: bytes
    result: Spool
    tail: bytes

    def close(self) -> None:
        """Nobody will read it."""
        self.result.close()

    @property
    def size(self) -> int:
        """Bytes in all."""
        return len(self.head) + self.result.size + len(self.tail)

    def chunks(self) -> Iterator[bytes]:
        """The response from its beginning."""
        yield self.head
        yield from self.result.chunks()
        yield self.tail
