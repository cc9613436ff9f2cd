"""JSON-RPC over WebSocket: calls, subscriptions, and what a client must not be able to do."""

import asyncio
import json
import threading
from base64 import b64encode
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import aiohttp
import pytest

from protocol.engine import CallResult
from protocol.receipt import Log
from rpc.backend import SyncProgress
from rpc.limits import Limits
from tests.rpc.fake import ALICE, BOB, CHAIN_ID, transfer

LOG = Log(ALICE, (), b"")
TIMEOUT_SECONDS = 10


def hexed(data: bytes) -> str:
    return "0x" + data.hex()


class Client:
    """One connection."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def send(self, method, *params, request_id=1):
        request = {"jsonrpc": "2.0", "id": request_id, "method": method, "params": list(params)}
        await self.socket.send_str(json.dumps(request))

    async def receive(self):
        return await self.socket.receive_json(timeout=TIMEOUT_SECONDS)

    async def call(self, method, *params):
        await self.send(method, *params)
        return await self.receive()

    async def subscribe(self, *params) -> str:
        return (await self.call("eth_subscribe", *params))["result"]

    async def notified(self, subscription_id: str):
        """The next notification's result; it has to belong to this subscription."""
        message = await self.receive()
        assert message.keys() == {"jsonrpc", "method", "params"}
        assert (message["jsonrpc"], message["method"]) == ("2.0", "eth_subscription")
        assert message["params"].keys() == {"subscription", "result"}
        assert message["params"]["subscription"] == subscription_id
        return message["params"]["result"]


@asynccontextmanager
async def connection(node):
    async with node.session.ws_connect(node.url) as socket:
        yield Client(socket)


@pytest.fixture
async def client(node):
    async with connection(node) as client:
        yield client


async def test_calls_batches_and_errors_are_answered_as_over_http(client):
    assert await client.call("eth_chainId") == {"jsonrpc": "2.0", "id": 1, "result": hex(CHAIN_ID)}
    await client.socket.send_str("{")
    assert (await client.receive())["error"]["code"] == -32700
    await client.socket.send_bytes(b'[{"jsonrpc":"2.0","id":7,"method":"net_version"}, 1]')
    first, second = await client.receive()
    assert (first["result"], second["error"]["code"]) == (str(CHAIN_ID), -32600)


async def test_a_notification_is_not_answered(client):
    await client.socket.send_str('{"jsonrpc":"2.0","method":"eth_chainId"}')
    await client.send("net_version", request_id=2)
    assert (await client.receive())["id"] == 2


async def test_quick_calls_overtake_slow_ones(node, client):
    release = threading.Event()

    def blocked(call, header, state):
        release.wait(TIMEOUT_SECONDS)
        return CallResult(None, b"", 21_000, (), ())

    node.backend.engine.script = blocked
    await client.send("eth_call", {}, request_id="slow")
    await client.send("eth_chainId", request_id="quick")
    assert (await client.receive())["id"] == "quick"
    release.set()
    assert (await client.receive())["id"] == "slow"


async def test_new_heads_are_headers(node, client):
    subscription = await client.subscribe("newHeads")
    block = node.backend.new_block([transfer(0)])
    head = await client.notified(subscription)
    whole = await node.call("eth_getBlockByNumber", "latest")
    assert head == {name: whole[name] for name in whole.keys() - {"transactions", "uncles", "size", "withdrawals"}}
    assert head["hash"] == hexed(block.hash)


async def test_logs_are_taken_back_newest_first_when_their_block_leaves(node, client):
    subscription = await client.subscribe("logs", {"address": hexed(ALICE)})
    node.backend.new_block([transfer(0), transfer(1)], [(LOG, Log(BOB, (), b"")), (LOG,)])
    added = [await client.notified(subscription) for _ in range(2)]
    assert [(log["logIndex"], log["removed"]) for log in added] == [("0x0", False), ("0x2", False)]
    node.backend.chain.shrink(1)
    node.backend.new_block([transfer(2)], [(LOG,)])
    changes = [await client.notified(subscription) for _ in range(3)]
    assert changes[:2] == [{**log, "removed": True} for log in reversed(added)]
    assert changes[2]["removed"] is False


