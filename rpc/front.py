"""A front: a process beside the node that does for JSON-RPC what needs no node.

It reads HTTP, and of eth_sendRawTransaction, which is most of the work under load, it also parses the transaction and
recovers its sender. Python runs one thread at a time, so only another process takes this off the node's core. Requests
reach the node over a `rpc.lane`. Connections of programs that send plain requests need no more than
`rpc.plain_connection`; others become aiohttp's, and one that wants anything but a short JSON answer (a page, a
WebSocket, a preflight, a trace) is handed to the node itself, which goes on where the front stopped reading.

`rpc.fronts` starts it: ``python -m rpc.front SETTINGS``.
"""

import asyncio
import gc
import json
import logging
import marshal
import os
import signal
import socket
import sys
from collections.abc import Callable, Coroutine
from dataclasses import asdict, dataclass

from aiohttp import web

from rpc.access import Access
from rpc.lane import ANSWER, REFUSED, STOP, SUBMIT, Lane
from rpc.limits import Limits
from rpc.plain_connection import PlainConnections, Respond
from rpc.plain_http import INTERNAL_ERROR, TOO_MANY_REQUESTS, json_response
from rpc.post import InWork, PostEndpoint
from rpc.submission import PER_TURN, Submission, lone_submission, pack, submissions_of

_LOGGER = logging.getLogger(__name__)

DRAIN_SECONDS = 2.0
"""How long requests in work may take after the node has said to stop."""

GATHERED = 5
"""Transactions that go to the node together, at once: it takes them in while this process decodes the next ones. With
more at a time the two wait for each other; fewer are not worth a system call at both ends."""

MAX_HANDOVER_BYTES = 60_000
"""Of a request that goes along with its connection: what one message on a Unix socket surely takes."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the node tells a front: the descriptors of lane and handover, and the rules for requests."""

    descriptors: tuple[int, int]
    access: Access
    limits: Limits

    def encode(self) -> str:
        """As one argument of a command."""
        access = [sorted(self.access.hosts), sorted(self.access.origins)]
        return json.dumps([self.descriptors, access, asdict(self.limits)])

    @classmethod
    def decode(cls, text: str) -> "Settings":
        """The inverse of `encode`."""
        descriptors, (hosts, origins), limits = json.loads(text)
        return cls(tuple(descriptors), Access(frozenset(hosts), frozenset(origins)), Limits(**limits))


class Handover(Exception):
    """The node itself must serve this request."""


