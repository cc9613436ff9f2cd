"""The server of the alt-DA protocol over a local store: what `da.alt_da`, and the OP Stack's own client, talk to."""

from aiohttp import web

from da.adapter import Commitment
from da.alt_da import KECCAK_COMMITMENT
from da.file import FILE_LAYER, FileStore
from protocol.crypto import keccak
from protocol.errors import Retry

_KEY_BYTES = 33


def make_alt_da_server(store: FileStore) -> web.Application:
    """The routes: `POST /put`, `POST /put/<hex>`, `GET /get/<hex>`; a key is `0x00 ‖ keccak256(data)`.

    An unknown key is 404 ("not here yet"), a malformed one or a wrong hash 400, too large a body 413; 503 means the
    store does not take data now, and the batcher should fall back.
    """

    async def put(request: web.Request) -> web.Response:
        data = await request.read()
        if not data:
            raise web.HTTPBadRequest(text="no data")
        key = bytes((KECCAK_COMMITMENT,)) + keccak(data)
        if "key" in request.match_info and _key_in(request) != key:
            raise web.HTTPBadRequest(text="the data does not have this hash")
        try:
            await store.submit(data)
        except Retry as error:
            raise web.HTTPServiceUnavailable(text=str(error)) from error
        return web.Response(body=key, content_type="application/octet-stream")

    async def get(request: web.Request) -> web.Response:
        digest = _key_in(request)[1:]
        try:
            data = await store.fetch(Commitment(bytes((FILE_LAYER,)) + digest))
        except Retry as error:
            raise web.HTTPNotFound(text=str(error)) from error
        return web.Response(body=data, content_type="application/octet-stream")

    app = web.Application(client_max_size=store.max_bytes)
    app.add_routes([web.post("/put", put), web.post("/put/{key}", put), web.get("/get/{key}", get)])
    return app


def _key_in(request: web.Request) -> bytes:
    try:
        key = bytes.fromhex(request.match_info["key"].removeprefix("0x"))
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES or key[0] != KECCAK_COMMITMENT:
        raise web.HTTPBadRequest(text="a key is 0x00 and a keccak256")
    return key
