"""The lane between the node and one of its fronts: numbered calls over a socket pair, answered in any order.

A frame is length of the rest (4 bytes) ‖ call number (4) ‖ kind (1) ‖ payload. Frames of one turn of the event loop
leave in one write, because a system call costs as much as what most frames ask for.
"""

import asyncio
from collections.abc import Callable
from typing import cast

ANSWER = 0
"""To the node: the body of a request. Back: the text of its answer, nothing when there is none."""

SUBMIT = 1
"""To the node: decoded transactions. Back: what came of each."""

STOP = 2
"""To the front: take no more, finish what is in work, and end."""

REFUSED = 3
"""To the node: a request was one too many. Call number and payload mean nothing."""

OnFrame = Callable[[int, int, bytes], None]
"""Called with call number, kind and payload."""

_HEAD = 9


class Lane(asyncio.Protocol):
    """One end. `on_lost` is called when the other end is gone."""

    def __init__(self, on_frame: OnFrame, on_lost: Callable[[], None]) -> None:
        self._on_frame = on_frame
        self._on_lost = on_lost
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._leaving: list[bytes] = []

    def send(self, call: int, kind: int, payload: bytes) -> None:
        """Send a frame soon; after the lane is lost, to nobody."""
        if not self._leaving:
            self._loop.call_soon(self.flush)
        self._leaving.append((len(payload) + _HEAD - 4).to_bytes(4, "big") + call.to_bytes(4, "big") + bytes((kind,)))
        self._leaving.append(payload)

    def close(self) -> None:
        """Send what is to be sent, then hang up."""
        self.flush()
        if self._transport is not None:
            self._transport.close()

    def flush(self) -> None:
        """Send now what was to be sent soon."""
        if self._leaving and self._transport is not None and not self._transport.is_closing():
            self._transport.write(b"".join(self._leaving))
        self._leaving.clear()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """The other end is gone."""
        self._transport = None
        self._on_lost()

    def data_received(self, data: bytes) -> None:
        """Take the whole frames out of what has come so far."""
        received = self._received
        received += data
        start = 0
        while len(received) - start >= _HEAD:
            end = start + 4 + int.from_bytes(received[start : start + 4], "big")
            if end > len(received):
                break
            call = int.from_bytes(received[start + 4 : start + 8], "big")
            self._on_frame(call, received[start + 8], bytes(received[start + _HEAD : end]))
            start = end
        del received[:start]
        # Now, and not in the loop's next turn, where the node first executes what it has just taken.
        self.flush()
