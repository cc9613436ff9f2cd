"""The alt-DA client and server, each tested by the other; and the wire, as other clients use it."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import BaseTestServer, TestServer

from da.adapter import BadCommitment, Commitment, Gone, NotFound, Unreachable, WrongBytes
from da.alt_da import ALT_DA_LAYER, MAX_KEY_BYTES, AltDa
from da.alt_da_server import make_alt_da_server
from da.file import FileStore
from protocol.crypto import keccak
from tests.da.worlds import POSTED

MAX_BYTES = 100_000
HASH = keccak(b"data")


@pytest.fixture(params=[False, True], ids=["keccak", "generic"])
def generic(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
async def server(tmp_path: Path, generic: bool) -> AsyncIterator[TestServer]:
    running = TestServer(make_alt_da_server(FileStore(tmp_path, MAX_BYTES), generic=generic))
    await running.start_server()
    yield running
    await running.close()


async def answering(status: int, body: bytes = b"") -> TestServer:
    """A server that answers everything with this."""

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(status=status, body=body)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    running = TestServer(app)
    await running.start_server()
    return running


def client_of(server: BaseTestServer, *, generic: bool = False) -> AltDa:
    return AltDa(str(server.make_url("/")), MAX_BYTES, generic=generic, timeout_seconds=5)


async def test_a_commitment_is_our_byte_the_key_and_always_a_hash(server: TestServer, generic: bool) -> None:
    expected = b"\x01\xf0" + HASH + HASH if generic else b"\x00" + HASH
    assert await client_of(server, generic=generic).submit(b"data") == bytes((ALT_DA_LAYER,)) + expected


async def test_either_kind_of_commitment_is_read_from_either_kind_of_server(server: TestServer) -> None:
    async with aiohttp.ClientSession() as session, session.post(server.make_url("/put"), data=b"data"):
        pass
    client = client_of(server)
    for commitment in (b"\x03\x00" + HASH, b"\x03\x01\xf0" + HASH + HASH):
        assert await client.fetch(Commitment(commitment), POSTED) == b"data"


@pytest.mark.parametrize(
    "commitment",
    [
        b"",
        b"\3",
        b"\3\0" + bytes(31),
        b"\3\0" + bytes(33),
        b"\1\0" + bytes(32),
        b"\3\1" + bytes(32),
        b"\3\2" + bytes(64),
        b"\3\1" + bytes(MAX_KEY_BYTES + 32),
    ],
)
async def test_a_commitment_that_no_data_can_match_is_rejected(commitment: bytes) -> None:
    with pytest.raises(BadCommitment, match="is neither 0x0300 and a hash"):
        await AltDa("http://127.0.0.1:1").fetch(Commitment(commitment), POSTED)


@pytest.mark.parametrize("served", [b"", b"other", b"dat", b"data\0", bytes(MAX_BYTES * 3)])
async def test_bytes_that_do_not_match_are_never_used(served: bytes) -> None:
    async with await answering(200, served) as server:
        for commitment in (b"\3\0" + HASH, b"\3\1\x0c" + bytes(40) + HASH):
            with pytest.raises(WrongBytes, match="served something else"):
                await client_of(server).fetch(Commitment(commitment), POSTED)


@pytest.mark.parametrize(
    ("status", "kind"), [(302, Unreachable), (400, Unreachable), (404, NotFound), (410, Gone), (503, Unreachable)]
)
async def test_a_refusal_to_serve_says_what_it_means(status: int, kind: type[Exception]) -> None:
    async with await answering(status) as server:
        with pytest.raises(kind, match=f"answered {status}"):
            await client_of(server).fetch(Commitment(b"\3\0" + HASH), POSTED)


@pytest.mark.parametrize("status", [302, 400, 404, 413, 500, 503])
async def test_a_refusal_to_take_data_is_a_reason_to_fall_back(status: int) -> None:
    async with await answering(status) as server:
        with pytest.raises(Unreachable, match=f"answered {status} to 4 bytes"):
            await client_of(server).submit(b"data")


@pytest.mark.parametrize("key", [b"", b"\1", b"\0" + HASH, b"\2" + HASH])
async def test_an_answer_that_is_no_generic_commitment_is_not_posted(key: bytes) -> None:
    async with await answering(200, key) as server:
        with pytest.raises(Unreachable, match="is no generic commitment"):
            await client_of(server, generic=True).submit(b"data")


async def test_a_server_that_is_not_there_is_retried(free_port: Callable[[], int]) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    layer = AltDa(url, timeout_seconds=5)
    with pytest.raises(Unreachable, match=f"^alt-DA: {url} does not answer"):
        await layer.submit(b"data")
    with pytest.raises(Unreachable, match=f"^alt-DA: {url} does not answer"):
        await layer.fetch(Commitment(b"\3\0" + HASH), POSTED)


async def test_no_message_holds_a_key_of_the_url(free_port: Callable[[], int]) -> None:
    layer = AltDa(f"http://user:secret@127.0.0.1:{free_port()}/secret", timeout_seconds=5)
    with pytest.raises(Unreachable) as failure:
        await layer.submit(b"data")
    assert "secret" not in str(failure.value)


# --- the wire, as other clients use it -------------------------------------------------------------------------------


async def test_the_plain_put_answers_with_the_raw_commitment(server: TestServer, generic: bool) -> None:
    async with aiohttp.ClientSession() as session:
        async with session.post(server.make_url("/put"), data=b"data") as response:
            key = await response.read()
            assert (response.status, key) == (200, (b"\1\xf0" if generic else b"\0") + HASH)
            assert response.content_type == "application/octet-stream"
        for path in (f"/get/0x{key.hex()}", f"/get/{key.hex()}"):
            async with session.get(server.make_url(path)) as response:
                assert (response.status, await response.read()) == (200, b"data")


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/put", b"", 400),
        ("/put", bytes(MAX_BYTES + 1), 413),
        ("/put/0x00" + keccak(b"other").hex(), b"data", 400),
        ("/put/0x01" + HASH.hex(), b"data", 400),
        ("/put/zz", b"data", 400),
    ],
)
async def test_what_cannot_be_stored_is_refused(server: TestServer, path: str, body: bytes, status: int) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.post(server.make_url(path), data=body) as response,
    ):
        assert response.status == status


@pytest.mark.parametrize("key", ["zz", "00", "0x", "01" + "00" * 32, "../../etc/passwd", "00" * 34, "0x0x00"])
async def test_a_malformed_key_reaches_no_file(server: TestServer, key: str) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.get(server.make_url("/get/" + key)) as response,
    ):
        assert response.status in (400, 404)


async def test_health_tells_whether_the_store_takes_data(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_bytes(b"")
    for folder, status, put in ((tmp_path / "store", 200, 200), (blocked, 503, 503)):
        async with (
            TestServer(make_alt_da_server(FileStore(folder, MAX_BYTES))) as running,
            aiohttp.ClientSession() as session,
        ):
            async with session.get(running.make_url("/health")) as response:
                assert response.status == status
            async with session.post(running.make_url("/put"), data=b"data") as response:
                assert response.status == put
                assert str(tmp_path) not in await response.text(errors="replace"), "no paths for strangers"
