"""A challenger that reads nothing but L1 finds a false output of a live rollup, and takes the liar's bond."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from node.account import Account
from node.challenger import Player, PlayerConfig
from node.claims import Contents
from node.clock import SystemClock
from node.deploy import wait_until_mined
from node.dispute_data import StagedLayer
from node.dispute_stage import BOND, CHALLENGER_KEY, GAME_BOND, PROPOSER_KEY, launch_with_game
from node.game_contract import GameOnL1, GameReader
from node.l1.client import L1Client
from node.l1.transport import L1Refused
from node.node_options import NodeOptions, PlayerOptions
from node.output_roots import output_at
from node.outputs_reader import OutputsReader
from node.own_traces import OwnTraces
from node.rollup_node import RollupNode
from node.serial_sender import SerialSender
from protocol.crypto import private_key_address
from protocol.errors import Retry
from protocol.l1 import L1BlockRef
from protocol.output_root import OutputRoot
from protocol.outputs import Assertion, Status, propose_call
from protocol.types import Address, Hash32
from prover.commitments.chain_structures import Output
from prover.game import ROUNDS
from prover.game import Status as GameStatus
from prover.lies import KINDS, lie_about
from prover.trajectory import Trajectory
from tests.e2e.network import Network, as_sequencer, embedded_l1, running
from tests.e2e.processes import Running

REORG_DEPTH = 3


Happening = Callable[[GameOnL1], Awaitable[None]]
"""Something that happens while a game is open; called at each look."""


async def nothing(_found: GameOnL1) -> None:
    """Nothing happens."""


@dataclass
class ChallengerProcess:
    """`tombolo node --role challenger`, one life after another on one database."""

    folder: Path
    l1_url: str
    lives: int = 0

    def start(self) -> Running:
        self.lives += 1
        arguments = ["node", "--role", "challenger", "--data-dir", str(self.folder / "challenger"), "--rpc-port", "0"]
        arguments += ["--rollup", str(self.folder / "rollup.json"), "--l1", self.l1_url]
        key = {"TOMBOLO_CHALLENGER_KEY": CHALLENGER_KEY.hex()}
        self.process = Running(
            [*arguments, "--da-dir", str(self.folder / "da")], self.folder / f"life{self.lives}.txt", key
        )
        return self.process

    @property
    def said(self) -> str:
        """What the last life wrote."""
        return self.process.output


@pytest.mark.slow
@pytest.mark.parametrize("event", ["kill", "reorg"])
async def test_a_challenger_process_wins_by_the_step_whatever_happens_in_mid_game(tmp_path: Path, event: str):
    """`kill -9` and a new life; or L1 takes blocks with moves off. Nothing is on disk, so nothing is mended."""
    async with embedded_l1(tmp_path, 0.25) as l1, L1Client(f"http://127.0.0.1:{l1.port}") as client:
        rollup = await launch_with_game(client, SystemClock(), tmp_path / "rollup.json", lambda _line: None)
        contracts = rollup.config.settlement
        assert contracts is not None
        verifier = NodeOptions(tmp_path / "verifier", tmp_path / "rollup.json", client.url, tmp_path / "da", rpc_port=0)
        sequencer = as_sequencer(verifier, PROPOSER_KEY)
        nodes = RollupNode(sequencer, SystemClock()), RollupNode(verifier, SystemClock())
        challenger = ChallengerProcess(tmp_path, client.url)
        seen: list[tuple[int, L1BlockRef]] = []

        async def happen(found: GameOnL1) -> None:
            if seen or found.game.status != GameStatus.OPEN or not 4 <= found.game.round < ROUNDS:
                return
            seen.append((found.game.round, (await client.head()).ref))
            if event == "kill":
                await asyncio.to_thread(challenger.process.kill)
                challenger.start()
            else:
                await client.request("anvil_rollback", [hex(REORG_DEPTH)])

        challenger.start()
        try:
            async with running(nodes[0]), running(nodes[1]):
                network = Network(client.url, tmp_path, sequencer, verifier, *nodes)
                await _transfer(network)
                await network.until_verified(network.sequencer.chain.head().number)
                await _lie_and_lose(client, network, contracts.game, happen)
        finally:
            challenger.process.kill()
        [(round_, head)] = seen
        assert round_ < ROUNDS, "in mid-game"
        moves = [move for _number, move, _tx in await _moves(client, contracts.game)]
        assert moves == ["open", *["post", "pick"] * ROUNDS, "prove"], "L1 as it is now holds one whole game"
        if event == "kill":
            assert challenger.lives == 2
            assert challenger.said.count("pick part") >= ROUNDS - round_ - 1, "the second life went on"
            assert "dispute assertion" not in challenger.said, "and opened no game of its own"
        else:
            now = await client.block(head.number)
            assert now is not None
            assert now.hash != head.hash, "the L1 block of that look is gone"


@pytest.mark.slow
@pytest.mark.parametrize("layer", ["calldata", "file", "blob"])
async def test_a_false_output_of_a_live_rollup_is_disputed_and_falls(tmp_path: Path, layer: str):
    async with embedded_l1(tmp_path, 0.25) as l1, L1Client(f"http://127.0.0.1:{l1.port}") as client:
        staged = StagedLayer(layer, tmp_path / "da")
        rollup = await launch_with_game(client, SystemClock(), tmp_path / "rollup.json", lambda _line: None, staged)
        contracts = rollup.config.settlement
        assert contracts is not None
        verifier = NodeOptions(tmp_path / "verifier", tmp_path / "rollup.json", client.url, tmp_path / "da", rpc_port=0)
        sequencer = as_sequencer(verifier, PROPOSER_KEY)
        verifier = replace(verifier, player=PlayerOptions(CHALLENGER_KEY, PlayerConfig(poll_seconds=0.1)))
        nodes = RollupNode(sequencer, SystemClock()), RollupNode(verifier, SystemClock())
        async with running(nodes[0]), running(nodes[1]):
            network = Network(client.url, tmp_path, sequencer, verifier, *nodes)
            await _transfer(network)
            await network.until_verified(network.sequencer.chain.head().number)
            await _lie_and_lose(client, network, contracts.game, contents=staged.contents(client, rollup))


async def _transfer(network: Network) -> None:
    async with L1Client(network.url) as l2:
        receipt = await Account(l2, SystemClock(), CHALLENGER_KEY).send(private_key_address(PROPOSER_KEY), value=7)
        assert (await wait_until_mined(l2, SystemClock(), receipt.transaction_hash)).succeeded


async def _moves(client: L1Client, game: Address) -> list[tuple[int, str, Hash32]]:
    return await GameReader(client, game).moves(0, 0, (await client.head()).ref.number)


async def _lie_and_lose(
    client: L1Client,
    network: Network,
    game_address: Address,
    happening: Happening = nothing,
    contents: Contents | None = None,
) -> None:
    contracts = network.verifier.driver.config.settlement
    assert contracts is not None
    outputs = OutputsReader(client, contracts.outputs)
    processed = network.verifier.driver.processed
    ref = L1BlockRef(
        processed.number, processed.hash, processed.parent_hash, processed.timestamp, processed.prev_randao
    )
    wanted = Assertion(
        id=1,
        output_root=OutputRoot(Hash32(bytes(32))),
        l1_block_hash=ref.hash,
        parent=0,
        l2_block_number=0,
        l1_block_number=ref.number,
        created_at=0,
        proposer=private_key_address(PROPOSER_KEY),
        open_games=0,
        status=Status.PENDING,
    )
    config, chain = network.verifier.driver.config, network.verifier.chain
    traces = OwnTraces(client, config, chain, outputs, lambda: ref.number, contents)
    beginning = await traces.beginning(wanted)
    assert beginning is not None
    honest = await traces.trace_of(wanted)
    assert honest is not None
    found = honest.machine_at(2**50).cursor
    assert isinstance(found, Output)
    ours = output_at(network.verifier.chain, found.number)
    assert ours is not None
    assert found.root == ours.root, "the machine and the node make the same chain of a live rollup"

    lying = Trajectory(beginning, lie_about(KINDS["balance"], beginning))
    claimed = lying.machine_at(2**50).cursor
    assert isinstance(claimed, Output)
    while (await client.head()).ref.number == ref.number:
        await SystemClock().sleep(0.05)
    liar = Account(client, SystemClock(), PROPOSER_KEY)
    await liar.send(contracts.outputs, propose_call(0, claimed.number, OutputRoot(claimed.root), ref), BOND)

    async def trace_of(_assertion: Assertion) -> Trajectory:
        return lying

    defender = Player(trace_of, client, contracts, SerialSender(client, PROPOSER_KEY), PlayerConfig(challenges=False))
    reader = GameReader(client, contracts.game)
    for _ in range(2_000):
        with suppress(Retry, L1Refused):
            await defender.step()
            if await reader.word("count()"):
                await happening(await reader.game(0))
        if await reader.word("count()") and (await outputs.assertion(1)).status is Status.REJECTED:
            break
        await SystemClock().sleep(0.05)
    assert (await outputs.assertion(1)).status is Status.REJECTED
    head = (await client.head()).ref.number
    assert await reader.proven(0, 0, head) is not None, "won by the step, not by the clock"
    challenger = private_key_address(CHALLENGER_KEY)
    owed = [await one.word("credits(address)", challenger) for one in (reader, outputs)]
    assert owed[0] in (0, GAME_BOND)
    assert owed[1] in (0, BOND // 2), "collected, or about to be"
