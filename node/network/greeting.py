"""The first message and the first transfer between two chains that have just been joined: the network shows that it
works, instead of saying so."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from genesis.intent import Intent
from genesis.predeploys import DEPLOYMENT_PROXY
from metalayer.message import DISPATCHED, Domain, padded
from metalayer.predeploys import ETHER_ROUTE_ADDRESS, MAILBOX_ADDRESS
from node.account import Account
from node.artifacts import load_artifact
from node.clock import Clock
from node.l1.client import L1Client
from node.network.membership import domain_of
from protocol.abi import Dynamic, encode_call, words_of
from protocol.crypto import keccak
from protocol.errors import Reject, Retry
from protocol.types import ZERO_HASH, Address, Hash32

GREETER_WEI = 10**17
"""Deposited to the greeter on each new member: gas, and what it sends."""
SENT_WEI = 10**16
HANDLE_GAS = 200_000
WORDS = "tombolo: {} greets {}"
DEPOSIT_SECONDS = 60.0
ARRIVAL_SECONDS = 600.0
POLL_SECONDS = 0.25
LONGEST_WAIT_SECONDS = 120
"""A first message that can be challenged for longer is not sent: nobody would watch it arrive."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two chains."""

    name: str
    domain: Domain
    client: L1Client


async def greet_newest(
    members: Sequence[Intent],
    joined: Collection[str],
    urls: Mapping[str, str],
    clock: Clock,
    key: bytes,
    tell: Callable[[str], None],
) -> None:
    """Greet from the first member to the newest of those that have `joined`; `tell` hears why it does not happen."""
    if len(members) < 2:
        return
    newest = [intent for intent in members[1:] if intent.chain.name in joined]
    one, other = members[0].chain, (newest[-1] if newest else members[1]).chain
    proof = members[0].proof
    if proof.challenge_period_seconds + proof.finalisation_delay_seconds > LONGEST_WAIT_SECONDS:
        period = proof.challenge_period_seconds
        tell(f"what leaves {one.name} can be challenged for {period} s, so no first message is awaited")
        return
    async with (
        L1Client(urls[one.name], clock, who=one.name) as here,
        L1Client(urls[other.name], clock, who=other.name) as there,
    ):
        origin = Side(one.name, domain_of(one.chain_id), here)
        destination = Side(other.name, domain_of(other.chain_id), there)
        try:
            await greet(origin, destination, clock, key, tell)
        except (Retry, Reject) as error:
            tell(f"the first message: {error}")


async def greet(origin: Side, destination: Side, clock: Clock, key: bytes, tell: Callable[[str], None]) -> None:
    """Send words and ether from one to the other, and `tell` when each has arrived.

    Raises:
        Retry: A node does not answer, or nothing arrived in time.
        Reject: The greeter has no ether on one of them.
    """
    here, there = Account(origin.client, clock, key), Account(destination.client, clock, key)
    words = WORDS.format(origin.name, destination.name).encode()
    before = await destination.client.balance(GUEST)

    async def send() -> Hash32:
        await _until_paid(here, clock)
        signature = "dispatch(uint32,bytes32,bytes,uint64,uint64)"
        call = encode_call(signature, destination.domain, padded(guestbook_address()), Dynamic(words), 0, HANDLE_GAS)
        quote = encode_call("quote(uint32,uint256,uint64)", destination.domain, len(words), HANDLE_GAS)
        [fee] = words_of(await origin.client.call(MAILBOX_ADDRESS, quote))
        receipt = await here.send(MAILBOX_ADDRESS, call, fee)
        call = encode_call("send(uint32,address,uint256)", destination.domain, GUEST, 0)
        await here.send(ETHER_ROUTE_ADDRESS, call, SENT_WEI)
        tell(f"a first message and a first transfer are on their way from {origin.name} to {destination.name}")
        found = await origin.client.receipt_logs(receipt.transaction_hash)
        [message_id] = [log.topics[1] for log in (found[1] if found else ()) if log.topics[:1] == (DISPATCHED,)]
        return message_id

    async def receive() -> None:
        await _until_paid(there, clock)
        if not await destination.client.code(guestbook_address()):
            await there.send(DEPLOYMENT_PROXY, ZERO_HASH + load_artifact("examples/guestbook").init_code)

    message_id, _ = await asyncio.gather(send(), receive())
    start = clock.monotonic()
    waiting = {"message", "transfer"}
    while waiting:
        if "message" in waiting:
            call = encode_call("delivered(bytes32)", message_id)
            [deliverer] = words_of(await destination.client.call(MAILBOX_ADDRESS, call))
            if deliverer:
                waiting.discard("message")
                tell(f"the first message has arrived on {destination.name}: “{words.decode()}”")
        if "transfer" in waiting and await destination.client.balance(GUEST) >= before + SENT_WEI:
            waiting.discard("transfer")
            tell(f"the first transfer has arrived on {destination.name}: {SENT_WEI / 10**18:g} ETH")
        if clock.monotonic() - start > ARRIVAL_SECONDS:
            raise Retry(f"the first {' and '.join(sorted(waiting))} did not arrive in {ARRIVAL_SECONDS:.0f} s")
        await clock.sleep(POLL_SECONDS)


GUEST = Address(keccak(b"the network's first guest")[12:])
"""Whom the first transfer goes to; nobody has its key."""


def guestbook_address() -> Address:
    """Where the deterministic deployment proxy puts the guestbook, on every chain (EIP-1014)."""
    code_hash = keccak(load_artifact("examples/guestbook").init_code)
    return Address(keccak(b"\xff" + DEPLOYMENT_PROXY + ZERO_HASH + code_hash)[12:])


async def _until_paid(account: Account, clock: Clock) -> None:
    for _poll in range(int(DEPOSIT_SECONDS / POLL_SECONDS)):
        if await account.client.balance(account.address):
            return
        await clock.sleep(POLL_SECONDS)
    raise Retry(f"the greeter's deposit is not on {account.client.name} after {DEPOSIT_SECONDS:.0f} s")
