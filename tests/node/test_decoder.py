"""What another process decodes is what this one would; nothing is lost when it goes."""

import os
import signal
from collections.abc import AsyncIterator

import pytest

from node.decoder import AHEAD, WORTHWHILE, Ahead, Decoder
from protocol.batch import Batch, BlockClaim, encode_batch
from protocol.errors import InvalidTransaction
from protocol.signing import UnsignedTransaction, sign_transaction
from protocol.transaction import AccessEntry, Transaction, decode_transaction
from protocol.types import Address

KEY = b"\7" * 32


def signed(nonce: int, **fields) -> Transaction:
    return sign_transaction(UnsignedTransaction(901, nonce, 21_000, Address(b"\1" * 20), **fields), KEY)


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
    ahead.start([raws])
    (task,) = ahead._under_way.values()
    while decoder._processes[0]._process is None and not task.done():
        await decoder_turn()
    ahead.forget()
    other = [signed(1_000).raw]
    assert list(await decoder.decode(other)) == other


async def decoder_turn() -> None:
    import asyncio

    await asyncio.sleep(0)


async def test_small_blocks_start_no_process(decoder: Decoder):
    ahead, raws = Ahead(decoder), tuple(tx.raw for tx in TRANSFERS[:-1])
    ahead.start([raws])
    assert await ahead.take(raws) == {}
    assert all(each._process is None for each in decoder._processes)


async def test_few_blocks_are_under_way_at_once(decoder: Decoder):
    blocks = [tuple(tx.raw for tx in (*TRANSFERS, signed(1_000 + number))) for number in range(AHEAD + 2)]
    ahead = Ahead(decoder)
    ahead.start(blocks)
    assert list(ahead._under_way) == blocks[:AHEAD]
    assert len(await ahead.take(blocks[0])) == len(blocks[0])
    ahead.start(blocks[1:])
    assert list(ahead._under_way) == blocks[1 : AHEAD + 1]
    ahead.forget(blocks[1:3])
    assert list(ahead._under_way) == blocks[3 : AHEAD + 1]
    ahead.forget()
    assert not ahead._under_way


async def test_a_batch_is_decoded_as_the_blocks_that_it_claims(decoder: Decoder):
    raws = tuple(tx.raw for tx in TRANSFERS)
    ahead = Ahead(decoder)
    ahead.start_with([encode_batch(Batch(1, (BlockClaim(1, 1, raws), BlockClaim(2, 1, raws[:3]))))])
    assert list(ahead._under_way) == [raws]
    assert len(await ahead.take(raws)) == len(raws)


async def test_blocks_of_the_next_batches_begin_as_those_before_them_leave(decoder: Decoder):
    blocks = [tuple(tx.raw for tx in (*TRANSFERS, signed(1_000 + number))) for number in range(AHEAD + 2)]
    ahead = Ahead(decoder)
    ahead.start(blocks[: AHEAD - 1])
    claims = tuple(BlockClaim(1 + number, 1, raws) for number, raws in enumerate(blocks[AHEAD - 1 :]))
    ahead.start_with([encode_batch(Batch(1, claims))])
    assert list(ahead._under_way) == blocks[:AHEAD]
    assert len(await ahead.take(blocks[0])) == len(blocks[0])
    ahead.start(blocks[1 : AHEAD - 1])
    assert list(ahead._under_way) == blocks[1 : AHEAD + 1]
    ahead.forget()
    ahead.start(())
    assert not ahead._under_way, "after a reorg nothing of it is begun"
