"""The event bus: every reader sees every event in order, or is told that it did not."""

import asyncio
import threading

import pytest

from node.backend import EventBus
from protocol.errors import Reset
from rpc.backend import NewHead


def events(count: int) -> list[NewHead]:
    return [NewHead((), ()) for _ in range(count)]


async def take(reader, count: int) -> list[NewHead]:
    async with asyncio.timeout(5):
        return [await anext(reader) for _ in range(count)]


@pytest.fixture
async def bus():
    return EventBus(asyncio.get_running_loop(), capacity=4)


def same(left, right) -> bool:
    return [id(event) for event in left] == [id(event) for event in right]


async def test_readers_see_what_is_published_while_they_listen(bus):
    sent = events(3)
    bus.publish(sent[0])
    async with bus.subscribe() as first:
        bus.publish(sent[1])
        async with bus.subscribe() as second:
            bus.publish(sent[2])
            assert same(await take(first, 2), sent[1:])
            assert same(await take(second, 1), sent[2:])


async def test_events_of_another_thread_keep_their_order(bus):
    sent = events(4)
    async with bus.subscribe() as reader:
        thread = threading.Thread(target=lambda: [bus.publish(event) for event in sent])
        thread.start()
        assert same(await take(reader, 4), sent)
        thread.join()


async def test_a_reader_that_falls_behind_is_reset_and_the_others_are_not(bus):
    sent = events(9)
    async with bus.subscribe() as slow, bus.subscribe() as quick:
        seen = []
        for event in sent:
            bus.publish(event)
            seen += await take(quick, 1)
        assert same(seen, sent)
        with pytest.raises(Reset):
            await take(slow, 1)
    async with bus.subscribe() as again:
        bus.publish(sent[0])
        assert same(await take(again, 1), sent[:1])


async def test_exactly_the_capacity_is_kept(bus):
    sent = events(4)
    async with bus.subscribe() as reader:
        for event in sent:
            bus.publish(event)
        assert same(await take(reader, 4), sent)


async def test_a_waiting_reader_that_is_flooded_at_once_is_reset(bus):
    async with bus.subscribe() as reader:
        waiting = asyncio.create_task(take(reader, 1))
        await asyncio.sleep(0)
        for event in events(9):
            bus.publish(event)
        with pytest.raises(Reset):
            await waiting
