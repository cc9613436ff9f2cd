"""Data kept back under a game, on a real L1: a challenger who plays blind has it shown, or wins by the clock.

The operator's batch lies in a folder that nobody else has. Whoever reads has an empty one.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from genesis.dev import DEV_PRIVATE_KEYS
from node.account import Account
from node.blind import last_moment
from node.challenger import Player, PlayerConfig
from node.clock import SystemClock
from node.dispute_data import staged_layer
from node.dispute_stage import BOND, CHALLENGER_KEY, GAME_BOND, PROPOSER_KEY, beginning_of, launch_with_game, post_batch
from node.game_contract import GameOnL1, GameReader
from node.l1.client import L1Client
from node.l1.transport import L1Refused
from node.l1_node import L1Node, L1Options
from node.node_options import NodeOptions, PlayerOptions
from node.outputs_reader import OutputsReader
from node.precompile import precompile
from node.proof_contracts import CONTRACTS
from node.replay import Replay, replay
from node.rollup import Rollup
from node.rollup_node import RollupNode
from node.serial_sender import SerialSender
from protocol.abi import encode_call
from protocol.crypto import private_key_address
from protocol.errors import Retry
from protocol.l1 import L1BlockRef
from protocol.output_root import OutputRoot
from protocol.outputs import Assertion, Status, propose_call
from protocol.rollup import SettlementContracts
from prover.commitments.chain_structures import Output
from prover.game import ROUNDS, Turn, place_of
from prover.game import Status as GameStatus
from prover.lies import KINDS, lie_about
from prover.machine.vm import BATCH_DATA
from prover.trajectory import Lie, StepProof, Trajectory
from tests.e2e.network import L1_CHAIN_ID, running
from tests.e2e.processes import Running

SECOND_KEY = DEV_PRIVATE_KEYS[4]
PATIENCE = 3_600
LOOKS = 10_000
WHOLE_GAME = ["open", *["post", "pick"] * ROUNDS]


@pytest.fixture(scope="module", autouse=True)
def _compiled() -> None:
    """The verifier's contracts, by all cores: the first test to need them would wait for one."""
    precompile(CONTRACTS)


class Withholding(Trajectory):
    """A trace whose defender knows all of it, and shows nothing."""

    def proof(self, position: int) -> StepProof:
        raise Retry(f"the step from {position} is not shown")


class L1Time(SystemClock):
    """The time of the embedded L1, which can be put forward."""

    def __init__(self) -> None:
        self.ahead = 0

    def now(self) -> float:
        return super().now() + self.ahead


