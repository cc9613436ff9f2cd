"""The page of a dispute: in a real browser while `tombolo dispute --page` plays one, and alone in the states that are
rare."""

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from prover.game import ARITY, ROUNDS
from rpc.errors import Json, server_error
from tests.e2e.processes import running
from tests.peers import REPOSITORY, node_with
from web.disputes import DisputeSite

pytestmark = [pytest.mark.timeout(180)]

JOURNEY_SECONDS = 120
SCREENSHOTS = os.environ.get("TOMBOLO_SCREENSHOTS") == "1"


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]) -> Iterator[dict]:
    """What a student saw who had the page open from before the dispute began; and how the command ended."""
    node = node_with("playwright-core", "@sparticuz/chromium")
    folder = tmp_path_factory.mktemp("dispute")
    port = free_port()
    shots = json.dumps(str(REPOSITORY / "docs" / "screenshots") if SCREENSHOTS else None)
    script = Path(__file__).with_name("dispute_journey.mjs")
    arguments = [node, str(script), f"http://127.0.0.1:{port}/disputes", shots]
    journey = subprocess.Popen(
        arguments, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        flags = ["--lie", "storage", "--page", str(port), "--block-time", "1" if SCREENSHOTS else "0.3"]
        with running("dispute", *flags, output=folder / "out.txt") as command:
            out, error = journey.communicate(timeout=JOURNEY_SECONDS)
            assert journey.returncode == 0, error[-3000:] + command.output[-3000:]
            command.until(lambda: "the page stays open" in command.output, "it keeps the page open")
            code = command.interrupt()
            yield {**json.loads(out.splitlines()[-1]), "output": command.output, "code": code}
    finally:
        if journey.poll() is None:
            journey.kill()
            journey.wait(timeout=30)


@pytest.mark.xdist_group("browser")
class TestInABrowser:
    def test_it_is_there_before_the_dispute_and_narrows_without_a_reload(self, seen: dict) -> None:
        assert seen["before"] == "There is no dispute 0 yet. When it is opened, it appears here."
        assert seen["navigations"] == 1
        rounds = [note["round"] for note in seen["noted"]]
        assert rounds == sorted(rounds)
        assert len(set(rounds)) > 2, "it was watched, not found at its end"
        assert [note["strips"] for note in seen["noted"]] == [min(ROUNDS, number + 1) for number in rounds]
        assert seen["noted"][-1]["status"] == "refuted"

    def test_each_round_has_32_parts_and_the_picked_ones_lead_to_the_step(self, seen: dict) -> None:
        assert seen["parts"] == [ARITY] * ROUNDS + [0]
        position = 0
        for part in seen["picked"][:ROUNDS]:
            position = position * ARITY + part
        block, item, step = position >> 40, position >> 25 & 0x7FFF, position & 0x1FFFFFF
        where = re.search(r"disputed: block (\d+), item (\d+), step (\d+): (0x55 SSTORE)", seen["output"])
        assert where is not None
        assert (block, item, step) == tuple(map(int, where.groups()[:3]))
        assert f"block {block}, item {item}, step {step} of the trace What opcode {where[4]}" in seen["step"]
        assert "Program counter 16" in seen["step"]
        assert "Stack it takes 0x0 · 0x1" in seen["step"]

    def test_both_claims_stand_beside_what_l1_computed(self, seen: dict) -> None:
        proposer, challenger, l1 = seen["claims"]
        assert [claim["who"] for claim in seen["claims"]] == [
            "The proposer claims",
            "The challenger claims",
            "L1 computed",
        ]
        assert [claim["computed"] for claim in seen["claims"]] == [False, True, True]
        assert proposer["hash"] != challenger["hash"] == l1["hash"]
        assert ["slot 0x0", "0x0"] in proposer["differs"]
        assert ["slot 0x0", "0x1"] in l1["differs"]
        assert seen["verdict"] == "The output fell. L1 executed the step and got another state than the proposer."

    def test_moves_and_bonds_are_what_the_command_says_too(self, seen: dict) -> None:
        names = [name.partition(":")[0] for name, *_rest in seen["moves"]][::-1]
        assert names == ["open", *["post", "pick"] * ROUNDS, "prove"]
        gas = sum(int(move[3].replace(",", "")) for move in seen["moves"])
        assert re.search(rf"in all +{gas:,}", seen["output"])
        assert seen["bonds"][:2] == ["put in 1 ETH, gets 0 ETH", "put in 0.1 ETH, gets 0.6 ETH"]
        assert seen["bonds"][2].startswith("burnt 0.5 ETH")

    def test_the_keyboard_opens_a_round_and_keeps_its_place_while_the_page_refreshes(self, seen: dict) -> None:
        assert "none" not in seen["outlines"]
        assert seen["states"] == ARITY
        assert seen["stateClasses"].count("picked") == 1
        assert seen["kept"] == {"id": "round-3-states", "open": 1}

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_a_phone_shows_it_all_legibly(self, seen: dict, scheme: str) -> None:
        assert seen[scheme]["width"] == 375
        assert seen[scheme]["contrast"]["ratio"] >= 4.5, seen[scheme]["contrast"]
        assert seen["light"]["paper"] != seen["dark"]["paper"]

    def test_nothing_comes_from_elsewhere_and_the_command_ends_as_it_should(self, seen: dict) -> None:
        assert len(seen["hosts"]) == 1
        assert seen["errors"] == []
        assert seen["code"] == 0


HASH = "0x" + "ab" * 32
OTHER = "0x" + "cd" * 32
ACCOUNT = "0x" + "11" * 20


def game(**changes: Json) -> dict[str, Json]:
    """`game_get`'s answer: one step is left, and this node knows nothing of its own."""
    side: dict[str, Json] = {"account": ACCOUNT, "put": "0x64", "gets": None, "reward": "0x0", "waiting": "0x0"}
    record: dict[str, Json] = {
        "id": 3,
        "assertionId": 9,
        "challenger": ACCOUNT,
        "proposer": ACCOUNT,
        "status": "open",
        "turn": "prove",
        "round": ROUNDS,
        "roundsInAll": ROUNDS,
        "length": "0x1",
        "block": 1,
        "item": 2,
        "step": 3,
        "deadline": 99,
        "assertion": {"id": 9, "l2Block": 70, "outputRoot": HASH, "l1Block": 5, "status": "pending"},
        "rounds": [],
        "agreed": HASH,
        "claimed": HASH,
        "computed": None,
        "shown": None,
        "beliefs": [],
        "clocks": {"clock": 600, "extension": 60, "proposerLeft": 5, "challengerLeft": 6, "running": "proposer"},
        "moves": [],
        "bonds": {"sides": [{**side, "who": "proposer"}, {**side, "who": "challenger"}], "burnt": "0x0"},
    }
    return {**record, **changes}


async def page(answer: Json, path: str = "/disputes/3", status: int = 200) -> str:
    """What a person reads when the node answers this."""

    async def ask(method: str, *params: Json) -> Json:
        assert method in ("game_get", "game_list"), params
        if isinstance(answer, str):
            raise server_error(answer)
        return answer

    app = web.Application()
    app.add_routes(DisputeSite(ask, lambda: 0.0).routes())
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}{path}"
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            html = await response.text()
            assert response.status == status, html
            if status == 200:
                assert "default-src 'none'" in response.headers["Content-Security-Policy"]
                assert re.findall(r"<script(?![^>]* src=\"/web/)[^>]*>|<[^>]+ (?:on\w+|style)=", html) == []
            return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html))
    finally:
        await runner.cleanup()


