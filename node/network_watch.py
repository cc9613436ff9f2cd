"""Watching a network: every chain's heads, outputs and cross-chain events, read again and again, for its page.

Nothing here is kept on disk: a start reads the events anew. What a reorg takes away disappears, because a chain whose
last block read is no longer canonical is read from its beginning.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from metalayer.message import InvalidMessage, decode_message, unpadded
from metalayer.predeploys import ETHER_ROUTE_ADDRESS, MAILBOX_ADDRESS, TOKEN_ROUTE_ADDRESS
from metalayer.transfer import decode_transfer
from node.clock import Clock
from node.l1_client import L1Client
from node.l1_wire import Json, L1Log, as_record
from node.network_stages import Pending, Sent, Standing, progress_of
from node.outputs_reader import OutputsReader
from protocol.abi import encode_call, words_of
from protocol.crypto import keccak
from protocol.errors import Reject, Retry
from protocol.l1 import L1BlockRef
from protocol.rollup import SettlementContracts
from protocol.types import Address, Hash32
from web.network import Movement

logger = logging.getLogger(__name__)

POLL_SECONDS = 1.0
BLOCKS_PER_QUERY = 2000
MOST_MOVEMENTS = 300
MOST_TOKENS = 50
MOST_PENDING = 12
LEAST_SHOWN_IN_ETHER = 10**9

DISPATCHED = keccak(b"Dispatched(bytes32,uint32,address,uint256,uint256,bytes)")
DELIVERED = keccak(b"Delivered(bytes32,uint32,address)")
FEE_ADDED = keccak(b"FeeAdded(bytes32,uint256)")
REFUNDED = keccak(b"Refunded(bytes32)")
TRANSFER_SENT = keccak(b"TransferSent(bytes32,address,address,uint32,address,uint256)")
TRANSFER_RECEIVED = keccak(b"TransferReceived(bytes32,address,address,uint256)")
ETHER_SENT = keccak(b"EtherSent(bytes32,uint32,address,address,uint256,uint256)")
ETHER_ARRIVED = keccak(b"EtherArrived(uint256,address,address,uint256,bool)")


@dataclass(frozen=True, slots=True)
class Watched:
    """A chain to watch."""

    name: str
    chain_id: int
    rpc_url: str
    settlement: SettlementContracts | None
    proposal_seconds: int


@dataclass(frozen=True, slots=True)
class Dispatch:
    """Something that left a chain. `key` is the message's id, or the withdrawal's hash."""

    key: Hash32
    kind: str
    block_number: int
    sent_at: int
    destination: int
    sender: Address
    recipient: Address
    amount: int
    unit: str
    decimals: int
    expiry: int
    transaction: Hash32
    fee: int = 0
    quoted: int = 0
    """Wei: offered for its delivery, and asked for when it was sent."""


@dataclass(slots=True)
class ChainEvents:
    """What a chain's contracts have logged so far."""

    last: L1BlockRef | None = None
    sent: "OrderedDict[Hash32, Dispatch]" = field(default_factory=OrderedDict)
    delivered: set[Hash32] = field(default_factory=set)
    refunded: set[Hash32] = field(default_factory=set)
    arrived: list[tuple[int, Address, Address, int]] = field(default_factory=list)
    """Ether: origin, sender, recipient, wei."""
    tokens: "OrderedDict[Address, None]" = field(default_factory=OrderedDict)


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
            await self._read_events(chain)
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

    async def _read_events(self, chain: Watched) -> None:
        client, events = self.client(chain), self._events.setdefault(chain.name, ChainEvents())
        if events.last is not None:
            still = await client.block(events.last.number)
            if still is None or still.hash != events.last.hash:
                events = self._events[chain.name] = ChainEvents()
        head = (await client.head()).ref
        first = 1 if events.last is None else events.last.number + 1
        while first <= head.number:
            last = min(first + BLOCKS_PER_QUERY - 1, head.number)
            end = head if last == head.number else await client.block(last)
            for address in (MAILBOX_ADDRESS, TOKEN_ROUTE_ADDRESS, ETHER_ROUTE_ADDRESS):
                for number, log in await client.find_logs(address, [], first, last):
                    await self._take(client, events, number, log)
            events.last = end
            first = last + 1

    async def _take(self, client: L1Client, events: ChainEvents, number: int, log: L1Log) -> None:
        topic, key = log.topics[0], log.topics[1]
        if topic in (DISPATCHED, ETHER_SENT):
            block = await client.block(number)
            sent_at = 0 if block is None else block.timestamp
            dispatch = _dispatch(log, number, sent_at)
            if dispatch is not None:
                if topic == DISPATCHED:
                    dispatch = await _with_fee(client, dispatch, log)
                events.sent[dispatch.key] = dispatch
                if len(events.sent) > MOST_MOVEMENTS:
                    events.sent.popitem(last=False)
        elif topic == FEE_ADDED:
            if key in events.sent:
                events.sent[key] = replace(events.sent[key], fee=events.sent[key].fee + words_of(log.data)[0])
        elif topic == DELIVERED:
            events.delivered.add(key)
        elif topic == REFUNDED:
            events.refunded.add(key)
        elif topic in (TRANSFER_SENT, TRANSFER_RECEIVED):
            events.tokens[Address(log.topics[2][12:])] = None
            if len(events.tokens) > MOST_TOKENS:
                events.tokens.popitem(last=False)
        elif topic == ETHER_ARRIVED:
            sender, amount, _taken = words_of(log.data)
            recipient = Address(log.topics[2][12:])
            origin = int.from_bytes(key, "big")
            events.arrived.append((origin, Address(sender.to_bytes(20, "big")), recipient, amount))

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
        if dispatch.kind == "ether":
            # Ether has no name at its arrival: of equal amounts between the same two, the first to leave arrives first.
            pair = (dispatch.sender, dispatch.recipient, dispatch.amount)
            delivered = _struck(arrived.get(there, []), (chain.chain_id, *pair))
            back = (dispatch.sender, dispatch.sender, dispatch.amount)
            refunded = not delivered and _struck(arrived.get(chain.name, []), (chain.chain_id, *back))
        else:
            delivered = dispatch.key in self._events.get(there, ChainEvents()).delivered
            refunded = dispatch.key in self._events[chain.name].refunded
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


