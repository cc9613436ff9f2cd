"""Transactions decoded in other processes: recovering their senders is most of what deriving a chain costs.

A thread would not do: each recovery gives the interpreter away, and gets it back only when the thread that executes has
to. ``python -m node.decoder`` is such a process. It answers on standard output what it reads on standard input, ends
when that ends, and both speak frames: 4 bytes of length, then `marshal`.
"""

import asyncio
import fcntl
import marshal
import os
import signal
import sys
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import fields
from operator import attrgetter

from protocol.batch import BlockClaim, decode_batch
from protocol.errors import InvalidBatch, InvalidTransaction
from protocol.l1 import L1BlockRef
from protocol.transaction import DEPOSIT, Transaction, decode_transaction

WORTHWHILE = 256
"""Transactions for which another process pays; it takes a second to start, once."""

PIPE_BYTES = 1 << 20
"""What Linux lets anyone ask for."""

PROCESSES = 2
"""Recovering a sender takes longer than executing its transfer: this many keep a node busy that executes."""

NICE = 10
"""Their niceness beyond the node's: what it executes now comes first, they take what that leaves of two cores. In the
node's session, since Linux weighs niceness within a session only (sched(7), autogroup)."""

AHEAD = 4
"""Blocks that are decoded or wait for it."""

_fields = attrgetter(*(field.name for field in fields(Transaction)))


class Decoder:
    """The node's end. The processes start when they are first asked, and close with the node."""

    def __init__(self) -> None:
        self._processes = [_Process() for _ in range(PROCESSES)]

    async def decode(self, raws: Sequence[bytes]) -> Mapping[bytes, Transaction]:
        """The transactions among `raws` that are plain and valid, by their bytes; the others are left to the caller."""
        share = max(1, -(-len(raws) // len(self._processes)))
        parts = [raws[start : start + share] for start in range(0, len(raws), share)]
        shares = zip(self._processes, parts, strict=False)
        found: dict[bytes, Transaction] = {}
        for decoded in await asyncio.gather(*(process.decode(part) for process, part in shares)):
            found.update((tx.raw, tx) for tx in decoded)
        return found

    async def close(self) -> None:
        """End the processes, if there are any."""
        for process in self._processes:
            await process.close()


class _Process:
    """One of them; it answers one question at a time."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()

    async def decode(self, raws: Sequence[bytes]) -> list[Transaction]:
        """Those among `raws` that are plain and valid; none when the process has gone meanwhile."""
        async with self._turn:
            try:
                answer = await self._ask(marshal.dumps(list(raws)))
            except (OSError, asyncio.IncompleteReadError):
                # It has gone, by somebody's hand or for want of memory. What it does can be done here too.
                await self._end()
                return []
            except asyncio.CancelledError:
                await self._end()  # or the next to ask would read the answer to this
                raise
        return [Transaction(*each) for each in marshal.loads(answer)]  # noqa: S302 - our own process's bytes

    async def close(self) -> None:
        """End it, if it runs."""
        async with self._turn:
            await self._end()

    async def _ask(self, question: bytes) -> bytes:
        if self._process is None:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "node.decoder"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                process_group=0,
            )
            _widen(self._process)
        to, back = self._process.stdin, self._process.stdout
        if to is None or back is None:
            raise BrokenPipeError("a process without pipes")
        to.write(len(question).to_bytes(4, "big") + question)
        await to.drain()
        return await back.readexactly(int.from_bytes(await back.readexactly(4), "big"))

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.kill()
        if process is not None:
            await process.wait()


class Ahead:
    """Decodes coming blocks while one executes. A block is known by its transactions, for it has no number yet."""

    def __init__(self, decoder: Decoder | None) -> None:
        self._decoder = decoder
        self._coming: dict[int, deque[tuple[bytes, ...]]] = {}
        """By the number of the L1 block whose batches claim them: blocks that begin when there is room."""
        self._under_way: dict[tuple[bytes, ...], tuple[int, asyncio.Task[Mapping[bytes, Transaction]]]] = {}
        """Likewise with that number."""

    def expect(self, claimed_in: L1BlockRef, blocks: Iterable[tuple[bytes, ...]]) -> None:
        """These blocks come, in this order, once those of earlier L1 blocks have; none of them has been taken yet."""
        if self._decoder is not None:
            large = (raws for raws in blocks if len(raws) >= WORTHWHILE)
            self._coming[claimed_in.number] = deque(raws for raws in large if raws not in self._under_way)
            self._begin(self._decoder)

    def expect_batches(self, posted: L1BlockRef, batches: Iterable[bytes], head: int) -> None:
        """The same of the blocks beyond number `head` that `batches` claim."""
        self.expect(posted, (claim.transactions for data in batches for claim in _claims(data, head)))

    async def take(self, raws: tuple[bytes, ...]) -> Mapping[bytes, Transaction]:
        """What was decoded of a block; waits for it when it is under way."""
        _number, task = self._under_way.pop(raws, (0, None))
        if self._decoder is None or task is None:
            return {}
        self._begin(self._decoder)
        return await task

    def forget(self, through: L1BlockRef | None = None) -> None:
        """Drop what is claimed in L1 blocks up to this one; all when none is named."""
        for number in [number for number in self._coming if through is None or number <= through.number]:
            del self._coming[number]
        for raws, (number, task) in list(self._under_way.items()):
            if through is None or number <= through.number:
                del self._under_way[raws]
                task.cancel()

    def _begin(self, decoder: Decoder) -> None:
        for number in sorted(self._coming):
            blocks = self._coming[number]
            while blocks and len(self._under_way) < AHEAD:
                raws = blocks.popleft()
                if raws not in self._under_way:
                    self._under_way[raws] = (number, asyncio.create_task(decoder.decode(raws)))


def _claims(data: bytes, head: int) -> Sequence[BlockClaim]:
    try:
        batch = decode_batch(data)
    except InvalidBatch:
        return ()
    return batch.blocks[max(0, head + 1 - batch.first_number) :]


def _widen(process: asyncio.subprocess.Process) -> None:
    """Let a block's question and answer through in few pieces: the event loop may have to wait for each of them."""
    for stream in (process.stdin, process.stdout):
        transport = getattr(stream, "_transport", None)
        pipe = None if transport is None else transport.get_extra_info("pipe")
        if pipe is not None:
            with suppress(OSError, AttributeError):  # the bound is this user's, the flag is Linux's
                fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, PIPE_BYTES)


def _decoded(raws: Sequence[bytes]) -> list[tuple[object, ...]]:
    found = []
    for raw in raws:
        try:
            tx = decode_transaction(raw)
        except InvalidTransaction:
            continue
        if not (tx.access_list or tx.authorizations or tx.type == DEPOSIT):  # what marshal cannot carry
            found.append(_fields(tx))
    return found


def main() -> None:
    """Answer until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the node decides
    os.nice(NICE)
    while len(head := sys.stdin.buffer.read(4)) == 4:
        question = sys.stdin.buffer.read(int.from_bytes(head, "big"))
        answer = marshal.dumps(_decoded(marshal.loads(question)))  # noqa: S302 - our own node's bytes
        sys.stdout.buffer.write(len(answer).to_bytes(4, "big") + answer)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
