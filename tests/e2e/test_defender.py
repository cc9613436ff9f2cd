"""An honest proposer's node, alone with L1, defends what it has proposed: a false challenge loses by the step."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from node.challenger import Player
from node.clock import SystemClock
from node.dispute_stage import (
    BOND,
    CHALLENGER_KEY,
    GAME_BOND,
    PROPOSER_KEY,
    beginning_of,
    launch_with_game,
    post_batch,
)
from node.game_contract import GameOnL1, GameReader
from node.l1.client import L1Client
from node.l1.transport import L1Refused
from node.node_options import NodeOptions, ProposerOptions
from node.outputs_reader import OutputsReader
from node.precompile import precompile
from node.proof_contracts import CONTRACTS
from node.proposer import ProposerConfig
from node.replay import replay
from node.rollup import Rollup
from node.rollup_node import RollupNode
from node.serial_sender import Call, SerialSender
from protocol.crypto import private_key_address
from protocol.errors import Retry
from protocol.outputs import Assertion, Status
from prover.game import ROUNDS, place_of
from prover.game import Status as GameStatus
from prover.lies import KINDS, lie_about
from prover.prefix import Prefix
from prover.trajectory import Lie, Trajectory
from tests.e2e.network import embedded_l1, running
from tests.e2e.processes import Running

REORG_DEPTH = 3
LOOKS = 4_000

pytestmark = pytest.mark.timeout(600)

Happening = Callable[[GameOnL1], Awaitable[None]]


@pytest.fixture(scope="module", autouse=True)
def _compiled() -> None:
    """The verifier's contracts, by all cores: the first test to need them would wait for one."""
    precompile(CONTRACTS)


class StillAtTheStep(Player):
    """Leaves the proof to the other side: whoever brings it, the truth would win."""

    async def _proof(self, found: GameOnL1, known: Trajectory | Prefix, *, challenges: bool) -> Call | None:
        return None


class Challenge:
    """A false challenge of the first assertion, by a player whose trace is wrong from one state on."""

    def __init__(self, client: L1Client, rollup: Rollup) -> None:
        contracts = rollup.config.settlement
        assert contracts is not None
        self.client, self.rollup, self.contracts = client, rollup, contracts
        self.outputs, self.game = OutputsReader(client, contracts.outputs), GameReader(client, contracts.game)
        self.lie: Lie | None = None
        self._lying: Trajectory | None = None
        self.player = StillAtTheStep(self._trace_of, client, contracts, SerialSender(client, CHALLENGER_KEY))

    async def _trace_of(self, assertion: Assertion) -> Trajectory:
        if self._lying is None:
            newest = await self.client.block(assertion.l1_block_number)
            assert newest is not None
            assert newest.hash == assertion.l1_block_hash
            chain = await replay(self.client, self.rollup, newest.number)
            beginning = await beginning_of(self.client, self.rollup, chain, newest)
            self.lie = lie_about(KINDS["storage"], beginning)
            self.honest, self._lying = Trajectory(beginning), Trajectory(beginning, self.lie)
        return self._lying

    async def play(self, happening: Happening | None = None) -> None:
        """Until the game is over; `happening` is told of it at each look."""
        for _ in range(LOOKS):
            with suppress(Retry, L1Refused):
                found = await self.game.game(0) if await self.game.word("count()") else None
                if found is not None and found.game.status != GameStatus.OPEN:
                    return
                if found is not None and happening is not None:
                    await happening(found)
                await self.player.step()
            await SystemClock().sleep(0.05)
        raise AssertionError("the game does not come to its end")

    async def check_lost_by_the_step(self) -> None:
        """By the step that was lied about, which the proposer proved; the assertion stands; no wei is lost."""
        proposer, challenger = private_key_address(PROPOSER_KEY), private_key_address(CHALLENGER_KEY)
        head = (await self.client.head()).ref.number
        moves = await self.game.moves(0, 0, head)
        assert [what for _number, what, _tx in moves] == ["open", *["post", "pick"] * ROUNDS, "prove"]
        found = await self.game.game(0)
        assert (found.challenger, found.defender) == (challenger, proposer)
        assert found.game.status == GameStatus.DEFENDED
        assert self.lie is not None
        position = found.game.position
        assert place_of(position) == (self.lie.block, self.lie.item, self.lie.change[0] - 1)
        proven = await self.game.proven(0, 0, head)
        assert proven is not None
        assert proven.data[96:128] == self.honest.state_hash(position + 1) == found.game.claimed
        proof = await self.client.request("eth_getTransactionByHash", ["0x" + moves[-1][2].hex()])
        assert isinstance(proof, dict)
        assert proof["from"] == "0x" + proposer.hex()
        assertion = await self.outputs.assertion(1)
        assert (assertion.status, assertion.open_games, assertion.proposer) == (Status.PENDING, 0, proposer)

        burnt = await self.game.word("burnt()")
        assert burnt == GAME_BOND - GAME_BOND // 2
        assert await self.game.word("credits(address)", challenger) == 0
        for _ in range(LOOKS):  # the node collects by itself
            if await self.game.word("credits(address)", proposer) == 0:
                break
            await SystemClock().sleep(0.05)
        assert await self.client.balance(self.game.address) == burnt, "its half has gone to the proposer"
        assert await self.client.balance(self.outputs.address) == BOND, "which still stands behind its output"
        assert await self.outputs.word("credits(address)", challenger) == 0


