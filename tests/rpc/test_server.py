"""HTTP around JSON-RPC: status codes, sizes, content types, CORS, and who may ask."""

import asyncio
import json
from contextlib import asynccontextmanager

import aiohttp
import pytest

from rpc.access import Access
from rpc.backend import NewHead
from rpc.limits import Limits
from rpc.server import Server
from tests.rpc.fake import CHAIN_ID, FakeBackend

BODY = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "eth_chainId"})
ANSWER = {"jsonrpc": "2.0", "id": 1, "result": hex(CHAIN_ID)}


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON;charset=UTF-8",
        "application/json-rpc",
        "application/jsonrequest",
    ],
)
async def test_json_content_types_are_accepted(node, content_type):
    status, text = await node.raw(BODY, headers={"Content-Type": content_type})
    assert (status, json.loads(text)) == (200, ANSWER)


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
async def test_other_content_types_are_415(node, content_type):
    expected = (415, "content type must be application/json\n")
    assert await node.raw(BODY, headers={"Content-Type": content_type}) == expected


async def test_answers_are_json(node):
    async with node.session.post(node.url, data=BODY, headers={"Content-Type": "application/json"}) as response:
        assert response.headers["Content-Type"] == "application/json"
        assert "Access-Control-Allow-Origin" not in response.headers


async def test_a_body_of_the_limit_is_read_and_one_byte_more_is_413(start_node):
    node = await start_node(Limits(body_bytes=1000))
    assert json.loads((await node.raw(BODY.ljust(1000)))[1]) == ANSWER
    assert await node.raw(BODY.ljust(1001)) == (413, "request body is over 1000 bytes\n")


async def test_a_body_without_a_length_is_bounded_too(start_node):
    node = await start_node(Limits(body_bytes=1000))

    async def chunks():
        for _ in range(100):
            yield b" " * 100

    headers = {"Content-Type": "application/json"}
    async with node.session.post(node.url, data=chunks(), headers=headers) as response:
        assert response.status == 413


async def test_a_body_of_5_mib_is_allowed_by_default(node):
    """aiohttp's own default is 1 MiB, and one blob transaction needs 275 kB."""
    big = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "web3_sha3", "params": ["0x" + "00" * (5 * 2**19 - 50)]})
    assert (await node.raw(big))[0] == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
async def test_other_http_methods_are_405(node, method):
    async with node.session.request(method, node.url) as response:
        assert response.status == 405
        assert "POST" in response.headers["Allow"]


async def test_other_paths_are_404(node):
    async with node.session.post(node.url + "other", data=BODY) as response:
        assert response.status == 404


async def test_pages_share_the_port(start_node):
    async def health(request):
        return aiohttp.web.json_response({"ok": True})

    node = await start_node(pages={"/health": health, "/": health})
    for path in ("health", ""):
        async with node.session.get(node.url + path) as response:
            assert await response.json() == {"ok": True}
    assert json.loads((await node.raw(BODY))[1]) == ANSWER
    async with node.session.get(node.url + "health", headers={"Host": "evil.example"}) as response:
        assert response.status == 403


PREFLIGHT = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "content-type,x-client",
}


async def test_a_preflight_from_a_local_page_is_204_with_everything_a_browser_asks(node):
    headers = {"Origin": "http://localhost:3000", **PREFLIGHT, "Access-Control-Request-Private-Network": "true"}
    async with node.session.options(node.url, headers=headers) as response:
        assert (response.status, await response.text()) == (204, "")
        assert {name: value for name, value in response.headers.items() if name.startswith("Access-Control")} == {
            "Access-Control-Allow-Origin": "http://localhost:3000",
            "Access-Control-Allow-Methods": "POST, GET, OPTIONS",
            "Access-Control-Allow-Headers": "content-type,x-client",
            "Access-Control-Max-Age": "86400",
            "Access-Control-Allow-Private-Network": "true",
        }


async def test_an_answer_to_a_local_page_says_so(node):
    headers = {"Content-Type": "application/json", "Origin": "http://127.0.0.1:5173"}
    async with node.session.post(node.url, data=BODY, headers=headers) as response:
        assert response.headers["Access-Control-Allow-Origin"] == "http://127.0.0.1:5173"
        assert response.headers["Vary"] == "Origin"


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost.evil.example"])
async def test_a_page_from_elsewhere_is_refused(node, origin):
    expected = (403, "origin not allowed\n")
    assert await node.raw(BODY, headers={"Origin": origin}) == expected
    async with node.session.options(node.url, headers={"Origin": origin, **PREFLIGHT}) as response:
        assert (response.status, await response.text()) == expected
    with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
        await node.session.ws_connect(node.url, headers={"Origin": origin})


async def test_a_rebound_name_is_refused(node):
    assert await node.raw(BODY, headers={"Host": "evil.example:8545"}) == (403, "host not allowed\n")
    with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
        await node.session.ws_connect(node.url, headers={"Host": "evil.example"})


async def test_lists_can_be_opened(start_node):
    access = Access(hosts=frozenset({"node.example"}), origins=frozenset({"https://app.example"}))
    node = await start_node(access=access)
    headers = {"Host": "node.example", "Origin": "https://app.example"}
    assert json.loads((await node.raw(BODY, headers=headers))[1]) == ANSWER
    assert (await node.raw(BODY, headers={**headers, "Origin": "https://other.example"}))[0] == 403


async def test_a_taken_port_is_an_oserror(node):
    second = Server(node.backend)
    with pytest.raises(OSError, match="address already in use"):
        await second.start(port=int(node.url.rsplit(":")[-1].rstrip("/")))
    await second.stop()


async def test_a_bug_in_announcing_is_logged_and_raised_by_wait(expects_a_bug, caplog):
    backend = FakeBackend()
    server = Server(backend)
    await server.start()
    await asyncio.sleep(0)  # let it begin to listen
    assert len(backend.readers) == 1
    backend.chain.head = None  # type: ignore[assignment, method-assign]
    backend.publish(NewHead((), ()))
    with pytest.raises(TypeError):
        await server.wait()
    await server.stop()
    assert [record.getMessage() for record in caplog.records] == ["announcing events failed"]


async def test_waiting_ends_when_the_nodes_events_do():
    class Ending(FakeBackend):
        @asynccontextmanager
        async def events(self):
            async def nothing():
                return
                yield

            yield nothing()

    server = Server(Ending())
    await server.start()
    await asyncio.wait_for(server.wait(), 5)
    await server.stop()
