"""The server of the alt-DA protocol over a local store: what `da.alt_da`, and the OP Stack's own client, talk to."""

from aiohttp import web

from da.adapter import Commitment
from da.alt_da import GENERIC_KEY, KECCAK_KEY
from da.file import FILE_LAYER, FileStore
from protocol.crypto import keccak
from protocol.errors import Retry
from protocol.l1 import L1BlockRef
from protocol.types import ZERO_HASH

GENERIC_LAYER = 0xF0
"""The layer byte in our generic commitments; registered are 0x00 EigenDA, 0x0a Avail, 0x0c Celestia."""

_ANY_BLOCK = L1BlockRef(0, ZERO_HASH, ZERO_HASH, 0, ZERO_HASH)


MOST_AT_ONCE = 32
"""Bodies that are being read and written; further ones are told to come later, so that memory is bounded."""


def make_alt_da_server(store: FileStore, *, generic: bool = False, most_at_once: int = MOST_AT_ONCE) -> web.Application:
    """The routes: `POST /put`, `POST /put/<hex>`, `GET /get/<hex>`, `GET /health`.

    A key is `0x00 ‖ keccak256(data)`; with `generic`, `POST /put` answers `0x01 ‖ 0xf0 ‖ keccak256(data)` instead. An
    unknown key is 404 ("not here yet"), a malformed one or a wrong hash 400, too large a body 413; 503 means that the
    store does not take data now, and the batcher should fall back. Errors are lines of plain text.
    """

    under_way = 0

    async def put(request: web.Request) -> web.Response:
        nonlocal under_way
        if under_way >= most_at_once:
            raise web.HTTPServiceUnavailable(text="too many requests at once\n")
        under_way += 1
        try:
            return await _put(request)
        finally:
            under_way -= 1

    async def _put(request: web.Request) -> web.Response:
        data = await request.read()
        if not data:
            raise web.HTTPBadRequest(text="no data\n")
        digest = keccak(data)
        if "key" in request.match_info and _key_in(request) != bytes((KECCAK_KEY,)) + digest:
            raise web.HTTPBadRequest(text=f"the data's hash is 0x{digest.hex()}, not the one in the path\n")
        try:
            await store.submit(data)
        except Retry as error:
            raise web.HTTPServiceUnavailable(text="the store does not take data now\n") from error
        head = bytes((KECCAK_KEY,))
        if generic and "key" not in request.match_info:
            head = bytes((GENERIC_KEY, GENERIC_LAYER))
        return web.Response(body=head + digest, content_type="application/octet-stream")

    async def get(request: web.Request) -> web.Response:
        digest = _key_in(request)[-32:]
        try:
            data = await store.fetch(Commitment(bytes((FILE_LAYER,)) + digest), _ANY_BLOCK)
        except Retry as error:
            raise web.HTTPNotFound(text=f"0x{digest.hex()} is not here\n") from error
        return web.Response(body=data, content_type="application/octet-stream")

    async def health(_request: web.Request) -> web.Response:
        writable = await store.is_writable()
        if not writable:
            raise web.HTTPServiceUnavailable(text="the store does not take data now\n")
        return web.Response(text="ok\n")

    app = web.Application(client_max_size=store.max_bytes)
    app.add_routes([web.post("/put", put), web.post("/put/{key}", put), web.get("/get/{key}", get)])
    app.add_routes([web.get("/health", health)])
    return app


def _key_in(request: web.Request) -> bytes:
    try:
        key = bytes.fromhex(request.match_info["key"].removeprefix("0x"))
    except ValueError:
        key = b""
    head = key[:-32]
    if len(key) < 32 or head not in (bytes((KECCAK_KEY,)), bytes((GENERIC_KEY, GENERIC_LAYER))):
        raise web.HTTPBadRequest(text="a key is 0x00, or 0x01f0, and a keccak256\n")
    return key