async def test_logs_without_options_are_all_logs(node, client):
    subscription = await client.subscribe("logs")
    node.backend.new_block([transfer(0)], [(Log(BOB, (), b""),)])
    assert (await client.notified(subscription))["address"] == hexed(BOB)


@pytest.mark.parametrize("full", [None, False, True])
async def test_pending_transactions_are_hashes_or_whole(node, client, full):
    subscription = await client.subscribe("newPendingTransactions", full)
    tx = transfer(0)
    node.backend.new_transaction(tx)
    result = await client.notified(subscription)
    assert (result["hash"] if full else result) == hexed(tx.hash)


async def test_a_reset_of_the_event_stream_loses_no_head(node, client):
    subscription = await client.subscribe("newHeads")
    node.backend.reset_readers()
    hashes = [hexed(node.backend.chain.extend().hash) for _ in range(3)]
    assert [(await client.notified(subscription))["hash"] for _ in range(3)] == hashes
    hashes = [hexed(node.backend.new_block().hash)]
    assert [(await client.notified(subscription))["hash"]] == hashes


async def test_subscriptions_never_expire(node, client):
    subscription = await client.subscribe("newHeads")
    node.clock.seconds += 10**6
    node.backend.new_block()
    assert (await client.notified(subscription))["number"] == "0x1"


async def test_unsubscribing_ends_it_once(node, client):
    subscription = await client.subscribe("newHeads")
    assert (await client.call("eth_unsubscribe", subscription))["result"] is True
    node.backend.new_block()
    again = await client.call("eth_unsubscribe", subscription)
    assert again["error"] == {"code": -32000, "message": "subscription not found"}


async def test_one_connection_cannot_end_anothers_subscription(node, client):
    subscription = await client.subscribe("newHeads")
    async with connection(node) as other:
        assert "error" in await other.call("eth_unsubscribe", subscription)
    node.backend.new_block()
    await client.notified(subscription)


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ([], -32602),
        ([None], -32602),
        ([1], -32602),
        (["unknown"], -32601),
        (["newHeads", {}], -32602),
        (["logs", 1], -32602),
        (["logs", {"topics": 1}], -32602),
        (["newPendingTransactions", "yes"], -32602),
    ],
)
async def test_a_bad_subscription_says_why(client, params, code):
    assert (await client.call("eth_subscribe", *params))["error"]["code"] == code


async def test_http_cannot_subscribe(node):
    refusal = (-32601, "notifications not supported: connect over WebSocket")
    assert await node.error("eth_subscribe", "newHeads") == refusal
    assert await node.error("eth_unsubscribe", "0x1") == refusal


async def test_subscriptions_of_a_connection_are_bounded(start_node):
    node = await start_node(Limits(subscriptions=2))
    async with connection(node) as client:
        for _ in range(2):
            await client.subscribe("newHeads")
        assert (await client.call("eth_subscribe", "newHeads"))["error"]["code"] == -32005


async def test_connections_are_bounded_and_make_room_when_they_end(start_node):
    node = await start_node(Limits(connections=1))
    async with connection(node) as client:
        await client.call("eth_chainId")
        with pytest.raises(aiohttp.WSServerHandshakeError, match="503"):
            await node.session.ws_connect(node.url)
    async with asyncio.timeout(TIMEOUT_SECONDS):
        while True:
            try:
                async with connection(node) as client:
                    assert (await client.call("eth_chainId"))["result"] == hex(CHAIN_ID)
                    return
            except aiohttp.WSServerHandshakeError:
                await asyncio.sleep(0.01)


async def test_a_message_over_the_limit_ends_the_connection(start_node):
    node = await start_node(Limits(body_bytes=1000))
    async with connection(node) as client:
        await client.socket.send_str(" " * 2000)
        message = await client.socket.receive(timeout=TIMEOUT_SECONDS)
        assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, aiohttp.WSCloseCode.MESSAGE_TOO_BIG)


