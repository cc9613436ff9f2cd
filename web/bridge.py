"""The bridge: what an account can claim on L1, and moving value in and out with a wallet."""

import re

from aiohttp import web

from rpc.encode import JsonObject
from rpc.errors import RpcError
from web.answers import as_list, as_object
from web.site import Page, Site

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_HASH = re.compile(r"0x[0-9a-fA-F]{64}")


class BridgePage:
    """One page; who looks at it, or which withdrawal, is in its address, so that it can be kept and shared."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def pages(self) -> dict[str, Page]:
        """Its route, on a chain that has a bridge."""
        return {"/bridge": self.bridge} if self._site.options.has_bridge else {}

    async def bridge(self, request: web.Request) -> web.StreamResponse:
        """`?account=0x…`: the withdrawals of an account; `?tx=0x…`: those that one transaction started."""
        account, tx = request.query.get("account", ""), request.query.get("tx", "").strip()
        withdrawals: list[JsonObject] = []
        trouble = ""
        try:
            if _HASH.fullmatch(tx):
                withdrawals = await self._asked("bridge_withdrawal", tx)
            elif tx:
                trouble = f"{tx[:80]} is no transaction hash: 0x and 64 digits."
            elif _ADDRESS.fullmatch(account):
                withdrawals = await self._asked("bridge_withdrawals", account)
            elif account:
                trouble = f"{account[:80]} is no address: 0x and 40 digits."
        except RpcError as error:
            trouble = str(error)
        config = as_object(await self._site.ask("rollup_config"))
        values = {
            "account": account if _ADDRESS.fullmatch(account) else "",
            "tx": tx,
            "withdrawals": withdrawals,
            "ready": sum(one.get("group") == "ready" for one in withdrawals),
            "trouble": trouble,
            "l1_chain_id": config.get("l1ChainId"),
            "terms": as_object(config.get("settlement")),
        }
        return self._site.render(request, "bridge.html", values)

    async def _asked(self, method: str, what: str) -> list[JsonObject]:
        return [as_object(item) for item in as_list(await self._site.ask(method, what))]
