"""A node of one rollup: it derives the chain from L1, serves JSON-RPC, and as the sequencer also builds and batches."""

import logging
from collections.abc import Callable, Coroutine, Sequence

from da.settings import LayerSettings
from da.table import chain_layers, effective_settings, layer_names, make_publisher
from node.batch_index import BatchIndex
from node.batch_plan import Progress
from node.batch_rpc import batch_methods
from node.batcher import Batcher
from node.bridge import Bridge
from node.bridge_rpc import BridgeDesk
from node.chain import Chain
from node.challenger import Player
from node.clock import Clock
from node.decoder import Decoder
from node.driver import Driver
from node.faucet import GIFT_WEI, Faucet, faucet_key
from node.game_rpc import GameDesk
from node.game_view import GameView
from node.kept_answers import KeptAnswers
from node.l1.client import L1Client
from node.l1.feed import BatchSource
from node.l1.reader import L1Reader
from node.l1.records import last_record
from node.l1.transport import L1Refused
from node.logs import hide
from node.newest_output import newest_output_methods
from node.node_options import NodeOptions, SequencerOptions
from node.output_roles import OutputRoles
from node.output_rpc import output_methods
from node.pages import NodePages
from node.producer import Producer, ProducerConfig, RollupPlan
from node.proposer import Proposer
from node.rollup_file import load_rollup
from node.rollup_rpc import rollup_methods
from node.rollup_start import check_l1, open_rollup
from node.services import Services
from node.shown_data import contents_or_proofs, reading_proofs, shown_data
from node.store import Store
from node.sync_progress import sync_progress
from node.worker import Worker
from protocol.batch import encoded_size
from protocol.engine import BlockBuilder
from protocol.errors import Halt, Retry
from rpc.method import MethodTable
from rpc.server import Server
from vm.pyevm.engine import PyEvmEngine
from web.site import SiteOptions

logger = logging.getLogger(__name__)

MakeLayers = Callable[[Sequence[str], LayerSettings], BatchSource]


