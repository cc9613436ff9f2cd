"""Watching a network: every chain's heads, outputs and cross-chain events, read again and again, for its page.

Nothing here is kept on disk: a start reads the events anew. What a reorg takes away disappears, because a chain whose
last block read is no longer canonical is read from its beginning.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from node.clock import Clock
from node.l1.client import L1Client
from node.l1.wire import Json, as_record
from node.network.events import MOST_MOVEMENTS, ChainEvents, Dispatch, read_events
from node.network.stages import Pending, Sent, Standing, progress_of
from node.outputs_reader import OutputsReader
from protocol.abi import encode_call, words_of
from protocol.errors import Reject, Retry
from protocol.rollup import SettlementContracts
from protocol.types import Address, Hash32
from web.network import Movement

logger = logging.getLogger(__name__)

POLL_SECONDS = 1.0
MOST_PENDING = 12
LEAST_SHOWN_IN_ETHER = 10**9


@dataclass(frozen=True, slots=True)
class Watched:
    """A chain to watch."""

    name: str
    chain_id: int
    rpc_url: str
    settlement: SettlementContracts | None
    proposal_seconds: int


@dataclass(frozen=True, slots=True)
class Heads:
    """Numbers of the newest block of each label; None where the node does not answer."""

    unsafe: int | None = None
    safe: int | None = None
    finalized: int | None = None


class NetworkWatch:
    """Asks the chains that `watched` names, which may become more."""

    def __init__(self, watched: Callable[[], Sequence[Watched]], l1: L1Client, clock: Clock) -> None:
        self.l1 = l1
        self._watched = watched
        self._clock = clock
        self._clients: dict[str, L1Client] = {}
        self.heads: dict[str, Heads] = {}
        self._events: dict[str, ChainEvents] = {}
        self._standings: dict[str, Standing] = {}
        self._paid: set[Hash32] = set()

    def client(self, chain: Watched) -> L1Client:
        """Of the chain's node; asks once, because there is always a next time."""
        if chain.name not in self._clients:
            self._clients[chain.name] = L1Client(
                chain.rpc_url, self._clock, who=chain.name, attempts=1, timeout_seconds=5
            )
        return self._clients[chain.name]

    async def run(self) -> None:
        """For ever."""
        try:
            while True:
                await asyncio.gather(*(self._look(chain) for chain in self._watched()))
                await self._clock.sleep(POLL_SECONDS)
        finally:
            for client in self._clients.values():
                await client.close()

    async def _look(self, chain: Watched) -> None:
        try:
            self.heads[chain.name] = await self._heads(chain)
            await read_events(self.client(chain), self._events.setdefault(chain.name, ChainEvents()))
        except (Retry, Reject) as error:
            logger.debug("%s: %s", chain.name, error)
            self.heads[chain.name] = Heads()
        try:
            self._standings[chain.name] = await self._standing(chain)
            await self._look_for_payments(chain)
        except (Retry, Reject) as error:
            logger.debug("L1: %s", error)

    async def _heads(self, chain: Watched) -> Heads:
        answer = as_record(await self.client(chain).request("rollup_syncStatus", []), "sync status")
        return Heads(*(_number(answer, label) for label in ("unsafe_l2", "safe_l2", "finalized_l2")))

    async def _standing(self, chain: Watched) -> Standing:
        safe = self.heads.get(chain.name, Heads()).safe
        if chain.settlement is None:
            return Standing(safe, -1)
        outputs = OutputsReader(self.l1, chain.settlement.outputs)
        confirmed = await outputs.latest_confirmed()
        pending = tuple(
            Pending(one.l2_block_number, one.created_at + chain.settlement.challenge_window)
            for one in await outputs.after(confirmed.id, MOST_PENDING)
        )
        return Standing(safe, confirmed.l2_block_number, pending, chain.proposal_seconds)

    async def _look_for_payments(self, chain: Watched) -> None:
        """Ether whose withdrawal L1 has finalised is on its way to the other chain, or back."""
        for dispatch in self._events.get(chain.name, ChainEvents()).sent.values():
            if dispatch.kind == "ether" and dispatch.key not in self._paid and chain.settlement is not None:
                if self._standings[chain.name].confirmed < dispatch.block_number:
                    continue
                call = encode_call("finalised(bytes32)", dispatch.key)
                [is_final] = words_of(await self.l1.call(chain.settlement.portal, call))
                if is_final:
                    self._paid.add(dispatch.key)

    def tokens(self, name: str) -> list[Address]:
        """Those that have left the chain or come to it."""
        return list(self._events.get(name, ChainEvents()).tokens)

    def confirmed(self, name: str) -> int | None:
        """The newest block that a confirmed output covers."""
        standing = self._standings.get(name)
        return None if standing is None or standing.confirmed <= 0 else standing.confirmed

    def movements(self) -> list[Movement]:
        """Everything known, newest first."""
        chains = {chain.chain_id: chain for chain in self._watched()}
        arrived = {name: list(events.arrived) for name, events in self._events.items()}
        found = []
        for chain in chains.values():
            for dispatch in self._events.get(chain.name, ChainEvents()).sent.values():
                destination = chains.get(dispatch.destination)
                found.append(self._movement(chain, dispatch, destination, arrived))
        return sorted(found, key=lambda one: -one.sent_at)[:MOST_MOVEMENTS]

    def _movement(
        self,
        chain: Watched,
        dispatch: Dispatch,
        destination: Watched | None,
        arrived: Mapping[str, list[tuple[int, Address, Address, int]]],
    ) -> Movement:
        there = "" if destination is None else destination.name
        delivered, refunded = self._outcome(chain, dispatch, there, arrived)
        name = there or f"chain {dispatch.destination}"
        sent = Sent(
            dispatch.block_number,
            dispatch.expiry,
            dispatch.kind == "ether",
            name,
            delivered,
            refunded,
            paid_on_l1=dispatch.key in self._paid,
            fee=fee_text(dispatch.fee),
            asked="" if dispatch.fee >= dispatch.quoted else fee_text(dispatch.quoted),
        )
        standing = replace(
            self._standings.get(chain.name, Standing(None, -1)), safe=self.heads.get(chain.name, Heads()).safe
        )
        answers = self.heads.get(there, Heads()).unsafe is not None
        progress, why = progress_of(sent, standing, answers, self._clock.now())
        return Movement(
            id="0x" + dispatch.key.hex(),
            kind=dispatch.kind,
            origin=chain.name,
            destination=name,
            sender="0x" + dispatch.sender.hex(),
            recipient="0x" + dispatch.recipient.hex(),
            amount=amount_text(dispatch.amount, dispatch.decimals, dispatch.unit) if dispatch.unit else "",
            sent_at=dispatch.sent_at,
            expiry=dispatch.expiry,
            origin_url=chain.rpc_url,
            transaction="0x" + dispatch.transaction.hex(),
            progress=progress,
            why=why,
        )

    def _outcome(
        self,
        chain: Watched,
        dispatch: Dispatch,
        there: str,
        arrived: Mapping[str, list[tuple[int, Address, Address, int]]],
    ) -> tuple[bool, bool]:
        """Whether it was delivered, and whether it came back; what is found in `arrived` is taken off there."""
        if dispatch.kind != "ether":
            delivered = dispatch.key in self._events.get(there, ChainEvents()).delivered
            return delivered, dispatch.key in self._events[chain.name].refunded
        # Ether has no name at its arrival: of equal amounts between the same two, the first to leave arrives first.
        pair = (dispatch.sender, dispatch.recipient, dispatch.amount)
        delivered = _struck(arrived.get(there, []), (chain.chain_id, *pair))
        back = (dispatch.sender, dispatch.sender, dispatch.amount)
        return delivered, not delivered and _struck(arrived.get(chain.name, []), (chain.chain_id, *back))


def fee_text(wei: int) -> str:
    """A fee in the unit in which it is short."""
    return f"{wei:,} wei" if 0 < wei < LEAST_SHOWN_IN_ETHER else amount_text(wei, 18, "ETH")


def amount_text(units: int, decimals: int, unit: str) -> str:
    """A token's amount, exact, with its unit."""
    whole, part = divmod(units, 10**decimals)
    digits = f"{part:0{decimals}d}".rstrip("0") if decimals else ""
    return f"{whole:,}.{digits} {unit}" if digits else f"{whole:,} {unit}"


def _struck(arrivals: list[tuple[int, Address, Address, int]], arrival: tuple[int, Address, Address, int]) -> bool:
    """Whether it is there; if so it is taken off, so that it counts for one movement."""
    if arrival not in arrivals:
        return False
    arrivals.remove(arrival)
    return True


def _number(answer: Mapping[str, Json], label: str) -> int:
    number = as_record(answer.get(label), label).get("number")
    return number if isinstance(number, int) else 0
