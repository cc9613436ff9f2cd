"""Blobs read from beacon nodes of every kind."""

import random
from dataclasses import replace

import pytest

from da.adapter import BadCommitment, Commitment, Gone, NotFound, Unreachable, WrongBytes
from da.blob import Blobs, make_sidecar
from protocol.blobs import BLOB_BYTES, MAX_BLOBS, pack_blobs
from protocol.kzg import is_blob_of
from tests.da.beacon import Beacon
from tests.da.server import Mood
from tests.da.worlds import POSTED, SLOT, blobs_of

DATA = random.Random(4844).randbytes(200_000)


@pytest.mark.parametrize(
    ("newer", "older"), [(True, False), (False, True), (True, True)], ids=["blobs", "blob_sidecars", "both"]
)
async def test_blobs_are_read_from_either_endpoint_in_any_order(newer: bool, older: bool) -> None:
    beacon = Beacon(newer=newer, older=older)
    beacon.put(SLOT, *pack_blobs(b"a stranger's"))
    with blobs_of(beacon) as (world, _beacon):
        commitment = await world.publish(DATA)
        beacon.put(SLOT, *pack_blobs(b"another stranger's"))
        for seed in range(5):
            beacon.chance = random.Random(seed)
            assert await world.layer.fetch(commitment, POSTED) == DATA


async def test_a_node_with_neither_endpoint_is_one_clear_line() -> None:
    with blobs_of(Beacon(newer=False, older=False)) as (world, _beacon):
        commitment = await world.publish(b"data")
        with pytest.raises(Unreachable, match=r"answered 410 for the blobs of slot 1000, and 410 for its sidecars$"):
            await world.layer.fetch(commitment, POSTED)


async def test_an_l1_without_slots_is_asked_by_block_number() -> None:
    beacon = Beacon(has_slots=False)
    with blobs_of(beacon) as (world, _beacon):
        commitment = await world.publish(b"data")
        beacon.slots[POSTED.number] = beacon.slots.pop(SLOT)
        assert await world.layer.fetch(commitment, POSTED) == b"data"


async def test_a_node_that_was_starting_is_not_taken_for_one_without_slots() -> None:
    with blobs_of() as (world, _beacon):
        commitment = await world.publish(b"data")
        assert world.server is not None
        world.server.mood = Mood.MISSING
        with pytest.raises(Unreachable):
            await world.layer.fetch(commitment, POSTED)
        world.server.mood = Mood.HONEST
        assert await world.layer.fetch(commitment, POSTED) == b"data"


async def test_a_slot_to_come_is_not_found_and_a_slot_without_the_blob_is_gone() -> None:
    with blobs_of() as (world, beacon):
        commitment = await world.publish(b"data")
        with pytest.raises(NotFound, match="does not know slot 1001"):
            await world.layer.fetch(commitment, replace(POSTED, timestamp=POSTED.timestamp + 12))
        beacon.slots[SLOT].clear()
        with pytest.raises(Gone, match=r"has slot 1000 without the blob .*; beacon nodes keep blobs for about 18 days"):
            await world.layer.fetch(commitment, POSTED)


async def test_blobs_that_are_not_those_asked_for_are_never_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with blobs_of() as (world, beacon):
        commitment = await world.publish(b"data")
        honest = beacon.slots[SLOT][0]
        lies = {
            "another": pack_blobs(b"Data")[0],
            "one bit": honest[:40] + bytes((honest[40] ^ 1,)) + honest[41:],
            "outside the field": b"\xff" * BLOB_BYTES,
        }
        for name, lie in lies.items():
            monkeypatch.setattr(beacon, "_in", lambda *_request, lie=lie: [lie])
            monkeypatch.setattr("tests.da.beacon.versioned_hash", lambda _commitment: commitment[1:])
            monkeypatch.setattr("tests.da.beacon.commitment_of", lambda _blob: bytes(48))
            with pytest.raises(WrongBytes, match="served other blobs than"):
                print(name, await world.layer.fetch(commitment, POSTED))


def test_a_sidecar_has_the_proofs_that_l1_asks_for() -> None:
    before, after = make_sidecar(DATA, False), make_sidecar(DATA, True)
    assert (len(before.blobs), len(before.proofs), before.has_cell_proofs) == (2, 2, False)
    assert (len(after.blobs), len(after.proofs), after.has_cell_proofs) == (2, 256, True)
    assert before.versioned_hashes == after.versioned_hashes
    for blob, commitment, proof in zip(before.blobs, before.commitments, before.proofs, strict=True):
        assert is_blob_of(blob, commitment, proof)


@pytest.mark.parametrize(
    "commitment",
    [
        b"\2" + bytes(32),
        b"\2\1" + bytes(30),
        b"\2\1" + bytes(32),
        b"\2" + (b"\1" + bytes(31)) * (MAX_BLOBS + 1),
        b"\2" + b"\1" * 32 + bytes(32),
    ],
    ids=["version 0", "short", "long", "seven", "one of version 0"],
)
async def test_what_is_no_list_of_versioned_hashes_is_rejected(commitment: bytes) -> None:
    with pytest.raises(BadCommitment, match="1 to 6 versioned hashes"):
        await Blobs("http://127.0.0.1:1").fetch(Commitment(commitment), POSTED)


async def test_only_the_sidecars_of_the_last_batches_are_kept() -> None:
    layer = Blobs("http://127.0.0.1:1", has_cell_proofs=False)
    commitments = [await layer.submit(b"%d" % n) for n in range(17)]
    assert layer.sidecar(commitments[0]) is None
    assert all(layer.sidecar(commitment) is not None for commitment in commitments[1:])


async def test_a_node_that_answers_nonsense_about_its_slots_is_retried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.da.beacon.SECONDS_PER_SLOT", 0)
    with blobs_of() as (world, _beacon):
        commitment = await world.publish(b"data")
        with pytest.raises(WrongBytes, match="slots take no time"):
            await world.layer.fetch(commitment, POSTED)
