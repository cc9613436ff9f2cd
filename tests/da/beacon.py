"""The part of a beacon node's REST API that serves blobs, over blobs that a test has put into slots."""

import random
from dataclasses import dataclass, field

from aiohttp import web

from protocol.kzg import blob_proof, commitment_of, versioned_hash

GENESIS_TIME = 1_606_824_023
SECONDS_PER_SLOT = 12


@dataclass
class Beacon:
    """`newer` and `older` say which of the two blob endpoints it has; what it lacks answers 410, as anvil's does."""

    slots: dict[int, list[bytes]] = field(default_factory=dict)
    newer: bool = True
    older: bool = True
    has_slots: bool = True
    chance: random.Random = field(default_factory=lambda: random.Random(7))

    def put(self, slot: int, *blobs: bytes) -> None:
        """More blobs of one slot."""
        self.slots.setdefault(slot, []).extend(blobs)

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/eth/v1/beacon/blobs/{slot}", self._blobs)
        app.router.add_get("/eth/v1/beacon/blob_sidecars/{slot}", self._sidecars)
        app.router.add_get("/eth/v1/beacon/genesis", self._genesis)
        app.router.add_get("/eth/v1/config/spec", self._spec)
        return app

    async def _blobs(self, request: web.Request) -> web.Response:
        blobs = self._in(request, self.newer)
        wanted = request.query.getall("versioned_hashes", [])
        if wanted:
            blobs = [blob for blob in blobs if "0x" + versioned_hash(commitment_of(blob)).hex() in wanted]
        return web.json_response({"execution_optimistic": False, "data": ["0x" + blob.hex() for blob in blobs]})

    async def _sidecars(self, request: web.Request) -> web.Response:
        data = []
        for index, blob in enumerate(self._in(request, self.older)):
            commitment = commitment_of(blob)
            proof = blob_proof(blob, commitment)
            data.append(
                {
                    "index": str(index),
                    "blob": "0x" + blob.hex(),
                    "kzg_commitment": "0x" + commitment.hex(),
                    "kzg_proof": "0x" + proof.hex(),
                }
            )
        self.chance.shuffle(data)
        return web.json_response({"data": data})

    def _in(self, request: web.Request, there: bool) -> list[bytes]:
        if not there:
            raise web.HTTPGone(text="this endpoint is no longer here")
        slot = int(request.match_info["slot"])
        if slot not in self.slots:
            raise web.HTTPNotFound(text="no such slot")
        blobs = list(self.slots[slot])
        self.chance.shuffle(blobs)
        return blobs

    async def _genesis(self, _request: web.Request) -> web.Response:
        return web.json_response({"data": {"genesis_time": str(GENESIS_TIME)}})

    async def _spec(self, _request: web.Request) -> web.Response:
        if not self.has_slots:  # like anvil
            raise web.HTTPNotFound
        return web.json_response({"data": {"SECONDS_PER_SLOT": str(SECONDS_PER_SLOT)}})
