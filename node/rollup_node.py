"""A node of one rollup: it derives the chain from L1, serves JSON-RPC, and as the sequencer also builds and batches."""

import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from da.settings import LayerSettings
from da.table import chain_layers, effective_settings, layer_names, make_publisher
from genesis.geth_format import genesis_json
from genesis.model import build_genesis
from node import chain_setup
from node.batch_index import BatchIndex
from node.batch_plan import BatcherConfig, Progress
from node.batch_rpc import batch_methods
from node.batcher import Batcher
from node.bridge import Bridge
from node.bridge_rpc import BridgeDesk
from node.chain import Chain, create_chain
from node.challenger import Player, PlayerConfig
from node.clock import Clock
from node.decoder import Decoder
from node.driver import Driver
from node.duties import Duty, look_for_ever
from node.faucet import GIFT_WEI, Faucet, faucet_key
from node.game_rpc import GameDesk
from node.game_view import GameView
from node.games_in_play import MemoryFile
from node.kept_answers import KeptAnswers
from node.l1.client import L1Client, L1Refused
from node.l1.feed import BatchSource
from node.l1.reader import L1Reader
from node.l1.records import TABLE, L1Record, encode_record, last_record, record_at, record_key
from node.logs import hide
from node.newest_output import newest_output_methods
from node.output_roots import output_at
from node.output_rpc import output_methods
from node.outputs_reader import OutputsReader
from node.own_traces import OwnTraces
from node.pages import NodePages
from node.producer import Producer, ProducerConfig, RollupPlan
from node.proposer import Derived, Proposer, ProposerConfig
from node.rollup_file import Rollup, load_rollup, unprovable_chain
from node.rollup_rpc import rollup_methods
from node.serial_sender import SerialSender
from node.services import Services
from node.store import Store
from node.sync_progress import sync_progress
from node.worker import Worker
from protocol.batch import encoded_size
from protocol.engine import BlockBuilder
from protocol.errors import Halt, InvalidInput, Retry
from protocol.l1 import L1Block
from protocol.rollup import SettlementContracts
from prover.chain import chain_rules
from prover.trajectory import Trajectory
from rpc.server import Server
from vm.pyevm.engine import PyEvmEngine
from web.site import SiteOptions

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SequencerOptions:
    """What only the sequencer needs. `batcher_key` is the L1 account that pays for batches."""

    batcher_key: bytes
    batcher: BatcherConfig = field(default_factory=BatcherConfig)
    empty_blocks: bool = True
    l1_confirmations: int = 0


@dataclass(frozen=True, slots=True)
class ProposerOptions:
    """What only the proposer needs. `key` is the L1 account that bonds output roots."""

    key: bytes
    config: ProposerConfig = field(default_factory=ProposerConfig)


@dataclass(frozen=True, slots=True)
class PlayerOptions:
    """What only a challenger needs, or a proposer that defends. `key` is the L1 account that bonds and moves."""

    key: bytes
    config: PlayerConfig = field(default_factory=PlayerConfig)


@dataclass(frozen=True, slots=True)
class NodeOptions:
    """How to run a node of a rollup; without `sequencer` it is a verifier, which may propose what it has derived."""

    data_dir: Path
    rollup: Path
    l1_url: str
    da_dir: Path
    rpc_port: int = 8545
    host: str = "127.0.0.1"
    sequencer: SequencerOptions | None = None
    keep_states: int | None = None
    """For how many of the newest blocks the state stays readable; None keeps every state."""
    faucet: bool = False
    """Give ether away, on a development chain."""
    rpc_fronts: int = 0
    """Processes that read JSON-RPC requests; with 0 the node does so itself."""
    proposer: ProposerOptions | None = None
    player: PlayerOptions | None = None
    """Disputes what others have proposed, and defends what this account has."""
    da_settings: Mapping[str, str] = field(default_factory=dict)
    """This node's settings of data layers, by `layer.key`; see `da.table`."""


MakeLayers = Callable[[Sequence[str], LayerSettings], BatchSource]