@dataclass
class Scene:
    """A rollup whose operator keeps its one batch back; `lying` is its trace with a lie about what comes after."""

    folder: Path
    time: L1Time
    client: L1Client
    rollup: Rollup
    contracts: SettlementContracts
    newest: L1BlockRef
    chain: Replay
    honest: Trajectory
    lie: Lie
    lying: Trajectory
    withholding: Trajectory
    """The same as `lying`."""
    stack: AsyncExitStack
    nodes: list[RollupNode] = field(default_factory=list)

    @property
    def outputs(self) -> OutputsReader:
        return OutputsReader(self.client, self.contracts.outputs)

    @property
    def game(self) -> GameReader:
        return GameReader(self.client, self.contracts.game)

    @property
    def opening(self) -> int:
        """The step that opens the batch."""
        steps = range(self.honest.steps(0, 0))
        [at] = [index for index in steps if self.honest.machine_at(index).phase == BATCH_DATA]
        return at

    async def challenger(self, key: bytes, blind_after_seconds: int | None) -> RollupNode:
        """A node that reads L1 and an empty folder, and challenges."""
        name = f"challenger{len(self.nodes)}"
        config = PlayerConfig(poll_seconds=0.1, blind_after_seconds=blind_after_seconds)
        options = NodeOptions(
            data_dir=self.folder / name,
            rollup=self.folder / "rollup.json",
            l1_url=self.client.url,
            da_dir=self.folder / "nothing",
            rpc_port=0,
            player=PlayerOptions(key, config),
        )
        node = RollupNode(options, SystemClock())
        await self.stack.enter_async_context(running(node))
        self.nodes.append(node)
        return node

    async def propose(self, trace: Trajectory) -> Assertion:
        output = trace.machine_at(2**50).cursor
        assert isinstance(output, Output)
        call = propose_call(0, output.number, OutputRoot(output.root), self.newest)
        receipt = await Account(self.client, SystemClock(), PROPOSER_KEY).send(self.contracts.outputs, call, BOND)
        assert receipt.succeeded
        return await self.outputs.assertion(1)

    def operator(self, trace: Trajectory) -> Player:
        """Whoever defends what was proposed, by this trace."""

        async def trace_of(_assertion: Assertion) -> Trajectory:
            return trace

        sender = SerialSender(self.client, PROPOSER_KEY)
        config = PlayerConfig(challenges=False, collects=False)
        return Player(trace_of, self.client, self.contracts, sender, config)

    async def until(self, condition: Callable[[], Awaitable[bool]], what: str, player: Player | None = None) -> None:
        """Wait for a condition on L1, while the operator plays if he does."""
        for _ in range(LOOKS):
            with suppress(Retry, L1Refused):
                if await condition():
                    return
                if player is not None:
                    await player.step()
            await SystemClock().sleep(0.02)
        said = [(node.challenger and node.challenger.complaint, node.driver.status()) for node in self.nodes]
        raise AssertionError(f"waited in vain: {what}; {said}")

    async def until_waiting(self, node: RollupNode) -> None:
        """Until it says that it waits for data."""

        async def waits() -> bool:
            return "batch data committed" in (node.driver.status().waiting_for or "")

        await self.until(waits, "the node lacks the data")

    async def is_open(self, game_id: int, *, at_the_step: bool = False) -> bool:
        if await self.game.word("count()") <= game_id:
            return False
        return not at_the_step or (await self.game.game(game_id)).game.turn == Turn.PROVE

    async def is_over(self, game_id: int) -> bool:
        return await self.is_open(game_id) and (await self.game.game(game_id)).game.status != GameStatus.OPEN

    async def moves(self, game_id: int) -> list[str]:
        head = (await self.client.head()).ref.number
        return [what for _number, what, _transaction in await self.game.moves(game_id, 0, head)]

    async def collected(self, key: bytes) -> bool:
        owed = [await one.word("credits(address)", private_key_address(key)) for one in (self.game, self.outputs)]
        return owed == [0, 0]

    async def confirm(self) -> None:
        """When the window has closed."""
        self.time.ahead += self.contracts.challenge_window
        closes = (await self.outputs.assertion(1)).created_at + self.contracts.challenge_window

        async def is_closed() -> bool:
            return (await self.client.head()).ref.timestamp >= closes

        await self.until(is_closed, "the window closes")
        await Account(self.client, SystemClock(), SECOND_KEY).send(
            self.contracts.outputs, encode_call("confirm(uint256)", 1)
        )

    async def check_conserved(self, *keys: bytes, bonded: int = 0) -> None:
        """Ether in both contracts is what burnt, what is owed, and `bonded` behind what is not decided."""
        addresses = [private_key_address(key) for key in (PROPOSER_KEY, *keys)]
        held = owed = burnt = 0
        for reader in (self.game, self.outputs):
            held += await self.client.balance(reader.address)
            burnt += await reader.word("burnt()")
            for address in addresses:
                owed += await reader.word("credits(address)", address)
        assert held == burnt + owed + bonded


@asynccontextmanager
async def kept_back(folder: Path, layer: str = "file") -> AsyncIterator[Scene]:
    time = L1Time()
    l1 = L1Node(L1Options(folder / "l1", L1_CHAIN_ID, 0, block_time_seconds=0.1), time)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(running(l1))
        client = await stack.enter_async_context(L1Client(f"http://127.0.0.1:{l1.port}"))
        staged = await stack.enter_async_context(staged_layer(layer, folder / "served"))
        rollup = await launch_with_game(client, SystemClock(), folder / "rollup.json", lambda _line: None, staged)
        contracts = rollup.config.settlement
        assert contracts is not None
        newest = await post_batch(client, SystemClock(), rollup, lambda _line: None, staged)
        contents = staged.contents(client, rollup)
        chain = await replay(client, rollup, newest.number, contents)
        beginning = await beginning_of(client, rollup, chain, newest, contents)
        lie = lie_about(KINDS["balance"], beginning)
        traces = Trajectory(beginning), Trajectory(beginning, lie), Withholding(beginning, lie)
        (folder / "served").rename(folder / "kept back")
        yield Scene(folder, time, client, rollup, contracts, newest, chain, traces[0], lie, *traces[1:], stack)


