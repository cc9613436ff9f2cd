"""The relayer: carries messages, transfers, ether, refunds and receipts between all chains of a network.

It is trusted with nothing and needed by nobody in particular: anyone may run one, several may run side by side, and one
that stops and starts again goes on, because every step's outcome is on a chain and is read from there. What it pays in
gas it gets back from messages' fees, once their delivery is proven.

Each round looks at every pair of chains (`node.relay.pair`). A message is delivered under the last output of its origin
that L1 has confirmed, as the destination's newest block sees L1 (`node.relay.proofs`).
"""

import logging
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from itertools import permutations

from metalayer.message import Domain
from metalayer.predeploys import ETHER_ROUTE_ADDRESS, MAILBOX_ADDRESS, NetworkAddresses
from node.account import Account
from node.bridge import Bridge, Stage, Started, open_bridge
from node.clock import Clock
from node.l1.client import L1Client
from node.network.membership import read_members
from node.relay.chain import Call, RelayChain
from node.relay.pair import MOST_AT_ONCE, Pair, PairWorld, RelayerStatus
from node.relay.proofs import Teacher
from protocol.abi import encode_call
from protocol.errors import Reject, Retry

logger = logging.getLogger(__name__)


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
        teacher = Teacher(self.l1, self.chains, options.network)
        self._world = PairWorld(
            self.l1, self.chains, options.network.ledger, teacher, self.status, options.least_fee_wei
        )
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
            pair = Pair(self._world, members[origin], members[destination], self._finished_of(origin))
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

    def _finished_of(self, domain: Domain) -> set[bytes]:
        """The messages and withdrawals of a chain with which nothing is left to do."""
        return self._finished.setdefault(domain, set())

    async def _move_ether(self, domain: Domain) -> None:
        """Prove and finalise the withdrawals of a chain's ether route: the hub on L1 does the rest."""
        bridge = self._bridges.get(domain)
        if bridge is None:
            bridge = self._bridges[domain] = await open_bridge(self.l1.client, self.chains[domain].client)
        account = Account(self.l1.client, self._clock, self.options.private_key)
        finished = self._finished_of(domain)
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