class RollupNode:
    """One process's worth of a rollup, as a `node.role.Role`.

    `layers` makes what batches are read through, from the names of the chain's layers and their settings.
    """

    def __init__(self, options: NodeOptions, clock: Clock, *, layers: MakeLayers = chain_layers) -> None:
        self.options = options
        self.port = options.rpc_port
        self._clock = clock
        self._layers = layers
        self._worker = Worker()
        self._store: Store | None = None
        self._server: Server | None = None
        self._l1: L1Client | None = None
        self._l1_of_pages: L1Client | None = None
        self._self_client: L1Client | None = None
        self._tasks: list[Coroutine[None, None, None]] = []
        self._decoder = Decoder()
        self._producer: Producer | None = None
        self.batcher: Batcher | None = None
        self.proposer: Proposer | None = None
        self.challenger: Player | None = None
        self._players: list[Player] = []

    async def start(self) -> None:
        """Open or create the database, check that L1 is the right one, and serve."""
        options, clock = self.options, self._clock
        rollup = load_rollup(options.rollup)
        config = rollup.config
        self._l1 = l1 = L1Client(options.l1_url, clock)
        self._store = store = Store(options.data_dir / "db", keep_states=options.keep_states)
        open_rollup(store, rollup)
        engine = PyEvmEngine(config.chain)
        self.chain = chain = Chain(store, engine, config.chain)
        services = Services(chain, engine, clock, self._pending_block)
        names = layer_names(rollup.da_layer)
        layer_settings = self._layer_settings(rollup)
        layers = self._layers(names, layer_settings)
        self.driver = driver = Driver(
            config,
            chain,
            engine,
            L1Reader(l1, config.inbox_address, config.settlement),
            layers,
            self._worker,
            clock,
            keep_unsafe=options.sequencer is not None,
            decoder=self._decoder,
        )
        block_seconds = config.block_time_milliseconds / 1000
        services.backend.sync_progress = sync_progress(chain, driver.status, clock, block_seconds)
        self._tasks = [self._follow_l1(rollup, l1)]
        if options.sequencer is not None:
            publisher = make_publisher(names, layer_settings)
            self._producer = Producer(
                chain,
                engine,
                services.pool,
                RollupPlan(config, driver, options.sequencer.l1_confirmations),
                self._worker,
                clock,
                ProducerConfig(
                    block_time_seconds=config.block_time_milliseconds / 1000,
                    empty_blocks=options.sequencer.empty_blocks,
                    max_block_bytes=publisher.max_bytes - encoded_size(()),
                ),
            )
            self.batcher = Batcher(
                chain,
                lambda: progress_of(store),
                publisher,
                l1,
                config.inbox_address,
                options.sequencer.batcher_key,
                clock,
                options.sequencer.batcher,
            )
            self._tasks += [self._producer.run(), self.batcher.run()]
        if options.proposer is not None:
            self._tasks.append(self._propose(rollup, options.proposer, l1))
        if options.player is not None:
            self._tasks.append(self._challenge(rollup, options.player, l1))
        # A page would rather say that L1 is silent than keep its reader waiting.
        self._l1_of_pages = asked = L1Client(options.l1_url, clock, timeout_seconds=3, attempts=1)
        index = BatchIndex(store, asked, config.inbox_address, layers)
        methods = {
            **rollup_methods(rollup, chain, driver, services.pool, self.batcher, self.proposer, self.challenger),
            **output_methods(chain),
            **batch_methods(index, asked, None if self.batcher is None else self.batcher.address),
        }
        desk = self._bridge_desk(rollup, asked)
        if desk is not None:
            methods |= desk.methods()
        if config.settlement is not None:
            kept = KeptAnswers(clock)
            methods |= GameDesk(GameView(asked, config.settlement, self._known_traces), kept).methods()
            methods |= newest_output_methods(asked, config.settlement, kept)
        if options.faucet:
            methods |= Faucet(services.backend, clock, faucet_key(rollup)).methods()
        role = role_of(options)
        pages = NodePages(
            services.backend,
            clock,
            SiteOptions(
                role,
                faucet_wei=GIFT_WEI if options.faucet else None,
                has_bridge=desk is not None,
                has_disputes=config.settlement is not None,
            ),
        )
        self._server = Server(services.backend, extra_methods=methods, pages=dict(pages.routes))
        self._tasks.append(pages.attach(self._server))
        self.port = await self._server.start(options.host, options.rpc_port, fronts=options.rpc_fronts)
        self._tasks += [self._server.wait(), pages.link_l1(asked)]

    def tasks(self) -> list[Coroutine[None, None, None]]:
        """Derivation, event announcements, and for the sequencer block production and batching."""
        return self._tasks

    async def close(self) -> None:
        """Stop serving, then close the database."""
        if self._server is not None:
            await self._server.stop()
        for client in (self._l1, self._l1_of_pages, self._self_client):
            if client is not None:
                await client.close()
        await self._decoder.close()
        self._worker.close()
        if self._store is not None:
            self._store.close()

    def _bridge_desk(self, rollup: Rollup, l1: L1Client) -> BridgeDesk | None:
        settlement = rollup.config.settlement
        if settlement is None:
            return None
        start = rollup.config.l1_genesis.number
        return BridgeDesk(lambda: Bridge(l1, self._ask_self(), settlement, start), self._clock)

    def _ask_self(self) -> L1Client:
        """This node, as any client sees it, once it listens."""
        if self._self_client is None:
            url = self_url(self.options.host, self.port)
            self._self_client = L1Client(url, self._clock, who="the node", timeout_seconds=10, attempts=1)
        return self._self_client

    def _propose(self, rollup: Rollup, options: ProposerOptions, l1: L1Client) -> Coroutine[None, None, None]:
        """Bond outputs, and defend them where a game judges: one account, so one sender."""
        settlement = rollup.config.settlement
        if settlement is None:
            raise InvalidInput("a chain without settlement contracts has no output roots to propose")
        sender = SerialSender(l1, options.key, options.config.sender)
        defends = unprovable_chain(rollup) is None
        self.proposer = Proposer(self._derived(), l1, settlement, sender, options.config, defends=defends)
        duties: list[Duty] = [self.proposer]
        if defends:
            # First, because moves have deadlines.
            duties.insert(0, self._make_player(rollup, settlement, sender, PlayerConfig(challenges=False), l1))
        return look_for_ever(l1, sender, duties, self._clock, options.config.poll_seconds)

    def _challenge(self, rollup: Rollup, options: PlayerOptions, l1: L1Client) -> Coroutine[None, None, None]:
        """Dispute what is false."""
        settlement, reason = rollup.config.settlement, unprovable_chain(rollup)
        if settlement is None:
            raise InvalidInput("a chain without settlement contracts has nothing to dispute")
        if reason is not None:
            raise InvalidInput(str(reason))  # before anything is at stake
        if self.options.proposer is not None and self.options.proposer.key == options.key:
            raise InvalidInput("a challenger needs an account of its own, not the proposer's")
        sender = SerialSender(l1, options.key, options.config.sender)
        self.challenger = player = self._make_player(rollup, settlement, sender, options.config, l1)
        return look_for_ever(l1, sender, [player], self._clock, options.config.poll_seconds)

    def _layer_settings(self, rollup: Rollup) -> LayerSettings:
        options = self.options
        values = effective_settings(rollup.da_settings, options.da_settings)
        return LayerSettings(options.da_dir, options.l1_url, values, hide=hide)

    def _make_player(
        self,
        rollup: Rollup,
        settlement: SettlementContracts,
        sender: SerialSender,
        config: PlayerConfig,
        l1: L1Client,
    ) -> Player:
        outputs = OutputsReader(l1, settlement.outputs)
        layers = chain_layers(layer_names(rollup.da_layer), self._layer_settings(rollup))
        traces = OwnTraces(
            l1, rollup.config, self.chain, outputs, lambda: self.driver.processed.number, layers.contents
        )
        rules, is_true = chain_rules(rollup.config).digest(), self._derived().confirms
        path = self.options.data_dir / f"games-{sender.address.hex()[:8]}.json"
        memory = MemoryFile(path, settlement.game, sender.address)
        player = Player(traces.trace_of, l1, settlement, sender, config, rules=rules, is_true=is_true, memory=memory)
        self._players.append(player)
        return player

    def _derived(self) -> Derived:
        chain = self.chain
        return Derived(
            lambda: self.driver.processed.number,
            lambda number: record_at(chain.store, number),
            lambda number: output_at(chain, number),
        )

    def _known_traces(self, assertion_id: int) -> list[tuple[str, Trajectory]]:
        return [("node", trace) for player in self._players for trace in player.traces_of(assertion_id)]

    def _pending_block(self) -> BlockBuilder | None:
        return None if self._producer is None else self._producer.pending_block()

    async def _follow_l1(self, rollup: Rollup, l1: L1Client) -> None:
        complaint = None
        while True:
            try:
                await check_l1(rollup, l1)
                break
            except (Retry, L1Refused) as error:
                if str(error) != complaint:
                    complaint = str(error)
                    logger.warning("waiting for L1: %s", complaint)
                await self._clock.sleep(1.0)
        await self.driver.run()


