"""The relayer: carries messages, transfers, ether, refunds and receipts between all chains of a network.

It is trusted with nothing and needed by nobody in particular: anyone may run one, several may run side by side, and one
that stops and starts again goes on, because every step's outcome is on a chain and is read from there. What it pays in
gas it gets back from messages' fees, once their delivery is proven.

Each round looks at every pair of chains. A message is delivered under the last output of its origin that L1 has
confirmed, as the destination's newest block sees L1.
"""

import logging
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import permutations

from metalayer.message import Domain, padded
from metalayer.predeploys import (
    ETHER_ROUTE_ADDRESS,
    MAILBOX_ADDRESS,
    SETTLED_ROOTS_ADDRESS,
    TOKEN_ROUTE_ADDRESS,
    NetworkAddresses,
)
from metalayer.proofs import (
    ACTIVE,
    CLEARED,
    EXITING,
    FINAL_ROOTS_SLOT,
    MEMBERS_SLOT,
    OUTPUT_ROOTS_SLOT,
    OUTPUT_STATES_SLOT,
    REMOVED,
    TREE_SLOT,
    VOIDED,
    Anchor,
    MailboxProof,
    OriginProof,
    Output,
    clear_call,
    decision_slot,
    delivered_slot,
    learn_call,
    learn_decision_call,
    learn_ledger_call,
    ledger_learn_call,
    mapping_slot,
    process_call,
    prove_delivery_call,
    refund_call,
    void_call,
)
from node.account import Account
from node.bridge import Bridge, Stage, Started, open_bridge
from node.clock import Clock
from node.l1_client import L1Client
from node.network import Membership, read_members
from node.relay_chain import Call, Dispatched, RelayChain
from protocol.abi import encode_call
from protocol.errors import Reject, Retry
from protocol.outputs import Assertion, assertion_call, decode_assertion
from protocol.rlp_codec import encode as rlp_encode
from protocol.types import Hash32
from protocol.withdrawal import OUTBOX_ADDRESS

logger = logging.getLogger(__name__)

MOST_AT_ONCE = 16
"""Messages per pair of chains and round."""
MOST_ANCESTORS = 1_000
"""Outputs that are walked back through to find a removed chain's last one."""
SENT = 1
"""What the mailbox says of a message that waits."""


@dataclass(frozen=True, slots=True)
class RelayerOptions:
    """`endpoints` are members' nodes by domain; a member without one is left alone.

    `least_fee_wei`: a message that offers less is left to others. None: one that offers less than was asked for it when
    it was sent; where nothing is asked for, none is.
    """

    l1_url: str
    network: NetworkAddresses
    endpoints: Mapping[Domain, str]
    private_key: bytes
    least_fee_wei: int | None = None
    poll_seconds: float = 1.0


@dataclass
class RelayerStatus:
    """What it has done since it started, and what it could not do in the last round."""

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
class _Confirmed:
    """A member's output as L1 holds it for final at some block, and what a proof of it needs from the member."""

    member: Membership
    output: Output
    number: int
    """Of the member's block."""
    timestamp: int
    tree_root: Hash32
    store_root: Hash32
    mailbox: MailboxProof

    @property
    def is_last(self) -> bool:
        return self.member.status == REMOVED


