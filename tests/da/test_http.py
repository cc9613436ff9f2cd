"""What is asked of servers, and what is told of them."""

import pytest
from aiohttp import web

from da.adapter import Unreachable
from da.http import Endpoint
from tests.da.server import served

KEY = "c0ffee"


@pytest.mark.parametrize(
    ("url", "path", "asked"),
    [
        ("", "/get/0x00", "/get/0x00"),
        ("/", "/get/0x00", "/get/0x00"),
        (
            f"/{KEY}/",
            "/eth/v1/beacon/blobs/7?versioned_hashes=0x01",
            f"/{KEY}/eth/v1/beacon/blobs/7?versioned_hashes=0x01",
        ),
        (f"/v1?key={KEY}", "/blobs/7?a=b&a=c", f"/v1/blobs/7?key={KEY}&a=b&a=c"),
        (f"/?key={KEY}", "", f"/?key={KEY}"),
    ],
)
async def test_keys_in_a_path_or_a_query_are_kept(url: str, path: str, asked: str) -> None:
    seen: list[tuple[str, str | None]] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append((request.path_qs, request.headers.get("Authorization")))
        return web.Response(text="here")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    with served(app) as root:
        found = await Endpoint("test", root + url).get(path, 100)
        assert (found.status, found.body) == (200, b"here")
        found = await Endpoint("test", root + url, token="secret").post(path, b"data", 100)
        assert found.body == b"here"
    assert seen == [(asked, None), (asked, "Bearer secret")]


async def test_a_body_over_the_bound_is_cut_one_byte_behind_it() -> None:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(body=bytes(100))

    app = web.Application()
    app.router.add_get("/", answer)
    with served(app) as root:
        assert len((await Endpoint("test", root).get("/", 99)).body) == 100
        assert len((await Endpoint("test", root).get("/", 10)).body) == 11
        assert len((await Endpoint("test", root).get("/", 500)).body) == 100


@pytest.mark.parametrize("url", [f"http://user:{KEY}@127.0.0.1:1/{KEY}?key={KEY}", f"http://127.0.0.1:1/{KEY}"])
async def test_no_failure_tells_a_key(url: str) -> None:
    endpoint = Endpoint("test", url, token=KEY)
    assert endpoint.shown == "http://127.0.0.1:1"
    with pytest.raises(Unreachable) as failure:
        await endpoint.get("/", 10)
    assert KEY not in str(failure.value)
