"""What a running network answers: its page, with a watch of all chains behind it, and the commands `add` and `down`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from node.clock import Clock
from node.l1.client import L1Client
from node.network.control import control
from node.network.page import NetworkSource
from node.network.up import NetworkUp
from node.network.watch import NetworkWatch
from web.network import NetworkSite


@asynccontextmanager
async def serve_network(network: NetworkUp, clock: Clock) -> AsyncIterator[None]:
    """While the block runs. Raises OSError when the page's port is taken."""
    async with L1Client(network.settings.l1_endpoint, clock, attempts=1, timeout_seconds=5) as l1:
        watch = NetworkWatch(network.watched, l1, clock)
        site = NetworkSite(NetworkSource(watch, network.shown), clock.now)
        task = asyncio.create_task(watch.run())
        task.add_done_callback(lambda ended: None if ended.cancelled() else network.fail(ended.exception()))
        try:
            async with control(network, site.routes()):
                yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
