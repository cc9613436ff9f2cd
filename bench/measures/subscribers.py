"""A thousand WebSocket clients that follow newHeads: from the request to mine until the last of them has the block."""

import asyncio
import resource
import statistics
import time

import aiohttp

from bench.measures.dev import beside_anvil
from bench.measures.measure import Measure, Plan
from bench.peers.peer import RunningPeer
from bench.row import Row
from bench.workload import Workload

BLOCKS = 10
DESCRIPTORS = 8192
"""For a thousand connections on either side; the nodes inherit it."""


def _subscribers(plan: Plan) -> list[Row]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(DESCRIPTORS, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, limit), hard))
    return beside_anvil(plan, "subscribers_1000_ms", "ms", _measure)


def _measure(plan: Plan, node: RunningPeer, _workload: Workload) -> float:
    return asyncio.run(_follow(node.url, plan.sizes.subscribers))


async def _follow(url: str, count: int) -> float:
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        sockets = [await session.ws_connect(url) for _ in range(count)]
        for socket in sockets:
            await socket.send_json({"jsonrpc": "2.0", "id": 1, "method": "eth_subscribe", "params": ["newHeads"]})
        for socket in sockets:
            await socket.receive()
        milliseconds = []
        for _ in range(BLOCKS):
            begun = time.perf_counter()
            body = {"jsonrpc": "2.0", "id": 1, "method": "evm_mine", "params": []}
            async with session.post(url, json=body) as response:
                await response.read()
            for socket in sockets:
                await socket.receive()
            milliseconds.append((time.perf_counter() - begun) * 1000)
        await asyncio.gather(*(socket.close() for socket in sockets))
    return statistics.median(milliseconds)


MEASURES = (Measure(("subscribers_1000_ms",), _subscribers),)
