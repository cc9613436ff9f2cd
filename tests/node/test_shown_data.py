"""Data out of proofs: what calldata shows is found by its hash, however it came to L1, and nothing else is."""

import asyncio
from collections.abc import Sequence
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from da.adapter import Commitment, NotFound
from node import shown_data
from node.game_contract import PROVE_SIGNATURE, STEP_PROVEN, prove_call
from node.l1.client import L1Client
from node.l1.transport import L1Refused
from node.l1.wire import Json, L1Head, L1Log, L1Transaction
from node.shown_data import ShownData, contents_or_proofs, reading_proofs, shown_by
from protocol.abi import selector
from protocol.batch import Batch, BlockClaim, encode_batch
from protocol.crypto import keccak
from protocol.errors import Reject, Retry
from protocol.l1 import L1BlockRef
from protocol.provable import MOST_HASHED_BYTES
from protocol.types import ZERO_HASH, Address, Hash32
from prover.calldata import CODE_WORD
from prover.machine.batch_data import FILE_LAYER
from prover.machine.vm import BATCH_DATA
from prover.trajectory import StepProof, Trajectory
from tests.prover.chains import KEYS, LOGGER, fresh_chain, published, transfer

GAME, OTHER = Address(b"\x0a" * 20), Address(b"\x0b" * 20)


def ref(number: int) -> L1BlockRef:
    return L1BlockRef(number, ZERO_HASH, ZERO_HASH, 0, ZERO_HASH)


@pytest.fixture(scope="module")
def opened() -> tuple[bytes, bytes, StepProof]:
    """A commitment, its data, and the proof of the step that opens it."""
    chain = fresh_chain(layer=FILE_LAYER)
    claim = BlockClaim(chain.tip.timestamp + 1, 0, (transfer(chain, KEYS[0], LOGGER),))
    data = encode_batch(Batch(1, (claim,)))
    chain.feed(batches=[data])
    trace = Trajectory(chain.machine())
    [at] = [index for index in range(trace.steps(0, 0)) if trace.machine_at(index).phase == BATCH_DATA]
    return published(FILE_LAYER, data)[0], data, trace.proof(at)


class World:
    """An L1 with proofs: (block, transaction). Whatever is not asked for right is refused."""

    def __init__(self, head: int = 10) -> None:
        self.height = head
        self.proofs: list[tuple[int, L1Transaction]] = []
        self.traces: dict[Hash32, Json] = {}
        self.gone: set[Hash32] = set()
        self.asked: list[tuple[int, int]] = []
        self.downloads = 0
        self.silent = self.withheld = False
        self.game_code = b"\0"

    def prove(self, number: int, calldata: bytes, to: Address = GAME) -> Hash32:
        transaction = keccak(b"transaction" + bytes([len(self.proofs)]))
        self.proofs.append((number, L1Transaction(transaction, to, calldata, 0, ZERO_HASH)))
        return transaction

    async def head(self) -> L1Head:
        if self.silent:
            raise Retry("L1 does not answer")
        return L1Head(ref(self.height), 0)

    async def code(self, address: Address) -> bytes:
        assert address == GAME
        return self.game_code

    async def find_logs(
        self, address: Address, topics: Sequence[Hash32], first: int, last: int
    ) -> list[tuple[int, L1Log]]:
        assert (address, topics) == (GAME, [STEP_PROVEN])
        assert last - first < shown_data.BLOCKS_AT_ONCE
        await asyncio.sleep(0)
        self.asked.append((first, last))
        return [
            (number, L1Log(address, (STEP_PROVEN,), b"", one.hash, 0))
            for number, one in self.proofs
            if first <= number <= last and one.hash not in self.gone
        ]

    async def transaction(self, wanted: Hash32) -> L1Transaction | None:
        self.downloads += 1
        if self.withheld:
            return None
        for _ in range(8):
            await asyncio.sleep(0)
        return next((one for _, one in self.proofs if one.hash == wanted and wanted not in self.gone), None)

    async def request(self, method: str, params: Sequence[Json]) -> Json:
        assert method == "debug_traceTransaction"
        assert params[1] == {"tracer": "callTracer"}
        trace = self.traces.get(Hash32(bytes.fromhex(str(params[0])[2:])))
        if trace is None:
            raise L1Refused(method, -32601, "no such method")
        return trace

    def shown(self) -> ShownData:
        return ShownData(cast("L1Client", self), GAME)


def call(to: Address, calldata: bytes, *calls: Json) -> Json:
    return {"to": "0x" + to.hex(), "input": "0x" + calldata.hex(), "calls": list(calls)}


