"""The page of a whole network: a map of its chains, one wallet's balances on all of them, a bridge, and what is under
way with the reason why it is not there yet.

It is not a node's page: the launcher serves it, and asks the chains' nodes. `Source` is what it needs of them.
"""

import json
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from aiohttp import web

from protocol.errors import Reject, Retry
from rpc.errors import Json
from web.site import StaticFile, make_environment, page_headers, static_files


class Progress(Enum):
    """How far something between two chains is. The value is what people read."""

    DISPATCHED = "dispatched"
    SETTLED = "settled"
    DELIVERED = "delivered"
    EXPIRED = "expired"
    REFUNDED = "refunded"


@dataclass(frozen=True, slots=True)
class ChainCard:
    """A chain as the page shows it; heads of None: its node does not answer."""

    name: str
    chain_id: int
    rpc_url: str
    condition: str
    block_seconds: float
    data_layer: str
    challenge_seconds: int
    unsafe: int | None = None
    safe: int | None = None
    finalized: int | None = None
    settled: int | None = None
    """The newest block that an output confirmed on L1 covers."""
    member: bool = True


@dataclass(frozen=True, slots=True)
class Movement:
    """A message, ether or tokens between two chains. `amount` is readable, with its unit; empty for a message."""

    id: str
    kind: str
    origin: str
    destination: str
    sender: str
    recipient: str
    amount: str
    sent_at: int
    expiry: int
    origin_url: str
    transaction: str
    progress: Progress
    why: str
    """What it waits for, or how it ended."""


class Source(Protocol):
    """What the page asks. Every method may raise Retry (a node is silent) or Reject (it cannot be, and why)."""

    async def chains(self) -> Sequence[ChainCard]:
        """Each chain of the network."""

    async def movements(self) -> Sequence[Movement]:
        """What was sent between them, newest first."""

    async def balances(self, account: str) -> Json:
        """By chain: a list of amounts with their units, and the tokens' addresses."""

    async def prepare(self, wish: Mapping[str, str]) -> Json:
        """The transactions that carry out a wish of the bridge's form."""

    async def quote(self, wish: Mapping[str, str]) -> Json:
        """What the delivery costs: `fee`, readable with its unit; empty where nobody has to be paid."""

    async def receipt(self, chain: str, transaction: str) -> Json:
        """Of a transaction: null until it is mined."""


@dataclass(frozen=True, slots=True)
class Island:
    """A chain on the map; coordinates in the drawing's own units."""

    card: ChainCard
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Bridge:
    """A line between two islands, and how much is on its way there."""

    x1: float
    y1: float
    x2: float
    y2: float
    under_way: int
    delivered: int


MAP_WIDTH, MAP_HEIGHT = 640.0, 260.0


class NetworkSite:
    """The routes of the page. `now` is in seconds since 1970."""

    def __init__(self, source: Source, now: Callable[[], float]) -> None:
        self._source = source
        self._now = now
        self._environment = make_environment(now)
        self._files: Mapping[str, StaticFile] = static_files()

    def routes(self) -> list[web.AbstractRouteDef]:
        """Every GET."""
        return [
            web.get("/", self._root),
            web.get("/network", self._page),
            web.get("/network/balances", self._answering(self._balances)),
            web.get("/network/prepare", self._answering(self._prepare)),
            web.get("/network/quote", self._answering(self._quote)),
            web.get("/network/receipt", self._answering(self._receipt)),
            web.get("/web/{name}", self._static),
        ]

    async def _root(self, request: web.Request) -> web.StreamResponse:
        raise web.HTTPFound("/network")

    async def _page(self, request: web.Request) -> web.StreamResponse:
        chains, movements = await self._source.chains(), await self._source.movements()
        text = self._environment.get_template("network.html").render(
            chains=chains,
            movements=movements,
            islands=islands(chains),
            bridges=bridges(chains, movements),
            width=MAP_WIDTH,
            height=MAP_HEIGHT,
            now=self._now(),
            wallet_chains=json.dumps({chain.name: wallet_chain(chain) for chain in chains}),
        )
        return web.Response(text=text, content_type="text/html", headers=page_headers(request.host))

    async def _balances(self, request: web.Request) -> Json:
        return await self._source.balances(request.query.get("account", ""))

    async def _prepare(self, request: web.Request) -> Json:
        return await self._source.prepare(dict(request.query))

    async def _quote(self, request: web.Request) -> Json:
        return await self._source.quote(dict(request.query))

    async def _receipt(self, request: web.Request) -> Json:
        return await self._source.receipt(request.query.get("chain", ""), request.query.get("transaction", ""))

    def _answering(self, ask: Callable[[web.Request], Awaitable[Json]]) -> Callable[..., Awaitable[web.Response]]:
        async def answer(request: web.Request) -> web.Response:
            status, value = 200, None
            try:
                value = await ask(request)
            except (Retry, Reject) as error:
                status, value = 503 if isinstance(error, Retry) else 400, {"error": str(error)}
            headers = {**page_headers(request.host), "Cache-Control": "no-store"}
            return web.json_response(value, status=status, headers=headers)

        return answer

    async def _static(self, request: web.Request) -> web.StreamResponse:
        file = self._files.get(request.match_info["name"])
        return web.Response(status=404, text="no such file\n") if file is None else file.answer(request)


def islands(chains: Sequence[ChainCard]) -> list[Island]:
    """Chains on an arc above the mainland, evenly spread."""
    if len(chains) == 1:
        return [Island(chains[0], MAP_WIDTH / 2, 90.0)]
    if len(chains) == 2:
        return [Island(chains[0], 140.0, 110.0), Island(chains[1], MAP_WIDTH - 140, 110.0)]
    found = []
    for index, card in enumerate(chains):
        angle = math.pi * (1 - index / (len(chains) - 1))
        found.append(
            Island(card, round(MAP_WIDTH / 2 + 250 * math.cos(angle), 1), round(165 - 105 * math.sin(angle), 1))
        )
    return found


def bridges(chains: Sequence[ChainCard], movements: Sequence[Movement]) -> list[Bridge]:
    """A line for each pair of members."""
    places = {island.card.name: island for island in islands(chains) if island.card.member}
    names = list(places)
    lines = []
    for at, first in enumerate(names):
        for second in names[at + 1 :]:
            between = [m for m in movements if {m.origin, m.destination} == {first, second}]
            waiting = sum(m.progress in (Progress.DISPATCHED, Progress.SETTLED) for m in between)
            delivered = sum(m.progress is Progress.DELIVERED for m in between)
            one, other = places[first], places[second]
            lines.append(Bridge(one.x, one.y, other.x, other.y, waiting, delivered))
    return lines


def wallet_chain(chain: ChainCard) -> dict[str, Json]:
    """EIP-3085's description of a chain, for `wallet_addEthereumChain`."""
    return {
        "chainId": hex(chain.chain_id),
        "chainName": f"Tombolo {chain.name}",
        "nativeCurrency": {"name": "Ether", "symbol": "ETH", "decimals": 18},
        "rpcUrls": [chain.rpc_url],
        "blockExplorerUrls": [f"{chain.rpc_url}/explorer"],
    }
