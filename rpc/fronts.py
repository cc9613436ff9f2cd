"""The node's side of its fronts: it starts them, answers them, and takes over the connections they hand it."""

import asyncio
import errno
import marshal
import socket
import subprocess
import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import replace

from protocol.errors import Halt
from rpc.access import Access
from rpc.dispatch import Dispatcher
from rpc.front import MAX_HANDOVER_BYTES, Settings
from rpc.lane import ANSWER, REFUSED, STOP, SUBMIT, Lane
from rpc.limits import Limits
from rpc.method import Context
from rpc.submission import unpack

BACKLOG = 1024
"""Connections that may wait to be accepted."""

PER_TURN = 32
"""Connections that are accepted before the event loop may do something else."""

OUT_OF_DESCRIPTORS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
PAUSE_SECONDS = 1.0
"""How long no connection is taken when there is no room for one."""

STOP_SECONDS = 4.0
"""How long fronts may take to end; longer than they let requests take."""


class FrontFailed(Halt):
    """A front ended by itself: a bug, or somebody killed it."""


class Fronts:
    """Processes that read HTTP for one node. `connections` makes aiohttp's end of a connection handed over."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        context: Context,
        connections: Callable[[], asyncio.Protocol],
        access: Access,
        on_refused: Callable[[], None],
    ) -> None:
        self._dispatcher = dispatcher
        self._context = context
        self._connections = connections
        self._access = access
        self._on_refused = on_refused
        self._listener: socket.socket | None = None
        self._turn = 0
        self._processes: list[asyncio.subprocess.Process] = []
        self._lanes: list[Lane] = []
        self._handovers: list[socket.socket] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._lost = asyncio.Event()
        self._stopping = False

    async def start(self, count: int, host: str, port: int) -> int:
        """Listen with `count` fronts; port 0 picks a free one. Returns the port.

        Raises:
            OSError: The port is taken.
        """
        self._listener = listener = _listener(host, port)
        limits = self._context.limits
        each = replace(limits, http_requests=max(1, limits.http_requests // count))
        for _ in range(count):
            await self._start_one(each)
        asyncio.get_running_loop().add_reader(listener, self._accept)
        chosen: int = listener.getsockname()[1]
        return chosen

    async def _start_one(self, limits: Limits) -> None:
        ours, theirs = socket.socketpair()
        handover, giving = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        giving.setblocking(False)
        with theirs, giving:
            descriptors = (theirs.fileno(), giving.fileno())
            settings = Settings(descriptors, self._access, limits)
            # Its own session: Ctrl-C in a terminal reaches the node alone, which stops its fronts in order.
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "rpc.front", settings.encode()),
                stdin=subprocess.DEVNULL,
                pass_fds=descriptors,
                start_new_session=True,
            )
        self._processes.append(process)
        handover.setblocking(False)
        self._handovers.append(handover)
        loop = asyncio.get_running_loop()
        loop.add_reader(handover, self._take_over, handover)
        lane = Lane(lambda call, kind, payload: self._on_frame(lane, call, kind, payload), self._on_lost)
        self._lanes.append(lane)
        await loop.create_connection(lambda: lane, sock=ours)

    async def wait(self) -> None:
        """Raise FrontFailed as soon as a front has ended by itself."""
        await self._lost.wait()
        raise FrontFailed("a process that reads JSON-RPC requests ended by itself; its last words are in the log")

    async def stop(self) -> None:
        """Take no more requests, let those in work finish, end the processes."""
        self._stopping = True
        if self._listener is not None:
            asyncio.get_running_loop().remove_reader(self._listener)
            self._listener.close()
        for lane in self._lanes:
            lane.send(0, STOP, b"")
        for process in self._processes:
            try:
                async with asyncio.timeout(STOP_SECONDS):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
        for handover in self._handovers:
            asyncio.get_running_loop().remove_reader(handover)
            handover.close()
        for lane in self._lanes:
            lane.close()
        self._processes, self._lanes, self._handovers = [], [], []

    def _accept(self) -> None:
        """Give waiting connections to the fronts in turn; those that listen themselves leave all work to one."""
        if self._listener is None or self._stopping:
            return
        for _ in range(PER_TURN):
            try:
                connection, _address = self._listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in OUT_OF_DESCRIPTORS:
                    # The loop would ask again at once, and again: so let some of those that are open end first.
                    loop = asyncio.get_running_loop()
                    loop.remove_reader(self._listener)
                    loop.call_later(PAUSE_SECONDS, self._resume)
                return
            with connection:
                self._give(connection)

    def _resume(self) -> None:
        if self._listener is not None and not self._stopping:
            asyncio.get_running_loop().add_reader(self._listener, self._accept)

    def _give(self, connection: socket.socket) -> None:
        """To the next front that has room; when none has, the client is hung up on."""
        for _ in self._handovers:
            self._turn = (self._turn + 1) % len(self._handovers)
            with suppress(OSError):
                socket.send_fds(self._handovers[self._turn], [b"\0"], [connection.fileno()])
                return

    def _on_lost(self) -> None:
        if not self._stopping:
            self._lost.set()

    def _on_frame(self, lane: Lane, call: int, kind: int, payload: bytes) -> None:
        if kind == SUBMIT:
            outcomes = self._dispatcher.submit(unpack(payload), self._context)
            lane.send(call, SUBMIT, marshal.dumps(outcomes))
        elif kind == REFUSED:
            self._on_refused()
        else:
            self._spawn(self._reply(lane, call, payload))

    async def _reply(self, lane: Lane, call: int, body: bytes) -> None:
        lane.send(call, ANSWER, (await self._dispatcher.answer(body, self._context) or "").encode())

    def _take_over(self, handover: socket.socket) -> None:
        try:
            message, descriptors, _flags, _address = socket.recv_fds(handover, MAX_HANDOVER_BYTES, 1)
        except BlockingIOError:
            return
        if not descriptors:  # the front has closed its end
            asyncio.get_running_loop().remove_reader(handover)
            return
        self._spawn(self._serve(message, socket.socket(fileno=descriptors[0])))

    async def _serve(self, message: bytes, connection: socket.socket) -> None:
        connection.setblocking(False)
        loop = asyncio.get_running_loop()
        try:
            _transport, protocol = await loop.connect_accepted_socket(self._connections, connection)
        except OSError:
            connection.close()  # the client has gone
            return
        protocol.data_received(message)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _listener(host: str, port: int) -> socket.socket:
    family, kind, protocol, _name, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    listener.setblocking(False)
    return listener
