"""A node behind a front is the same node: every answer, every refusal, every kind of connection."""

import asyncio
import json
import marshal
import socket
from contextlib import suppress
from dataclasses import replace

import aiohttp
import pytest

from protocol.errors import Reject
from protocol.signing import UnsignedTransaction, sign_transaction
from protocol.transaction import AccessEntry, Transaction
from protocol.types import Address
from rpc.access import Access
from rpc.front import GATHERED, Front
from rpc.fronts import FrontFailed, Fronts
from rpc.lane import SUBMIT, Lane
from rpc.limits import Limits
from rpc.method import Method
from rpc.server import Server
from rpc.submission import unpack
from tests.rpc.conftest import running_node
from tests.rpc.fake import CHAIN_ID, FakeBackend, transfer

LIST_TX = sign_transaction(
    UnsignedTransaction(
        CHAIN_ID, 0, 30_000, Address(b"\1" * 20), access_list=(AccessEntry(Address(b"\2" * 20), (1,)),)
    ),
    b"\7" * 32,
)


def send(tx: Transaction | str, request_id: object = 1) -> dict[str, object]:
    raw = tx if isinstance(tx, str) else "0x" + tx.raw.hex()
    return {"jsonrpc": "2.0", "id": request_id, "method": "eth_sendRawTransaction", "params": [raw]}


BODIES = {
    "a call": {"jsonrpc": "2.0", "id": 1, "method": "eth_chainId"},
    "an unknown method": {"jsonrpc": "2.0", "id": 1, "method": "eth_nothing"},
    "a notification": {"jsonrpc": "2.0", "method": "eth_chainId"},
    "a batch": [{"jsonrpc": "2.0", "id": n, "method": "eth_blockNumber"} for n in range(3)],
    "an empty batch": [],
    "a transaction": send(transfer(0)),
    "a transaction in capitals": send("0x" + transfer(0).raw.hex().upper()),
    "a transaction and a call": [send(transfer(0)), {"jsonrpc": "2.0", "id": 2, "method": "eth_chainId"}],
    "transactions": [send(transfer(nonce), f"id {nonce}") for nonce in range(3)],
    "many transactions": [send(transfer(nonce), nonce) for nonce in range(100)],
    "transactions, one of them not": [send(transfer(0)), send("0x02c0", 2)],
    "a transaction with an access list": send(LIST_TX),
    "an id of null": send(transfer(0), None),
    "an id that is no id": send(transfer(0), [1]),
    "an id with a fraction": send(transfer(0), 1.5),
    "an id of true": send(transfer(0), True),
    "an id outside of ASCII": send(transfer(0), '\u2603 "quoted"'),
    "no id": {key: value for key, value in send(transfer(0)).items() if key != "id"},
    "another version": {**send(transfer(0)), "jsonrpc": "1.0"},
    "no parameters": {**send(transfer(0)), "params": []},
    "named parameters": {**send(transfer(0)), "params": {"data": "0x"}},
    "odd hex": send("0x0"),
    "hex with spaces": send("0x02 c0"),
    "no prefix": send(transfer(0).raw.hex()),
    "empty bytes": send("0x"),
    "bytes that are no transaction": send("0x02c0"),
}


async def told(node, body: object) -> tuple[int, str]:
    return await node.raw(json.dumps(body))


async def test_a_front_changes_no_answer():
    async with running_node() as plain, running_node(fronts=1) as fronted:
        for name, body in BODIES.items():
            for node in (plain, fronted):
                node.backend.pool.waiting.clear()
            assert await told(fronted, body) == await told(plain, body), name
            assert fronted.backend.pool.waiting == plain.backend.pool.waiting, name
        for text in ("{", "[" * 1000, '{"eth_sendRawTransaction"', "[" * 300 + '"eth_sendRawTransaction"'):
            assert await fronted.raw(text) == await plain.raw(text)


async def test_a_front_changes_no_refusal_of_the_pool():
    async with running_node() as plain, running_node(fronts=1) as fronted:
        for node in (plain, fronted):
            node.backend.pool.refusal = Reject("nonce too low: next nonce 5, tx nonce 0")
        answer = await told(fronted, send(transfer(0)))
        assert answer == await told(plain, send(transfer(0)))
        assert "nonce too low" in answer[1]


