"""The dispute page without a node: `tombolo dispute --page` serves it beside the game that it shows."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from node.clock import Clock
from node.game_rpc import GameDesk
from node.game_view import GameView, KnownTraces
from node.kept_answers import KeptAnswers
from node.l1.client import L1Client
from protocol.rollup import SettlementContracts
from web.disputes import DisputeSite

HOST = "127.0.0.1"


@asynccontextmanager
async def serve_disputes(
    l1_url: str, contracts: SettlementContracts, known: KnownTraces, clock: Clock, port: int
) -> AsyncIterator[str]:
    """While the block runs; gives the address of the list. Port 0 picks one.

    Raises:
        OSError: The port is taken.
    """
    async with L1Client(l1_url, clock, timeout_seconds=3, attempts=1) as l1:
        desk = GameDesk(GameView(l1, contracts, known), KeptAnswers(clock))
        app = web.Application()
        app.add_routes(DisputeSite(desk.ask, clock.now).routes())
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        try:
            await web.TCPSite(runner, HOST, port).start()
            yield f"http://{HOST}:{runner.addresses[0][1]}/disputes"
        finally:
            await runner.cleanup()
