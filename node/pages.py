"""The pages of `web/`, put together for a node: what they ask, and the sampling that goes on while they are served."""

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import replace
from urllib.parse import urlsplit

from node.clock import Clock
from node.l1.client import L1Client
from node.l1.transport import L1Refused
from protocol.errors import Retry
from rpc.backend import Backend
from rpc.errors import Json
from rpc.server import Handler, Server
from web.pages import pages_of
from web.samples import Sampler
from web.site import Site, SiteOptions

CLIENT_NAME = "tombolo/"
L1_RETRY_SECONDS = 2.0


class NodePages:
    """Made before the server that serves them; `attach` closes the circle."""

    def __init__(self, backend: Backend, clock: Clock, options: SiteOptions) -> None:
        self._server: Server | None = None
        self._clock = clock
        self.site = Site(backend, self._ask, options, clock.now)
        self._sampler = Sampler(self.site, clock.sleep)
        self.routes: Mapping[str, Handler] = pages_of(self.site, self._sampler)

    def attach(self, server: Server) -> Coroutine[None, None, None]:
        """Ask this server from now on; returns the task to run beside it."""
        self._server = server
        return self._sampler.run()

    async def link_l1(self, l1: L1Client) -> None:
        """Link to L1's own explorer, once L1 says that it is one of ours and therefore has one."""
        while self.site.options.l1_url is None:
            try:
                version = await l1.request("web3_clientVersion", [])
            except (Retry, L1Refused):
                version = None
            if isinstance(version, str):
                parts = urlsplit(l1.url)
                if version.startswith(CLIENT_NAME) and parts.username is None and parts.scheme in ("http", "https"):
                    self.site.options = replace(self.site.options, l1_url=l1.url.rstrip("/"))
                break
            await self._clock.sleep(L1_RETRY_SECONDS)
        await asyncio.Event().wait()  # a role's task that ends ends the role

    async def _ask(self, method: str, *params: Json) -> Json:
        if self._server is None:
            raise RuntimeError("a page was asked before its server was attached")
        return await self._server.ask(method, *params)
