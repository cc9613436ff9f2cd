"""`game_*` and the page of a node: a game that is being played on L1, as a node that takes no part tells it."""

from pathlib import Path
from typing import Any

import aiohttp

from node.account import Account
from node.clock import SystemClock
from node.dispute_stage import BOND, CHALLENGER_KEY, GAME_BOND, PROPOSER_KEY, launch_with_game
from node.game_contract import open_call, pick_call, post_call
from node.l1.client import L1Client
from node.node_options import NodeOptions
from node.outputs_reader import OutputsReader
from node.rollup_node import RollupNode
from protocol.crypto import keccak, private_key_address
from protocol.output_root import OutputRoot
from protocol.outputs import propose_call
from protocol.types import Hash32
from prover.game import ARITY
from tests.e2e.network import embedded_l1, running


async def game_at_round(asked: L1Client, wanted: int) -> dict[str, Any]:
    """Game 0 once the node says that it is so far; answers are kept for a moment."""
    for _ in range(100):
        found = await asked.request("game_get", [0])
        if isinstance(found, dict) and found["round"] == wanted:
            return found
        await SystemClock().sleep(0.05)
    raise AssertionError(f"the node does not tell of round {wanted}")


async def test_a_node_tells_of_a_game_as_it_stands_on_l1_and_shows_it(tmp_path: Path) -> None:
    clock = SystemClock()
    async with embedded_l1(tmp_path, 0.1) as l1, L1Client(f"http://127.0.0.1:{l1.port}") as client:
        rollup = await launch_with_game(client, clock, tmp_path / "rollup.json", lambda _line: None)
        contracts = rollup.config.settlement
        assert contracts is not None
        options = NodeOptions(tmp_path / "node", tmp_path / "rollup.json", client.url, tmp_path / "da", rpc_port=0)
        node = RollupNode(options, clock)
        async with running(node), aiohttp.ClientSession() as browser:
            url = f"http://127.0.0.1:{node.port}"
            async with L1Client(url) as asked:
                assert await asked.request("game_list", []) == {"count": 0, "games": [], "next": None}
                assert await asked.request("game_get", [0]) is None
                assert await asked.request("rollup_newestOutput", []) is None

                proposer = Account(client, clock, PROPOSER_KEY)
                challenger = Account(client, clock, CHALLENGER_KEY)
                launched = await client.block((await client.head()).ref.number - 1)
                assert launched is not None
                root = OutputRoot(keccak(b"a lie"))
                await proposer.send(contracts.outputs, propose_call(0, 40, root, launched), BOND)
                await challenger.send(contracts.game, open_call(1), GAME_BOND)
                opened = await game_at_round(asked, 0)
                output = await asked.request("rollup_newestOutput", [])
                assert isinstance(output, dict)
                assert (output["l2_block"], output["status"], output["open_games"]) == (40, "pending", 1)
                assert output["proposer"] == f"0x{private_key_address(PROPOSER_KEY).hex()}"
                assert output["proposer_balance"] == hex(await client.balance(private_key_address(PROPOSER_KEY)))
                bonded = await OutputsReader(client, contracts.outputs).assertion(1)
                assert output["final_at"] == bonded.created_at + contracts.challenge_window
                assert (opened["status"], opened["turn"], opened["round"]) == ("open", "post", 0)
                [first] = opened["rounds"]
                assert (first["states"], first["part"], first["unit"], first["each"]) == (None, None, "block", 32)

                states = [Hash32(keccak(bytes((index,)))) for index in range(ARITY - 1)]
                await proposer.send(contracts.game, post_call(0, states))
                await challenger.send(contracts.game, pick_call(0, states, 5))
                played = await game_at_round(asked, 1)
                first, second = played["rounds"]
                assert first["states"][1:-1] == [f"0x{state.hex()}" for state in states]
                assert first["part"] == 5
                assert second["ends"] == first["states"][5:7] == [played["agreed"], played["claimed"]]
                assert (second["block"], second["unit"], second["each"]) == (5 * 32, "block", 1)
                assert [(move["what"], move["who"]) for move in played["moves"]] == [
                    ("open", "challenger"),
                    ("post", "proposer"),
                    ("pick", "challenger"),
                ]
                assert all(move["gas"] > 21_000 for move in played["moves"])
                sides = {side["who"]: side for side in played["bonds"]["sides"]}
                assert {who: (int(side["put"], 16), side["gets"]) for who, side in sides.items()} == {
                    "proposer": (BOND, None),
                    "challenger": (GAME_BOND, None),
                }
                assert sides["challenger"]["account"] == f"0x{private_key_address(CHALLENGER_KEY).hex()}"
                assert (played["clocks"]["running"], played["beliefs"], played["computed"]) == ("proposer", [], None)

            async with browser.get(f"{url}/disputes/0") as response:
                html = await response.text()
            assert response.status == 200
            assert 'href="/disputes" aria-current="page">Disputes</a>' in html
            assert "Round 2 of 10." in html
            assert html.count('<rect class="part agreed"') == 5
