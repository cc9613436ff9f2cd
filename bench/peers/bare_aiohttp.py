"""An aiohttp server that parses JSON-RPC and answers a constant: what HTTP and JSON alone cost in Python."""

import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from aiohttp import web

from bench.peers.peer import RunningPeer, free_port, started
from bench.workload import CHAIN_ID, Wallet


class BareAiohttp:
    """No node at all: the ceiling for reads."""

    name = "bare aiohttp"

    def missing(self) -> str | None:
        return None

    def start(self, funded: Sequence[Wallet], folder: Path) -> RunningPeer:
        port = free_port()
        return started(self.name, [sys.executable, "-m", "bench.peers.bare_aiohttp", str(port)], port, folder)


async def _answer(request: web.BaseRequest) -> web.Response:
    call = json.loads(await request.read())
    answer = {"jsonrpc": "2.0", "id": call["id"], "result": hex(CHAIN_ID)}
    return web.Response(body=json.dumps(answer).encode(), content_type="application/json")


async def _serve(port: int) -> None:
    # aiohttp's low-level server: no router, no middleware, no access log.
    runner = web.ServerRunner(web.Server(_answer, access_log=None))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


def main(port: int) -> None:
    """Serve until Ctrl-C."""
    try:
        asyncio.run(_serve(port))
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main(int(sys.argv[1]))