def forget_at_each_pick(scene: Scene, node: RollupNode) -> Callable[[], Awaitable[bool]]:
    """Whether the last round has come; on the way the challenger forgets all whenever it is his turn."""
    seen: set[int] = set()

    async def at_the_step() -> bool:
        if await scene.is_open(0):
            game = (await scene.game.game(0)).game
            if game.turn == Turn.PICK and game.round not in seen and node.challenger is not None:
                seen.add(game.round)
                node.challenger.forget()
            if game.turn == Turn.PROVE:
                assert seen, "it was his turn at least once"
                return True
        return False

    return at_the_step


async def lose_by_the_clock(
    scene: Scene, at_the_step: Callable[[], Awaitable[bool]], opened: Callable[[], Awaitable[bool]]
) -> GameOnL1:
    """A false output whose operator does not show the data, from the proposal to its fall."""
    await scene.propose(scene.lying)
    scene.time.ahead += PATIENCE
    operator = scene.operator(scene.withholding)
    await scene.until(opened, "a game is opened blind")
    await scene.until(at_the_step, "one step is left", operator)
    found = await scene.game.game(0)
    assert found.game.position == scene.opening
    assert found.game.agreed == scene.honest.state_hash(scene.opening), "up to there both say the same"
    scene.time.ahead += 1_000  # and the operator shows nothing

    async def fell() -> bool:
        return (await scene.outputs.assertion(1)).status is Status.REJECTED

    await scene.until(fell, "the false output falls")
    assert await scene.moves(0) == [*WHOLE_GAME, "time out"], "at the step that opens the data, and nowhere else"
    return await scene.game.game(0)


@pytest.mark.parametrize("forgets", [pytest.param(False, marks=pytest.mark.slow), True], ids=["steadily", "forgetting"])
async def test_an_operator_who_does_not_show_the_data_loses_at_the_step_that_opens_it(
    tmp_path: Path, forgets: bool
) -> None:
    async with kept_back(tmp_path) as scene:
        node = await scene.challenger(CHALLENGER_KEY, PATIENCE)
        assert node.challenger is not None
        await scene.until_waiting(node)
        before = await scene.client.balance(private_key_address(CHALLENGER_KEY))
        at_the_step = forget_at_each_pick(scene, node) if forgets else (lambda: scene.is_open(0, at_the_step=True))
        found = await lose_by_the_clock(scene, at_the_step, lambda: scene.is_open(0))
        assert found.game.status == GameStatus.REFUTED
        assert found.challenger == private_key_address(CHALLENGER_KEY)

        await scene.until(lambda: scene.collected(CHALLENGER_KEY), "the bonds are collected")
        gain = await scene.client.balance(private_key_address(CHALLENGER_KEY)) - before
        assert BOND // 2 - GAME_BOND < gain < BOND // 2, "its own bond is back, and gas is paid"
        await scene.check_conserved(CHALLENGER_KEY)
        with pytest.raises(L1Refused, match="not pending"):
            await scene.confirm()


@pytest.mark.slow
async def test_a_true_output_whose_data_is_shown_stands_and_everybody_has_the_data(tmp_path: Path) -> None:
    async with kept_back(tmp_path, "alt-da") as scene:
        node = await scene.challenger(CHALLENGER_KEY, PATIENCE)
        verifier = await scene.challenger(SECOND_KEY, None)
        await scene.until_waiting(node)
        await scene.until_waiting(verifier)
        await scene.propose(scene.honest)
        scene.time.ahead += PATIENCE
        await scene.until(lambda: scene.is_over(0), "the data is shown", scene.operator(scene.honest))

        found = await scene.game.game(0)
        assert (found.game.status, found.game.position) == (GameStatus.DEFENDED, scene.opening)
        assert await scene.moves(0) == [*WHOLE_GAME, "prove"]
        for reader in (verifier, node):
            await scene.until(lambda reader=reader: derived(reader, scene), "a reader has the chain from the proof")  # type: ignore[misc]

        await scene.confirm()
        assert (await scene.outputs.assertion(1)).status is Status.CONFIRMED
        assert await scene.game.word("count()") == 1, "it has seen the data, and disputes no more"
        await scene.check_conserved(CHALLENGER_KEY)
        assert await scene.game.word("credits(address)", private_key_address(PROPOSER_KEY)) == GAME_BOND // 2
        assert await scene.game.word("burnt()") == GAME_BOND // 2