class Relayer:
    """Use `run` as a role's task, or `round` by hand."""

    def __init__(self, options: RelayerOptions, clock: Clock) -> None:
        self.options = options
        self.status = RelayerStatus()
        self._clock = clock
        self.l1 = RelayChain("L1", L1Client(options.l1_url, clock), clock, options.private_key)
        self.chains = {
            domain: RelayChain(
                f"chain {domain}", L1Client(url, clock, who=f"chain {domain}", attempts=1), clock, options.private_key
            )
            for domain, url in options.endpoints.items()
        }
        self._bridges: dict[Domain, Bridge] = {}
        self._finished: dict[Domain, set[bytes]] = {}

    async def run(self) -> None:
        """For ever."""
        try:
            while True:
                await self.round()
                await self._clock.sleep(self.options.poll_seconds)
        finally:
            await self.close()

    async def close(self) -> None:
        """Close the connections."""
        for chain in (self.l1, *self.chains.values()):
            await chain.client.close()

    async def round(self) -> None:
        """Do once everything that can be done now. What one chain refuses or does not answer holds up nobody else."""
        self.status.rounds += 1
        self.status.troubles.clear()
        self.status.underpaid = 0
        try:
            members = {one.domain: one for one in await read_members(self.l1.client, self.options.network)}
        except (Retry, Reject) as error:
            self._trouble("L1", error)
            return
        for domain in self.chains:
            if domain in members:
                await self._guarded(f"messages of {domain}", self._scan(domain))
        for origin, destination in permutations([one for one in self.chains if one in members], 2):
            pair = _Pair(self, members[origin], members[destination])
            await self._guarded(f"delivering {origin} → {destination}", pair.deliver())
            await self._guarded(f"refunds {origin} → {destination}", pair.refund())
            await self._guarded(f"receipts {origin} → {destination}", pair.prove_receipts())
        for domain in self.chains:
            if domain in members:
                await self._guarded(f"ether of {domain}", self._move_ether(domain))
                await self._guarded(f"fees on {domain}", self._collect(domain))

    async def _scan(self, domain: Domain) -> None:
        if await self.chains[domain].scan():
            # What was done may be undone, here or, by what followed from it, elsewhere: everything is looked at again.
            self._finished.clear()

    async def _guarded(self, name: str, work: Awaitable[None]) -> None:
        try:
            await work
        except (Retry, Reject) as error:
            self._trouble(name, error)

    def _trouble(self, name: str, error: Exception) -> None:
        logger.info("%s: %s", name, error)
        self.status.troubles[name] = str(error)

    def finished(self, domain: Domain) -> set[bytes]:
        """The messages and withdrawals of a chain with which nothing is left to do."""
        return self._finished.setdefault(domain, set())

    # --- what is known -----------------------------------------------------------------------------------------------

    async def confirmed(self, member: Membership, l1_block: int) -> _Confirmed | None:
        """The member's last output that counts at an L1 block; None if it is no member there."""
        status = await self.l1.word(self.options.network.registry, "status(uint256)", member.domain, at=l1_block)
        if status not in (ACTIVE, EXITING, REMOVED):
            return None
        latest = await self.l1.word(member.outputs, "latest_confirmed()", at=l1_block)
        assertion = await self._assertion(member, latest)
        if status == REMOVED:
            last = await self.l1.word(self.options.network.registry, "final_root(uint256)", member.domain, at=l1_block)
            for _ in range(MOST_ANCESTORS):
                if int.from_bytes(assertion.output_root, "big") == last or not assertion.id:
                    break
                assertion = await self._assertion(member, assertion.parent)
        chain, number = self.chains[member.domain], assertion.l2_block_number
        header = await chain.header(number)
        mailbox = await chain.proof(MAILBOX_ADDRESS, [TREE_SLOT], number)
        outbox = await chain.proof(OUTBOX_ADDRESS, [], number)
        return _Confirmed(
            replace(member, status=status),
            Output(assertion.id, header.state_root, outbox.storage_root, header.hash),
            number,
            header.timestamp,
            Hash32(mailbox.words[0].to_bytes(32, "big")),
            mailbox.storage_root,
            MailboxProof(rlp_encode(header.fields()), mailbox.account, mailbox.slots[0]),
        )

    async def _assertion(self, member: Membership, assertion_id: int) -> Assertion:
        return decode_assertion(assertion_id, await self.l1.client.call(member.outputs, assertion_call(assertion_id)))

    async def anchor(self, domain: Domain) -> tuple[Anchor, int]:
        """The L1 block that a chain's newest block names, and its number."""
        head = await self.chains[domain].header("latest")
        origin = head.parent_beacon_block_root
        if origin is None or not any(origin):
            raise Retry(f"chain {domain} does not say which L1 block it builds on")
        l1_header = await self.l1.header(origin)
        return Anchor(head.timestamp, rlp_encode(l1_header.fields())), l1_header.number

    async def teach(self, pupil: Domain, subject: Membership) -> _Confirmed | None:
        """Have `pupil` know the subject's last output that counts on the L1 block it sees; None if there is none."""
        anchor, number = await self.anchor(pupil)
        known = await self.confirmed(subject, number)
        if known is None:
            return None
        chain, roots = self.chains[pupil], SETTLED_ROOTS_ADDRESS
        seen = await chain.word(roots, "stores(uint256,bytes32)", subject.domain, known.store_root)
        last = await chain.word(roots, "last_stores(uint256,bytes32)", subject.domain, known.store_root)
        if seen >= known.timestamp and (last or not known.is_last):
            return known
        origin = await self._origin_proof(known, number)
        call = learn_call(subject.domain, anchor, origin, known.output, known.mailbox)
        [done] = await chain.send([Call(roots, call)])
        return known if done else None

    async def teach_ledger(self, known: _Confirmed) -> bool:
        """Have L1's ledger know an output."""
        ledger, domain = self.options.network.ledger, known.member.domain
        seen = await self.l1.word(ledger, "stores(uint256,bytes32)", domain, known.store_root)
        last = await self.l1.word(ledger, "last_stores(uint256,bytes32)", domain, known.store_root)
        if seen >= known.timestamp and (last or not known.is_last):
            return True
        return (await self.l1.send([Call(ledger, ledger_learn_call(domain, known.output, known.mailbox))]))[0]

    async def teach_decisions(self, pupil: Domain, wanted: Sequence[Dispatched], decision: int) -> set[bytes]:
        """Have `pupil` know what the ledger decided; which of these messages it now knows to be decided so."""
        chain, ledger = self.chains[pupil], self.options.network.ledger
        known: set[bytes] = set()
        unknown = []
        for one in wanted:
            if await chain.word(SETTLED_ROOTS_ADDRESS, "decisions(bytes32)", one.id) == decision:
                known.add(one.id)
            else:
                unknown.append(one)
        if not unknown:
            return known
        anchor, number = await self.anchor(pupil)
        proof = await self.l1.proof(ledger, [decision_slot(one.id) for one in unknown], number)
        ready = [index for index, word in enumerate(proof.words) if word == decision]
        if not ready:
            return known
        if not await chain.word(SETTLED_ROOTS_ADDRESS, "ledger_roots(bytes32)", proof.storage_root):
            [learned] = await chain.send([Call(SETTLED_ROOTS_ADDRESS, learn_ledger_call(anchor, proof.account))])
            if not learned:
                return known
        calls = [
            Call(SETTLED_ROOTS_ADDRESS, learn_decision_call(unknown[at].id, proof.storage_root, proof.slots[at]))
            for at in ready
        ]
        for at, done in zip(ready, await chain.send(calls), strict=True):
            if done:
                known.add(unknown[at].id)
        return known

    async def _origin_proof(self, known: _Confirmed, l1_block: int) -> OriginProof:
        member, registry = known.member, self.options.network.registry
        slots = [mapping_slot(MEMBERS_SLOT, member.domain), mapping_slot(FINAL_ROOTS_SLOT, member.domain)]
        entry = await self.l1.proof(registry, slots, l1_block)
        if known.is_last:
            return OriginProof(entry.account, entry.slots[0], b"", b"", entry.slots[1])
        key = known.output.assertion_id
        slots = [mapping_slot(OUTPUT_STATES_SLOT, key), mapping_slot(OUTPUT_ROOTS_SLOT, key)]
        outputs = await self.l1.proof(member.outputs, slots, l1_block)
        return OriginProof(entry.account, entry.slots[0], outputs.account, outputs.slots[0], outputs.slots[1])

    # --- ether and fees ----------------------------------------------------------------------------------------------

    async def _move_ether(self, domain: Domain) -> None:
        """Prove and finalise the withdrawals of a chain's ether route: the hub on L1 does the rest."""
        bridge = self._bridges.get(domain)
        if bridge is None:
            bridge = self._bridges[domain] = await open_bridge(self.l1.client, self.chains[domain].client)
        account = Account(self.l1.client, self._clock, self.options.private_key)
        finished = self.finished(domain)
        waiting = [one for one in await bridge.started_by(ETHER_ROUTE_ADDRESS) if one.withdrawal.hash not in finished]
        for started in waiting[:MOST_AT_ONCE]:
            await self._guarded(f"ether of {domain}", self._claim(bridge, account, started, finished))

    async def _claim(self, bridge: Bridge, account: Account, started: Started, finished: set[bytes]) -> None:
        standing = await bridge.claim(account, started)
        if standing.stage is Stage.DONE:
            finished.add(started.withdrawal.hash)
            self.status.ether_moved += 1

    async def _collect(self, domain: Domain) -> None:
        chain = self.chains[domain]
        if await chain.word(MAILBOX_ADDRESS, "credits(address)", chain.address):
            await chain.send([Call(MAILBOX_ADDRESS, encode_call("collect()"))])


