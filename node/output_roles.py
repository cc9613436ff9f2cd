"""Who acts on a chain's outputs for a node: a proposer, which defends what it bonds where a game judges, a challenger.

Both trust what this node has derived and nothing else.
"""

from collections.abc import Callable, Coroutine
from pathlib import Path

from node.blind import Blind
from node.chain import Chain
from node.challenger import Player, PlayerConfig
from node.claims import Contents
from node.clock import Clock
from node.driver import Driver
from node.duties import Duty, look_for_ever
from node.game_contract import GameReader
from node.games_in_play import MemoryFile
from node.l1.client import L1Client
from node.l1.records import record_at
from node.node_options import PlayerOptions, ProposerOptions
from node.output_roots import output_at
from node.outputs_reader import OutputsReader
from node.own_traces import OwnTraces
from node.proposer import Derived, Proposer
from node.rollup import Rollup, unprovable_chain
from node.serial_sender import SerialSender
from protocol.errors import InvalidInput
from protocol.rollup import SettlementContracts
from prover.chain import chain_rules
from prover.trajectory import Trajectory


class OutputRoles:
    """One node's; `propose` and `challenge` return the task to run, and whoever it is then stands here.

    `make_contents` makes what a claim's batches are read through; `folder` is where a player remembers its games.
    """

    def __init__(
        self,
        rollup: Rollup,
        chain: Chain,
        driver: Driver,
        l1: L1Client,
        clock: Clock,
        folder: Path,
        make_contents: Callable[[], Contents],
    ) -> None:
        self.proposer: Proposer | None = None
        self.challenger: Player | None = None
        self._players: list[Player] = []
        self._rollup = rollup
        self._chain = chain
        self._driver = driver
        self._l1 = l1
        self._clock = clock
        self._folder = folder
        self._make_contents = make_contents
        self._derived = Derived(
            self._processed, lambda number: record_at(chain.store, number), lambda number: output_at(chain, number)
        )

    def propose(self, options: ProposerOptions) -> Coroutine[None, None, None]:
        """Bond outputs, and defend them where a game judges: one account, so one sender.

        Raises:
            InvalidInput: The chain has no contracts to propose to.
        """
        settlement = self._settlement("has no output roots to propose")
        sender = SerialSender(self._l1, options.key, options.config.sender)
        defends = unprovable_chain(self._rollup) is None
        self.proposer = Proposer(self._derived, self._l1, settlement, sender, options.config, defends=defends)
        duties: list[Duty] = [self.proposer]
        if defends:
            # First, because moves have deadlines.
            duties.insert(0, self._make_player(settlement, sender, PlayerConfig(challenges=False)))
        return look_for_ever(self._l1, sender, duties, self._clock, options.config.poll_seconds)

    def challenge(self, options: PlayerOptions) -> Coroutine[None, None, None]:
        """Dispute what is false.

        Raises:
            InvalidInput: No game could judge this chain, or the account is the proposer's.
        """
        settlement, reason = self._settlement("has nothing to dispute"), unprovable_chain(self._rollup)
        if reason is not None:
            raise InvalidInput(str(reason))  # before anything is at stake
        sender = SerialSender(self._l1, options.key, options.config.sender)
        if self.proposer is not None and self.proposer.address == sender.address:
            raise InvalidInput("a challenger needs an account of its own, not the proposer's")
        self.challenger = player = self._make_player(settlement, sender, options.config)
        return look_for_ever(self._l1, sender, [player], self._clock, options.config.poll_seconds)

    def known_traces(self, assertion_id: int) -> list[tuple[str, Trajectory]]:
        """What this node has worked out of an assertion, for `node.game_view`."""
        return [("node", trace) for player in self._players for trace in player.traces_of(assertion_id)]

    def _settlement(self, lack: str) -> SettlementContracts:
        settlement = self._rollup.config.settlement
        if settlement is None:
            raise InvalidInput(f"a chain without settlement contracts {lack}")
        return settlement

    def _make_player(self, settlement: SettlementContracts, sender: SerialSender, config: PlayerConfig) -> Player:
        l1, rules = self._l1, self._rollup.config
        outputs = OutputsReader(l1, settlement.outputs)
        traces = OwnTraces(l1, rules, self._chain, outputs, self._processed, self._make_contents())
        memory = MemoryFile(self._folder / f"games-{sender.address.hex()[:8]}.json", settlement.game, sender.address)
        player = Player(
            traces.trace_of,
            l1,
            settlement,
            sender,
            config,
            rules=chain_rules(rules).digest(),
            is_true=self._derived.confirms,
            memory=memory,
            blind=self._blind(traces, settlement, config.blind_after_seconds),
        )
        self._players.append(player)
        return player

    def _blind(self, traces: OwnTraces, settlement: SettlementContracts, after_seconds: int | None) -> Blind | None:
        if after_seconds is None:
            return None
        game = GameReader(self._l1, settlement.game)
        return Blind(traces.prefix_of, self._processed, game, settlement.challenge_window, after_seconds)

    def _processed(self) -> int:
        return self._driver.processed.number
