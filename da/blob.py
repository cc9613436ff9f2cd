"""EIP-4844 blobs on L1 as a data-availability layer.

A commitment is `0x02 ‖ versioned hash ‖ …`, one hash of 32 bytes per blob. The L1 transaction that posts it carries the
blobs; the inbox refuses one that does not carry exactly these. Readers ask a beacon node for the blobs of the slot of
that L1 block and recompute each one's KZG commitment. How bytes lie in blobs: `protocol/blobs.py`.
Source: https://ethereum.github.io/beacon-APIs/#/Beacon/getBlobs
"""

import asyncio
from collections import OrderedDict
from collections.abc import Iterator, Sequence

from da.adapter import BadCommitment, Commitment, Gone, NotFound, Unreachable, WrongBytes, check_size
from da.http import TIMEOUT_SECONDS, Endpoint
from da.json_text import MalformedJson, Record, as_hex, as_list, as_number, as_record, parse_json
from protocol.blobs import BLOB_BYTES, MAX_BLOBS, BlobSidecar, capacity, pack_blobs, unpack_blobs
from protocol.kzg import BLOB_HASH_VERSION, blob_proof, cell_proofs, commitment_of, trusted_setup, versioned_hash
from protocol.l1 import L1BlockRef

BLOB_LAYER = 0x02
HASH_BYTES = 32
MOST_ANSWERED = 64 << 20
KEPT_SIDECARS = 16
"""More than a batcher has under way at once."""


