"""JSON-RPC over HTTP POST: who may ask, what is read, and how the answer goes back."""

from collections.abc import Awaitable, Callable
from contextlib import closing

from aiohttp import web
from multidict import CIMultiDict

from rpc.access import Access
from rpc.limits import Limits
from rpc.spool import Streamed

JSON_TYPES = frozenset({"application/json", "application/json-rpc", "application/jsonrequest"})

Reply = Callable[[bytes], Awaitable[str | Streamed | None]]
"""From the body of a request to its answer; None when nothing may be answered."""


class InWork:
    """Counts requests in work; `on_refused` hears of each that was one too many."""

    def __init__(self, limit: int, on_refused: Callable[[], None]) -> None:
        self._limit = limit
        self._on_refused = on_refused
        self._count = 0

    def enter(self) -> bool:
        """Whether one more may begin; then `leave` must follow."""
        if self._count >= self._limit:
            self._on_refused()
            return False
        self._count += 1
        return True

    def leave(self) -> None:
        """One has ended."""
        self._count -= 1


class PostEndpoint:
    """Serves POST by asking `reply`."""

    def __init__(self, reply: Reply, access: Access, limits: Limits, in_work: InWork) -> None:
        self._reply = reply
        self._access = access
        self._limits = limits
        self._in_work = in_work

    def refusal(self, request: web.BaseRequest) -> web.Response | None:
        """What a request from a page that is not on our lists gets to hear; None lets it through."""
        host = request.headers.get("Host")
        if not self._access.allows_host(host):
            return web.Response(status=403, text="host not allowed\n")
        if not self._access.allows_origin(request.headers.get("Origin"), host):
            return web.Response(status=403, text="origin not allowed\n")
        return None

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        """Read the body, ask, and send the answer. The request was let through before."""
        origin = request.headers.get("Origin")
        cors = {} if origin is None else {"Access-Control-Allow-Origin": origin, "Vary": "Origin"}
        if not self._in_work.enter():
            return web.Response(status=429, headers={**cors, "Retry-After": "1"}, text="too many requests at once\n")
        try:
            return await self._answer(request, cors)
        finally:
            self._in_work.leave()

    async def _answer(self, request: web.BaseRequest, cors: dict[str, str]) -> web.StreamResponse:
        if request.content_type not in JSON_TYPES:
            return web.Response(status=415, headers=cors, text="content type must be application/json\n")
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            text = f"request body is over {self._limits.body_bytes} bytes\n"
            return web.Response(status=413, headers=cors, text=text)
        answer = await self._reply(body)
        if answer is None:
            return web.Response(headers=cors)
        headers = CIMultiDict({"Content-Type": "application/json", **cors})
        if isinstance(answer, Streamed):
            return await _send(answer, request, headers)
        return web.Response(body=answer.encode(), headers=headers)


async def _send(answer: Streamed, request: web.BaseRequest, headers: CIMultiDict[str]) -> web.StreamResponse:
    """Send chunk by chunk, as fast as the client reads."""
    response = web.StreamResponse(headers=headers)
    response.content_length = answer.size
    with closing(answer):
        await response.prepare(request)
        for chunk in answer.chunks():
            await response.write(chunk)
        await response.write_eof()
    return response