async def test_a_connection_has_a_bounded_number_of_calls_in_work(start_node):
    node = await start_node(Limits(calls_in_flight=2, worker_threads=1))
    release, started = threading.Event(), []

    def blocked(call, header, state):
        started.append(call.value)
        release.wait(TIMEOUT_SECONDS)
        return CallResult(None, b"", 21_000, (), ())

    node.backend.engine.script = blocked
    async with connection(node) as client, connection(node) as other:
        for number in range(4):
            await client.send("eth_call", {"value": hex(number)}, request_id=number)
        await client.send("eth_chainId", request_id="behind")
        assert (await other.call("eth_chainId"))["result"] == hex(CHAIN_ID)
        with pytest.raises(TimeoutError):
            await client.socket.receive(timeout=0.2)  # even the quick call waits for its turn
        release.set()
        answered = [(await client.receive())["id"] for _ in range(5)]
        assert sorted(answered, key=str) == [0, 1, 2, 3, "behind"]
    assert started == [0, 1, 2, 3]


async def test_a_client_that_does_not_read_its_notifications_is_disconnected(start_node):
    node = await start_node(Limits(outbox_messages=4))
    port = node.url.rpartition(":")[2].rstrip("/")
    reader, writer = await asyncio.open_connection("127.0.0.1", int(port), limit=2**16)
    handshake = (
        f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {b64encode(bytes(16)).decode()}\r\n\r\n"
    )
    writer.write(handshake.encode())
    await reader.readuntil(b"\r\n\r\n")
    request = b'{"jsonrpc":"2.0","id":1,"method":"eth_subscribe","params":["newPendingTransactions",true]}'
    writer.write(bytes([0x81, 0x80 | len(request), 0, 0, 0, 0]) + request)  # a masked text frame, the mask being zero
    await reader.readuntil(b'"}')

    async with connection(node) as quick, asyncio.timeout(TIMEOUT_SECONDS):
        subscription = await quick.subscribe("newPendingTransactions")
        tx = transfer(0, data=bytes(100_000), gas_limit=10**6)
        for _ in range(200):
            node.backend.new_transaction(tx)
            assert await quick.notified(subscription) == hexed(tx.hash)
        received, tail = 0, b""
        with suppress(ConnectionError):
            while chunk := await reader.read(2**20):
                received, tail = received + len(chunk), (tail + chunk)[-64:]
        assert received < 200 * 2 * len(tx.data)
        assert b"reads too slowly" in tail, "it is told why, behind what it had not read"
    writer.close()


async def test_a_thousand_subscribers_hear_of_a_block(node):
    """Ten connections, a hundred subscriptions each; the connections' own limit is tested with fewer."""
    async with AsyncExitStack() as stack, asyncio.timeout(60):
        clients = [await stack.enter_async_context(connection(node)) for _ in range(10)]
        wanted = [{await client.subscribe("newHeads") for _ in range(100)} for client in clients]
        block = node.backend.new_block()
        for client, subscriptions in zip(clients, wanted, strict=True):
            heard = [(await client.receive())["params"] for _ in range(100)]
            assert {entry["subscription"] for entry in heard} == subscriptions
            assert {entry["result"]["hash"] for entry in heard} == {hexed(block.hash)}


async def test_syncing_is_announced_when_it_changes(node, client):
    subscription = await client.subscribe("syncing")
    assert await node.call("eth_syncing") is False
    node.backend.new_block()
    node.backend.sync_progress = SyncProgress(0, 1, 9)
    node.backend.new_block()
    status = {"startingBlock": "0x0", "currentBlock": "0x1", "highestBlock": "0x9"}
    assert await client.notified(subscription) == {"syncing": True, "status": status}
    assert await node.call("eth_syncing") == status
    node.backend.new_block()
    node.backend.sync_progress = None
    node.backend.new_block()
    assert await client.notified(subscription) is False


async def test_stopping_the_server_says_goodbye(start_node):
    from rpc.server import Server
    from tests.rpc.fake import FakeBackend

    server = Server(FakeBackend())
    port = await server.start()
    async with aiohttp.ClientSession() as session, session.ws_connect(f"http://127.0.0.1:{port}") as socket:
        stopping = asyncio.create_task(server.stop())
        message = await socket.receive(timeout=TIMEOUT_SECONDS)
        assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, 1001)
        await stopping
