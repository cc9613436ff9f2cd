"""What another process decodes is what this one would; nothing is lost when it goes."""

import os
import signal
from collections.abc import AsyncIterator

import pytest

from node.decoder import AHEAD, NICE, WORTHWHILE, Ahead, Decoder
from protocol.batch import Batch, BlockClaim, encode_batch
from protocol.errors import InvalidTransaction
from protocol.l1 import L1BlockRef
from protocol.signing import UnsignedTransaction, sign_transaction
from protocol.transaction import AccessEntry, Transaction, decode_transaction
from protocol.types import ZERO_HASH, Address

KEY = b"\7" * 32


def signed(nonce: int, **fields) -> Transaction:
    return sign_transaction(UnsignedTransaction(901, nonce, 21_000, Address(b"\1" * 20), **fields), KEY)


def posted(number: int) -> L1BlockRef:
    return L1BlockRef(number, ZERO_HASH, ZERO_HASH, 0, ZERO_HASH)


TRANSFERS = [signed(nonce) for nonce in range(WORTHWHILE)]


@pytest.fixture
async def decoder() -> AsyncIterator[Decoder]:
    made = Decoder()
    yield made
    await made.close()


async def test_plain_transactions_come_back_as_if_decoded_here(decoder: Decoder):
    raws = [tx.raw for tx in TRANSFERS]
    assert await decoder.decode(raws) == {raw: decode_transaction(raw) for raw in raws}


async def test_what_is_invalid_or_carries_a_list_is_left_to_the_caller(decoder: Decoder):
    listed = signed(0, access_list=(AccessEntry(Address(b"\2" * 20), (1,)),))
    with pytest.raises(InvalidTransaction):
        decode_transaction(b"\x02\xc0")
    found = await decoder.decode([b"\x02\xc0", listed.raw, b"", TRANSFERS[0].raw])
    assert list(found) == [TRANSFERS[0].raw]


async def test_a_process_that_is_killed_costs_an_answer_and_comes_back(decoder: Decoder):
    raws = [TRANSFERS[0].raw]
    assert await decoder.decode(raws)
    first, second = (each._process for each in decoder._processes)
    assert first is not None
    assert second is None, "one transaction is no work for two"
    os.kill(first.pid, signal.SIGKILL)
    await first.wait()
    assert await decoder.decode(raws) == {}
    assert list(await decoder.decode(raws)) == raws


async def test_the_share_of_a_killed_process_is_left_to_the_caller(decoder: Decoder):
    raws = [tx.raw for tx in TRANSFERS]
    assert list(await decoder.decode(raws)) == raws
    killed = decoder._processes[1]._process
    assert killed is not None
    os.kill(killed.pid, signal.SIGKILL)
    await killed.wait()
    assert list(await decoder.decode(raws)) == raws[: len(raws) // 2]
    assert list(await decoder.decode(raws)) == raws


async def test_a_question_given_up_does_not_answer_the_next(decoder: Decoder):
    raws = tuple(tx.raw for tx in TRANSFERS)
    ahead = Ahead(decoder)
    ahead.expect(posted(1), [raws])
    ((_number, task),) = ahead._under_way.values()
    while decoder._processes[0]._process is None and not task.done():
        await decoder_turn()
    ahead.forget()
    other = [signed(1_000).raw]
    assert list(await decoder.decode(other)) == other


async def decoder_turn() -> None:
    import asyncio

    await asyncio.sleep(0)


async def test_the_node_comes_before_them(decoder: Decoder):
    await decoder.decode([TRANSFERS[0].raw])
    process = decoder._processes[0]._process
    assert process is not None
    assert os.getpriority(os.PRIO_PROCESS, process.pid) == min(os.getpriority(os.PRIO_PROCESS, 0) + NICE, 19)
    assert os.getsid(process.pid) == os.getsid(0)
    assert os.getpgid(process.pid) != os.getpgid(0), "a Ctrl-C at the node's terminal is the node's"


async def test_small_blocks_start_no_process(decoder: Decoder):
    ahead, raws = Ahead(decoder), tuple(tx.raw for tx in TRANSFERS[:-1])
    ahead.expect(posted(1), [raws])
    assert await ahead.take(raws) == {}
    assert all(each._process is None for each in decoder._processes)


def blocks_to_decode(count: int) -> list[tuple[bytes, ...]]:
    return [tuple(tx.raw for tx in (*TRANSFERS, signed(1_000 + number))) for number in range(count)]


async def test_few_blocks_are_under_way_at_once(decoder: Decoder):
    blocks = blocks_to_decode(AHEAD + 2)
    ahead = Ahead(decoder)
    ahead.expect(posted(1), blocks)
    assert list(ahead._under_way) == blocks[:AHEAD]
    assert len(await ahead.take(blocks[0])) == len(blocks[0])
    assert list(ahead._under_way) == blocks[1 : AHEAD + 1], "one goes, one begins"


async def test_what_is_expected_twice_is_decoded_once(decoder: Decoder):
    blocks = blocks_to_decode(AHEAD + 1)
    ahead = Ahead(decoder)
    ahead.expect(posted(1), blocks)  # by who read ahead
    ahead.expect(posted(1), blocks)  # by who derives
    for number, block in enumerate(blocks):
        assert len(await ahead.take(block)) == len(block)
        assert list(ahead._under_way) == blocks[number + 1 :]


async def test_a_batch_is_decoded_as_the_blocks_that_it_claims(decoder: Decoder):
    raws = tuple(tx.raw for tx in TRANSFERS)
    ahead = Ahead(decoder)
    batch = encode_batch(Batch(1, (BlockClaim(1, 1, raws), BlockClaim(2, 1, raws[:3]))))
    ahead.expect_batches(posted(1), [b"no batch", batch], head=0)
    assert list(ahead._under_way) == [raws]
    assert len(await ahead.take(raws)) == len(raws)


async def test_blocks_that_are_there_already_are_not_decoded(decoder: Decoder):
    first, second, third = blocks_to_decode(3)
    claims = tuple(BlockClaim(1, 1, raws) for raws in (first, second, third))
    ahead = Ahead(decoder)
    ahead.expect_batches(posted(1), [encode_batch(Batch(5, claims))], head=6)
    assert list(ahead._under_way) == [third]
    ahead.forget()
    ahead.expect_batches(posted(1), [encode_batch(Batch(5, claims))], head=7)
    assert not ahead._under_way


async def test_blocks_of_earlier_l1_blocks_come_first(decoder: Decoder):
    blocks = blocks_to_decode(AHEAD + 2)
    ahead = Ahead(decoder)
    ahead.expect(posted(1), blocks[:1])
    ahead.expect(posted(9), blocks[3:])
    ahead.expect(posted(5), blocks[1:3])
    taken = [await ahead.take(block) for block in blocks]
    assert list(map(len, taken)) == list(map(len, blocks))
    assert not ahead._under_way


async def test_claims_that_came_to_nothing_leave_room_for_others(decoder: Decoder):
    blocks = blocks_to_decode(2 * AHEAD)
    ahead = Ahead(decoder)
    ahead.expect(posted(1), blocks[: AHEAD + 1])  # void, say: nobody takes them
    ahead.expect(posted(2), blocks[AHEAD + 1 :])
    assert list(ahead._under_way) == blocks[:AHEAD]
    ahead.forget(posted(1))
    assert not ahead._under_way
    ahead.expect(posted(2), blocks[AHEAD + 1 :])
    assert list(ahead._under_way) == blocks[AHEAD + 1 :]
    ahead.forget()
    assert not ahead._under_way
    assert await ahead.take(blocks[-1]) == {}
