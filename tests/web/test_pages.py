"""The pages over HTTP, on a node in memory: what each says, which words it escapes, and the headers that guard it."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
import pytest
from multidict import CIMultiDictProxy

from protocol.fee_terms import FeeKnobs, FeeTerms, terms_transaction
from protocol.receipt import Log
from protocol.types import ZERO_HASH, Address
from rpc.encode import JsonObject
from rpc.errors import Json
from rpc.server import Server
from tests.rpc.fake import ALICE, BOB, CHAIN_ID, FakeBackend, transfer
from web.dashboard import finality
from web.formatting import ether
from web.pages import pages_of
from web.samples import Sampler
from web.site import Site, SiteOptions

TIME = 1_200.0
PAGES = ("/explorer", "/explorer/blocks", "/explorer/block/1", "/dashboard", "/wallet", "/faucet")


@dataclass
class Visitor:
    """A browser that runs no script."""

    backend: FakeBackend
    site: Site
    url: str
    session: aiohttp.ClientSession

    async def get(self, path: str, **headers: str) -> tuple[int, str, CIMultiDictProxy[str]]:
        async with self.session.get(self.url + path, headers=headers, allow_redirects=False) as response:
            return response.status, await response.text(), response.headers

    async def text(self, path: str, status: int = 200) -> str:
        """What a person reads of the page."""
        found, html, _headers = await self.get(path)
        assert found == status, html
        return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html))


@asynccontextmanager
async def visiting(backend: FakeBackend, site: Site, server: Server) -> AsyncIterator[Visitor]:
    port = await server.start()
    try:
        async with aiohttp.ClientSession() as session:
            yield Visitor(backend, site, f"http://127.0.0.1:{port}", session)
    finally:
        await server.stop()


@pytest.fixture
async def visitor() -> AsyncIterator[Visitor]:
    backend = FakeBackend()
    holder: list[Server] = []

    async def ask(method: str, *params: Json) -> Json:
        return await holder[0].ask(method, *params)

    site = Site(backend, ask, SiteOptions("L1", is_rollup=False, faucet_wei=10**18), lambda: TIME)
    server = Server(backend, pages=pages_of(site, Sampler(site)))
    holder.append(server)
    async with visiting(backend, site, server) as found:
        yield found


async def test_a_browser_is_sent_to_the_explorer_and_a_program_told_what_the_address_takes(visitor: Visitor) -> None:
    status, _text, headers = await visitor.get("/", Accept="text/html,application/xhtml+xml")
    assert (status, headers["Location"]) == (302, "/explorer")
    status, text, headers = await visitor.get("/", Accept="*/*")
    assert (status, headers["Allow"]) == (405, "POST, OPTIONS")
    assert "JSON-RPC takes POST" in text


@pytest.mark.parametrize("path", PAGES)
async def test_no_page_runs_anything_but_our_own_files(visitor: Visitor, path: str) -> None:
    visitor.backend.chain.extend([transfer(0)])
    status, html, headers = await visitor.get(path)
    assert status == 200
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert re.findall(r"<script(?![^>]* src=\"/web/)[^>]*>|<[^>]+ (?:on\w+|style)=", html) == []
    assert re.findall(r"(?:src|href)=\"(?:https?:)?//[^\"]*", html) == []


@pytest.mark.parametrize("path", PAGES)
async def test_every_page_has_a_language_a_title_a_main_part_and_labelled_fields(visitor: Visitor, path: str) -> None:
    visitor.backend.chain.extend([transfer(0)])
    _status, html, _headers = await visitor.get(path)
    assert '<html lang="en">' in html
    assert len(re.findall(r"<h1[ >]", html)) == 1
    assert re.search(r"<title>[^<]+ · Tombolo 901</title>", html)
    assert re.search(r'<main id="content"', html)
    assert 'href="#content"' in html
    for field in re.findall(r"<(?:input|textarea)[^>]*>", html):
        identity = re.search(r'id="([^"]+)"', field)
        assert identity is not None
        in_label = re.search(r"<label>(?:(?!</label>).)*" + re.escape(field), html, re.DOTALL)
        assert f'for="{identity[1]}"' in html or in_label, field


async def test_the_policy_names_the_socket_of_the_host_and_nothing_that_a_host_header_smuggles_in(
    visitor: Visitor,
) -> None:
    _status, _html, headers = await visitor.get("/explorer", Host="127.0.0.1:8545")
    assert "connect-src 'self' ws://127.0.0.1:8545 wss://127.0.0.1:8545;" in headers["Content-Security-Policy"]
    status, _text, _headers = await visitor.get("/explorer", Host="evil.example")
    assert status == 403


@pytest.mark.parametrize(
    "words",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "{{ 7 * 7 }}",
        "0x" + "f" * 64,
        "99999",
        "0x",
        "-1",
    ],
)
async def test_words_that_name_nothing_are_answered_as_text(visitor: Visitor, words: str) -> None:
    async with visitor.session.get(visitor.url + "/explorer/search", params={"q": words}) as response:
        html = await response.text()
        assert response.status == 404
    assert "Nothing found" in html
    assert "<script>alert" not in html
    assert "<img" not in html
    assert "49" not in html


async def test_search_goes_to_blocks_transactions_and_accounts(visitor: Visitor) -> None:
    tx = transfer(0)
    block = visitor.backend.chain.extend([tx])
    waiting = transfer(1)
    visitor.backend.new_transaction(waiting)
    for words, place in {
        "1": "block/1",
        "0x1": "block/1",
        "#1": "block/1",
        "001": "block/1",
        "safe": "block/safe",
        block.hash.hex(): f"block/0x{block.hash.hex()}",
        f"0x{tx.hash.hex().upper()}": f"tx/0x{tx.hash.hex()}",
        f" 0x{waiting.hash.hex()} ": f"tx/0x{waiting.hash.hex()}",
        f"0x{ALICE.hex()}": f"address/0x{ALICE.hex()}",
    }.items():
        async with visitor.session.get(
            visitor.url + "/explorer/search", params={"q": words}, allow_redirects=False
        ) as response:
            assert (response.status, response.headers.get("Location")) == (302, f"/explorer/{place}"), words


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/explorer/block/77", 404),
        ("/explorer/block/0x", 404),
        ("/explorer/block/<b>", 404),
        ("/explorer/block/00000000000000000000000000000000001", 404),
        ("/explorer/tx/0x12", 400),
        ("/explorer/tx/0x" + "0" * 64, 404),
        ("/explorer/address/0x12", 400),
        ("/web/../site.py", 404),
        ("/web/%2e%2e%2fsite.py", 404),
        ("/web/nothing.js", 404),
    ],
)
async def test_what_is_not_there_is_said_to_be_not_there(visitor: Visitor, path: str, status: int) -> None:
    found, html, _headers = await visitor.get(path)
    assert found == status
    assert "<b>." not in html


@pytest.mark.parametrize("query", ["?before=-1", "?before=0x", "?before=1e9", "?before=" + "9" * 40, "?before=00"])
async def test_a_page_number_that_is_none_does_no_harm(visitor: Visitor, query: str) -> None:
    assert "Blocks" in await visitor.text(f"/explorer/blocks{query}")
    assert "Account" in await visitor.text(f"/explorer/address/0x{ALICE.hex()}{query}")
    assert "Block 0" in await visitor.text("/explorer/block/0" + query.replace("before", "from"))


async def test_a_transaction_is_followed_from_the_pool_to_finality(visitor: Visitor) -> None:
    tx, chain = transfer(0), visitor.backend.chain
    path = f"/explorer/tx/0x{tx.hash.hex()}"
    assert "No such transaction" in await visitor.text(path, 404)
    visitor.backend.new_transaction(tx)
    assert "In the pool waits for a block" in await visitor.text(path)
    chain.extend([tx])

    async def reached() -> int:
        return (await visitor.text(path)).count(", reached")

    assert await reached() == 2  # the fake calls the lower half of its chain safe
    assert "Value 1 wei" in await visitor.text(path)


async def test_a_gap_before_a_waiting_transaction_is_explained(visitor: Visitor) -> None:
    tx = transfer(9)
    visitor.backend.new_transaction(tx)
    visitor.backend.pool.next_nonce = lambda address: 4  # type: ignore[method-assign]
    text = await visitor.text(f"/explorer/tx/0x{tx.hash.hex()}")
    assert "It has nonce 9, but the account\u2019s next is 4" in text


async def test_an_account_shows_what_it_did_and_the_tokens_that_moved(visitor: Visitor) -> None:
    word = lambda address: address.rjust(32, b"\0")  # noqa: E731
    moved = Log(
        Address(b"\x70" * 20),
        (bytes.fromhex("ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"), word(ALICE), word(BOB)),
        (5).to_bytes(32, "big"),
    )
    tx = transfer(0)
    visitor.backend.chain.extend([tx], [(moved,)])
    visitor.backend.chain.extend([transfer(1, to=ALICE)])
    text = await visitor.text(f"/explorer/address/0x{BOB.hex()}")
    assert f"0x{tx.hash.hex()[:6]}…{tx.hash.hex()[-4:]}" in text
    assert "Token transfers" in text
    assert f"0x{transfer(1, to=ALICE).hash.hex()[:6]}" not in text
    assert "Nothing in these blocks." in await visitor.text("/explorer/address/0x" + "99" * 20)


async def test_a_block_that_lost_its_place_says_so(visitor: Visitor) -> None:
    block = visitor.backend.chain.extend()
    visitor.backend.chain.shrink(1)
    assert "not part of the chain any more" in await visitor.text(f"/explorer/block/0x{block.hash.hex()}")


async def test_pruned_state_is_a_page_that_says_so(visitor: Visitor) -> None:
    visitor.backend.chain.pruned_below = 100
    assert "is not retained" in await visitor.text(f"/explorer/address/0x{ALICE.hex()}", 404)


async def test_long_blocks_come_in_pages(visitor: Visitor) -> None:
    visitor.backend.chain.extend([transfer(nonce) for nonce in range(120)])
    _status, html, _headers = await visitor.get("/explorer/block/1")
    assert html.count('data-key="') == 50
    _status, html, _headers = await visitor.get("/explorer/block/1?from=100")
    assert html.count('data-key="') == 20


async def test_static_files_are_asked_for_again_only_when_they_changed(visitor: Visitor) -> None:
    status, text, headers = await visitor.get("/web/live.js")
    assert (status, headers["Content-Type"]) == (200, "text/javascript; charset=utf-8")
    assert "followHeads" in text
    status, text, _headers = await visitor.get("/web/live.js", **{"If-None-Match": headers["ETag"]})
    assert (status, text) == (304, "")


async def test_samples_count_what_the_chain_did(visitor: Visitor) -> None:
    for nonce in range(5):
        visitor.backend.chain.extend([transfer(nonce)])
    visitor.backend.new_transaction(transfer(5))
    sample = await Sampler(visitor.site).sample()
    assert (sample.at, sample.unsafe, sample.pool, sample.block_seconds) == (TIME, 5, 1, 2.0)
    assert sample.transactions_per_second == 0.5
    assert sample.base_fee_gwei == 1.0
    assert sample.unsafe_to_finalized == 5
    assert str(CHAIN_ID) in await visitor.text("/dashboard")


@pytest.fixture
async def troubled() -> AsyncIterator[Visitor]:
    """A sequencer whose batcher cannot pay, and whose derivation waits; L1 does not say where its batches are."""
    answers: dict[str, Json] = {
        "rollup_syncStatus": {
            "head_l1": 40,
            "current_l1": {"number": 38},
            "waiting_for": "batch data committed in L1 block 39: <not served>",
            "pool": {"pending": 3, "queued": 1},
            "batcher": {
                "address": "0x" + "ba" * 20,
                "complaint": "0xba… has 0 wei on L1, too little for a batch: fund it",
            },
        },
        "rollup_config": {
            "inboxAddress": "0x" + "1b" * 20,
            "l1ChainId": 1,
            "dataAvailability": "calldata",
            "settlement": {"game": "0x" + "9a" * 20},
        },
        "game_list": {"count": None, "games": [], "next": None},
        "rollup_newestOutput": {
            "l2_block": 1234,
            "status": "pending",
            "final_at": int(TIME) + 90,
            "open_games": 0,
            "proposer": "0x" + "9b" * 20,
            "proposer_balance": hex(15 * 10**17),
        },
        "rollup_batches": {
            "batches": [
                {
                    "l1_block": {"number": 38, "hash": "0x" + "38" * 32, "timestamp": 1_100},
                    "first_block": 4,
                    "last_block": 9,
                    "transactions": None,
                }
            ],
            "next": 38,
        },
        "rollup_batcherBalance": "0x0",
    }

    async def ask(method: str, *params: Json) -> Json:
        return answers[method]

    backend = FakeBackend()
    site = Site(backend, ask, SiteOptions("sequencer"), lambda: TIME)
    server = Server(backend, pages=pages_of(site, Sampler(site)))
    async with visiting(backend, site, server) as found:
        yield found


async def test_what_keeps_a_rollup_from_going_on_stands_at_the_top_of_its_dashboard(troubled: Visitor) -> None:
    text = await troubled.text("/dashboard")
    assert "The batcher cannot post: 0xba… has 0 wei on L1, too little for a batch: fund it" in text
    assert "Derivation waits: batch data committed in L1 block 39: &lt;not served&gt;" in text
    assert "L1 blocks to derive 2 L1 head 40" in text
    assert "Pool 4" in text
    assert "Newest output final in 90 s block 1,234, bonded on L1" in text
    assert "Proposer on L1 1.5000 ETH" in text
    assert f"Proposer 0x{'9b' * 20}" in text
    assert f"Inbox 0x{'1b' * 20}" in text
    assert "Faucet" not in text


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ({}, "none yet"),
        ({"status": "pending", "final_at": 1_000 + 3 * 86_400, "open_games": 0}, "final in 3 d"),
        ({"status": "pending", "final_at": 1_000, "open_games": 0}, "final soon"),
        ({"status": "pending", "final_at": 2_000, "open_games": 1}, "disputed"),
        ({"status": "confirmed", "final_at": 900, "open_games": 0}, "final"),
        ({"status": "rejected", "final_at": 2_000, "open_games": 0}, "rejected"),
    ],
)
def test_the_newest_output_is_counted_down_unless_it_is_disputed_or_decided(output: JsonObject, words: str) -> None:
    assert finality(output, now=1_000) == words


async def test_batches_are_listed_even_while_l1_does_not_say_where_they_are(troubled: Visitor) -> None:
    text = await troubled.text("/explorer/batches")
    assert "38 4 to 9 6 L1 does not say now 100 s ago" in text
    assert 'href="?before=38"' in (await troubled.get("/explorer/batches"))[1]


async def test_a_transaction_shows_what_it_paid_beside_gas(visitor: Visitor) -> None:
    terms = FeeTerms(FeeKnobs(operator_fee_constant=3 * 10**15, l1_base_fee_scalar=10**6), 10**12, 0)
    tx = transfer(0)
    visitor.backend.chain.extend([terms_transaction(terms, ZERO_HASH, 1), tx])
    page = await visitor.text(f"/explorer/tx/0x{tx.hash.hex()}")
    l1_fee = terms.l1_fee(tx.raw)
    assert f"of it {ether(l1_fee)} for its bytes on L1, {ether(3 * 10**15)} for the operator" in page
    gas = 21_000 * tx.effective_gas_price(10**9)
    assert f"Fee {ether(gas + l1_fee + 3 * 10**15)}" in page