class RollupNode:
    """One process's worth of a rollup, as a `node.role.Role`.

    `layers` makes what batches are read through, from the names of the chain's layers and their settings.
    """

    def __init__(self, options: NodeOptions, clock: Clock, *, layers: MakeLayers = chain_layers) -> None:
        self.options = options
        self.port = options.rpc_port
        self._clock = clock
        self._make_layers = layers
        self._worker = Worker()
        self._store: Store | None = None
        self._server: Server | None = None
        self._clients: list[L1Client] = []
        self._self_client: L1Client | None = None
        self._tasks: list[Coroutine[None, None, None]] = []
        self._decoder = Decoder()
        self._producer: Producer | None = None
        self.batcher: Batcher | None = None
        self.proposer: Proposer | None = None
        self.challenger: Player | None = None

    async def start(self) -> None:
        """Open or create the database, put the roles together, and serve.

        Raises:
            InvalidInput: The rollup's file is unusable, or it cannot have the role that is wanted.
            Halt: The database belongs to another chain, or is damaged.
            OSError: The port is taken.
        """
        options = self.options
        self._rollup = rollup = load_rollup(options.rollup)
        self._l1 = self._client(L1Client(options.l1_url, self._clock))
        self._layer_names = layer_names(rollup.da_layer)
        self._layer_settings = LayerSettings(
            options.da_dir, options.l1_url, effective_settings(rollup.da_settings, options.da_settings), hide=hide
        )
        self._shown = shown_data(self._l1, rollup.config)
        self._layers = reading_proofs(self._make_layers(self._layer_names, self._layer_settings), self._shown)
        self._open_chain()
        self._tasks = [self._follow_l1()]
        if options.sequencer is not None:
            self._tasks += self._sequence(options.sequencer)
        self._roles = roles = self._output_roles()
        if options.proposer is not None:
            self._tasks.append(roles.propose(options.proposer))
        if options.player is not None:
            self._tasks.append(roles.challenge(options.player))
        self.proposer, self.challenger = roles.proposer, roles.challenger
        await self._serve()

    def tasks(self) -> list[Coroutine[None, None, None]]:
        """Derivation, event announcements, and for the sequencer block production and batching."""
        return self._tasks

    async def close(self) -> None:
        """Stop serving, then close the database."""
        if self._server is not None:
            await self._server.stop()
        for client in self._clients:
            await client.close()
        await self._decoder.close()
        self._worker.close()
        if self._store is not None:
            self._store.close()

    # --- following ---

    def _open_chain(self) -> None:
        options, config = self.options, self._rollup.config
        self._store = store = Store(options.data_dir / "db", keep_states=options.keep_states)
        open_rollup(store, self._rollup)
        self._engine = engine = PyEvmEngine(config.chain)
        self.chain = chain = Chain(store, engine, config.chain)
        self._services = Services(chain, engine, self._clock, self._pending_block)
        self.driver = Driver(
            config,
            chain,
            engine,
            L1Reader(self._l1, config.inbox_address, config.settlement),
            self._layers,
            self._worker,
            self._clock,
            keep_unsafe=options.sequencer is not None,
            decoder=self._decoder,
        )
        block_seconds = config.block_time_milliseconds / 1000
        self._services.backend.sync_progress = sync_progress(chain, self.driver.status, self._clock, block_seconds)

    async def _follow_l1(self) -> None:
        complaint = None
        while True:
            try:
                await check_l1(self._rollup, self._l1)
                break
            except (Retry, L1Refused) as error:
                if str(error) != complaint:
                    complaint = str(error)
                    logger.warning("waiting for L1: %s", complaint)
                await self._clock.sleep(1.0)
        await self.driver.run()

    # --- roles ---

    def _sequence(self, options: SequencerOptions) -> list[Coroutine[None, None, None]]:
        """Make blocks, and publish them in batches."""
        config, publisher = self._rollup.config, make_publisher(self._layer_names, self._layer_settings)
        self._producer = Producer(
            self.chain,
            self._engine,
            self._services.pool,
            RollupPlan(config, self.driver, options.l1_confirmations),
            self._worker,
            self._clock,
            ProducerConfig(
                block_time_seconds=config.block_time_milliseconds / 1000,
                empty_blocks=options.empty_blocks,
                max_block_bytes=publisher.max_bytes - encoded_size(()),
            ),
        )
        self.batcher = Batcher(
            self.chain,
            lambda: derived_so_far(self.chain.store),
            publisher,
            self._l1,
            config.inbox_address,
            options.batcher_key,
            self._clock,
            options.batcher,
        )
        return [self._producer.run(), self.batcher.run()]

    def _output_roles(self) -> OutputRoles:
        return OutputRoles(
            self._rollup,
            self.chain,
            self.driver,
            self._l1,
            self._clock,
            self.options.data_dir,
            lambda: contents_or_proofs(chain_layers(self._layer_names, self._layer_settings).contents, self._shown),
        )

    def _pending_block(self) -> BlockBuilder | None:
        return None if self._producer is None else self._producer.pending_block()

    # --- serving ---

    async def _serve(self) -> None:
        options, backend = self.options, self._services.backend
        settlement = self._rollup.config.settlement
        # A page would rather say that L1 is silent than keep its reader waiting.
        asked = self._client(L1Client(options.l1_url, self._clock, timeout_seconds=3, attempts=1))
        site = SiteOptions(
            options.role,
            faucet_wei=GIFT_WEI if options.faucet else None,
            has_bridge=settlement is not None,
            has_disputes=settlement is not None,
        )
        pages = NodePages(backend, self._clock, site)
        self._server = Server(backend, extra_methods=self._methods(asked), pages=dict(pages.routes))
        self._tasks.append(pages.attach(self._server))
        self.port = await self._server.start(options.host, options.rpc_port, fronts=options.rpc_fronts)
        self._tasks += [self._server.wait(), pages.link_l1(asked)]

    def _methods(self, l1: L1Client) -> MethodTable:
        """What this node answers beside what every Ethereum node does."""
        rollup, chain, services, batcher = self._rollup, self.chain, self._services, self.batcher
        config, settlement = rollup.config, rollup.config.settlement
        index = BatchIndex(chain.store, l1, config.inbox_address, self._layers)
        methods = {
            **rollup_methods(rollup, chain, self.driver, services.pool, batcher, self.proposer, self.challenger),
            **output_methods(chain),
            **batch_methods(index, l1, None if batcher is None else batcher.address),
        }
        if settlement is not None:
            kept, start = KeptAnswers(self._clock), config.l1_genesis.number
            methods |= BridgeDesk(lambda: Bridge(l1, self._ask_self(), settlement, start), self._clock).methods()
            methods |= GameDesk(GameView(l1, settlement, self._roles.known_traces), kept).methods()
            methods |= newest_output_methods(l1, settlement, kept)
        if self.options.faucet:
            methods |= Faucet(services.backend, self._clock, faucet_key(rollup)).methods()
        return methods

    def _ask_self(self) -> L1Client:
        """This node, as any client sees it, once it listens."""
        if self._self_client is None:
            url = self_url(self.options.host, self.port)
            client = L1Client(url, self._clock, who="the node", timeout_seconds=10, attempts=1)
            self._self_client = self._client(client)
        return self._self_client

    def _client(self, client: L1Client) -> L1Client:
        """Closed with the node."""
        self._clients.append(client)
        return client


def self_url(host: str, port: int) -> str:
    """Where a server that listens on `host` can be reached from its own machine."""
    reached = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{reached}:{port}"


def derived_so_far(store: Store) -> Progress:
    """Where derivation is, for the batcher."""
    record = last_record(store)
    if record is None:
        raise Halt("the database holds no L1 record")
    return Progress(record.safe_number, record.block.ref.number)
