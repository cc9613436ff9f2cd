"""Connections of plain requests: in order, bounded, and another's as soon as they are not plain."""

import asyncio
from collections.abc import Callable

import pytest

from rpc.access import Access
from rpc.plain_connection import READ_AHEAD_BYTES, PlainConnections, Respond
from rpc.plain_http import json_response
from tests.rpc.test_plain_http import request


class Served:
    """A server whose answers the test gives."""

    def __init__(self) -> None:
        self.waiting: list[tuple[bytes, Respond]] = []
        self.arrived = asyncio.Event()

    def __call__(self, body: bytes, respond: Respond) -> None:
        self.waiting.append((body, respond))
        self.arrived.set()

    async def next(self) -> tuple[bytes, Respond]:
        while not self.waiting:
            self.arrived.clear()
            await self.arrived.wait()
        return self.waiting.pop(0)


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - there is no event to wait for; pytest-timeout bounds it
        await asyncio.sleep(0)


class Http(asyncio.Protocol):
    """What takes over: it notes the bytes it is given."""

    def __init__(self) -> None:
        self.received = b""
        self.changed = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        self.received += data
        self.changed.set()


@pytest.fixture
async def world():
    served, http = Served(), Http()
    connections = PlainConnections(served, lambda: http, Access(), 1_000_000)
    server = await asyncio.get_running_loop().create_server(connections, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    yield served, http, connections, reader, writer
    writer.close()
    server.close()
    await connections.drain(0.1)


async def test_requests_sent_together_are_answered_in_order_one_at_a_time(world):
    served, _http, _connections, reader, writer = world
    writer.write(request(b"1") + request(b"2"))
    for number in (b"1", b"2"):
        body, respond = await served.next()
        assert body == number
        assert not served.waiting
        respond(json_response(number))
        assert (await reader.readuntil(b"\r\n\r\n" + number)).startswith(b"HTTP/1.1 200 OK\r\n")


async def test_answers_given_at_once_do_not_nest():
    def at_once(body: bytes, respond: Respond) -> None:
        respond(json_response(body))

    connections = PlainConnections(at_once, Http, Access(), 1_000)
    server = await asyncio.get_running_loop().create_server(connections, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    count = 5_000  # far more than frames fit on the stack
    writer.write(request(b"{}") * count)
    answers = await reader.readexactly(len(json_response(b"{}")) * count)
    assert answers == json_response(b"{}") * count
    writer.close()
    server.close()
    await connections.drain(0.1)


async def test_the_first_unusual_request_and_all_behind_it_are_anothers(world):
    served, http, _connections, _reader, writer = world
    unusual = request(b"{}", Origin="http://localhost")
    writer.write(request(b"1") + unusual + request(b"2"))
    _body, respond = await served.next()
    respond(json_response(b"1"))
    await http.changed.wait()
    assert http.received == unusual + request(b"2")
    assert not served.waiting


async def test_a_request_that_turns_out_not_to_be_for_here_is_read_again_by_another(world):
    served, http, _connections, _reader, writer = world
    writer.write(request(b"trace"))
    _body, respond = await served.next()
    respond(None)
    await http.changed.wait()
    assert http.received == request(b"trace")


async def test_a_client_that_sends_ahead_is_not_read_from(world):
    served, _http, connections, _reader, writer = world
    writer.write(request(b"x"))
    _body, respond = await served.next()
    (connection,) = connections._open
    transport = connection._transport
    assert transport is not None
    writer.write(request(b"y" * 900_000) * 8)
    await until(lambda: not transport.is_reading())
    assert len(connection._received) < READ_AHEAD_BYTES + 2**19  # what one reading of a socket brings at most
    respond(json_response(b"x"))
    for _ in range(8):
        body, respond = await served.next()
        assert body == b"y" * 900_000
        respond(json_response(b"y"))


async def test_draining_closes_the_idle_and_waits_for_those_in_work(world):
    served, _http, connections, reader, writer = world
    idle_reader, idle_writer = await asyncio.open_connection(*writer.get_extra_info("peername"))
    writer.write(request(b"x"))
    _body, respond = await served.next()
    draining = asyncio.create_task(connections.drain(60))
    assert await idle_reader.read() == b""
    assert not draining.done()
    respond(json_response(b"x"))
    await draining
    assert await reader.read() == json_response(b"x")
    idle_writer.close()


async def test_draining_does_not_wait_for_ever(world):
    served, _http, connections, reader, writer = world
    writer.write(request(b"x"))
    await served.next()
    await connections.drain(0.01)
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await reader.readexactly(1)


async def test_an_answer_to_a_client_that_has_gone_is_for_nobody(world):
    served, _http, connections, _reader, writer = world
    writer.write(request(b"x"))
    _body, respond = await served.next()
    writer.transport.abort()
    await until(lambda: not connections._open)
    respond(json_response(b"x"))
    assert not served.waiting


def test_an_idle_connection_is_closed_in_the_end():
    clock = FakeClockLoop()
    try:
        clock.run_until_complete(_idle(clock))
    finally:
        clock.close()


class FakeClockLoop(asyncio.SelectorEventLoop):
    """Its time goes by as the test says."""

    ahead = 0.0

    def time(self) -> float:
        return super().time() + self.ahead


async def _idle(loop: FakeClockLoop) -> None:
    served: Callable[[bytes, Respond], None] = Served()
    connections = PlainConnections(served, Http, Access(), 1_000)
    server = await loop.create_server(connections, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    await until(lambda: bool(connections._open))
    loop.ahead += 1_000
    assert await reader.read() == b""
    writer.close()
    server.close()
    await connections.drain(0.1)
