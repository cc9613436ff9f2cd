"""What goes from one chain of a network to another: deliveries, refunds, receipts, and what L1 decides of transfers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from metalayer.message import Domain, padded
from metalayer.predeploys import MAILBOX_ADDRESS, TOKEN_ROUTE_ADDRESS
from metalayer.proofs import (
    CLEARED,
    REMOVED,
    VOIDED,
    clear_call,
    delivered_slot,
    process_call,
    prove_delivery_call,
    refund_call,
    void_call,
)
from node.network.membership import Membership
from node.relay.chain import Call, Dispatched, RelayChain
from node.relay.proofs import Confirmed, Teacher
from protocol.types import Address

MOST_AT_ONCE = 16
"""Messages per pair of chains and round."""
SENT = 1
"""What the mailbox says of a message that waits."""


@dataclass
class RelayerStatus:
    """What a relayer has done since it started, and what it could not do in the last round."""

    delivered: int = 0
    refunded: int = 0
    cleared: int = 0
    voided: int = 0
    receipts: int = 0
    ether_moved: int = 0
    underpaid: int = 0
    rounds: int = 0
    troubles: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PairWorld:
    """What all pairs of a relayer have in common; `least_fee_wei` as in its options."""

    l1: RelayChain
    chains: Mapping[Domain, RelayChain]
    ledger: Address
    teacher: Teacher
    status: RelayerStatus
    least_fee_wei: int | None


class Pair:
    """What goes from one chain to another, in one round."""

    def __init__(self, world: PairWorld, origin: Membership, destination: Membership, finished: set[bytes]) -> None:
        """`finished`: the origin's messages with which nothing is left to do; what is found to be so is added."""
        self._teacher = world.teacher
        self._status = world.status
        self._l1 = world.l1
        self._ledger = world.ledger
        self._least_fee_wei = world.least_fee_wei
        self._origin = origin
        self._destination = destination
        self._source = world.chains[origin.domain]
        self._target = world.chains[destination.domain]
        self._finished = finished

    async def deliver(self) -> None:
        """Everything that is settled and in time."""
        if self._destination.status == REMOVED:
            return  # it would be refunded as well: what a removed chain does counts nowhere
        now = (await self._target.client.head()).ref.timestamp
        waiting = [one for one in await self._undelivered() if now < one.message.expiry]
        waiting = await self._worth_it(waiting)
        if not waiting:
            return
        await self._clear([one for one in waiting if _is_transfer(one)])
        known = await self._teacher.teach(self._destination.domain, self._origin)
        if known is None:
            return
        settled = [one for one in waiting if one.block_number <= known.number]
        transfers = [one for one in settled if _is_transfer(one)]
        decided = await self._teacher.teach_decisions(self._destination.domain, transfers, CLEARED)
        ready = [one for one in settled if not _is_transfer(one) or one.id in decided]
        calls = [
            Call(MAILBOX_ADDRESS, process_call(self._source.branch_of(one.message, known.number), one.message))
            for one in ready
        ]
        self._status.delivered += sum(await self._target.send(calls))

    async def refund(self) -> None:
        """Everything that has expired undelivered, or can never be delivered because its destination was removed."""
        waiting = await self._undelivered()
        if self._destination.status != REMOVED:
            now = (await self._source.client.head()).ref.timestamp
            waiting = [one for one in waiting if now >= one.message.expiry]
        if not waiting:
            return
        await self._void([one for one in waiting if _is_transfer(one)])
        known = await self._teacher.teach(self._origin.domain, self._destination)
        if known is None:
            return
        dead = [one for one in waiting if known.is_last or known.timestamp >= one.message.expiry]
        transfers = [one for one in dead if _is_transfer(one)]
        decided = await self._teacher.teach_decisions(self._origin.domain, transfers, VOIDED)
        calls = []
        for one in dead:
            if not _is_transfer(one) or one.id in decided:
                proof = await self._target.proof(MAILBOX_ADDRESS, [delivered_slot(one.id)], known.number)
                if not proof.words[0]:
                    calls.append(Call(MAILBOX_ADDRESS, refund_call(one.message, proof.storage_root, proof.slots[0])))
        self._status.refunded += sum(await self._source.send(calls))

    async def prove_receipts(self) -> None:
        """Have our own deliveries' fees paid."""
        ours = int.from_bytes(self._target.address, "big")
        owed = [one for one in await self._unpaid() if await self._deliverer(one) == ours]
        if not owed:
            return
        known = await self._teacher.teach(self._origin.domain, self._destination)
        if known is None:
            return
        calls = []
        for one in owed[:MOST_AT_ONCE]:
            proof = await self._target.proof(MAILBOX_ADDRESS, [delivered_slot(one.id)], known.number)
            if proof.words[0]:
                calls.append(
                    Call(MAILBOX_ADDRESS, prove_delivery_call(one.message, proof.storage_root, proof.slots[0]))
                )
        self._status.receipts += sum(await self._source.send(calls))

    # --- L1's decisions ----------------------------------------------------------------------------------------------

    async def _clear(self, transfers: Sequence[Dispatched]) -> None:
        undecided = [one for one in transfers if await self._decision(one) == 0]
        known = await self._on_l1(self._origin, undecided)
        if known is None:
            return
        calls = [
            Call(self._ledger, clear_call(self._source.branch_of(one.message, known.number), one.message))
            for one in undecided
            if one.block_number <= known.number
        ]
        self._status.cleared += sum(await self._l1.send(calls))

    async def _void(self, transfers: Sequence[Dispatched]) -> None:
        open_ones = [one for one in transfers if await self._decision(one) != VOIDED]
        origin = await self._on_l1(self._origin, open_ones)
        destination = await self._on_l1(self._destination, open_ones)
        if origin is None or destination is None:
            return
        calls = []
        for one in open_ones:
            late = destination.is_last or destination.timestamp >= one.message.expiry
            if late and one.block_number <= origin.number:
                proof = await self._target.proof(MAILBOX_ADDRESS, [delivered_slot(one.id)], destination.number)
                branch = self._source.branch_of(one.message, origin.number)
                call = void_call(branch, one.message, proof.storage_root, proof.slots[0])
                if not proof.words[0]:
                    calls.append(Call(self._ledger, call))
        self._status.voided += sum(await self._l1.send(calls))

    async def _on_l1(self, member: Membership, wanted: Iterable[Dispatched]) -> Confirmed | None:
        """The member's last output, known to the ledger; None when nothing is wanted, or it cannot be."""
        if not list(wanted):
            return None
        head = (await self._l1.client.head()).ref.number
        known = await self._teacher.confirmed(member, head)
        return known if known is not None and await self._teacher.teach_ledger(known) else None

    async def _decision(self, one: Dispatched) -> int:
        return await self._l1.word(self._ledger, "decisions(bytes32)", one.id)

    # --- what waits --------------------------------------------------------------------------------------------------

    async def _unpaid(self) -> list[Dispatched]:
        """Messages of this pair that were neither refunded nor proven to be delivered."""
        waiting = []
        for one in self._source.messages:
            if one.message.destination != self._destination.domain or one.id in self._finished:
                continue
            fee, state = await self._source.words(MAILBOX_ADDRESS, "fee(bytes32)", one.id)
            if state == SENT and (fee or not await self._deliverer(one)):
                waiting.append(one)
            else:
                self._finished.add(one.id)
        return waiting

    async def _deliverer(self, one: Dispatched) -> int:
        return await self._target.word(MAILBOX_ADDRESS, "delivered(bytes32)", one.id)

    async def _undelivered(self) -> list[Dispatched]:
        waiting = []
        for one in await self._unpaid():
            if not await self._deliverer(one):
                waiting.append(one)
            if len(waiting) == MOST_AT_ONCE:
                break
        return waiting

    async def _worth_it(self, waiting: Sequence[Dispatched]) -> list[Dispatched]:
        worth = []
        for one in waiting:
            fee, _state = await self._source.words(MAILBOX_ADDRESS, "fee(bytes32)", one.id)
            least = self._least_fee_wei
            if least is None:
                least = await self._source.word(MAILBOX_ADDRESS, "quoted(bytes32)", one.id)
            if fee >= least:
                worth.append(one)
        self._status.underpaid += len(waiting) - len(worth)
        return worth


def _is_transfer(one: Dispatched) -> bool:
    route = padded(TOKEN_ROUTE_ADDRESS)
    return one.message.sender == route and one.message.recipient == route