def role_of(options: NodeOptions) -> str:
    """What this process is, in a word, for its pages."""
    if options.sequencer is not None:
        return "sequencer"
    if options.proposer is not None:
        return "proposer"
    return "verifier" if options.player is None else "challenger"


def self_url(host: str, port: int) -> str:
    """Where a server that listens on `host` can be reached from its own machine."""
    reached = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{reached}:{port}"


def open_rollup(store: Store, rollup: Rollup) -> None:
    """Make sure that `store` holds this rollup's genesis, block and L1 record, creating both in an empty one."""
    genesis = build_genesis(rollup.genesis())
    record = L1Record(L1Block(rollup.config.l1_genesis), 0, genesis.block.hash)
    document = (chain_setup.TABLE, chain_setup.KEY, genesis_json(rollup.genesis()))
    create_chain(store, genesis, [document, (TABLE, record_key(record.block.ref.number), encode_record(record))])


async def check_l1(rollup: Rollup, l1: L1Client) -> None:
    """Make sure that L1 is the one this rollup lives on.

    Raises:
        Retry, L1Refused: It does not say.
        Halt: It is another chain, or does not hold the block that the rollup starts at.
    """
    config = rollup.config
    chain_id = await l1.chain_id()
    genesis = await l1.block(config.l1_genesis.number)
    if chain_id != config.l1_chain_id:
        raise Halt(f"{l1.name} is chain {chain_id}; this rollup lives on chain {config.l1_chain_id}")
    if genesis is None or genesis.hash != config.l1_genesis.hash:
        found = "no such block" if genesis is None else f"0x{genesis.hash.hex()}"
        raise Halt(
            f"{l1.name}: block {config.l1_genesis.number} should be 0x{config.l1_genesis.hash.hex()}, where this "
            f"rollup starts, but is {found}: another L1, or one that lost its state. Choose the right L1, or start "
            "a new rollup in another data directory"
        )


def progress_of(store: Store) -> Progress:
    """Where derivation is, for the batcher."""
    record = last_record(store)
    if record is None:
        raise Halt("the database holds no L1 record")
    return Progress(record.safe_number, record.block.ref.number)