class Layer:
    """A layer that serves what it has, and otherwise says why not."""

    def __init__(self, data: bytes | None = None, failure: Exception | None = None) -> None:
        self._data = data
        self._failure = failure or NotFound("file store: not served")

    async def fetch(self, _commitment: Commitment, _posted: L1BlockRef) -> bytes:
        if self._data is None:
            raise self._failure
        return self._data

    async def contents(self, commitment: Commitment, posted: L1BlockRef) -> tuple[bytes, ...]:
        return (await self.fetch(commitment, posted),)


def test_a_proof_shows_a_commitment_and_its_data(opened: tuple[bytes, bytes, StepProof]) -> None:
    commitment, data, proof = opened
    assert list(shown_by(prove_call(7, proof))) == [commitment, data]


def word(number: int) -> bytes:
    return (number % 2**256).to_bytes(32, "big")


@settings(max_examples=60, deadline=None)
@given(st.binary(min_size=1, max_size=200), st.integers(0, 300), st.integers(0, 300), st.integers(0, 64))
def test_data_is_found_wherever_offsets_put_it_and_with_zeros_left_out_at_the_end(
    data: bytes, outer: int, inner: int, zeros: int
) -> None:
    """L1 decodes leniently, so who defends may write calldata as no library would, and must not hide anything so."""
    head = [bytes(32)] * (CODE_WORD + 1)
    head[CODE_WORD] = word(32 * (CODE_WORD + 2) + inner)  # `other`; the first word is not in the arguments
    tail = bytes(inner) + word(len(data) + zeros) + data
    arguments = b"".join([*head, tail])
    calldata = (
        selector(PROVE_SIGNATURE)
        + bytes(5 * 32)
        + word(6 * 32 + outer)
        + bytes(outer)
        + word(len(arguments))
        + arguments
    )
    assert data + bytes(zeros) in list(shown_by(calldata))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=1000), st.lists(st.integers(0, 2**256 - 1), max_size=8))
def test_rubbish_shows_something_or_nothing_and_breaks_nothing(data: bytes, words: list[int]) -> None:
    for calldata in (data, selector(PROVE_SIGNATURE) + data, selector(PROVE_SIGNATURE) + b"".join(map(word, words))):
        assert all(len(one) <= MOST_HASHED_BYTES for one in shown_by(calldata))


async def test_data_is_found_in_the_proof_that_showed_it(opened: tuple[bytes, bytes, StepProof]) -> None:
    _commitment, data, proof = opened
    world = World()
    world.prove(3, prove_call(0, proof))
    shown = world.shown()
    assert await shown.find(keccak(data), 1) == data
    assert await shown.find(keccak(b"else"), 1) is None
    assert await shown.find(keccak(data), 1) == data
    assert world.downloads == 3, "read once, and again for each answer"


async def test_a_proof_through_another_contract_is_found_in_its_trace(opened: tuple[bytes, bytes, StepProof]) -> None:
    _commitment, data, proof = opened
    world = World()
    hidden = world.prove(3, b"masked", OTHER)
    shown = world.shown()
    assert await shown.find(keccak(data), 1) is None, "nobody says what was called in it"
    world.traces[hidden] = call(OTHER, b"masked", call(OTHER, b""), call(OTHER, b"", call(GAME, prove_call(0, proof))))
    assert await world.shown().find(keccak(data), 1) == data


async def test_a_proof_that_l1_does_not_explain_hides_no_other(opened: tuple[bytes, bytes, StepProof]) -> None:
    _commitment, data, proof = opened
    world = World()
    world.prove(3, b"masked", OTHER)
    world.prove(4, prove_call(0, proof))
    assert await world.shown().find(keccak(data), 1) == data


async def test_what_a_reorg_takes_away_is_not_shown_and_is_found_again(
    opened: tuple[bytes, bytes, StepProof],
) -> None:
    _commitment, data, proof = opened
    world = World()
    first = world.prove(9, prove_call(0, proof))
    shown = world.shown()
    assert await shown.find(keccak(data), 1) == data
    world.gone.add(first)
    assert await shown.find(keccak(data), 1) is None
    world.height -= 2
    world.prove(8, prove_call(0, proof))
    assert await shown.find(keccak(data), 1) == data
    world.gone.clear()


async def test_where_an_account_decides_no_proof_is_looked_for() -> None:
    world = World()
    world.game_code = b""
    shown = world.shown()
    for _ in range(2):
        assert await shown.find(ZERO_HASH, 1) is None
    assert world.asked == []


