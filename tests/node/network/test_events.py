"""What is remembered of a chain's events: the newest of each kind, of the chain as it is now."""

from typing import cast

import pytest

from metalayer.predeploys import ETHER_ROUTE_ADDRESS, MAILBOX_ADDRESS
from node.l1.client import L1Client
from node.l1.wire import L1Head, L1Log
from node.network import events as module
from node.network.events import DELIVERED, ETHER_ARRIVED, REFUNDED, ChainEvents, read_events
from protocol.crypto import keccak
from protocol.l1 import L1BlockRef
from protocol.types import ZERO_HASH, Address, Hash32

ALICE, BOB = (Hash32(bytes(12) + bytes((number,)) * 20) for number in (1, 2))


class Chain:
    """One block per log, on a fork that a test may leave."""

    def __init__(self) -> None:
        self.fork = b"a"
        self.logs: list[L1Log] = []

    def log(self, address: Address, *topics: Hash32, data: bytes = b"") -> None:
        number = len(self.logs) + 1
        self.logs.append(L1Log(address, topics, data, keccak(b"tx%d" % number), number))

    def ref(self, number: int) -> L1BlockRef:
        return L1BlockRef(number, keccak(self.fork + b"%d" % number), ZERO_HASH, 1_000 + number, ZERO_HASH)

    async def head(self) -> L1Head:
        return L1Head(self.ref(len(self.logs)), base_fee_per_gas=0)

    async def block(self, number: int) -> L1BlockRef | None:
        return self.ref(number) if number <= len(self.logs) else None

    async def find_logs(
        self, address: Address, _topics: list[Hash32], first: int, last: int
    ) -> list[tuple[int, L1Log]]:
        found = enumerate(self.logs[first - 1 : last], first)
        return [(number, log) for number, log in found if log.address == address]


async def read(chain: Chain, events: ChainEvents) -> ChainEvents:
    await read_events(cast("L1Client", chain), events)
    return events


def key(number: int) -> Hash32:
    return keccak(b"message %d" % number)


async def test_of_outcomes_the_newest_are_remembered_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_OUTCOMES", 3)
    monkeypatch.setattr(module, "MOST_ARRIVALS", 2)
    chain, events = Chain(), ChainEvents()
    for number in range(10):
        chain.log(MAILBOX_ADDRESS, DELIVERED, key(number))
        chain.log(MAILBOX_ADDRESS, REFUNDED, key(100 + number))
        words = b"".join(word.to_bytes(32, "big") for word in (int.from_bytes(ALICE, "big"), number, 1))
        chain.log(ETHER_ROUTE_ADDRESS, ETHER_ARRIVED, Hash32((901).to_bytes(32, "big")), BOB, data=words)
    await read(chain, events)
    assert list(events.delivered) == [key(7), key(8), key(9)]
    assert list(events.refunded) == [key(107), key(108), key(109)]
    assert list(events.arrived) == [(901, Address(ALICE[12:]), Address(BOB[12:]), amount) for amount in (8, 9)]


async def test_what_a_reorg_took_away_is_forgotten_and_read_anew() -> None:
    chain, events = Chain(), ChainEvents()
    chain.log(MAILBOX_ADDRESS, DELIVERED, key(1))
    assert list((await read(chain, events)).delivered) == [key(1)]
    chain.fork, chain.logs = b"b", []
    chain.log(MAILBOX_ADDRESS, DELIVERED, key(2))
    assert list((await read(chain, events)).delivered) == [key(2)]
    chain.log(MAILBOX_ADDRESS, REFUNDED, key(3))
    await read(chain, events)
    assert (list(events.delivered), list(events.refunded)) == ([key(2)], [key(3)])
