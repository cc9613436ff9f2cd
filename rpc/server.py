"""The JSON-RPC server: HTTP POST and WebSocket on one port, over aiohttp."""

import asyncio
import json
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from aiohttp import WSCloseCode, web
from prometheus_client.registry import Collector

from rpc.access import Access
from rpc.backend import Backend
from rpc.dispatch import Dispatcher
from rpc.encode import encode_json
from rpc.errors import Json, RpcError
from rpc.filters import Filters
from rpc.fronts import Fronts
from rpc.hub import Hub
from rpc.limits import Limits
from rpc.method import Context, MethodTable
from rpc.methods import METHODS
from rpc.metrics import Counts, NodeCollector, health, metrics_page
from rpc.post import InWork, PostEndpoint
from rpc.spool import Streamed
from rpc.websocket import Connection

_LOGGER = logging.getLogger(__name__)

PREFLIGHT_SECONDS = "86400"
PING_SECONDS = 30.0
"""A WebSocket that answers no ping for this long is closed, so that vanished clients do not pile up."""
STOP_SECONDS = 2.0
"""How long requests in work may take when the server stops; then they are cut off."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def random_id() -> str:
    """An id for a filter or subscription that nobody can guess."""
    return "0x" + secrets.token_hex(16)


class Server:
    """One node's JSON-RPC endpoint.

    `extra_methods` are rows that the node adds (rollup_*, roles' own); one with an existing name replaces it. `pages`
    are GET routes by path (explorer, dashboard) that share the port with /health and /metrics; `collectors` add
    figures to the latter. `now` is a clock in seconds.
    """

    def __init__(
        self,
        backend: Backend,
        *,
        extra_methods: MethodTable | None = None,
        pages: dict[str, Handler] | None = None,
        collectors: Sequence[Collector] = (),
        limits: Limits | None = None,
        access: Access | None = None,
        now: Callable[[], float] = time.monotonic,
        new_id: Callable[[], str] = random_id,
    ) -> None:
        self._limits = limits or Limits()
        self._access = access or Access()
        self._new_id = new_id
        filters = Filters(self._limits, now, new_id)
        self._context = Context(backend, self._limits, filters)
        self._counts = Counts()
        self._dispatcher = Dispatcher({**METHODS, **(extra_methods or {})}, self._limits, self._counts)
        self._hub = Hub(backend, filters)
        self._hub_task: asyncio.Task[None] | None = None
        self._runner: web.AppRunner | None = None
        self._sockets: set[web.WebSocketResponse] = set()
        in_work = InWork(self._limits.http_requests, self._count_refused)
        self._posts = PostEndpoint(self._reply, self._access, self._limits, in_work)
        self._fronts: Fronts | None = None
        node = NodeCollector(backend, self._counts, lambda: len(self._sockets), lambda: self._hub.size)
        self._metrics = metrics_page((node, *collectors))
        self._pages = {"/": _explain, "/health": self._serve_health, "/metrics": self._serve_metrics, **(pages or {})}

    async def start(self, host: str = "127.0.0.1", port: int = 0, *, fronts: int = 0) -> int:
        """Listen; port 0 picks a free one. Returns the port. `fronts` processes read requests for us; 0: we do.

        Raises:
            OSError: The port is taken.
        """
        app = web.Application(client_max_size=self._limits.body_bytes)
        app.router.add_post("/", self._guarded(self._posts.serve))
        app.router.add_route("OPTIONS", "/", self._guarded(_preflight))
        for path, page in self._pages.items():
            app.router.add_get(path, self._guarded(self._or_websocket(page) if path == "/" else page))
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=STOP_SECONDS)
        await self._runner.setup()
        try:
            port = await self._listen(self._runner, host, port, fronts)
        except OSError:
            await self._runner.cleanup()
            raise
        self._hub_task = asyncio.create_task(self._hub.run())
        self._hub_task.add_done_callback(_log_failure)
        return port

    async def _listen(self, runner: web.AppRunner, host: str, port: int, fronts: int) -> int:
        if fronts == 0 or runner.server is None:
            await web.TCPSite(runner, host, port).start()
            return int(runner.addresses[0][1])
        self._fronts = Fronts(self._dispatcher, self._context, runner.server, self._access, self._count_refused)
        return await self._fronts.start(fronts, host, port)

    async def ask(self, method: str, *params: Json) -> Json:
        """Run one method for a page of ours, by the rules and limits that hold for every client.

        Raises:
            RpcError: What a client would be told.
        """
        request: Json = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
        answer = json.loads(await self._dispatcher.answer(encode_json(request), self._context) or "{}")
        if "error" in answer:
            error = answer["error"]
            raise RpcError(error["code"], error["message"], error.get("data"))
        result: Json = answer["result"]
        return result

    async def wait(self) -> None:
        """Return when the node's events end; raises what a bug in announcing them raised, or that a front has died."""
        if self._hub_task is None:
            return
        waiting = [self._hub_task]
        if self._fronts is not None:
            waiting.append(asyncio.create_task(self._fronts.wait()))
        try:
            done, _pending = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in waiting[1:]:
                task.cancel()

    async def stop(self) -> None:
        """Stop listening, close every connection, and wait for running calls."""
        if self._hub_task is not None:
            self._hub_task.cancel()
            await asyncio.gather(self._hub_task, return_exceptions=True)
        if self._fronts is not None:
            await self._fronts.stop()
        goodbyes = [socket.close(code=WSCloseCode.GOING_AWAY, message=b"node is stopping") for socket in self._sockets]
        await asyncio.gather(*goodbyes, return_exceptions=True)
        if self._runner is not None:
            await self._runner.cleanup()
        await self._dispatcher.close()

    def _guarded(self, handler: Handler) -> Handler:
        """Refuse what comes from a page that is not on our lists."""

        async def serve(request: web.Request) -> web.StreamResponse:
            return self._posts.refusal(request) or await handler(request)

        return serve

    def _or_websocket(self, page: Handler) -> Handler:
        async def serve(request: web.Request) -> web.StreamResponse:
            if request.headers.get("Upgrade", "").lower() == "websocket":
                return await self._serve_websocket(request)
            return await page(request)

        return serve

    async def _serve_metrics(self, _request: web.Request) -> web.Response:
        return self._metrics()

    async def _serve_health(self, request: web.Request) -> web.Response:
        asked = request.query.get("max_lag_seconds")
        try:
            return health(self._context.backend, None if asked is None else float(asked))
        except ValueError:
            return web.Response(status=400, text="max_lag_seconds must be a number\n")

    async def _reply(self, body: bytes) -> str | Streamed | None:
        return await self._dispatcher.reply(body, self._context)

    def _count_refused(self) -> None:
        self._counts.refused_requests += 1

    async def _serve_websocket(self, request: web.Request) -> web.StreamResponse:
        if len(self._sockets) >= self._limits.connections:
            return web.Response(status=503, text="too many connections\n")
        socket = web.WebSocketResponse(heartbeat=PING_SECONDS, max_msg_size=self._limits.body_bytes, compress=False)
        await socket.prepare(request)
        self._sockets.add(socket)
        transport = request.transport
        abort = transport.abort if isinstance(transport, asyncio.WriteTransport) else lambda: None
        connection = Connection(socket, self._dispatcher, self._hub, self._limits, self._new_id, abort)
        try:
            await connection.run(replace(self._context, subscriber=connection))
        finally:
            self._sockets.discard(socket)
            self._counts.dropped_readers += connection.dropped
        return socket


def _log_failure(task: asyncio.Task[None]) -> None:
    """A bug in announcing is seen even when nobody awaits `Server.wait`."""
    error = None if task.cancelled() else task.exception()
    if error is not None:
        _LOGGER.error("announcing events failed", exc_info=error)


async def _explain(request: web.Request) -> web.Response:
    """What a browser sees at the address of the endpoint when the node serves no page there."""
    return web.Response(status=405, headers={"Allow": "POST, OPTIONS"}, text="JSON-RPC takes POST or WebSocket\n")


async def _preflight(request: web.Request) -> web.Response:
    """Answer a browser that asks whether a page may send JSON here."""
    origin = request.headers.get("Origin")
    headers = {"Allow": "POST, OPTIONS"}
    if origin is not None:
        headers |= {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Allow-Methods": "POST, GET, OPTIONS",
            "Access-Control-Allow-Headers": request.headers.get("Access-Control-Request-Headers", "Content-Type"),
            "Access-Control-Max-Age": PREFLIGHT_SECONDS,
            "Vary": "Origin, Access-Control-Request-Headers",
        }
        if request.headers.get("Access-Control-Request-Private-Network") == "true":
            # Chrome asks this before a public page may reach a private address; the origin is on our list.
            headers["Access-Control-Allow-Private-Network"] = "true"
    return web.Response(status=204, headers=headers)