class Blobs:
    """Blobs read from the beacon API at `beacon_url`.

    `max_blobs` go into one transaction. With `cell_proofs` it carries what L1 asks for from Osaka on, and else what it
    asked for before.
    """

    layer = BLOB_LAYER

    def __init__(
        self,
        beacon_url: str,
        *,
        max_blobs: int = MAX_BLOBS,
        has_cell_proofs: bool = True,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        trusted_setup()  # now rather than at the first batch: it takes seconds
        self._beacon = Endpoint("blob", beacon_url, timeout_seconds=timeout_seconds)
        self._has_cell_proofs = has_cell_proofs
        self._sidecars: OrderedDict[Commitment, BlobSidecar] = OrderedDict()
        self._slots: _Slots | None = None
        self.max_bytes = capacity(max_blobs)

    async def submit(self, data: bytes) -> Commitment:
        """Make the blobs; they are published by the L1 transaction that carries `sidecar`. Raises as the seam says."""
        check_size("blob", data, self.max_bytes)
        sidecar = await asyncio.to_thread(make_sidecar, data, self._has_cell_proofs)
        commitment = Commitment(bytes((BLOB_LAYER,)) + b"".join(sidecar.versioned_hashes))
        self._sidecars[commitment] = sidecar
        self._sidecars.move_to_end(commitment)
        if len(self._sidecars) > KEPT_SIDECARS:
            self._sidecars.popitem(last=False)
        return commitment

    def sidecar(self, commitment: Commitment) -> BlobSidecar | None:
        """What the transaction that posts this commitment carries; None if it was not among the last submitted."""
        return self._sidecars.get(commitment)

    async def fetch(self, commitment: Commitment, posted: L1BlockRef) -> bytes:
        """Read the blobs and the bytes in them. Raises as the seam says."""
        return unpack_blobs(await self.fetch_blobs(commitment, posted))

    async def fetch_blobs(self, commitment: Commitment, posted: L1BlockRef) -> tuple[bytes, ...]:
        """Read the blobs of the L1 block `posted` and keep those that the commitment names. Raises as the seam says."""
        wanted = _parse(commitment)
        slot = await self._slot_of(posted)
        served = await self._served(slot, wanted)
        found = await asyncio.to_thread(_matching, served, frozenset(wanted))
        missing = [blob_hash for blob_hash in wanted if blob_hash not in found]
        if missing and served:
            raise WrongBytes(f"blob: {self._beacon.shown} served other blobs than 0x{missing[0].hex()} in slot {slot}")
        if missing:
            # L1 has seen the blobs, or the inbox would have no such commitment; so this node has dropped them.
            raise Gone(
                f"blob: {self._beacon.shown} has slot {slot} without the blob 0x{missing[0].hex()}; beacon nodes keep "
                "blobs for about 18 days, archives longer"
            )
        return tuple(found[blob_hash] for blob_hash in wanted)

    async def _slot_of(self, posted: L1BlockRef) -> int:
        if self._slots is None:
            self._slots = await self._read_slots()
        return self._slots.of(posted)

    async def _read_slots(self) -> "_Slots":
        spec = await self._beacon.get("/eth/v1/config/spec", MOST_ANSWERED)
        genesis = await self._beacon.get("/eth/v1/beacon/genesis", MOST_ANSWERED)
        if spec.status == 404 and genesis.status == 200:
            return _Slots(None)  # a development L1, like anvil and ours: it has no slots, and takes block numbers
        for answer in (spec, genesis):
            if answer.status != 200:
                raise Unreachable(f"blob: {self._beacon.shown} answered {answer.status} about its slots")
        try:
            start = as_number(_data_of(genesis.body), "genesis_time")
            seconds = as_number(_data_of(spec.body), "SECONDS_PER_SLOT")
        except MalformedJson as error:
            raise WrongBytes(f"blob: {self._beacon.shown} on its slots: {error}") from error
        if seconds == 0:
            raise WrongBytes(f"blob: {self._beacon.shown} says that slots take no time")
        return _Slots((start, seconds))

    async def _served(self, slot: int, wanted: Sequence[bytes]) -> list[bytes]:
        """What the node serves for the slot, in whatever order: by its newer endpoint, or else by the older one."""
        query = "&".join(f"versioned_hashes=0x{blob_hash.hex()}" for blob_hash in wanted)
        answer = await self._beacon.get(f"/eth/v1/beacon/blobs/{slot}?{query}", MOST_ANSWERED)
        try:
            if answer.status == 200:
                return [_as_blob(item) for item in as_list(as_record(parse_json(answer.body), "answer"), "data")]
            older = await self._beacon.get(f"/eth/v1/beacon/blob_sidecars/{slot}", MOST_ANSWERED)
            if older.status == 200:
                items = as_list(as_record(parse_json(older.body), "answer"), "data")
                return list(_claimed([as_record(item, "sidecar") for item in items], frozenset(wanted)))
        except MalformedJson as error:
            raise WrongBytes(f"blob: {self._beacon.shown} on slot {slot}: {error}") from error
        # 410 on the older endpoint says that it is no longer there, not that the blobs are.
        if 404 in (answer.status, older.status):
            raise NotFound(f"blob: {self._beacon.shown} does not know slot {slot} (yet)")
        raise Unreachable(
            f"blob: {self._beacon.shown} answered {answer.status} for the blobs of slot {slot}, "
            f"and {older.status} for its sidecars"
        )


def make_sidecar(data: bytes, has_cell_proofs: bool) -> BlobSidecar:
    """The blobs that hold `data`, with commitments and proofs: 0.1 s per blob, 0.4 s with cell proofs."""
    blobs = pack_blobs(data)
    commitments = tuple(commitment_of(blob) for blob in blobs)
    proofs: tuple[bytes, ...]
    if has_cell_proofs:
        proofs = tuple(proof for blob in blobs for proof in cell_proofs(blob))
    else:
        proofs = tuple(blob_proof(blob, commitment) for blob, commitment in zip(blobs, commitments, strict=True))
    return BlobSidecar(blobs, commitments, proofs, tuple(map(versioned_hash, commitments)))


class _Slots:
    """How L1 blocks map to slots: (genesis time, seconds per slot), or None where slots are block numbers."""

    def __init__(self, times: tuple[int, int] | None) -> None:
        self._times = times

    def of(self, posted: L1BlockRef) -> int:
        if self._times is None:
            return posted.number
        genesis, seconds = self._times
        return max(0, posted.timestamp - genesis) // seconds


def _parse(commitment: Commitment) -> list[bytes]:
    count, rest = divmod(len(commitment) - 1, HASH_BYTES)
    hashes = [commitment[at : at + HASH_BYTES] for at in range(1, len(commitment), HASH_BYTES)]
    is_ours = commitment[:1] == bytes((BLOB_LAYER,)) and rest == 0 and 1 <= count <= MAX_BLOBS
    if not is_ours or any(blob_hash[:1] != BLOB_HASH_VERSION for blob_hash in hashes):
        raise BadCommitment(
            f"blob: 0x{commitment[:33].hex()} ({len(commitment)} bytes) is not 0x02 and 1 to {MAX_BLOBS} versioned "
            "hashes"
        )
    return hashes


def _matching(served: Sequence[bytes], wanted: frozenset[bytes]) -> dict[bytes, bytes]:
    """Those of the served blobs that have a wanted hash, by it."""
    found: dict[bytes, bytes] = {}
    for blob in served:
        if len(found) == len(wanted):
            break
        try:
            blob_hash = versioned_hash(commitment_of(blob))
        except ValueError:
            continue
        if blob_hash in wanted:
            found[blob_hash] = blob
    return found


def _claimed(sidecars: Sequence[Record], wanted: frozenset[bytes]) -> Iterator[bytes]:
    """The blobs whose stated commitment is a wanted one; the others need not be computed."""
    for sidecar in sidecars:
        if versioned_hash(as_hex(sidecar.get("kzg_commitment"), "kzg_commitment", 48)) in wanted:
            yield _as_blob(sidecar.get("blob"))


def _as_blob(value: object) -> bytes:
    return as_hex(value, "blob", BLOB_BYTES)


def _data_of(body: bytes) -> Record:
    return as_record(as_record(parse_json(body), "answer").get("data"), "data")
