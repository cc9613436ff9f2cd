"""Responses are found whole however the network cuts them, with a length or in chunks."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.http_stream import HttpStream, http_request


def with_length(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nServer: test\r\n\r\n%s" % (len(body), body)


def in_chunks(parts: Sequence[bytes]) -> bytes:
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts if part)
    return b"HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n" + chunks + b"0\r\n\r\n"


@asynccontextmanager
async def answering(pieces: Sequence[bytes], *, hang_up: bool = False) -> AsyncIterator[str]:
    """A server that answers each request with `pieces`, one write each."""
    loop = asyncio.get_running_loop()

    class Server(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            assert isinstance(transport, asyncio.Transport)
            self.transport = transport

        def data_received(self, data: bytes) -> None:
            self.write(list(pieces))

        def write(self, rest: list[bytes]) -> None:
            if rest:
                self.transport.write(rest.pop(0))
                loop.call_later(0.001, self.write, rest)
            elif hang_up:
                self.transport.close()

    server = await loop.create_server(Server, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def two_answers(pieces: Sequence[bytes]) -> list[bytes]:
    async with answering(pieces) as url:
        stream = await HttpStream.connect(url)
        request = http_request(url, b"{}")
        answers = [await stream.call(request), await stream.call(request)]
        stream.close()
        return answers


json_text = st.text(st.characters(codec="ascii", exclude_characters="\r\n"), max_size=60).map(str.encode)


@given(body=json_text, cut=st.integers(0, 160))
def test_a_body_with_a_length_survives_any_cut(body: bytes, cut: int):
    response = with_length(body)
    pieces = [piece for piece in (response[:cut], response[cut:]) if piece]
    assert asyncio.run(two_answers(pieces)) == [body, body]


@given(parts=st.lists(json_text, max_size=4), cut=st.integers(0, 200))
def test_a_body_in_chunks_survives_any_cut(parts: list[bytes], cut: int):
    response = in_chunks(parts)
    pieces = [piece for piece in (response[:cut], response[cut:]) if piece]
    assert asyncio.run(two_answers(pieces)) == [b"".join(parts)] * 2


async def test_a_server_that_hangs_up_is_an_error_not_a_wait():
    async with answering([b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"], hang_up=True) as url:
        stream = await HttpStream.connect(url)
        with pytest.raises(ConnectionError, match="before it answered"):
            await stream.call(http_request(url, b"{}"))


async def test_a_connection_has_one_request_in_flight():
    async with answering([]) as url:
        stream = await HttpStream.connect(url)
        stream.send(http_request(url, b"{}"), lambda body: None)
        with pytest.raises(RuntimeError, match="in flight"):
            stream.send(http_request(url, b"{}"), lambda body: None)
        stream.close()
        await stream.closed