async def test_l1_is_asked_in_slices_and_only_for_what_is_new() -> None:
    world = World(head=3 * shown_data.BLOCKS_AT_ONCE)
    shown = world.shown()
    await shown.find(ZERO_HASH, 5)
    assert [end - start + 1 for start, end in world.asked[:2]] == [shown_data.BLOCKS_AT_ONCE] * 2
    assert (world.asked[0][0], world.asked[-1][1]) == (5, world.height)
    world.asked.clear()
    await shown.find(ZERO_HASH, 9)
    assert world.asked == [(world.height - shown_data.REORG_DEPTH, world.height)]
    world.asked.clear()
    await shown.find(ZERO_HASH, 2)
    assert world.asked[0][0] == 2, "an older batch may have been shown by an older proof"


async def test_a_long_history_is_read_over_several_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shown_data, "MOST_QUESTIONS", 2)
    world = World(head=5 * shown_data.BLOCKS_AT_ONCE)
    shown = world.shown()
    for _ in range(4):
        await shown.find(ZERO_HASH, 0)
    assert len(world.asked) <= 8
    assert world.asked[-1][1] == world.height


async def test_batches_that_are_asked_for_side_by_side_lose_nothing(
    monkeypatch: pytest.MonkeyPatch, opened: tuple[bytes, bytes, StepProof]
) -> None:
    monkeypatch.setattr(shown_data, "MOST_QUESTIONS", 3)
    _commitment, data, proof = opened
    blocks = shown_data.BLOCKS_AT_ONCE
    world = World(head=8 * blocks)
    world.prove(blocks * 7 // 2, prove_call(0, proof))
    world.prove(blocks * 15 // 2, b"slow")
    shown = world.shown()
    for _ in range(4):  # who begins in the middle is still reading when who begins before it has to stop
        found = await asyncio.gather(*(shown.find(keccak(data), since) for since in (5 * blocks, 0)))
    assert found == [data] * 2


async def test_a_log_without_its_transaction_is_asked_about_again(opened: tuple[bytes, bytes, StepProof]) -> None:
    _commitment, data, proof = opened
    world = World()
    world.prove(3, prove_call(0, proof))
    shown = world.shown()
    world.withheld = True
    with pytest.raises(Retry, match="but not the transaction"):
        await shown.find(keccak(data), 1)
    world.withheld = False
    assert await shown.find(keccak(data), 1) == data


async def test_what_is_remembered_is_bounded(
    monkeypatch: pytest.MonkeyPatch, opened: tuple[bytes, bytes, StepProof]
) -> None:
    monkeypatch.setattr(shown_data, "MOST_KNOWN", 3)
    world = World()
    for number in range(8):
        world.prove(number, prove_call(number, opened[2]))
    shown = world.shown()
    assert await shown.find(keccak(opened[1]), 0) == opened[1]
    assert len(shown._read) == 3


async def test_a_batch_comes_from_its_layer_first_then_from_a_proof(opened: tuple[bytes, bytes, StepProof]) -> None:
    commitment, data, proof = opened
    world = World()
    shown = world.shown()
    posted = ref(1)
    assert await reading_proofs(Layer(data), shown).fetch(Commitment(commitment), posted) == data
    assert world.asked == [], "a layer that serves is believed, since it has checked the hash"
    with pytest.raises(NotFound):
        await reading_proofs(Layer(), shown).fetch(Commitment(commitment), posted)
    world.prove(5, prove_call(0, proof))
    assert await reading_proofs(Layer(), shown).fetch(Commitment(commitment), posted) == data
    assert await contents_or_proofs(Layer().contents, shown)(Commitment(commitment), posted) == (data,)


async def test_what_is_void_or_in_blobs_is_not_looked_for_in_proofs() -> None:
    world = World()
    for commitment, failure in ((b"\2" + bytes(32), NotFound("blob")), (b"\1short", NotFound("file"))):
        with pytest.raises(NotFound):
            await reading_proofs(Layer(failure=failure), world.shown()).fetch(Commitment(commitment), ref(1))
    with pytest.raises(Reject, match="void"):
        await reading_proofs(Layer(failure=Reject("void")), world.shown()).fetch(Commitment(b"\7"), ref(1))
    assert world.asked == []


async def test_an_l1_that_does_not_answer_is_not_taken_for_data_that_is_kept_back(
    opened: tuple[bytes, bytes, StepProof],
) -> None:
    world = World()
    world.silent = True
    with pytest.raises(Retry) as failure:
        await reading_proofs(Layer(), world.shown()).fetch(Commitment(opened[0]), ref(1))
    assert type(failure.value) is Retry, "it might have been shown: nobody plays blind for that"
