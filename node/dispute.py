"""One whole dispute on an L1: a rollup is launched, somebody lies about it, and L1 finds out by executing one step.

Everything is real but the lie: the contracts, the chain (derived from L1 by the challenger for himself), both players
(`node.challenger`), and the verifier that judges. Three accounts play: proposer, challenger and who deploys; on the
embedded L1 and on development chains like anvil these are funded dev accounts.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from genesis.dev import DEV_PRIVATE_KEYS
from genesis.model import GenesisAccount
from node.account import Account
from node.challenger import Player, PlayerConfig
from node.claims import Contents, read_claim
from node.clock import Clock, SystemClock
from node.dispute_data import StagedLayer, staged_layer
from node.dispute_fees import CHARGES, change_settings
from node.dispute_page import serve_disputes
from node.game_contract import GameOnL1, GameReader
from node.l1.client import L1Client
from node.l1.transport import L1Refused
from node.l1_node import L1Node, L1Options
from node.launch import LaunchOptions, launch_rollup
from node.outputs_reader import OutputsReader
from node.proof_contracts import ProofOptions
from node.replay import Replay, replay
from node.role import run_role
from node.rollup import Rollup
from node.serial_sender import SerialSender
from node.settlement import SettlementOptions
from protocol.abi import address_of, encode_call
from protocol.batch import Batch, BlockClaim, encode_batch
from protocol.crypto import private_key_address
from protocol.errors import InvalidInput, Retry
from protocol.fee_terms import NO_FEES
from protocol.l1 import L1BlockRef
from protocol.output_root import OutputRoot
from protocol.outputs import Assertion, propose_call
from protocol.outputs import Status as AssertionStatus
from protocol.signing import UnsignedTransaction, sign_transaction
from protocol.types import ZERO_ADDRESS, Address, Hash32
from prover.chain import start_chain
from prover.commitments.chain_structures import Output
from prover.fee_lies import FEE_KINDS
from prover.game import Status
from prover.lies import DATA, KINDS, Kind, lie_about, lie_at
from prover.machine.vm import VM
from prover.trajectory import Lie, Trajectory
from prover.verifier import LIBRARIES

PROPOSER_KEY, CHALLENGER_KEY, DEPLOYER_KEY = DEV_PRIVATE_KEYS[:3]
L1_CHAIN_ID, L2_CHAIN_ID = 71716, 71717
BOND, GAME_BOND = 10**18, 10**17
CLOCK_SECONDS, EXTENSION_SECONDS = 600, 120
MOST_LOOKS = 2_000

PROGRAM = Address(b"\xd1" * 20)
PROGRAM_CODE = bytes.fromhex("6003600401600052600054600101600055602060002060015533600760206000a25b60005160025500")
"""Adds, writes memory and two slots, hashes, logs, writes a third slot: something for every kind of lie."""


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
        async with _l1(options, Path(folder), clock) as client, AsyncExitStack() as stack:
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


@asynccontextmanager
async def _l1(options: DisputeOptions, folder: Path, clock: Clock) -> AsyncIterator[L1Client]:
    if options.l1_url is not None:
        async with L1Client(options.l1_url, clock) as client:
            yield client
        return
    node = L1Node(L1Options(folder / "l1", L1_CHAIN_ID, 0, block_time_seconds=options.l1_block_seconds), clock)
    stop, started = asyncio.Event(), asyncio.Event()
    start = node.start

    async def start_and_tell() -> None:
        await start()
        started.set()

    node.start = start_and_tell  # type: ignore[method-assign]
    task = asyncio.create_task(run_role(node, stop))
    waiter = asyncio.create_task(started.wait())
    await asyncio.wait([task, waiter], return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        waiter.cancel()
        task.result()
    try:
        async with L1Client(f"http://127.0.0.1:{node.port}", clock) as client:
            yield client
    finally:
        stop.set()
        await task


async def launch_with_game(
    client: L1Client,
    clock: Clock,
    path: Path,
    say: Callable[[str], None],
    layer: StagedLayer | None = None,
    *,
    charges: bool = False,
) -> Rollup:
    """A rollup whose outputs are judged by the game and the one-step verifier; writes its file to `path`.

    Its batches are in `layer`, or in calldata. One that `charges` has every fee, and changes of settings at once.
    """
    proofs = ProofOptions(GAME_BOND, CLOCK_SECONDS, EXTENSION_SECONDS)
    settlement = SettlementOptions(challenge_window_seconds=86_400, bond_wei=BOND, proofs=proofs)
    program = {PROGRAM: GenesisAccount(nonce=1, code=PROGRAM_CODE)}
    options = LaunchOptions(L2_CHAIN_ID, settlement=settlement, predeploys=program)
    if charges:
        options = replace(options, fees=CHARGES, settlement=replace(settlement, config_delay_seconds=0))
    if layer is not None:
        options = replace(options, da_layer=layer.name, da_settings=layer.settings)
    rollup = await launch_rollup(client, clock, PROPOSER_KEY, options, path)
    contracts = rollup.config.settlement
    if contracts is None:
        raise InvalidInput("the launch made no settlement contracts")
    verifier = address_of(await GameReader(client, contracts.game).word("verifier()"))
    say(f"verifier on L1 at 0x{verifier.hex()}: a dispatcher and {len(LIBRARIES)} libraries")
    say(f"rollup launched; outputs at 0x{contracts.outputs.hex()}, game at 0x{contracts.game.hex()}")
    return rollup


async def post_batch(
    client: L1Client, clock: Clock, rollup: Rollup, say: Callable[[str], None], layer: StagedLayer | None = None
) -> L1BlockRef:
    """Two blocks of three transactions each, in one batch; returns its L1 block once that has a child."""
    genesis = rollup.genesis_timestamp
    transactions = []
    for nonce, to in enumerate([PROGRAM, PROGRAM, private_key_address(CHALLENGER_KEY), PROGRAM, PROGRAM, PROGRAM]):
        unsigned = UnsignedTransaction(
            chain_id=L2_CHAIN_ID,
            nonce=nonce,
            gas_limit=200_000,
            to=to,
            value=nonce,
            data=bytes((nonce,)),
            max_fee_per_gas=10**10,
            max_priority_fee_per_gas=1,
        )
        transactions.append(sign_transaction(unsigned, PROPOSER_KEY).raw)
    # On a chain that charges, the second block's origin is the newest there is, where its settings have changed.
    newest = 0 if rollup.config.fees == NO_FEES else 2**64 - 1
    claims = [
        BlockClaim(genesis + 1 + index, origin, tuple(transactions[3 * index : 3 * index + 3]))
        for index, origin in enumerate((0, newest))
    ]
    layer = layer or StagedLayer("calldata", Path())
    receipt = await layer.post(client, clock, rollup, PROPOSER_KEY, encode_batch(Batch(1, tuple(claims))))
    say(f"batch of {len(transactions)} transactions in {layer.name}, posted in L1 block {receipt.block_number}")
    if (await client.head()).ref.number == receipt.block_number:
        # An L1 that mines on demand makes no block by itself, and a proposal can name only a block with a child.
        await Account(client, clock, DEPLOYER_KEY).send(private_key_address(DEPLOYER_KEY))
    block = await client.block(receipt.block_number)
    if block is None or block.hash != receipt.block_hash:
        raise Retry("L1 has reorganised; start again")
    return block


async def beginning_of(
    client: L1Client, rollup: Rollup, chain: Replay, newest: L1BlockRef, contents: Contents | None = None
) -> VM:
    """The first state of the trace of a rollup's first assertion, if it is about L1 up to `newest`."""
    contracts = rollup.config.settlement
    if contracts is None:
        raise InvalidInput("a rollup without settlement contracts has nothing to dispute")
    wanted = Assertion(
        id=1,
        output_root=OutputRoot(Hash32(bytes(32))),
        l1_block_hash=newest.hash,
        parent=0,
        l2_block_number=chain.head.number,
        l1_block_number=newest.number,
        created_at=0,
        proposer=ZERO_ADDRESS,
        open_games=0,
        status=AssertionStatus.PENDING,
    )
    parent = await OutputsReader(client, contracts.outputs).assertion(0)
    claim = await read_claim(client, rollup.config, parent, wanted, chain.headers[:1], chain.outbox_root(0), contents)
    return start_chain(claim, chain.state(0).code, chain.state(0).node)


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
        game = await self._play(assertion, honest, lying, options)
        return await self._result(kind, options, lie, honest, lying, game)

    async def _propose(self, trace: Trajectory, newest: L1BlockRef) -> Assertion:
        output = trace.machine_at(2**50).cursor
        if not isinstance(output, Output):
            raise InvalidInput("the trace does not end in an output")
        call = propose_call(0, output.number, OutputRoot(output.root), newest)
        await Account(self._client, self._clock, PROPOSER_KEY).send(self._contracts.outputs, call, BOND)
        return await self._outputs.assertion(await self._outputs.word("count()") - 1)

    async def _play(
        self, assertion: Assertion, honest: Trajectory, lying: Trajectory, options: DisputeOptions
    ) -> GameOnL1:
        """Both sides, each by its own trace, until the game is over."""
        proposer_lies = options.liar == "proposer"
        defender = self._player(PROPOSER_KEY, lying if proposer_lies else honest, challenges=False)
        challenger = self._player(CHALLENGER_KEY, honest if proposer_lies else lying, challenges=True)
        for look in range(MOST_LOOKS):
            for player in (challenger, defender):
                if options.restarts:
                    player.forget()
                if await self._game.word("count()"):
                    found = await self._game.game(0)
                    if found.game.status != Status.OPEN:
                        return found
                try:
                    complaint = await player.step()
                except (L1Refused, Retry) as error:
                    complaint = str(error)
                if complaint is not None and look > MOST_LOOKS // 2:
                    raise Retry(complaint)
            await self._clock.sleep(options.l1_block_seconds / 4)
        raise Retry(f"the game about assertion {assertion.id} does not come to its end")

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
