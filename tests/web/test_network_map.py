"""Where chains stand on the map of a network, and what the page says of silent nodes and hostile names."""

from itertools import combinations

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import InvalidInput, Retry
from web.network import (
    MAP_HEIGHT,
    MAP_WIDTH,
    ChainCard,
    Movement,
    NetworkSite,
    Progress,
    bridges,
    islands,
    wallet_chain,
)


def card(name: str, *, member: bool = True, unsafe: int | None = 5) -> ChainCard:
    return ChainCard(name, 7, "http://127.0.0.1:1", "seq failed", 1.0, "file", 5, unsafe, 4, 3, 2, member)


def movement(origin: str, destination: str, progress: Progress, recipient: str = "0x" + "ab" * 20) -> Movement:
    return Movement(
        "0x1", "ether", origin, destination, "0xs", recipient, "1 ETH", 5, 99, "http://x", "0xt", progress, "waits"
    )


@given(st.integers(1, 20))
def test_islands_stand_apart_on_the_sea(count: int) -> None:
    placed = islands([card(f"c{n}") for n in range(count)])
    assert len(placed) == count
    assert all(0 < one.x < MAP_WIDTH and 0 < one.y < MAP_HEIGHT - 34 for one in placed)
    assert all((one.x, one.y) != (other.x, other.y) for one, other in combinations(placed, 2))


def test_a_strip_joins_each_pair_of_members_and_counts_what_is_on_it() -> None:
    chains = [card("aa"), card("bb"), card("cc"), card("loner", member=False)]
    moving = [
        movement("aa", "bb", Progress.DISPATCHED),
        movement("bb", "aa", Progress.SETTLED),
        movement("bb", "cc", Progress.DELIVERED),
        movement("aa", "cc", Progress.REFUNDED),
    ]
    found = bridges(chains, moving)
    assert [(one.under_way, one.delivered) for one in found] == [(2, 0), (0, 0), (0, 1)]


def test_a_wallet_is_told_what_eip_3085_asks_for() -> None:
    assert wallet_chain(card("aa")) == {
        "chainId": "0x7",
        "chainName": "Tombolo aa",
        "nativeCurrency": {"name": "Ether", "symbol": "ETH", "decimals": 18},
        "rpcUrls": ["http://127.0.0.1:1"],
        "blockExplorerUrls": ["http://127.0.0.1:1/explorer"],
    }


class Source:
    """A network with one chain that is silent."""

    async def chains(self):
        return [card("aa"), card("bb", unsafe=None)]

    async def movements(self):
        return [movement("aa", "bb", Progress.EXPIRED, recipient='"><img src=x onerror=alert(1)>')]

    async def balances(self, account: str):
        raise Retry(f"{account} is not known yet")

    async def prepare(self, wish):
        raise InvalidInput("choose two different chains")

    async def quote(self, wish):
        return {"fee": f"1 ETH to {wish['to']}"}

    async def receipt(self, chain: str, transaction: str):
        return None


@pytest.fixture
async def client():
    app = web.Application()
    app.add_routes(NetworkSite(Source(), lambda: 100.0).routes())
    async with TestClient(TestServer(app)) as found:
        yield found


async def test_the_page_says_who_is_silent_and_writes_words_as_words(client: TestClient) -> None:
    response = await client.get("/network")
    text = await response.text()
    assert response.status == 200
    assert "script-src 'self'" in response.headers["Content-Security-Policy"]
    assert "seq failed" in text
    assert "silent" in text
    assert "<img src=x" not in text
    assert "&#34;&gt;&lt;img" in text


@pytest.mark.parametrize(
    ("path", "status", "answer"),
    [
        ("/network/balances?account=x", 503, {"error": "x is not known yet"}),
        ("/network/prepare", 400, {"error": "choose two different chains"}),
        ("/network/quote?from=aa&to=bb", 200, {"fee": "1 ETH to bb"}),
        ("/network/receipt?chain=aa&transaction=0x", 200, None),
    ],
)
async def test_what_cannot_be_answered_is_said_in_words(client: TestClient, path: str, status: int, answer) -> None:
    response = await client.get(path)
    assert (response.status, await response.json()) == (status, answer)


async def test_the_root_leads_to_the_page_and_other_files_are_not_served(client: TestClient) -> None:
    assert (await client.get("/", allow_redirects=False)).headers["Location"] == "/network"
    assert (await client.get("/web/network.js")).status == 200
    for name in ("nothing.js", "..%2fsite.py", "%2e%2e%2fsite.py"):
        assert (await client.get(f"/web/{name}")).status == 404
