"""One whole dispute on an L1: a rollup is launched, somebody lies about it, and L1 finds out by executing one step.

Everything is real but the lie: the contracts, the chain (derived from L1 by the challenger for himself), both players
(`node.challenger`), and the verifier that judges. `node.dispute_stage` has what it is about.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from node.account import Account
from node.blind import Blind
from node.challenger import Player, PlayerConfig
from node.claims import read_entries
from node.clock import Clock, SystemClock
from node.dispute_data import StagedLayer, staged_layer
from node.dispute_fees import change_settings
from node.dispute_page import serve_disputes
from node.dispute_stage import (
    BLIND_KEY,
    BOND,
    CHALLENGER_KEY,
    GAME_BOND,
    PROPOSER_KEY,
    beginning_of,
    launch_with_game,
    post_batch,
    staged_l1,
)
from node.game_contract import GameOnL1, GameReader
from node.l1.client import L1Client
from node.l1.transport import L1Refused
from node.outputs_reader import OutputsReader
from node.replay import replay
from node.rollup import Rollup
from node.serial_sender import SerialSender
from protocol.abi import encode_call
from protocol.crypto import private_key_address
from protocol.errors import InvalidInput, Retry
from protocol.l1 import L1BlockRef
from protocol.output_root import OutputRoot
from protocol.outputs import Assertion, propose_call
from protocol.outputs import Status as AssertionStatus
from protocol.types import Address, Hash32
from prover.commitments.chain_structures import Output
from prover.fee_lies import FEE_KINDS
from prover.game import Status
from prover.lies import DATA, KINDS, Kind, lie_about, lie_at
from prover.machine.vm import VM
from prover.prefix import Prefix, prefix_of
from prover.trajectory import Lie, Trajectory

MOST_LOOKS = 2_000


@dataclass(frozen=True, slots=True)
class DisputeOptions:
    """What is lied about, where, and by whom."""

    kind: str
    at: tuple[int, int, int] | None = None
    """Block, item and step of the trace; None: the first place that the kind has, or by `seed`."""
    seed: int = 0
    liar: str = "proposer"
    l1_url: str | None = None
    """None: a fresh embedded L1."""
    l1_block_seconds: float = 0.2
    restarts: bool = False
    """Whether both players forget everything before each look, as after `kill -9`."""
    da: str = "calldata"
    """The data layer that the batch lies in."""
    kept_back: bool = False
    """Whether nobody but the proposer has the batch, until somebody who plays blind has it shown on L1."""
    page_port: int | None = None
    """Where to serve the page of the dispute while it runs; None: nowhere."""


@dataclass(frozen=True, slots=True)
class Move:
    """One transaction of the game, as L1 has it."""

    what: str
    gas: int


@dataclass(slots=True)
class DisputeResult:
    """How it went. `agreed`, `claimed` and `computed` are hashes of the disputed step's states."""

    kind: str
    liar: str
    game: GameOnL1
    lie: Lie
    honest: Trajectory
    lying: Trajectory
    computed: Hash32 | None
    assertion: Assertion
    moves: list[Move] = field(default_factory=list)
    balances: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Wei of each side: put in; taken out, or still standing behind an undecided assertion. The rest burnt."""
    shown: GameOnL1 | None = None
    """The game before, in which the batch was shown, where it was kept back."""

    @property
    def truth_won(self) -> bool:
        """Whether the side that did not lie won, by the step."""
        expected = Status.REFUTED if self.liar == "proposer" else Status.DEFENDED
        return self.game.game.status == expected and self.computed is not None


def kind_of(name: str) -> Kind:
    """A kind of lie by its name; raises InvalidInput when there is none."""
    kinds = {**KINDS, DATA.name: DATA, **FEE_KINDS}
    kind = kinds.get(name)
    if kind is None:
        raise InvalidInput(f"no lie is called {name!r}; there are: {', '.join(kinds)}")
    return kind


async def run_dispute(
    options: DisputeOptions,
    say: Callable[[str], None],
    clock: Clock | None = None,
    at_the_end: Callable[[DisputeResult], Awaitable[None]] | None = None,
) -> DisputeResult:
    """Launch, lie, dispute; `say` gets a line for each thing that happens.

    `at_the_end` is waited for before L1 and the page go.

    Raises:
        InvalidInput: The lie cannot be told there.
        Retry: L1 does not answer, or the game does not come to its end.
    """
    kind = kind_of(options.kind)
    clock = clock or SystemClock()
    with TemporaryDirectory() as folder:
        async with AsyncExitStack() as stack:
            l1 = staged_l1(options.l1_url, options.l1_block_seconds, Path(folder), clock)
            client = await stack.enter_async_context(l1)
            layer = await stack.enter_async_context(staged_layer(options.da, Path(folder) / "batches"))
            charges = kind.name in FEE_KINDS
            rollup = await launch_with_game(client, clock, Path(folder) / "rollup.json", say, layer, charges=charges)
            if charges:
                await change_settings(client, clock, rollup, PROPOSER_KEY)
                say("governance has raised the least base fee")
            dispute = _Dispute(client, clock, rollup, say, layer)
            async with dispute.page(options.page_port):
                newest = await post_batch(client, clock, rollup, say, layer)
                result = await dispute.run(kind, options, newest)
                if at_the_end is not None:
                    await at_the_end(result)
                return result


class _Dispute:
    """A launched rollup, and who plays about it."""

    def __init__(
        self, client: L1Client, clock: Clock, rollup: Rollup, say: Callable[[str], None], layer: StagedLayer
    ) -> None:
        contracts = rollup.config.settlement
        if contracts is None:
            raise InvalidInput("a rollup without settlement contracts has nothing to dispute")
        self._client = client
        self._clock = clock
        self._rollup = rollup
        self._contracts = contracts
        self._outputs = OutputsReader(client, contracts.outputs)
        self._game = GameReader(client, contracts.game)
        self._say = say
        self._contents = layer.contents(client, rollup)
        self._traces: list[tuple[str, Trajectory]] = []

    @asynccontextmanager
    async def page(self, port: int | None) -> AsyncIterator[None]:
        """Show the dispute while the block runs."""
        async with AsyncExitStack() as stack:
            if port is not None:
                pages = serve_disputes(
                    self._client.url, self._contracts, lambda _assertion: self._traces, self._clock, port
                )
                self._say(f"watch it at {await stack.enter_async_context(pages)}/0")
            yield

    async def run(self, kind: Kind, options: DisputeOptions, newest: L1BlockRef) -> DisputeResult:
        """Lie about L1 up to `newest`."""
        chain = await replay(self._client, self._rollup, newest.number, self._contents)
        honest_start = await beginning_of(self._client, self._rollup, chain, newest, self._contents)
        place = options.at
        lie = lie_about(kind, honest_start, options.seed) if place is None else lie_at(kind, honest_start, *place)
        honest, lying = Trajectory(honest_start), Trajectory(honest_start, lie)
        by_proposer, by_challenger = (lying, honest) if options.liar == "proposer" else (honest, lying)
        self._traces = [("proposer", by_proposer), ("challenger", by_challenger)]
        self._say(f"the lie: {kind.summary}, block {lie.block} item {lie.item} step {lie.change[0]} of the trace")
        claimed = lying if options.liar == "proposer" else honest
        assertion = await self._propose(claimed, newest)
        self._say(f"assertion {assertion.id}: block {assertion.l2_block_number}, root 0x{assertion.output_root.hex()}")
        defender = self._player(PROPOSER_KEY, by_proposer, challenges=False)
        shown = None
        if options.kept_back:
            prefix = await self._prefix(honest_start, lie, newest)
            shown = await self._play(0, self._blind(prefix), defender, options)
            self._say(f"game 0: who plays blind has the batch shown on L1, at step {prefix.opening}, and loses for it")
        challenger = self._player(CHALLENGER_KEY, by_challenger, challenges=True)
        game = await self._play(int(options.kept_back), challenger, defender, options)
        result = await self._result(kind, options, lie, honest, lying, game)
        if shown is not None:
            result.shown = shown
            result.balances["blind"] = (GAME_BOND, 0)
        return result

    async def _prefix(self, beginning: VM, lie: Lie, newest: L1BlockRef) -> Prefix:
        """What is known without the batch in L1 block `newest`."""
        [entry] = await read_entries(self._client, self._rollup.config, newest.number, newest.number, self._contents)
        prefix = prefix_of(beginning, entry.commitments)
        if prefix is None:
            raise InvalidInput("L1 has the data of batches in calldata and blobs: only alt-da and file keep any back")
        if lie.block == 0:
            raise InvalidInput("this lie comes before the data, or is about it: who plays blind wins by it")
        return prefix

    def _blind(self, prefix: Prefix) -> Player:
        async def trace_of(_assertion: Assertion) -> Trajectory | None:
            return None

        async def known(_assertion: Assertion) -> Prefix:
            return prefix

        blind = Blind(known, lambda: 0, self._game, self._contracts.challenge_window, 0)
        sender, config = SerialSender(self._client, BLIND_KEY), PlayerConfig(collects=False)
        return Player(trace_of, self._client, self._contracts, sender, config, blind=blind)

    async def _propose(self, trace: Trajectory, newest: L1BlockRef) -> Assertion:
        output = trace.machine_at(2**50).cursor
        if not isinstance(output, Output):
            raise InvalidInput("the trace does not end in an output")
        call = propose_call(0, output.number, OutputRoot(output.root), newest)
        await Account(self._client, self._clock, PROPOSER_KEY).send(self._contracts.outputs, call, BOND)
        return await self._outputs.assertion(await self._outputs.word("count()") - 1)

    async def _play(self, game_id: int, challenger: Player, defender: Player, options: DisputeOptions) -> GameOnL1:
        """Both sides, each by its own trace, until the game is over."""
        for look in range(MOST_LOOKS):
            for player in (challenger, defender):
                if options.restarts:
                    player.forget()
                if await self._game.word("count()") > game_id:
                    found = await self._game.game(game_id)
                    if found.game.status != Status.OPEN:
                        return found
                try:
                    complaint = await player.step()
                except (L1Refused, Retry) as error:
                    complaint = str(error)
                if complaint is not None and look > MOST_LOOKS // 2:
                    raise Retry(complaint)
            await self._clock.sleep(options.l1_block_seconds / 4)
        raise Retry(f"game {game_id} does not come to its end")

    def _player(self, key: bytes, trace: Trajectory, *, challenges: bool) -> Player:
        async def trace_of(_assertion: Assertion) -> Trajectory:
            return trace

        config = PlayerConfig(challenges=challenges, collects=False)
        return Player(trace_of, self._client, self._contracts, SerialSender(self._client, key), config)

    async def _result(
        self,
        kind: Kind,
        options: DisputeOptions,
        lie: Lie,
        honest: Trajectory,
        lying: Trajectory,
        game: GameOnL1,
    ) -> DisputeResult:
        head = (await self._client.head()).ref.number
        proven = await self._game.proven(game.id, 0, head)
        assertion = await self._outputs.assertion(game.assertion_id)
        result = DisputeResult(
            kind=kind.name,
            liar=options.liar,
            game=game,
            lie=lie,
            honest=honest,
            lying=lying,
            computed=None if proven is None else Hash32(proven.data[96:128]),
            assertion=assertion,
        )
        for _number, name, transaction in await self._game.moves(game.id, 0, head):
            receipt = await self._client.receipt(transaction)
            result.moves.append(Move(name, 0 if receipt is None else receipt.gas_used))
        for name, key, bond in (("proposer", PROPOSER_KEY, BOND), ("challenger", CHALLENGER_KEY, GAME_BOND)):
            account = private_key_address(key)
            pending = BOND if name == "proposer" and assertion.status is AssertionStatus.PENDING else 0
            result.balances[name] = (bond, await self._collect(key, account) + pending)
        return result

    async def _collect(self, key: bytes, account: Address) -> int:
        """Take what the game has brought; returns how much."""
        taken = 0
        for reader in (self._game, self._outputs):
            owed = await reader.word("credits(address)", account)
            if owed:
                await Account(self._client, self._clock, key).send(reader.address, encode_call("collect()"))
            taken += owed
        return taken