@asynccontextmanager
async def challenge_on_l1(folder: Path) -> AsyncIterator[Challenge]:
    """An L1 with a rollup under a game and one batch of its; no node of the rollup yet."""
    async with embedded_l1(folder, 0.2) as l1, L1Client(f"http://127.0.0.1:{l1.port}") as client:
        rollup = await launch_with_game(client, SystemClock(), folder / "rollup.json", lambda _line: None)
        await post_batch(client, SystemClock(), rollup, lambda _line: None)
        yield Challenge(client, rollup)


async def test_a_proposers_node_wins_against_a_false_challenge_though_nobody_else_runs(tmp_path: Path) -> None:
    async with challenge_on_l1(tmp_path) as challenge:
        node = RollupNode(
            NodeOptions(
                tmp_path / "proposer",
                tmp_path / "rollup.json",
                challenge.client.url,
                tmp_path / "da",
                rpc_port=0,
                proposer=ProposerOptions(PROPOSER_KEY, ProposerConfig(interval_seconds=1, poll_seconds=0.1)),
            ),
            SystemClock(),
        )
        async with running(node):
            await challenge.play()
            await challenge.check_lost_by_the_step()
            assert node.proposer is not None
            assert node.proposer.complaint is None


@pytest.mark.slow
@pytest.mark.parametrize("event", ["kill", "reorg"])
async def test_it_wins_whatever_happens_in_mid_game(tmp_path: Path, event: str) -> None:
    """`kill -9` and a new life; or L1 takes blocks with moves off. No move lies on disk, so none is mended."""
    arguments = ["node", "--role", "proposer", "--data-dir", str(tmp_path / "proposer"), "--rpc-port", "0"]
    arguments += ["--rollup", str(tmp_path / "rollup.json"), "--da-dir", str(tmp_path / "da")]
    arguments += ["--proposal-interval", "1"]
    lives: list[Running] = []
    seen: list[int] = []

    async with challenge_on_l1(tmp_path) as challenge:

        def start() -> None:
            key = {"TOMBOLO_PROPOSER_KEY": PROPOSER_KEY.hex()}
            output = tmp_path / f"life{len(lives)}.txt"
            lives.append(Running([*arguments, "--l1", challenge.client.url], output, key))

        async def happen(found: GameOnL1) -> None:
            if seen or not 4 <= found.game.round < ROUNDS:
                return
            seen.append(found.game.round)
            if event == "kill":
                await asyncio.to_thread(lives[-1].kill)
                start()
            else:
                before = (await challenge.client.head()).ref
                await challenge.client.request("anvil_rollback", [hex(REORG_DEPTH)])
                now = await challenge.client.block(before.number)
                assert now is None or now.hash != before.hash, "the L1 block of that look is gone"

        start()
        try:
            await challenge.play(happen)
            await challenge.check_lost_by_the_step()
        finally:
            lives[-1].kill()
        assert seen, "it happened in mid-game"
        if event == "kill":
            assert lives[1].output.count("post states") >= ROUNDS - seen[0] - 1, "the second life went on"
            assert "propose the output" not in lives[1].output, "and proposed nothing anew"
