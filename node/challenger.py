"""Challenger and defender: one account's games on one rollup, in whichever role.

Each look reads the contracts as L1 has them now, and has one transaction to send at most, so a crash or an L1 reorg at
any moment needs no repair; what lies on disk only saves reading (`node/games_in_play.py`). What is true comes from a
`Trajectory` of our own, computed from L1's data; an assertion whose trace does not begin where the game contract says
it does is left alone. Where a layer keeps data back there is no trace: then nothing is opened, unless who runs this
has chosen to play blind (`node/blind.py`).
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field

from node.blind import Blind
from node.duties import look
from node.game_contract import GameOnL1, GameReader, open_call, pick_call, post_call, prove_call
from node.games_in_play import GamesInPlay, Memory
from node.l1.client import L1Client
from node.outputs_reader import OutputsReader
from node.serial_sender import Call, SenderConfig, SerialSender
from protocol.abi import encode_call
from protocol.errors import Retry
from protocol.l1 import L1BlockRef
from protocol.outputs import Assertion
from protocol.outputs import Status as AssertionStatus
from protocol.provable import MOST_GAS
from protocol.rollup import SettlementContracts
from protocol.types import Address, Hash32
from prover.game import Turn, first_wrong_part, states_between
from prover.prefix import Prefix
from prover.trajectory import Trajectory

MOST_OPEN = 256
"""Assertions after the last confirmed one that are looked at; older ones first."""
KEPT_TRACES = 2

logger = logging.getLogger(__name__)

TraceOf = Callable[[Assertion], Awaitable[Trajectory | None]]
"""Our own trace of what an assertion is about; None when it cannot be told yet, or is not such as can be proved."""


@dataclass(frozen=True, slots=True)
class PlayerConfig:
    """Which roles, how often, how surely."""

    challenges: bool = True
    """Whether to open games against assertions that are wrong. Games that are open are always played."""
    blind_after_seconds: int | None = None
    """After so long without an assertion's data a game is opened about it blind; None: never. See `node/blind.py`."""
    collects: bool = True
    """Whether to take what games have brought as soon as it is there."""
    poll_seconds: float = 1.0
    """How often to look at L1, where the account has nothing else to do."""
    sender: SenderConfig = field(default_factory=SenderConfig)
    """Patience and fees, likewise."""


