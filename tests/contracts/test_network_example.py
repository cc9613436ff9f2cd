"""The tutorial's contracts: a counter driven from another chain, a reader of its storage."""

from collections.abc import Iterator

import pytest

from metalayer.predeploys import SETTLED_ROOTS_ADDRESS
from protocol.types import Address
from tests.metalayer.world import (
    Failed,
    Member,
    World,
    account,
    artifact,
    calldata,
    dispatched,
    with_app,
)

ALICE, BOB = account("alice"), account("bob")


@pytest.fixture(scope="module")
def fresh() -> World:
    return with_app(2)


@pytest.fixture
def world(fresh: World) -> Iterator[World]:
    with fresh.kept():
        yield fresh


def deployed(world: World, member: Member, name: str) -> Address:
    address = world.on_l2(member, ALICE, None, artifact(f"examples/{name}").init_code).contract_address
    assert address is not None
    return address


def counters(world: World) -> tuple[Address, Address]:
    a, b = world.pair
    on_a, on_b = deployed(world, a, "counter"), deployed(world, b, "counter")
    world.must(a, ALICE, on_a, calldata("enrol(uint32,address)", b.domain, "0x" + on_b.hex()))
    world.must(b, ALICE, on_b, calldata("enrol(uint32,address)", a.domain, "0x" + on_a.hex()))
    return on_a, on_b


def count_there(world: World, source: Member, target: Member, counter: Address, step: int, fee: int = 0):
    data = calldata("count_there(uint32,uint256,uint256)", target.domain, step, 50_000)
    return dispatched(world.must(source, BOB, counter, data, fee))


def test_a_counter_on_a_is_driven_from_b(world: World) -> None:
    a, b = world.pair
    on_a, on_b = counters(world)
    world.deliver(count_there(world, b, a, on_b, 3))
    world.deliver(count_there(world, b, a, on_b, 4))
    assert (a.chain.read(on_a, "total()"), b.chain.read(on_b, "total()")) == (7, 0)


def test_what_did_not_arrive_is_known_and_its_fee_is_back(world: World) -> None:
    a, b = world.pair
    _on_a, on_b = counters(world)
    world.give(b, BOB, 9)
    message = count_there(world, b, a, on_b, 3, fee=9)
    world.settle(b)
    world.expire(message)
    world.learn(b, a)
    world.refund(message)
    assert (b.chain.read(on_b, "undelivered()"), b.chain.balance(BOB)) == (3, 9)


def test_a_counter_listens_to_its_own_kind_alone(world: World) -> None:
    a, b = world.pair
    on_a, on_b = counters(world)
    stranger = deployed(world, b, "counter")
    world.must(b, ALICE, stranger, calldata("enrol(uint32,address)", a.domain, "0x" + on_a.hex()))
    with pytest.raises(Failed, match="counter: not enrolled"):
        world.deliver(count_there(world, b, a, stranger, 3))
    with pytest.raises(Failed, match="counter: not the mailbox"):
        world.must(a, BOB, on_a, calldata("handle(uint32,bytes32,bytes)", b.domain, bytes(12) + on_b, b""))
    with pytest.raises(Failed, match="counter: not the owner"):
        world.must(a, BOB, on_a, calldata("enrol(uint32,address)", b.domain, "0x" + stranger.hex()))


def test_b_reads_as_counter_without_a_message(world: World) -> None:
    a, b = world.pair
    on_a, on_b = counters(world)
    observer = deployed(world, b, "observer")
    world.deliver(count_there(world, b, a, on_b, 42))
    settled = world.settle(a)
    world.learn(b, a)
    data = calldata(
        "observe(uint32,address,bytes32,bytes,bytes)",
        a.domain,
        "0x" + on_a.hex(),
        settled.output.state_root,
        a.chain.account_proof(on_a, settled.number),
        a.chain.storage_proof(on_a, bytes(32), settled.number),
    )
    world.must(b, BOB, observer, data)
    assert b.chain.read(observer, "total()") == 42
    assert b.chain.read(observer, "observed_at()") == a.chain.headers[settled.number].timestamp
    with pytest.raises(Failed, match="observer: nothing newer"):
        world.must(b, BOB, observer, data)
    assert b.chain.state.account(SETTLED_ROOTS_ADDRESS) is not None
