"""What derivation reads: an L1 block's deposits, changes and commitments, and the bytes behind these.

The blocks that follow are read while one is derived, so neither waits for the other.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from da.adapter import Commitment
from node.l1.inputs import L1Inputs, L1Position
from protocol.errors import Reject, Retry
from protocol.l1 import L1BlockRef

logger = logging.getLogger(__name__)

FETCH_SECONDS = 60.0
"""How long one fetch of batch data may take before it is asked for anew, and the node says that it waits."""

AHEAD_BLOCKS = 32
"""L1 blocks that are read ahead at most: a sequencer may post a batch every few of them only."""
AHEAD_BYTES = 16 << 20
"""Of batches: once so many wait for their turn, nothing more is read ahead."""


class L1Source(Protocol):
    """What derivation reads of L1. Every method raises Retry when L1 does not answer."""

    async def latest(self) -> L1BlockRef:
        """L1's newest block."""

    async def finalized_number(self) -> int:
        """The number of L1's newest final block; 0 when nothing is final yet."""

    async def block(self, number: int) -> L1BlockRef | None:
        """The canonical block at this height, or None beyond the head."""

    async def inputs(self, ref: L1BlockRef, before: L1Position) -> L1Inputs:
        """What this very block carries for the rollup; `before` is the position after its parent.

        Raises:
            MissingLogs: L1 has more between the two than it told.
        """


class BatchSource(Protocol):
    """Where batch bytes come from."""

    async def fetch(self, commitment: Commitment, posted: L1BlockRef) -> bytes:
        """The bytes committed in the L1 block `posted`; Retry while not served, Reject when none can ever match."""


@dataclass(frozen=True, slots=True)
class _ReadAhead:
    """What an L1 block brings, read before its turn; `position` is what it was read from."""

    ref: L1BlockRef
    position: L1Position
    inputs: L1Inputs
    data: list[bytes]


class L1Feed:
    """Reads L1 and the data layer for one driver. `on_data` hears of an L1 block's batches when they are read ahead."""

    def __init__(
        self,
        l1: L1Source,
        batches: BatchSource,
        on_data: Callable[[L1BlockRef, Sequence[bytes]], None],
        fetch_seconds: float = FETCH_SECONDS,
    ) -> None:
        self._l1 = l1
        self._batches = batches
        self._on_data = on_data
        self._fetch_seconds = fetch_seconds
        self._ahead: deque[asyncio.Task[_ReadAhead | None]] = deque()
        """In the order of L1, each begun by the one before it; None where reading on had to stop."""
        self._bytes_ahead = 0

    async def read(self, ref: L1BlockRef, position: L1Position) -> tuple[L1Inputs, list[bytes]]:
        """What the L1 block brings, and the data of its batches in order; `position` is the one after its parent.

        Raises:
            Retry: L1 does not answer, or the data layer does not serve a batch.
            MissingLogs: As `L1Source.inputs`.
        """
        return await self._taken_ahead(ref, position) or await self._read(ref, position)

    def begin_after(self, ref: L1BlockRef, position: L1Position, head: int) -> None:
        """Read what lies behind `ref`, at `position`, up to L1 block `head`, while `ref` itself is derived."""
        if self._ahead:
            last = self._ahead[-1]
            found = last.result() if last.done() else None
            if found is None:
                return  # it is being read, or could not be
            ref, position = found.ref, found.inputs.position
        self._read_on(ref, position, head)

    def forget(self) -> None:
        """Drop what was read ahead."""
        for task in self._ahead:
            task.cancel()
        self._ahead.clear()
        self._bytes_ahead = 0

    async def _read(self, ref: L1BlockRef, position: L1Position) -> tuple[L1Inputs, list[bytes]]:
        inputs = await self._l1.inputs(ref, position)
        return inputs, await self._fetch_all(ref, inputs.commitments)

    def _read_on(self, parent: L1BlockRef, position: L1Position, head: int) -> None:
        if parent.number < head and len(self._ahead) < AHEAD_BLOCKS and self._bytes_ahead < AHEAD_BYTES:
            self._ahead.append(asyncio.create_task(self._read_behind(parent, position, head)))

    async def _read_behind(self, parent: L1BlockRef, position: L1Position, head: int) -> _ReadAhead | None:
        try:
            ref = await self._l1.block(parent.number + 1)
            if ref is None or ref.parent_hash != parent.hash:
                return None
            inputs, data = await self._read(ref, position)
        except Retry:
            return None  # what is the matter will be told when its turn comes
        self._bytes_ahead += sum(map(len, data))
        self._on_data(ref, data)
        self._read_on(ref, inputs.position, head)
        return _ReadAhead(ref, position, inputs, data)

    async def _taken_ahead(self, ref: L1BlockRef, position: L1Position) -> tuple[L1Inputs, list[bytes]] | None:
        if not self._ahead:
            return None
        found = await self._ahead.popleft()
        if found is None or found.ref != ref or found.position != position:
            self.forget()
            return None
        self._bytes_ahead -= sum(map(len, found.data))
        return found.inputs, found.data

    async def _fetch_all(self, ref: L1BlockRef, commitments: Sequence[Commitment]) -> list[bytes]:
        data = []
        for commitment in commitments:
            try:
                async with asyncio.timeout(self._fetch_seconds):
                    data.append(await self._batches.fetch(commitment, ref))
            except Reject as error:
                # The commitment itself is void, on every node alike: the defined transition is to pass over it.
                logger.warning("L1 block %d: passed over a commitment: %s", ref.number, error)
            except Retry as error:
                raise Retry(f"batch data committed in L1 block {ref.number}: {error}") from error
            except TimeoutError as error:
                raise Retry(
                    f"batch data committed in L1 block {ref.number}: no answer within {self._fetch_seconds:g} s"
                ) from error
        return data