class Player:
    """One account's games, as a `node.duties.Duty`."""

    def __init__(
        self,
        trace_of: TraceOf,
        l1: L1Client,
        contracts: SettlementContracts,
        sender: SerialSender,
        config: PlayerConfig | None = None,
        *,
        rules: Hash32 | None = None,
        is_true: Callable[[Assertion], bool] = lambda _assertion: False,
        memory: Memory | None = None,
        blind: Blind | None = None,
    ) -> None:
        """`rules` is the digest of the chain's rules, where nobody has looked yet whether the game is one about it;
        `is_true` tells assertions that our own derivation confirms: no trace need be computed to let them be.
        `memory` keeps which games need not be looked at again; without one a new start reads all of them once.
        `blind` knows what to do about assertions whose data is kept back; None: wait."""
        self.name = "disputes"
        self.complaint: str | None = None
        self._config = config or PlayerConfig()
        self._trace_of = trace_of
        self._unseen_rules = rules
        self._is_true = is_true
        self._l1 = l1
        self._outputs = OutputsReader(l1, contracts.outputs)
        self._game = GameReader(l1, contracts.game)
        self._settings = GameReader(l1, contracts.chain_config)
        self._sender = sender
        self._blind = blind
        self._games = GamesInPlay(l1, self._game, sender.address, memory)
        self._traces: dict[tuple[int, bytes], Trajectory] = {}
        self._trouble: str | None = None

    @property
    def address(self) -> Address:
        """The account that bonds, moves and is paid."""
        return self._sender.address

    def traces_of(self, assertion_id: int) -> list[Trajectory]:
        """Our own traces of an assertion that are at hand; nothing is computed for it."""
        return [trace for (known, _start), trace in self._traces.items() if known == assertion_id]

    def forget(self) -> None:
        """Be as after a crash: whatever matters is on L1."""
        self._sender.forget()
        self._games.forget()
        self._traces.clear()
        if self._blind is not None:
            self._blind.forget()

    async def step(self) -> str | None:
        """Look once, with nothing else to do; returns the complaint. Raises as `node.duties.look`."""
        await look(self._l1, self._sender, self)
        return self.complaint

    async def due(self, head: L1BlockRef) -> Call | str | None:
        """The transaction that is to be sent now; see `Duty`."""
        self._trouble = None
        if not await self._is_there():
            return "no game decides about this chain's outputs, an account does" if self._config.challenges else None
        if self._blind is not None:
            self._blind.look(head.timestamp)
        # Moves have deadlines; opening and collecting can wait for them.
        call = await self._move(head) or await self._opening(head.timestamp) or await self._collection()
        return call or self._trouble

    async def _is_there(self) -> bool:
        if self._unseen_rules is not None and await self._game.is_about(self._unseen_rules):
            most_gas = await self._settings.word("max_gas_limit()")
            if most_gas > MOST_GAS:
                logger.warning(
                    "governance may raise this chain's gas limit to %d, and a game walks %d of a transaction: "
                    "what is beyond can be asserted falsely",
                    *(most_gas, MOST_GAS),
                )
            self._unseen_rules = None
        return self._unseen_rules is None

    # --- what to do ---------------------------------------------------------------------------------------------------

    async def _move(self, head: L1BlockRef) -> Call | None:
        """The move that is due in the oldest of the open games, or its end."""
        async with aclosing(self._games.open_ones(head.number)) as games:
            async for found in games:
                call = await self._move_in(found, head.timestamp)
                if call is not None:
                    return call
        return None

    async def _move_in(self, found: GameOnL1, now: int) -> Call | None:  # noqa: PLR0911 - a case per line
        game = found.game
        assertion = await self._outputs.assertion(found.assertion_id)
        if assertion.status is not AssertionStatus.PENDING:
            return self._call(f"close game {found.id}, which is moot", encode_call("abandon(uint256)", found.id))
        challenges = self.address == found.challenger
        if now >= game.deadline:
            opponent_is_late = challenges != (game.turn == Turn.PICK)
            what = f"close game {found.id} by the clock"
            return self._call(what, encode_call("time_out(uint256)", found.id)) if opponent_is_late else None
        if game.turn != Turn.PROVE and challenges != (game.turn == Turn.PICK):
            return None
        if game.turn == Turn.POST:
            trace = await self._trace(assertion)
            if trace is None:
                return None
            states = await asyncio.to_thread(states_between, game, trace.state_hash)
            return self._call(f"game {found.id}: post states, round {game.round + 1}", post_call(found.id, states))
        known = await self._trace(assertion) or (await self._prefix(assertion) if challenges else None)
        if known is None:
            return None
        if game.turn == Turn.PROVE:
            return await self._proof(found, known, challenges=challenges)
        head = (await self._l1.head()).ref.number  # they may be in a block that came since this look began
        posted = await self._game.posted_states(found.id, game.posted, assertion.l1_block_number, head)
        if posted is None:
            raise Retry(f"L1's log lacks the states posted in game {found.id}")
        part = await asyncio.to_thread(first_wrong_part, game, posted, known.state_hash)
        return self._call(
            f"game {found.id}: pick part {part}, round {game.round + 1}", pick_call(found.id, posted, part)
        )

    async def _proof(self, found: GameOnL1, known: Trajectory | Prefix, *, challenges: bool) -> Call | None:
        """The step, if what L1 would compute is in our favour; None also if we cannot tell."""
        game = found.game
        after = await asyncio.to_thread(known.state_hash, game.position + 1)
        if after is None or (after == game.claimed) == challenges or known.state_hash(game.position) != game.agreed:
            return None
        proof = await asyncio.to_thread(known.proof, game.position)
        return self._call(f"game {found.id}: prove the step", prove_call(found.id, proof))

    async def _opening(self, now: int) -> Call | None:
        """Dispute the oldest pending assertion that is wrong, if its window is open and we have not yet."""
        if not self._config.challenges:
            return None
        confirmed = await self._outputs.latest_confirmed()
        for assertion in await self._outputs.after(confirmed.id, MOST_OPEN):
            if assertion.status is not AssertionStatus.PENDING or assertion.proposer == self.address:
                continue
            if self._is_true(assertion):
                continue
            if await self._game.word("played(uint256,address)", assertion.id, self.address):
                continue
            trace = await self._trace(assertion)
            if trace is None:
                if not await self._is_disputed_blind(assertion, now):
                    continue
                what = f"dispute assertion {assertion.id} blind, as its data is kept back"
            else:
                _start, claimed = await self._game.endpoints(assertion.id)
                if trace.end() == claimed:
                    continue
                what = f"dispute assertion {assertion.id} about block {assertion.l2_block_number}"
            return Call(what, self._game.address, open_call(assertion.id), await self._game.word("bond()"))
        return None

    async def _is_disputed_blind(self, assertion: Assertion, now: int) -> bool:
        due = None if self._blind is None else await self._blind.due_at(assertion, now)
        if self._blind is None or due is None:
            return False
        if now < due:
            self._trouble = f"the data of assertion {assertion.id} is not served; it is disputed blind at L1 time {due}"
            return False
        prefix = await self._blind.read(assertion)
        return prefix is not None and await self._begins_rightly(prefix, assertion)

    async def _collection(self) -> Call | None:
        """Take what games have brought."""
        for reader in (self._game, self._outputs) if self._config.collects else ():
            amount = await reader.word("credits(address)", self.address)
            if amount:
                return Call(f"collect {amount} wei of bonds", reader.address, encode_call("collect()"))
        return None

    async def _trace(self, assertion: Assertion) -> Trajectory | None:
        """Our trace, if it begins where the contract says."""
        start, _claimed = await self._game.endpoints(assertion.id)
        key = (assertion.id, start)
        if key not in self._traces:
            trace = await self._trace_of(assertion)
            if trace is None or not await self._begins_rightly(trace, assertion):
                return None
            while len(self._traces) >= KEPT_TRACES:
                del self._traces[next(iter(self._traces))]
            self._traces[key] = trace
        return self._traces[key]

    async def _prefix(self, assertion: Assertion) -> Prefix | None:
        """What we know of it without its data, likewise."""
        prefix = None if self._blind is None else await self._blind.known(assertion)
        return prefix if prefix is not None and await self._begins_rightly(prefix, assertion) else None

    async def _begins_rightly(self, known: Trajectory | Prefix, assertion: Assertion) -> bool:
        start, _claimed = await self._game.endpoints(assertion.id)
        if known.state_hash(0) != start:
            self._trouble = f"assertion {assertion.id} is about a chain or an L1 that is not ours"
            return False
        return True

    def _call(self, what: str, calldata: bytes) -> Call:
        return Call(what, self._game.address, calldata)
