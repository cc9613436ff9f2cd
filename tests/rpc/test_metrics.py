"""/health, /metrics, and the answer to too many requests at once."""

import asyncio

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from rpc.limits import Limits
from rpc.method import Method


async def get(node, path):
    async with aiohttp.ClientSession() as session, session.get(node.url.rstrip("/") + path) as response:
        return response.status, response.content_type, await response.text()


def samples(text):
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_health_tells_heads_and_lag(node):
    status, kind, text = await get(node, "/health")
    assert (status, kind) == (200, "application/json")
    assert '"headLagSeconds"' in text
    assert '"syncing": false' in text


async def test_health_is_503_only_for_who_expects_newer_blocks(node):
    assert (await get(node, "/health?max_lag_seconds=1"))[0] == 503  # the fake's blocks are of 1970
    assert (await get(node, "/health?max_lag_seconds=1e12"))[0] == 200
    assert (await get(node, "/health?max_lag_seconds=soon"))[0] == 400


async def test_metrics_count_what_is_asked_and_show_where_the_chain_is(node):
    await node.call("eth_chainId")
    await node.call("eth_chainId")
    await node.error("eth_getBalance")
    await node.error("no_such_method")
    await node.error("no_such_method_either")
    node.backend.new_block()
    status, _kind, text = await get(node, "/metrics")
    found = samples(text)
    assert status == 200
    assert found["tombolo_rpc_requests_total", "eth_chainId"] == 2
    assert found["tombolo_rpc_errors_total", "eth_getBalance"] == 1
    assert found["tombolo_rpc_requests_total", "unknown"] == 2
    assert found["tombolo_head_number", "unsafe"] == 1
    assert found["tombolo_pool_transactions", "pending"] == 0
    assert found[("tombolo_subscriptions",)] == 0


async def test_too_many_requests_at_once_are_answered_429(start_node):
    waiting, go_on = asyncio.Event(), asyncio.Event()

    async def wait(_context):
        waiting.set()
        await go_on.wait()

    node = await start_node(Limits(http_requests=1), extra_methods={"x_wait": Method(wait)})
    first = asyncio.create_task(node.call("x_wait"))
    await waiting.wait()
    body = '{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}'
    assert await node.raw(body) == (429, "too many requests at once\n")
    go_on.set()
    await first
    assert (await node.raw(body))[0] == 200
