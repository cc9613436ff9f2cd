"""The generator sends each body once and in order, stops its clock at the last receipt, and reports refusals."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from bench.load import Job, LoadFailed, perform, run_load

Answer = Callable[[dict[str, object]], dict[str, object]]


@asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[str]:
    async def handle(request: web.BaseRequest) -> web.Response:
        return web.json_response(answer(await request.json()))

    runner = web.ServerRunner(web.Server(handle))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


class Node:
    """Mines everything it was sent, one block for each two looks at the next one."""

    def __init__(self) -> None:
        self.received: list[object] = []
        self.blocks: list[list[object]] = [[]]
        self.looks = 0

    def __call__(self, call: dict[str, object]) -> dict[str, object]:
        return {"jsonrpc": "2.0", "id": call["id"], "result": self.result(str(call["method"]), call["params"])}

    def result(self, method: str, params: object) -> object:
        assert isinstance(params, list)
        match method:
            case "eth_sendRawTransaction":
                self.received.append(params[0])
                return params[0]
            case "eth_blockNumber":
                return hex(len(self.blocks) - 1)
            case "eth_getTransactionReceipt":
                return {"status": "0x1"}
            case _:
                self.looks += 1
                if self.looks % 2 == 0:
                    known = [tx for block in self.blocks for tx in block]
                    self.blocks.append([tx for tx in self.received if tx not in known])
                number = int(params[0], 16)
                return {"transactions": self.blocks[number]} if number < len(self.blocks) else None


def send(tx: str) -> str:
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": "eth_sendRawTransaction", "params": [tx]})


async def test_every_transaction_is_sent_once_in_its_lanes_order_and_awaited():
    node = Node()
    lanes = [[f"0x{lane}{number}" for number in range(5)] for lane in range(3)]
    async with serving(node) as url:
        hashes = tuple(tx for lane in lanes for tx in lane)
        result = await perform(Job(url, tuple(tuple(map(send, lane)) for lane in lanes), await_hashes=hashes))
    assert sorted(map(str, node.received)) == sorted(hashes)
    for lane in lanes:
        assert [tx for tx in node.received if tx in lane] == lane
    assert (result.requests, result.errors) == (15, 0)
    assert result.blocks >= 1
    assert result.seconds >= result.sent_seconds > 0


async def test_refusals_are_counted_and_the_first_is_quoted():
    def refuse(call: dict[str, object]) -> dict[str, object]:
        return {"jsonrpc": "2.0", "id": call["id"], "error": {"code": -32000, "message": "nonce too low"}}

    async with serving(refuse) as url:
        result = await perform(Job(url, ((send("0x1"), send("0x2")),)))
    assert result.errors == 2
    assert "nonce too low" in result.first_error


async def test_a_job_with_a_time_repeats_its_bodies_until_then():
    async with serving(Node()) as url:
        result = await perform(Job(url, ((send("0x1"),),), seconds=0.2))
    assert result.requests > 1
    assert result.p50_milliseconds <= result.p99_milliseconds <= result.max_milliseconds


async def test_a_failed_transaction_is_not_taken_for_a_mined_one():
    class Reverting(Node):
        def result(self, method: str, params: object) -> object:
            return {"status": "0x0"} if method == "eth_getTransactionReceipt" else super().result(method, params)

    async with serving(Reverting()) as url:
        with pytest.raises(ValueError, match="0x1 is in block 1 but its receipt says"):
            await perform(Job(url, ((send("0x1"),),), await_hashes=("0x1",)))


async def test_a_generator_that_finds_nobody_says_so(free_port: Callable[[], int]):
    job = Job(f"http://127.0.0.1:{free_port()}", ((send("0x1"),),))
    with pytest.raises(LoadFailed, match="Connect"):
        await asyncio.to_thread(run_load, job)
