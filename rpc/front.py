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
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from operator import attrgetter

from aiohttp import web

from protocol.errors import Reject
from protocol.transaction import DEPOSIT, Transaction, decode_transaction
from rpc.access import Access
from rpc.lane import ANSWER, REFUSED, STOP, SUBMIT, Lane
from rpc.limits import Limits
from rpc.plain_connection import PlainConnections, Respond
from rpc.plain_http import INTERNAL_ERROR, TOO_MANY_REQUESTS, json_response
from rpc.post import InWork, PostEndpoint

_LOGGER = logging.getLogger(__name__)

DRAIN_SECONDS = 2.0
"""How long requests in work may take after the node has said to stop."""

MAX_HANDOVER_BYTES = 60_000
"""Of a request that goes along with its connection: what one message on a Unix socket surely takes."""

BACKLOG = 1024
"""Connections that may wait to be accepted."""

PER_TURN = 32
"""Transactions of a batch after which the event loop, here and in the node, may serve others."""

PACKED = (
    *("type", "hash", "sender", "nonce", "gas_limit", "to", "value", "data", "max_fee_per_gas"),
    *("max_priority_fee_per_gas", "chain_id", "raw", "y_parity", "r", "s"),
)
"""The first fields of `Transaction`, in its order; a transaction that has others is left to the node."""

_pack = attrgetter(*PACKED)


@dataclass(frozen=True, slots=True)
class Settings:
    """What the node tells a front: the descriptors of listener, lane and handover, and the rules for requests."""

    descriptors: tuple[int, int, int]
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
        self.stopping = asyncio.Event()
        self.lane = Lane(self._on_frame, self._on_lost)

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
        submission = _lone_submission(body)
        if submission is not None:
            self._call(SUBMIT, marshal.dumps([_pack(submission.tx)]), partial(self._respond, submission, respond))
            return
        task = asyncio.create_task(self._answer_plain(body, respond))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _respond(self, submission: "_Submission", respond: Respond, payload: bytes) -> None:
        self._in_work.leave()
        (outcome,) = marshal.loads(payload)  # noqa: S302 - our own node's bytes
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
        submissions = await _submissions(body, self._limits.batch_items)
        if submissions is None:
            return (await self._ask(ANSWER, body)).decode() or None
        answers: list[str] = []
        for start in range(0, len(submissions.entries), PER_TURN):
            part = submissions.entries[start : start + PER_TURN]
            packed = marshal.dumps([_pack(submission.tx) for submission in part])
            outcomes: list[str] = marshal.loads(await self._ask(SUBMIT, packed))  # noqa: S302 - our own node's bytes
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


@dataclass(frozen=True, slots=True)
class _Submission:
    encoded_id: str
    tx: Transaction

    def answer(self, outcome: str) -> str:
        """The JSON-RPC response; `outcome` is its last member."""
        return f'{{"jsonrpc":"2.0","id":{self.encoded_id},{outcome}}}'


@dataclass(frozen=True, slots=True)
class _Submissions:
    entries: list[_Submission]
    is_batch: bool


_NOT_PLAIN = (ValueError, TypeError, LookupError, RecursionError, Reject)
"""What reading a body raises that is anything else than common transactions; the node says what it means."""


def _lone_submission(body: bytes) -> _Submission | None:
    """The one transaction that `body` sends, if that is plainly all it does."""
    if b'"eth_sendRawTransaction"' not in body or body[:1] != b"{":
        return None
    try:
        return _submission(json.loads(body))
    except _NOT_PLAIN:
        return None


async def _submissions(body: bytes, batch_items: int) -> _Submissions | None:
    """The transactions that `body` sends, if that is plainly all it does; else the node must say what it means."""
    if b'"eth_sendRawTransaction"' not in body:
        return None
    try:
        request = json.loads(body)
        is_batch = isinstance(request, list)
        requests = request if is_batch else [request]
        if not 0 < len(requests) <= batch_items:
            return None
        entries = []
        for number, each in enumerate(requests, start=1):
            entries.append(_submission(each))
            if number % PER_TURN == 0:
                await asyncio.sleep(0)
        return _Submissions(entries, is_batch)
    except _NOT_PLAIN:
        return None


def _submission(request: dict[str, object]) -> _Submission:
    """Raises one of many errors when this is anything but a sound eth_sendRawTransaction of a common transaction."""
    request_id, parameters = request["id"], request["params"]
    if request["jsonrpc"] != "2.0" or request["method"] != "eth_sendRawTransaction":
        raise ValueError("another method")
    if type(request_id) not in (int, str) or not isinstance(parameters, list) or len(parameters) != 1:
        raise ValueError("an unusual request")
    text = parameters[0]
    if not isinstance(text, str) or not text.startswith("0x") or not text[2:].isalnum():
        raise ValueError("not hex")
    tx = decode_transaction(bytes.fromhex(text[2:]))
    if tx.access_list or tx.blob_hashes or tx.authorizations or tx.type == DEPOSIT:
        raise ValueError("an uncommon transaction")
    return _Submission(json.dumps(request_id), tx)


def _as_bytes(request: web.Request, body: bytes) -> bytes:
    """The request as it came, its body in one piece."""
    framing = (b"content-length", b"transfer-encoding", b"expect")
    lines = [f"{request.method} {request.raw_path} HTTP/{request.version.major}.{request.version.minor}".encode()]
    lines += [name + b": " + value for name, value in request.raw_headers if name.lower() not in framing]
    if body or request.method == "POST":
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join([*lines, b"", body])


async def _run(settings: Settings) -> None:
    listener, lane, handover = (socket.socket(fileno=descriptor) for descriptor in settings.descriptors)
    front = Front(handover, settings.access, settings.limits)
    await asyncio.get_running_loop().create_connection(lambda: front.lane, sock=lane)
    app = web.Application(client_max_size=settings.limits.body_bytes)
    app.router.add_route("*", "/{path:.*}", front.serve)
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=DRAIN_SECONDS)
    await runner.setup()
    if runner.server is None:
        raise RuntimeError("a runner that was set up has a server")
    connections = PlainConnections(front.serve_plain, runner.server, settings.access, settings.limits.body_bytes)
    server = await asyncio.get_running_loop().create_server(connections, sock=listener, backlog=BACKLOG)
    await front.stopping.wait()
    server.close()
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
