"""The pages about the rollup itself: batches, the dashboard, the wallet, the faucet."""

from aiohttp import web

from rpc.encode import JsonObject
from rpc.errors import Json, RpcError
from web import rollup
from web.answers import as_int, as_object, as_text
from web.formatting import span
from web.samples import Sampler
from web.site import Page, Site

PAGE_BATCHES = 20


class Dashboard:
    """One handler per page."""

    def __init__(self, site: Site, sampler: Sampler) -> None:
        self._site = site
        self._sampler = sampler

    def pages(self) -> dict[str, Page]:
        """Routes; a chain without an L1 below it has no batches."""
        pages: dict[str, Page] = {
            "/dashboard": self.dashboard,
            "/dashboard/samples": self.samples,
            "/wallet": self.wallet,
        }
        if self._site.options.is_rollup:
            pages["/explorer/batches"] = self.batches
        if self._site.options.faucet_wei is not None:
            pages["/faucet"] = self.faucet
        return pages

    async def batches(self, request: web.Request) -> web.StreamResponse:
        """Batches and where their data lies, newest first."""
        text = request.query.get("before", "")
        before = int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None
        page = await rollup.batches(self._site.ask, before, PAGE_BATCHES)
        config = as_object(await self._ask("rollup_config"))
        values = {"page": page, "is_first": before is None, "config": config, "most_blocks": _most(page)}
        return self._site.render(request, "batches.html", values)

    async def dashboard(self, request: web.Request) -> web.StreamResponse:
        """Everything an operator looks at first."""
        site = self._site
        status: JsonObject = {}
        config: JsonObject = {}
        last: rollup.BatchLine | None = None
        if site.options.is_rollup:
            status = as_object(await self._ask("rollup_syncStatus"))
            config = as_object(await self._ask("rollup_config"))
            last = next(iter((await rollup.batches(site.ask, None, 1)).batches), None)
        batcher = as_object(status.get("batcher"))
        settlement = as_object(config.get("settlement"))
        games = as_object(await self._ask("game_list")) if settlement else {}
        output = as_object(await self._ask("rollup_newestOutput")) if settlement else {}
        values = {
            "sample": self._sampler.latest or await self._sampler.sample(),
            "head": site.backend.chain.head(),
            "waiting_for": as_text(status.get("waiting_for")),
            "complaint": as_text(batcher.get("complaint")),
            "batcher": as_text(batcher.get("address")),
            "l1_head": as_int(status.get("head_l1")),
            "config": config,
            "contracts": {_words(key): value for key, value in config.items() if key.endswith("Address")},
            "last": last,
            "has_outputs": bool(settlement),
            "output": output,
            "finality": finality(output, site.now()),
            "proposer_ether": as_int(output.get("proposer_balance")) / 10**18,
            "judge": as_text(settlement.get("game")) if "count" in games else "",  # unless L1 is silent
            "disputes": games.get("count"),
        }
        return site.render(request, "dashboard.html", values)

    async def samples(self, request: web.Request) -> web.StreamResponse:
        """The plots' figures, for the script that draws them."""
        return self._site.data(request, self._sampler.columns())

    async def wallet(self, request: web.Request) -> web.StreamResponse:
        """Connect a wallet, add the chain, send a transaction and watch it."""
        return self._site.render(request, "wallet.html")

    async def faucet(self, request: web.Request) -> web.StreamResponse:
        """Ether for a development chain; the page's script asks `faucet_fund`."""
        return self._site.render(request, "faucet.html")

    async def _ask(self, method: str) -> Json:
        try:
            return await self._site.ask(method)
        except RpcError:
            return None


def _words(key: str) -> str:
    """`inboxAddress` as `inbox`, `chainConfigAddress` as `chain config`."""
    name = key.removesuffix("Address")
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name)


def finality(output: JsonObject, now: float) -> str:
    """When the newest output is final, in few words."""
    games, left = as_int(output.get("open_games")), as_int(output.get("final_at")) - now
    if not output:
        return "none yet"
    if output.get("status") != "pending":
        return "final" if output.get("status") == "confirmed" else as_text(output.get("status"))
    if games:
        return "disputed"
    return f"final in {span(left)}" if left >= 1 else "final soon"


def _most(page: rollup.BatchPage) -> int:
    return max((batch.blocks for batch in page.batches), default=1)
