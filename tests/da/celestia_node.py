"""A celestia-node's JSON-RPC, as its published API has it, over blobs in memory; every field of a request is checked.

Source: https://node-rpc-docs.celestia.org (blob, header); blob errors in celestia-node's `blob/service.go`.
"""

import asyncio
import json
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from da.celestia_shares import share_commitment

TOKEN = "eyJhbGciOiJIUzI1NiJ9.test"
BLOB_KEYS = {"namespace", "data", "share_version", "commitment", "index"}


class Refused(Exception):
    """A JSON-RPC error."""


@dataclass
class CelestiaNode:
    """`blobs` by height; `complaints` are requests that no celestia-node would have understood."""

    blobs: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    height: int = 100
    complaints: list[str] = field(default_factory=list)
    methods: list[str] = field(default_factory=list)
    options: list[Any] = field(default_factory=list)
    loses: bool = False
    """It takes blobs and does not keep them."""
    pruned: bool = False

    def app(self) -> web.Application:
        app = web.Application(client_max_size=16 << 20)
        app.router.add_post("/", self._serve)
        return app

    async def _serve(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.json_response({"error": "unauthorized"}, status=401)
        body = json.loads(await request.read())
        try:
            self._expect(request.headers.get("Content-Type") == "application/json", "content type")
            self._expect(body.keys() == {"id", "jsonrpc", "method", "params"}, f"request's fields {body.keys()}")
            self._expect(body["jsonrpc"] == "2.0" and isinstance(body["id"], int), "version or id")
            self.methods.append(body["method"])
            result = await asyncio.to_thread(self._answer, body["method"], body["params"])
        except Refused as refusal:
            error = {"code": 1, "message": str(refusal)}
            return web.json_response({"jsonrpc": "2.0", "id": body["id"], "error": error})
        return web.json_response({"jsonrpc": "2.0", "id": body["id"], "result": result})

    def _expect(self, holds: bool, what: str) -> None:
        if not holds:
            self.complaints.append(what)
            raise Refused(f"cannot read the request: {what}")

    def _answer(self, method: str, params: list[Any]) -> Any:
        match method, params:
            case "blob.Submit", [list() as blobs, options]:
                return self._submit(blobs, options)
            case "blob.Get", [height, namespace, commitment]:
                return self._get(height, namespace, commitment)
            case "blob.GetAll", [height, [namespace]]:
                found = [blob for blob in self._at(height) if blob["namespace"] == namespace]
                return found or None
            case "blob.GetProof", [height, namespace, commitment]:
                self._get(height, namespace, commitment)
                return [{"start": 1, "end": 2, "nodes": [b64encode(bytes(90)).decode()]}]
            case "blob.Included", [height, namespace, [{"start": 1, "end": 2, "nodes": [_]}], commitment]:
                self._get(height, namespace, commitment)
                return True
            case "header.NetworkHead", []:
                return self._header(self.height)
            case "header.GetByHeight", [height]:
                return self._header(height)
        self._expect(False, f"{method} with {params}")
        raise AssertionError("unreachable")

    def _submit(self, blobs: list[dict[str, Any]], options: Any) -> int:
        self._expect(isinstance(options, dict), "options")
        self._expect(options.keys() <= {"gas_price", "is_gas_price_set"}, f"options {options}")
        self._expect(bool(blobs), "no blobs")
        for blob in blobs:
            self._expect(blob.keys() == BLOB_KEYS, f"blob's fields {blob.keys()}")
            namespace, data = self._bytes(blob["namespace"], 29), self._bytes(blob["data"])
            self._expect(namespace[:19] == bytes(19) and namespace[19:] != bytes(10), "namespace")
            self._expect(blob["share_version"] == 0, "share version")
            self._expect(blob["index"] == -1, "index")
            self._expect(bool(data), "no data")
            expected = share_commitment(namespace, data)
            self._expect(self._bytes(blob["commitment"], 32) == expected, "commitment")
        self.options.append(options)
        self.height += 1
        if not self.loses:
            self.blobs[self.height] = [{**blob, "index": 1 + at} for at, blob in enumerate(blobs)]
        return self.height

    def _get(self, height: Any, namespace: Any, commitment: Any) -> dict[str, Any]:
        self._bytes(namespace, 29)
        self._bytes(commitment, 32)
        for blob in self._at(height):
            if (blob["namespace"], blob["commitment"]) == (namespace, commitment):
                return blob
        raise Refused("blob: not found")

    def _at(self, height: Any) -> list[dict[str, Any]]:
        self._expect(isinstance(height, int) and 0 < height < 1 << 64, "height")
        if height > self.height:
            raise Refused(
                f"header: given height is from the future: networkHeight: {self.height}, requestedHeight: {height}"
            )
        if self.pruned:
            raise Refused("shwap: requested block is outside of sampling window, pruned")
        return self.blobs.get(height, [])

    def _header(self, height: Any) -> dict[str, Any]:
        self._expect(isinstance(height, int) and 0 < height <= self.height, "height")
        return {"header": {"height": str(height), "data_hash": "AB" * 32}, "commit": {}, "dah": {}}

    def _bytes(self, text: Any, length: int | None = None) -> bytes:
        self._expect(isinstance(text, str), "no text")
        data = b64decode(text, validate=True)
        self._expect(length in (None, len(data)), f"{len(data)} bytes, not {length}")
        return data
