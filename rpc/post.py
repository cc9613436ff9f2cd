"""JSON-RPC over HTTP POST: who may ask, what is read, and how the answer goes back."""

from collections.abc import Awaitable, Callable

from aiohttp import web
from multidict import CIMultiDict

from rpc.access import Access
from rpc.limits import Limits
from rpc.spool import Streamed

JSON_TYPES = frozenset({"application/json", "application/json-rpc", "application/jsonrequest"})

Reply = Callable[[bytes], Awaitable[str | Streamed | None]]
"""From the body of a request to its answer; None when nothing may be answered."""


class PostEndpoint:
    """Serves POST by asking `reply`; `on_refused` hears of each request that was one too many."""

    def __init__(self, reply: Reply, access: Access, limits: Limits, on_refused: Callable[[], None]) -> None:
        self._reply = reply
        self._access = access
        self._limits = limits
        self._on_refused = on_refused
        self._requests = 0

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
        if self._requests >= self._limits.http_requests:
            self._on_refused()
            return web.Response(status=429, headers={**cors, "Retry-After": "1"}, text="too many requests at once\n")
        self._requests += 1
        try:
            return await self._answer(request, cors)
        finally:
            self._requests -= 1

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
    await response.prepare(request)
    for chunk in answer.chunks():
        await response.write(chunk)
    await response.write_eof()
    return response