async def derived(node: RollupNode, scene: Scene) -> bool:
    head = scene.chain.head
    return node.chain.canonical_hash(head.number) == head.hash and node.chain.safe_head().number == head.number


@pytest.mark.slow
async def test_a_lie_behind_data_that_is_shown_falls_to_who_reads_it_in_the_proof(tmp_path: Path) -> None:
    async with kept_back(tmp_path) as scene:
        blind = await scene.challenger(CHALLENGER_KEY, PATIENCE)
        plain = await scene.challenger(SECOND_KEY, None)
        await scene.until_waiting(blind)
        await scene.until_waiting(plain)
        assertion = await scene.propose(scene.lying)
        scene.time.ahead += PATIENCE
        operator = scene.operator(scene.lying)
        await scene.until(lambda: scene.is_over(0), "the data is shown", operator)
        first = await scene.game.game(0)
        assert (first.game.status, first.game.position) == (GameStatus.DEFENDED, scene.opening)
        assert first.challenger == private_key_address(CHALLENGER_KEY)

        await scene.until(lambda: derived(plain, scene), "a reader has the data from L1")
        await scene.until(lambda: scene.is_over(1), "the lie is disputed with the data", operator)
        second = await scene.game.game(1)
        assert second.challenger == private_key_address(SECOND_KEY), "who does not play blind opened nothing before"
        assert second.game.status == GameStatus.REFUTED
        assert await scene.moves(1) == [*WHOLE_GAME, "prove"], "won by the step, not by the clock"
        lie = scene.lie
        assert place_of(second.game.position) == (lie.block, lie.item, lie.change[0] - 1)
        assert (await scene.outputs.assertion(1)).status is Status.REJECTED
        now = (await scene.client.head()).ref.timestamp
        assert now < assertion.created_at + scene.contracts.challenge_window, "the window was still open"

        await scene.until(lambda: scene.collected(SECOND_KEY), "the winner collects")
        await scene.check_conserved(CHALLENGER_KEY, SECOND_KEY)
        assert await scene.game.word("count()") == 2


@pytest.mark.slow
async def test_who_does_not_choose_to_play_blind_opens_nothing(tmp_path: Path) -> None:
    """And the false output confirms: that is what the option is for."""
    async with kept_back(tmp_path) as scene:
        plain = await scene.challenger(CHALLENGER_KEY, None)
        await scene.until_waiting(plain)
        await scene.propose(scene.lying)
        latest = last_moment(scene.contracts.challenge_window, await scene.game.rules())
        scene.time.ahead += latest
        start = (await scene.client.head()).ref.number

        async def later() -> bool:
            return (await scene.client.head()).ref.number > start + 30

        await scene.until(later, "L1 goes on")
        assert await scene.game.word("count()") == 0
        await scene.confirm()
        assert (await scene.outputs.assertion(1)).status is Status.CONFIRMED


@pytest.mark.slow
async def test_a_process_that_is_killed_in_mid_game_goes_on_blind(tmp_path: Path) -> None:
    async with kept_back(tmp_path) as scene:
        lives: list[Running] = []

        def live() -> None:
            arguments = ["node", "--role", "challenger", "--data-dir", str(tmp_path / "challenger"), "--rpc-port", "0"]
            arguments += ["--rollup", str(tmp_path / "rollup.json"), "--l1", scene.client.url]
            arguments += ["--da-dir", str(tmp_path / "nothing"), "--plays-blind", "10"]
            key = {"TOMBOLO_CHALLENGER_KEY": CHALLENGER_KEY.hex()}
            lives.append(Running(arguments, tmp_path / f"life{len(lives)}.txt", key))

        async def at_the_step() -> bool:
            if not await scene.is_open(0):
                return False
            if len(lives) == 1 and (await scene.game.game(0)).game.round >= 4:
                lives[0].kill()
                live()
            return await scene.is_open(0, at_the_step=True)

        live()
        try:
            await lose_by_the_clock(scene, at_the_step, lambda: scene.is_open(0))
        finally:
            lives[-1].kill()
        assert len(lives) == 2
        assert "blind, as its data is kept back" in lives[0].output
        assert "dispute assertion" not in lives[1].output, "the second life opened no game of its own"
        assert lives[1].output.count("pick part") >= 1