class Front:
    """One front's end of everything."""

    def __init__(self, handover: socket.socket, access: Access, limits: Limits) -> None:
        self._handover = handover
        self._limits = limits
        self._in_work = InWork(limits.http_requests, lambda: self.lane.send(0, REFUSED, b""))
        self._endpoint = PostEndpoint(self._reply, access, limits, self._in_work)
        self._loop = asyncio.get_running_loop()
        self._calls: dict[int, Callable[[bytes], None]] = {}
        self._last_call = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._gathered: list[tuple[Submission, Respond]] = []
        self.stopping = asyncio.Event()
        self.lane = Lane(self._on_frame, self._on_lost)

    def take(self, connections: Callable[[], asyncio.Protocol]) -> None:
        """Serve the connections that the node gives, each by one of `connections`, until told to stop."""
        self._loop.add_reader(self._handover, self._take_one, connections)

    def _take_one(self, connections: Callable[[], asyncio.Protocol]) -> None:
        try:
            _message, descriptors, _flags, _address = socket.recv_fds(self._handover, 1, 1)
        except BlockingIOError:
            return
        if not descriptors:  # the node has closed its end
            self._loop.remove_reader(self._handover)
            return
        self._spawn(self._connect(connections, socket.socket(fileno=descriptors[0])))

    async def _connect(self, connections: Callable[[], asyncio.Protocol], connection: socket.socket) -> None:
        connection.setblocking(False)
        try:
            await self._loop.connect_accepted_socket(connections, connection)
        except OSError:
            connection.close()  # the client has gone

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Any request: answered here, or handed over."""
        if request.method != "POST" or request.path != "/":
            return self._hand_over(request, await request.read())
        refusal = self._endpoint.refusal(request)
        if refusal is not None:
            return refusal
        try:
            return await self._endpoint.serve(request)
        except Handover:
            return self._hand_over(request, await request.read())

    def serve_plain(self, body: bytes, respond: Respond) -> None:
        """The body of a plain request. The commonest, one transaction, is answered without a task of its own."""
        if not self._in_work.enter():
            respond(TOO_MANY_REQUESTS)
            return
        submission = lone_submission(body)
        if submission is not None:
            if not self._gathered:
                self._loop.call_soon(self._submit_gathered)
            self._gathered.append((submission, respond))
            if len(self._gathered) == GATHERED:
                self._submit_gathered()
                self.lane.flush()
            return
        self._spawn(self._answer_plain(body, respond))

    def _submit_gathered(self) -> None:
        """What arrived in one turn of the event loop goes to the node together, which stores it in one write."""
        if not self._gathered:
            return
        gathered, self._gathered = self._gathered, []
        payload = pack([submission for submission, _respond in gathered])
        self._call(SUBMIT, payload, lambda outcomes: self._respond(gathered, outcomes))

    def _respond(self, gathered: list[tuple[Submission, Respond]], payload: bytes) -> None:
        for (submission, respond), outcome in zip(gathered, _outcomes(payload), strict=True):
            self._in_work.leave()
            respond(json_response(submission.answer(outcome).encode()))

    async def _answer_plain(self, body: bytes, respond: Respond) -> None:
        response: bytes | None = INTERNAL_ERROR
        try:
            response = json_response((await self._reply(body) or "").encode())
        except Handover:
            response = None
        except Exception:
            _LOGGER.exception("answering a request failed")
        finally:
            self._in_work.leave()
            respond(response)

    async def _reply(self, body: bytes) -> str | None:
        if b'"debug_' in body and len(body) < MAX_HANDOVER_BYTES // 2:
            raise Handover  # its answer may be larger than what should pass through here in one piece
        submissions = await submissions_of(body, self._limits.batch_items)
        if submissions is None:
            return (await self._ask(ANSWER, body)).decode() or None
        answers: list[str] = []
        for start in range(0, len(submissions.entries), PER_TURN):
            part = submissions.entries[start : start + PER_TURN]
            outcomes = _outcomes(await self._ask(SUBMIT, pack(part)))
            answers += [submission.answer(outcome) for submission, outcome in zip(part, outcomes, strict=True)]
        return f"[{','.join(answers)}]" if submissions.is_batch else answers[0]

    async def _ask(self, kind: int, payload: bytes) -> bytes:
        answer: asyncio.Future[bytes] = self._loop.create_future()
        # It is done already when the client has gone.
        self._call(kind, payload, lambda result: None if answer.done() else answer.set_result(result))
        return await answer

    def _call(self, kind: int, payload: bytes, on_answer: Callable[[bytes], None]) -> None:
        self._last_call = call = (self._last_call + 1) % 2**32
        self._calls[call] = on_answer
        self.lane.send(call, kind, payload)

    def _on_frame(self, call: int, kind: int, payload: bytes) -> None:
        if kind == STOP:
            self.stopping.set()
            return
        self._calls.pop(call)(payload)

    def _on_lost(self) -> None:
        # The node is gone. Whoever starts it again needs the port, so there is no time for goodbyes.
        os._exit(0)

    def _hand_over(self, request: web.Request, body: bytes) -> web.StreamResponse:
        """Give the connection, and what was read from it, to the node."""
        message = _as_bytes(request, body)
        transport = request.transport
        if transport is None:
            raise ConnectionResetError("the client has gone")
        if len(message) > MAX_HANDOVER_BYTES:
            return web.Response(status=413, text="request is too large for what it asks\n")
        socket.send_fds(self._handover, [message], [transport.get_extra_info("socket").fileno()])
        # The node has a descriptor of its own by now; this one closes without a word to the client.
        transport.abort()
        return web.Response()


def _outcomes(payload: bytes) -> list[str]:
    outcomes: list[str] = marshal.loads(payload)  # noqa: S302 - our own node's bytes
    return outcomes


def _as_bytes(request: web.Request, body: bytes) -> bytes:
    """The request as it came, its body in one piece."""
    framing = (b"content-length", b"transfer-encoding", b"expect")
    lines = [f"{request.method} {request.raw_path} HTTP/{request.version.major}.{request.version.minor}".encode()]
    lines += [name + b": " + value for name, value in request.raw_headers if name.lower() not in framing]
    if body or request.method == "POST":
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join([*lines, b"", body])


async def _run(settings: Settings) -> None:
    lane, handover = (socket.socket(fileno=descriptor) for descriptor in settings.descriptors)
    front = Front(handover, settings.access, settings.limits)
    await asyncio.get_running_loop().create_connection(lambda: front.lane, sock=lane)
    app = web.Application(client_max_size=settings.limits.body_bytes)
    app.router.add_route("*", "/{path:.*}", front.serve)
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=DRAIN_SECONDS)
    await runner.setup()
    if runner.server is None:
        raise RuntimeError("a runner that was set up has a server")
    connections = PlainConnections(front.serve_plain, runner.server, settings.access, settings.limits.body_bytes)
    front.take(connections)
    await front.stopping.wait()
    await asyncio.gather(connections.drain(DRAIN_SECONDS), runner.cleanup())
    front.lane.close()


def main(text: str) -> None:
    """Run until the node says to stop, or is gone."""
    settings = Settings.decode(text)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the node decides; it finishes what is in work first
    gc.freeze()
    asyncio.run(_run(settings))


if __name__ == "__main__":
    main(sys.argv[1])
