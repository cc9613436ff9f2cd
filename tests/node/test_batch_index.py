"""Which batch made which block safe: the records alone, and what L1 adds."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from da.adapter import Commitment
from node.batch_index import BatchIndex, InboxTransaction
from node.batch_rpc import batch_methods
from node.l1.client import L1Client
from node.l1.records import TABLE, L1Record, encode_record, record_key
from node.l1.wire import Json, L1Log, L1Transaction
from node.store import Store
from protocol.crypto import keccak
from protocol.errors import Retry
from protocol.inbox import BATCH_APPENDED, append_calldata
from protocol.l1 import L1Block, L1BlockRef
from protocol.types import ZERO_HASH, Address, Hash32

INBOX = Address(b"\x1b" * 20)
FIRST_L1_BLOCK = 50
SAFE_HEADS = [0, 0, 0, 3, 3, 4, 4, 4, 9, 12, 12, 12]
"""The safe head after L1 blocks 50, 51, …: blocks 1 to 3, 4, 5 to 9, and 10 to 12 became safe together."""
ADVANCES = [(59, 10, 12), (58, 5, 9), (55, 4, 4), (53, 1, 3)]


def ref(number: int) -> L1BlockRef:
    return L1BlockRef(number, keccak(b"l1 %d" % number), ZERO_HASH, 1_000 + number, ZERO_HASH)


class InboxOfOne:
    """An L1 in which every block holds one batch; a layer that may not serve it yet."""

    def __init__(self, *, is_void: bool = False) -> None:
        self.commitment = Commitment(b"\x00some batch")
        self.requests = 0
        self.down = False
        self.served = True
        self.is_void = is_void

    async def logs(self, block_hash: Hash32, address: Address, topic: Hash32) -> tuple[L1Log, ...]:
        assert (address, topic) == (INBOX, BATCH_APPENDED)
        self.requests += 1
        if self.down:
            raise Retry("L1 does not answer")
        index = Hash32((7).to_bytes(32, "big"))
        return (L1Log(INBOX, (topic, index, ZERO_HASH), keccak(self.commitment) + bytes(32), keccak(block_hash), 0),)

    async def transaction(self, transaction_hash: Hash32) -> L1Transaction | None:
        calldata = b"" if self.is_void else append_calldata(self.commitment)
        return L1Transaction(transaction_hash, INBOX, calldata, 0, None)

    async def request(self, method: str, params: Sequence[Json]) -> Json:
        assert method == "eth_getTransactionReceipt"
        return {"gasUsed": "0x7530", "effectiveGasPrice": "0x3b9aca00"}

    async def fetch(self, commitment: Commitment, posted: L1BlockRef) -> bytes:
        if not self.served:
            raise Retry("not served")
        return commitment[1:]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "db") as opened:
        with opened.write_batch() as batch:
            for offset, safe in enumerate(SAFE_HEADS):
                record = L1Record(L1Block(ref(FIRST_L1_BLOCK + offset)), safe, keccak(b"%d" % safe))
                batch.put_record(TABLE, record_key(record.block.ref.number), encode_record(record))
        yield opened


def index_of(store: Store, l1: InboxOfOne) -> BatchIndex:
    return BatchIndex(store, l1, INBOX, l1)


def test_every_block_is_found_in_the_advance_that_holds_it(store: Store) -> None:
    index = index_of(store, InboxOfOne())
    for number in range(1, 13):
        found = index.advance_of(number)
        assert found is not None
        expected = next(advance for advance in ADVANCES if advance[1] <= number <= advance[2])
        assert (found.record.block.ref.number, found.first, found.last) == expected


@pytest.mark.parametrize("number", [0, 13, 2**63])
def test_genesis_and_what_is_not_safe_have_no_batch(store: Store, number: int) -> None:
    assert index_of(store, InboxOfOne()).advance_of(number) is None


@pytest.mark.parametrize("count", [1, 2, 3, 4, 100])
def test_the_pages_together_are_all_advances_newest_first(store: Store, count: int) -> None:
    index = index_of(store, InboxOfOne())
    found: list[tuple[int, int, int]] = []
    before: int | None = None
    for _page in range(10):
        page, before = index.advances(before, count)
        assert len(page) <= count
        found += [(advance.record.block.ref.number, advance.first, advance.last) for advance in page]
        if before is None:
            break
    assert found == ADVANCES
    assert before is None


def test_a_page_before_what_never_was_is_empty(store: Store) -> None:
    assert index_of(store, InboxOfOne()).advances(10_000, 5) == ([], None)
    assert index_of(store, InboxOfOne()).advances(FIRST_L1_BLOCK, 5) == ([], None)


async def test_l1_is_asked_once_for_each_block(store: Store) -> None:
    l1 = InboxOfOne()
    index = index_of(store, l1)
    advance = index.advance_of(4)
    assert advance is not None
    expected = InboxTransaction(keccak(ref(55).hash), 7, l1.commitment, len(b"some batch"), 30_000, 10**9)
    assert await index.transactions(advance) == (expected,)
    assert await index.transactions(advance) == (expected,)
    assert l1.requests == 1


async def test_a_silent_l1_and_a_silent_layer_are_asked_again(store: Store) -> None:
    l1 = InboxOfOne()
    index = index_of(store, l1)
    advance = index.advance_of(4)
    assert advance is not None
    l1.down = True
    assert await index.transactions(advance) is None
    l1.down, l1.served = False, False
    found = await index.transactions(advance)
    assert found is not None
    assert [tx.data_bytes for tx in found] == [None]
    l1.served = True
    found = await index.transactions(advance)
    assert found is not None
    assert [tx.data_bytes for tx in found] == [len(b"some batch")]


async def test_a_layer_that_keeps_silent_costs_a_page_its_patience_once(store: Store) -> None:
    class Silent(InboxOfOne):
        asked = 0

        async def fetch(self, commitment: Commitment, posted: L1BlockRef) -> bytes:
            self.asked += 1
            if not self.served:
                await asyncio.Event().wait()
            return await super().fetch(commitment, posted)

    l1, time = Silent(), 100.0
    index = BatchIndex(store, l1, INBOX, l1, patience_seconds=0.05, now=lambda: time)
    advances, _rest = index.advances(None, 3)
    l1.served = False
    for advance in advances:
        found = await index.transactions(advance)
        assert found is not None
        assert [tx.data_bytes for tx in found] == [None]
    assert (l1.asked, len(advances)) == (1, 3)
    l1.served, time = True, 200.0
    found = await index.transactions(advances[0])
    assert found is not None
    assert [tx.data_bytes for tx in found] == [len(b"some batch")]


async def test_an_append_that_hides_its_bytes_is_shown_as_void(store: Store) -> None:
    l1 = InboxOfOne(is_void=True)
    methods = batch_methods(index_of(store, l1), L1Client("http://127.0.0.1:1"), None)
    answer = await methods["rollup_batchOf"].handler(None, 4)  # type: ignore[misc]
    assert answer == {
        "l1_block": {"hash": "0x" + ref(55).hash.hex(), "number": 55, "timestamp": 1_055},
        "first_block": 4,
        "last_block": 4,
        "transactions": [
            {
                "hash": "0x" + keccak(ref(55).hash).hex(),
                "index": 7,
                "layer": "void",
                "commitment_hash": None,
                "commitment_bytes": 0,
                "data_bytes": None,
                "gas_used": 30_000,
                "cost_wei": hex(30_000 * 10**9),
            }
        ],
    }


async def test_one_silence_of_l1_is_enough_for_a_page(store: Store) -> None:
    l1 = InboxOfOne()
    l1.down = True
    methods = batch_methods(index_of(store, l1), L1Client("http://127.0.0.1:1"), None)
    answer = await methods["rollup_batches"].handler(None, None, 4)  # type: ignore[misc]
    assert isinstance(answer, dict)
    assert [batch["transactions"] for batch in answer["batches"]] == [None] * 4
    assert l1.requests == 1