def fee_text(wei: int) -> str:
    """A fee in the unit in which it is short."""
    return f"{wei:,} wei" if 0 < wei < LEAST_SHOWN_IN_ETHER else amount_text(wei, 18, "ETH")


def amount_text(units: int, decimals: int, unit: str) -> str:
    """A token's amount, exact, with its unit."""
    whole, part = divmod(units, 10**decimals)
    digits = f"{part:0{decimals}d}".rstrip("0") if decimals else ""
    return f"{whole:,}.{digits} {unit}" if digits else f"{whole:,} {unit}"


def _dispatch(log: L1Log, number: int, sent_at: int) -> Dispatch | None:
    """What this log says has left; None for what is no message of ours."""
    key, destination = log.topics[1], int.from_bytes(log.topics[2], "big")
    sender = Address(log.topics[3][12:])
    if log.topics[0] == ETHER_SENT:
        to, amount, expiry = words_of(log.data)
        recipient = Address(to.to_bytes(20, "big"))
        return Dispatch(
            key,
            "ether",
            number,
            sent_at,
            destination,
            sender,
            recipient,
            amount,
            "ETH",
            18,
            expiry,
            log.transaction_hash,
        )
    length = int.from_bytes(log.data[96:128], "big")
    try:
        message = decode_message(log.data[128 : 128 + length])
        recipient = unpadded(message.recipient)
        if sender == TOKEN_ROUTE_ADDRESS and recipient == TOKEN_ROUTE_ADDRESS:
            transfer = decode_transfer(message.body)
            unit = transfer.symbol.decode(errors="replace") or "tokens"
            return Dispatch(
                key,
                "token",
                number,
                sent_at,
                destination,
                transfer.sender,
                transfer.recipient,
                transfer.amount,
                unit,
                min(transfer.decimals, 77),
                message.expiry,
                log.transaction_hash,
            )
    except InvalidMessage as error:
        logger.debug("message 0x%s: %s", key.hex(), error)
        return None
    return Dispatch(
        key, "message", number, sent_at, destination, sender, recipient, 0, "", 0, message.expiry, log.transaction_hash
    )


async def _with_fee(client: L1Client, dispatch: Dispatch, log: L1Log) -> Dispatch:
    call = encode_call("quoted(bytes32)", dispatch.key)
    [quoted] = words_of(await client.call(MAILBOX_ADDRESS, call))
    return replace(dispatch, fee=words_of(log.data[32:64])[0], quoted=quoted)


def _struck(arrivals: list[tuple[int, Address, Address, int]], arrival: tuple[int, Address, Address, int]) -> bool:
    """Whether it is there; if so it is taken off, so that it counts for one movement."""
    if arrival not in arrivals:
        return False
    arrivals.remove(arrival)
    return True


def _number(answer: Mapping[str, Json], label: str) -> int:
    number = as_record(answer.get(label), label).get("number")
    return number if isinstance(number, int) else 0