class _Pair:
    """What goes from one chain to another, in one round."""

    def __init__(self, relayer: Relayer, origin: Membership, destination: Membership) -> None:
        self._relayer = relayer
        self._origin = origin
        self._destination = destination
        self._source = relayer.chains[origin.domain]
        self._target = relayer.chains[destination.domain]
        self._ledger = relayer.options.network.ledger

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
        known = await self._relayer.teach(self._destination.domain, self._origin)
        if known is None:
            return
        settled = [one for one in waiting if one.block_number <= known.number]
        transfers = [one for one in settled if _is_transfer(one)]
        decided = await self._relayer.teach_decisions(self._destination.domain, transfers, CLEARED)
        ready = [one for one in settled if not _is_transfer(one) or one.id in decided]
        calls = [
            Call(MAILBOX_ADDRESS, process_call(self._source.branch_of(one.message, known.number), one.message))
            for one in ready
        ]
        self._relayer.status.delivered += sum(await self._target.send(calls))

    async def refund(self) -> None:
        """Everything that has expired undelivered, or can never be delivered because its destination was removed."""
        waiting = await self._undelivered()
        if self._destination.status != REMOVED:
            now = (await self._source.client.head()).ref.timestamp
            waiting = [one for one in waiting if now >= one.message.expiry]
        if not waiting:
            return
        await self._void([one for one in waiting if _is_transfer(one)])
        known = await self._relayer.teach(self._origin.domain, self._destination)
        if known is None:
            return
        dead = [one for one in waiting if known.is_last or known.timestamp >= one.message.expiry]
        transfers = [one for one in dead if _is_transfer(one)]
        decided = await self._relayer.teach_decisions(self._origin.domain, transfers, VOIDED)
        calls = []
        for one in dead:
            if not _is_transfer(one) or one.id in decided:
                proof = await self._target.proof(MAILBOX_ADDRESS, [delivered_slot(one.id)], known.number)
                if not proof.words[0]:
                    calls.append(Call(MAILBOX_ADDRESS, refund_call(one.message, proof.storage_root, proof.slots[0])))
        self._relayer.status.refunded += sum(await self._source.send(calls))

    async def prove_receipts(self) -> None:
        """Have our own deliveries' fees paid."""
        ours = int.from_bytes(self._target.address, "big")
        owed = [one for one in await self._unpaid() if await self._deliverer(one) == ours]
        if not owed:
            return
        known = await self._relayer.teach(self._origin.domain, self._destination)
        if known is None:
            return
        calls = []
        for one in owed[:MOST_AT_ONCE]:
            proof = await self._target.proof(MAILBOX_ADDRESS, [delivered_slot(one.id)], known.number)
            if proof.words[0]:
                calls.append(
                    Call(MAILBOX_ADDRESS, prove_delivery_call(one.message, proof.storage_root, proof.slots[0]))
                )
        self._relayer.status.receipts += sum(await self._source.send(calls))

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
        self._relayer.status.cleared += sum(await self._relayer.l1.send(calls))

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
        self._relayer.status.voided += sum(await self._relayer.l1.send(calls))

    async def _on_l1(self, member: Membership, wanted: Iterable[Dispatched]) -> _Confirmed | None:
        """The member's last output, known to the ledger; None when nothing is wanted, or it cannot be."""
        if not list(wanted):
            return None
        head = (await self._relayer.l1.client.head()).ref.number
        known = await self._relayer.confirmed(member, head)
        return known if known is not None and await self._relayer.teach_ledger(known) else None

    async def _decision(self, one: Dispatched) -> int:
        return await self._relayer.l1.word(self._ledger, "decisions(bytes32)", one.id)

    # --- what waits --------------------------------------------------------------------------------------------------

    async def _unpaid(self) -> list[Dispatched]:
        """Messages of this pair that were neither refunded nor proven to be delivered."""
        finished = self._relayer.finished(self._origin.domain)
        waiting = []
        for one in self._source.messages:
            if one.message.destination != self._destination.domain or one.id in finished:
                continue
            fee, state = await self._source.words(MAILBOX_ADDRESS, "fee(bytes32)", one.id)
            if state == SENT and (fee or not await self._deliverer(one)):
                waiting.append(one)
            else:
                finished.add(one.id)
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
            least = self._relayer.options.least_fee_wei
            if least is None:
                least = await self._source.word(MAILBOX_ADDRESS, "quoted(bytes32)", one.id)
            if fee >= least:
                worth.append(one)
        self._relayer.status.underpaid += len(waiting) - len(worth)
        return worth


def _is_transfer(one: Dispatched) -> bool:
    route = padded(TOKEN_ROUTE_ADDRESS)
    return one.message.sender == route and one.message.recipient == route