async def test_a_node_that_knows_no_trace_says_what_it_cannot_know() -> None:
    text = await page(game())
    assert "One step is left." in text
    assert "Another state than this one; which, the game never asks." in text
    assert "Nothing yet: anyone may bring the witness." in text


async def test_a_nodes_own_state_stands_beside_the_claim_with_only_the_differences_picked_out() -> None:
    belief: dict[str, Json] = {"whose": "node", "before": HASH, "after": OTHER, "phase": "begin", "opcode": None}
    text = await page(game(beliefs=[{**belief, "fields": {"gas": "7", "pc": "1"}}]))
    assert f"This node computes {OTHER}" in text
    assert "What phase begin" in text, "the trace agrees with the beginning, so it can tell"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"status": "refuted", "round": 4, "turn": None}, "The output fell. The proposer"),
        ({"status": "defended", "round": 4, "turn": None}, "The challenge failed. The challenger"),
        ({"status": "defended", "turn": None, "computed": HASH}, "got what the proposer had claimed"),
        ({"status": "moot", "turn": None}, "Moot. The output fell by another dispute"),
    ],
)
async def test_every_end_is_told_by_how_it_came_about(changes: dict[str, Json], said: str) -> None:
    assert said in await page(game(**changes))


async def test_what_a_node_answers_is_shown_as_text_and_its_silence_is_told() -> None:
    hostile = "<img src=x onerror=alert(1)>"
    assert "&lt;img" in await page(game(agreed=hostile))
    assert "L1 does not answer" in await page("L1 does not answer")


@pytest.mark.parametrize("path", ["/disputes/-1", "/disputes/x", "/disputes/" + "9" * 16, "/disputes/%D9%A3"])
async def test_an_address_that_is_no_number_is_refused(path: str) -> None:
    assert "is no number of a dispute" in await page(game(), path, 404)


async def test_the_list_tells_an_account_that_decides_from_games_that_nobody_has_opened() -> None:
    nothing: dict[str, Json] = {"count": None, "games": [], "next": None}
    assert "an account decides about challenges" in await page(nothing, "/disputes")
    assert "Nobody has disputed an output." in await page({**nothing, "count": 0}, "/disputes")
    listed = await page({"count": 40, "games": [game()], "next": 20}, "/disputes")
    assert "one step left" in listed
    assert "Older" in listed
