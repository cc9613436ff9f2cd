"""What chains and L1's ledger are shown of each other, so that they believe what a message says.

A chain knows L1 as its newest block does. Under that L1 block it can be shown which output of another member is final,
and so that member's mailbox; the ledger can be shown the same, and chains what the ledger decided.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from metalayer.message import Domain
from metalayer.predeploys import MAILBOX_ADDRESS, SETTLED_ROOTS_ADDRESS, NetworkAddresses
from metalayer.proofs import (
    ACTIVE,
    EXITING,
    FINAL_ROOTS_SLOT,
    MEMBERS_SLOT,
    OUTPUT_ROOTS_SLOT,
    OUTPUT_STATES_SLOT,
    REMOVED,
    TREE_SLOT,
    Anchor,
    MailboxProof,
    OriginProof,
    Output,
    decision_slot,
    learn_call,
    learn_decision_call,
    learn_ledger_call,
    ledger_learn_call,
    mapping_slot,
)
from node.network.membership import Membership
from node.relay.chain import Call, Dispatched, RelayChain
from protocol.errors import Retry
from protocol.outputs import Assertion, assertion_call, decode_assertion
from protocol.rlp_codec import encode as rlp_encode
from protocol.types import Hash32
from protocol.withdrawal import OUTBOX_ADDRESS

MOST_ANCESTORS = 1_000
"""Outputs that are walked back through to find a removed chain's last one."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A member's output as L1 holds it for final at some block, and what a proof of it needs from the member."""

    member: Membership
    output: Output
    number: int
    """Of the member's block."""
    timestamp: int
    store_root: Hash32
    mailbox: MailboxProof

    @property
    def is_last(self) -> bool:
        """Whether the chain was removed, and ends there."""
        return self.member.status == REMOVED


class Teacher:
    """Shows what it reads of L1 and of the members' nodes. Every method raises Retry or Reject as they do."""

    def __init__(self, l1: RelayChain, chains: Mapping[Domain, RelayChain], network: NetworkAddresses) -> None:
        self._l1 = l1
        self._chains = chains
        self._network = network

    async def confirmed(self, member: Membership, l1_block: int) -> Confirmed | None:
        """The member's last output that counts at an L1 block; None if it is no member there."""
        status = await self._l1.word(self._network.registry, "status(uint256)", member.domain, at=l1_block)
        if status not in (ACTIVE, EXITING, REMOVED):
            return None
        latest = await self._l1.word(member.outputs, "latest_confirmed()", at=l1_block)
        assertion = await self._assertion(member, latest)
        if status == REMOVED:
            last = await self._l1.word(self._network.registry, "final_root(uint256)", member.domain, at=l1_block)
            for _ in range(MOST_ANCESTORS):
                if int.from_bytes(assertion.output_root, "big") == last or not assertion.id:
                    break
                assertion = await self._assertion(member, assertion.parent)
        chain, number = self._chains[member.domain], assertion.l2_block_number
        header = await chain.header(number)
        mailbox = await chain.proof(MAILBOX_ADDRESS, [TREE_SLOT], number)
        outbox = await chain.proof(OUTBOX_ADDRESS, [], number)
        return Confirmed(
            replace(member, status=status),
            Output(assertion.id, header.state_root, outbox.storage_root, header.hash),
            number,
            header.timestamp,
            mailbox.storage_root,
            MailboxProof(rlp_encode(header.fields()), mailbox.account, mailbox.slots[0]),
        )

    async def _assertion(self, member: Membership, assertion_id: int) -> Assertion:
        return decode_assertion(assertion_id, await self._l1.client.call(member.outputs, assertion_call(assertion_id)))

    async def _anchor(self, domain: Domain) -> tuple[Anchor, int]:
        """The L1 block that a chain's newest block names, and its number."""
        head = await self._chains[domain].header("latest")
        origin = head.parent_beacon_block_root
        if origin is None or not any(origin):
            raise Retry(f"chain {domain} does not say which L1 block it builds on")
        l1_header = await self._l1.header(origin)
        return Anchor(head.timestamp, rlp_encode(l1_header.fields())), l1_header.number

    async def teach(self, pupil: Domain, subject: Membership) -> Confirmed | None:
        """Have `pupil` know the subject's last output that counts on the L1 block it sees; None if there is none."""
        anchor, number = await self._anchor(pupil)
        known = await self.confirmed(subject, number)
        if known is None:
            return None
        chain, roots = self._chains[pupil], SETTLED_ROOTS_ADDRESS
        seen = await chain.word(roots, "stores(uint256,bytes32)", subject.domain, known.store_root)
        last = await chain.word(roots, "last_stores(uint256,bytes32)", subject.domain, known.store_root)
        if seen >= known.timestamp and (last or not known.is_last):
            return known
        origin = await self._origin_proof(known, number)
        call = learn_call(subject.domain, anchor, origin, known.output, known.mailbox)
        [done] = await chain.send([Call(roots, call)])
        return known if done else None

    async def teach_ledger(self, known: Confirmed) -> bool:
        """Have L1's ledger know an output."""
        ledger, domain = self._network.ledger, known.member.domain
        seen = await self._l1.word(ledger, "stores(uint256,bytes32)", domain, known.store_root)
        last = await self._l1.word(ledger, "last_stores(uint256,bytes32)", domain, known.store_root)
        if seen >= known.timestamp and (last or not known.is_last):
            return True
        return (await self._l1.send([Call(ledger, ledger_learn_call(domain, known.output, known.mailbox))]))[0]

    async def teach_decisions(self, pupil: Domain, wanted: Sequence[Dispatched], decision: int) -> set[bytes]:
        """Have `pupil` know what the ledger decided; which of these messages it now knows to be decided so."""
        chain, ledger = self._chains[pupil], self._network.ledger
        known: set[bytes] = set()
        unknown = []
        for one in wanted:
            if await chain.word(SETTLED_ROOTS_ADDRESS, "decisions(bytes32)", one.id) == decision:
                known.add(one.id)
            else:
                unknown.append(one)
        if not unknown:
            return known
        anchor, number = await self._anchor(pupil)
        proof = await self._l1.proof(ledger, [decision_slot(one.id) for one in unknown], number)
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

    async def _origin_proof(self, known: Confirmed, l1_block: int) -> OriginProof:
        member, registry = known.member, self._network.registry
        slots = [mapping_slot(MEMBERS_SLOT, member.domain), mapping_slot(FINAL_ROOTS_SLOT, member.domain)]
        entry = await self._l1.proof(registry, slots, l1_block)
        if known.is_last:
            return OriginProof(entry.account, entry.slots[0], b"", b"", entry.slots[1])
        key = known.output.assertion_id
        slots = [mapping_slot(OUTPUT_STATES_SLOT, key), mapping_slot(OUTPUT_ROOTS_SLOT, key)]
        outputs = await self._l1.proof(member.outputs, slots, l1_block)
        return OriginProof(entry.account, entry.slots[0], outputs.account, outputs.slots[0], outputs.slots[1])