@pytest.mark.parametrize("count", [1, GATHERED, GATHERED + 2, 2 * GATHERED])
async def test_transactions_of_one_turn_go_to_the_node_while_others_are_decoded(
    count: int, monkeypatch: pytest.MonkeyPatch
):
    gone = asyncio.Event()
    monkeypatch.setattr("os._exit", lambda status: gone.set())  # a front's last act, when its node has gone
    ours, theirs = socket.socketpair()
    front = Front(theirs, Access(), Limits())  # nobody hands connections over here
    await asyncio.get_running_loop().create_connection(lambda: front.lane, sock=ours)
    at_once: list[int] = []
    node = Lane(lambda call, kind, payload: at_once.append(len(unpack(payload))), lambda: None)
    responses: asyncio.Queue[bytes | None] = asyncio.Queue()
    theirs.setblocking(False)
    for nonce in range(count):
        front.serve_plain(json.dumps(send(transfer(nonce), nonce)).encode(), responses.put_nowait)
    with suppress(BlockingIOError):
        node.data_received(theirs.recv(65_536))
    assert at_once == [GATHERED] * (count // GATHERED)  # before this turn of the event loop has ended

    await asyncio.sleep(0)
    await asyncio.sleep(0)
    with suppress(BlockingIOError):
        node.data_received(theirs.recv(65_536))
    assert at_once == [GATHERED] * (count // GATHERED) + [count % GATHERED] * (count % GATHERED > 0)

    answering = Lane(lambda *frame: None, lambda: None)
    await asyncio.get_running_loop().create_connection(lambda: answering, sock=theirs)
    for call, size in enumerate(at_once, start=1):
        answering.send(call, SUBMIT, marshal.dumps([f'"result":"{call}"'] * size))
    for nonce in range(count):
        response = await asyncio.wait_for(responses.get(), 20)
        assert json.loads((response or b"").partition(b"\r\n\r\n")[2])["id"] == nonce
    answering.close()
    await gone.wait()


async def test_two_fronts_serve_one_port():
    async with running_node(fronts=2) as node:
        answers = await asyncio.gather(*(node.call("eth_chainId") for _ in range(50)))
        assert answers == [hex(CHAIN_ID)] * 50


async def test_what_the_front_refuses_it_refuses_in_the_nodes_words():
    limits, access = Limits(body_bytes=500), Access(frozenset({"node.example"}))
    requests = [
        ("{}", {"Content-Type": "text/plain"}),
        (" " * 501, {}),
        ("{}", {"Host": "evil.example"}),
        ("{}", {"Origin": "https://evil.example"}),
    ]
    async with running_node(limits, access=access) as plain, running_node(limits, access=access, fronts=1) as fronted:
        for body, headers in requests:
            refused = await fronted.raw(body, headers=headers)
            assert refused == await plain.raw(body, headers=headers)
            assert refused[0] in (403, 413, 415)


@pytest.fixture
async def one_connection():
    """A node behind a front, and a client that has but one connection to it, used for a call already."""
    connector = aiohttp.TCPConnector(limit=1)
    async with running_node(fronts=1) as fronted, aiohttp.ClientSession(connector=connector) as session:
        node = replace(fronted, session=session)
        assert await node.call("eth_chainId") == hex(CHAIN_ID)
        yield node


async def test_a_connection_may_become_a_websocket(one_connection):
    async with one_connection.session.ws_connect(one_connection.url) as socket:
        await socket.send_json({"jsonrpc": "2.0", "id": 1, "method": "eth_subscribe", "params": ["newHeads"]})
        assert "result" in await socket.receive_json()
        await socket.send_json({"jsonrpc": "2.0", "id": 2, "method": "eth_chainId"})
        assert (await socket.receive_json())["result"] == hex(CHAIN_ID)


async def test_a_connection_may_ask_for_a_page_and_then_call_again(one_connection):
    async with one_connection.session.get(one_connection.url + "health") as response:
        assert response.status == 200
    assert await one_connection.call("eth_chainId") == hex(CHAIN_ID)


async def test_a_preflight_is_answered(one_connection):
    headers = {"Origin": "http://localhost:3000", "Access-Control-Request-Method": "POST"}
    async with one_connection.session.options(one_connection.url, headers=headers) as response:
        assert response.status == 204
        assert response.headers["Access-Control-Allow-Origin"] == "http://localhost:3000"


async def test_other_methods_and_paths_are_refused_by_the_node(one_connection):
    async with one_connection.session.put(one_connection.url, data=b"x") as response:
        assert (response.status, response.headers["Allow"]) == (405, "GET,HEAD,OPTIONS,POST")
    async with one_connection.session.post(one_connection.url + "other", data=b"{}") as response:
        assert response.status == 404


async def test_a_trace_is_answered_by_the_node_itself():
    async with running_node(fronts=1, extra_methods={"debug_traced": Method(lambda context: "traced")}) as node:
        assert await node.call("debug_traced") == "traced"
        assert await node.call("eth_chainId") == hex(CHAIN_ID)


def fronts_of(server: Server) -> Fronts:
    assert server._fronts is not None
    return server._fronts


async def test_stopping_ends_the_fronts_and_frees_the_port():
    server = Server(FakeBackend())
    port = await server.start(fronts=2)
    processes = list(fronts_of(server)._processes)
    await server.stop()
    assert [process.returncode for process in processes] == [0, 0]
    again = Server(FakeBackend())
    assert await again.start(port=port) == port
    await again.stop()


async def test_a_front_that_dies_is_not_overlooked():
    server = Server(FakeBackend())
    await server.start(fronts=1)
    waiting = asyncio.create_task(server.wait())
    fronts_of(server)._processes[0].kill()
    with pytest.raises(FrontFailed):
        await waiting
    await server.stop()


async def test_a_front_does_not_outlive_its_node():
    server = Server(FakeBackend())
    await server.start(fronts=1)
    process = fronts_of(server)._processes[0]
    for lane in fronts_of(server)._lanes:  # what the end of the node's process does
        lane.close()
    assert await process.wait() == 0
    await server.stop()


async def test_a_taken_port_is_an_error_at_once(start_node):
    node = await start_node()
    server = Server(FakeBackend())
    with pytest.raises(OSError, match="in use"):
        await server.start(port=int(node.url.rsplit(":", 1)[1].strip("/")), fronts=1)
    await server.stop()
