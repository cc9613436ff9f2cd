"""Blobs on the embedded L1: it takes transactions with them, keeps them, and serves them as a beacon node would.

There are no slots here, so the number in a path is a block's, as with anvil; the absence of `/eth/v1/config/spec` tells
a client so. Every blob of every transaction taken is kept for ever, in files beside the database: on a development L1 a
verifier may come at any time. Blob gas bounds them to six a block (Cancun).
Source: https://ethereum.github.io/beacon-APIs/#/Beacon/getBlobs
"""

import asyncio
import os
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

from node.chain import Chain
from protocol.blobs import InvalidSidecar, unwrap
from protocol.kzg import are_cell_proofs, commitment_of, is_blob_of, versioned_hash
from protocol.transaction import BLOB, decode_transaction
from rpc.codec import data
from rpc.method import Context, Method, MethodTable
from rpc.send import send_raw_transaction

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class L1Blobs:
    """The blobs of one chain, under `folder`."""

    def __init__(self, chain: Chain, folder: Path) -> None:
        self._chain = chain
        self._folder = folder

    def methods(self) -> MethodTable:
        """`eth_sendRawTransaction` that takes blob transactions in their wrapper, and refuses them without."""
        return {"eth_sendRawTransaction": Method(self._send, (data,))}

    def routes(self) -> dict[str, Handler]:
        """The part of the beacon API that readers of blobs need."""
        return {
            "/eth/v1/beacon/genesis": self._genesis,
            "/eth/v1/beacon/blobs/{number}": self._serve,
            "/eth/v1/beacon/blob_sidecars/{number}": _gone,
        }

    async def _send(self, context: Context, raw: bytes) -> str:
        if raw[:1] != bytes((BLOB,)):
            return send_raw_transaction(context, raw)
        canonical, blobs, commitments, proofs = unwrap(raw)
        hashes = await asyncio.to_thread(_check, canonical, blobs, commitments, proofs)
        # Before the pool has it: what is in a block must be there to be read.
        await asyncio.to_thread(self._keep, hashes, blobs)
        return send_raw_transaction(context, canonical)

    def _keep(self, hashes: tuple[bytes, ...], blobs: tuple[bytes, ...]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        for blob_hash, blob in zip(hashes, blobs, strict=True):
            with tempfile.NamedTemporaryFile(dir=self._folder, delete=False) as file:
                file.write(blob)
            os.replace(file.name, self._folder / blob_hash.hex())

    async def _serve(self, request: web.Request) -> web.Response:
        number = request.match_info["number"]
        found = self._chain.canonical_hash(int(number)) if number.isdigit() and len(number) < 20 else None
        block = None if found is None else self._chain.block(found)
        if block is None:
            return web.json_response({"code": 404, "message": f"no block {number[:20]}"}, status=404)
        wanted = {text.removeprefix("0x") for text in request.query.getall("versioned_hashes", [])}
        hashes = [blob_hash.hex() for tx in block.transactions for blob_hash in tx.blob_hashes]
        names = [name for name in hashes if not wanted or name in wanted]
        blobs = await asyncio.to_thread(lambda: [(self._folder / name).read_bytes() for name in names])
        answer = {"execution_optimistic": False, "finalized": False, "data": ["0x" + blob.hex() for blob in blobs]}
        return web.json_response(answer)

    async def _genesis(self, _request: web.Request) -> web.Response:
        found = self._chain.canonical_hash(0)
        header = None if found is None else self._chain.header(found)
        time = 0 if header is None else header.timestamp
        nothing = {"genesis_validators_root": "0x" + "00" * 32, "genesis_fork_version": "0x00000000"}
        return web.json_response({"data": {"genesis_time": str(time), **nothing}})


async def _gone(_request: web.Request) -> web.Response:
    words = "use /eth/v1/beacon/blobs/{block number}"
    return web.json_response({"code": 410, "message": words}, status=410)


def _check(
    canonical: bytes, blobs: tuple[bytes, ...], commitments: tuple[bytes, ...], proofs: tuple[bytes, ...]
) -> tuple[bytes, ...]:
    """The blobs' versioned hashes; raises InvalidSidecar unless they are the transaction's and the proofs hold."""
    hashes = tuple(map(versioned_hash, commitments))
    if decode_transaction(canonical).blob_hashes != hashes:
        raise InvalidSidecar("the blobs are not those that the transaction names")
    per_blob = len(proofs) // len(blobs) if blobs else 1
    for index, (blob, commitment) in enumerate(zip(blobs, commitments, strict=True)):
        own = proofs[index * per_blob : (index + 1) * per_blob]
        try:
            is_committed = commitment_of(blob) == commitment
        except ValueError as error:
            raise InvalidSidecar(f"blob {index}: {error}") from error
        is_proven = is_blob_of(blob, commitment, own[0]) if per_blob == 1 else are_cell_proofs(blob, commitment, own)
        if not is_committed or not is_proven:
            raise InvalidSidecar(f"blob {index} does not have this commitment, or this proof")
    return hashes
