"""The alt-DA client and server, each tested by the other; and the client against servers that misbehave."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from da.adapter import Commitment
from da.alt_da import ALT_DA_LAYER, AltDa
from da.alt_da_server import make_alt_da_server
from da.file import FileStore
from protocol.crypto import keccak
from protocol.errors import Reject, Retry

MAX_BYTES = 100_000


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[TestServer]:
    running = TestServer(make_alt_da_server(FileStore(tmp_path, MAX_BYTES)))
    await running.start_server()
    yield running
    await running.close()


@pytest.fixture
def layer(server: TestServer) -> AltDa:
    return AltDa(str(server.make_url("/")), MAX_BYTES)


@asynccontextmanager
async def answering(handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncIterator[AltDa]:
    """A client of a server that answers everything with `handler`."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    async with TestServer(app) as running:
        yield AltDa(str(running.make_url("/")), MAX_BYTES, timeout_seconds=5)


@pytest.mark.parametrize("size", [1, 31, 1_000, MAX_BYTES])
async def test_what_was_submitted_is_fetched(layer: AltDa, size: int) -> None:
    data = bytes(range(256)) * (size // 256 + 1)
    commitment = await layer.submit(data[:size])
    assert commitment == bytes((ALT_DA_LAYER, 0)) + keccak(data[:size])
    assert await layer.fetch(commitment) == data[:size]


async def test_submitting_twice_gives_one_commitment(layer: AltDa) -> None:
    assert await layer.submit(b"data") == await layer.submit(b"data")


@pytest.mark.parametrize("size", [0, MAX_BYTES + 1])
async def test_none_or_too_much_data_is_rejected(layer: AltDa, size: int) -> None:
    with pytest.raises(Reject, match=f"got {size}"):
        await layer.submit(bytes(size))


async def test_a_key_that_the_server_does_not_know_is_retried(layer: AltDa) -> None:
    with pytest.raises(Retry, match="answered 404"):
        await layer.fetch(Commitment(bytes((ALT_DA_LAYER, 0)) + keccak(b"not there")))


@pytest.mark.parametrize(
    "commitment", [b"", b"\3", b"\3\0" + bytes(31), b"\3\0" + bytes(33), b"\1\0" + bytes(32), b"\3\1\x0c" + bytes(31)]
)
async def test_a_commitment_that_no_data_can_match_is_rejected(layer: AltDa, commitment: bytes) -> None:
    with pytest.raises(Reject):
        await layer.fetch(Commitment(commitment))


@pytest.mark.parametrize("served", [b"", b"other", b"dat", b"data\0", bytes(MAX_BYTES * 3)])
async def test_bytes_that_do_not_match_are_never_used(served: bytes) -> None:
    async def other(_request: web.Request) -> web.Response:
        return web.Response(body=served)

    async with answering(other) as layer:
        with pytest.raises(Retry, match="served something else"):
            await layer.fetch(Commitment(bytes((ALT_DA_LAYER, 0)) + keccak(b"data")))


@pytest.mark.parametrize("status", [302, 400, 404, 500, 503])
async def test_any_refusal_is_retried_not_rejected(status: int) -> None:
    async def refuse(_request: web.Request) -> web.Response:
        return web.Response(status=status, headers={"Location": "/elsewhere"})

    async with answering(refuse) as layer:
        with pytest.raises(Retry, match=f"answered {status}"):
            await layer.submit(b"data")
        with pytest.raises(Retry, match=f"answered {status}"):
            await layer.fetch(Commitment(bytes((ALT_DA_LAYER, 0)) + keccak(b"data")))


async def test_an_answer_that_breaks_off_is_retried() -> None:
    async def break_off(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b"data")
        assert request.transport is not None
        request.transport.close()
        return response

    async with answering(break_off) as layer:
        with pytest.raises(Retry, match="does not serve"):
            await layer.fetch(Commitment(bytes((ALT_DA_LAYER, 0)) + keccak(b"data")))


async def test_a_server_that_is_not_there_is_retried(free_port: Callable[[], int]) -> None:
    layer = AltDa(f"http://127.0.0.1:{free_port()}", timeout_seconds=5)
    with pytest.raises(Retry, match="does not take data"):
        await layer.submit(b"data")
    with pytest.raises(Retry, match="does not serve"):
        await layer.fetch(Commitment(bytes((ALT_DA_LAYER, 0)) + keccak(b"data")))


# --- the wire, as other clients use it -------------------------------------------------------------------------------


async def test_the_plain_put_answers_with_the_raw_commitment(server: TestServer) -> None:
    async with aiohttp.ClientSession() as session:
        async with session.post(server.make_url("/put"), data=b"data") as response:
            key = await response.read()
            assert (response.status, key) == (200, b"\0" + keccak(b"data"))
        for path in (f"/get/0x{key.hex()}", f"/get/{key.hex()}"):
            async with session.get(server.make_url(path)) as response:
                assert (response.status, await response.read()) == (200, b"data")


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/put", b"", 400),
        ("/put", bytes(MAX_BYTES + 1), 413),
        ("/put/0x00" + keccak(b"other").hex(), b"data", 400),
        ("/put/0x01" + keccak(b"data").hex(), b"data", 400),
        ("/put/zz", b"data", 400),
    ],
)
async def test_what_cannot_be_stored_is_refused(server: TestServer, path: str, body: bytes, status: int) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.post(server.make_url(path), data=body) as response,
    ):
        assert response.status == status


@pytest.mark.parametrize("key", ["zz", "00", "0x", "01" + "00" * 32, "../../etc/passwd", "00" * 34])
async def test_a_malformed_key_reaches_no_file(server: TestServer, key: str) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.get(server.make_url("/get/" + key)) as response,
    ):
        assert response.status in (400, 404)


async def test_a_store_that_takes_nothing_is_503(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_bytes(b"")
    async with (
        TestServer(make_alt_da_server(FileStore(blocked, MAX_BYTES))) as running,
        aiohttp.ClientSession() as session,
        session.post(running.make_url("/put"), data=b"data") as response,
    ):
        assert response.status == 503
