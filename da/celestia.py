"""Celestia as a data-availability layer, through the JSON-RPC of a celestia-node.

A commitment is `0x04 ‖ height u64 little-endian ‖ share commitment`: behind our byte, what celestia-node calls a blob's
id. The namespace is the chain's own, fixed at launch. The share commitment is computed here from what the node serves,
so the node can withhold a blob but not change it. That the blob is in Celestia's square is the node's word, which a
light node has by sampling: run your own.
Source: https://node-rpc-docs.celestia.org
"""

import asyncio
import json
from base64 import b64encode

from da.adapter import BadCommitment, Commitment, Gone, NotFound, Unreachable, WrongBytes, check_size
from da.celestia_shares import SHARE_VERSION, check_namespace, share_commitment
from da.http import Endpoint
from da.json_text import Json, MalformedJson, Record, as_base64, as_list, as_number, as_record, parse_json
from protocol.l1 import L1BlockRef

CELESTIA_LAYER = 0x04
CELESTIA_MAX_BYTES = 1 << 20
MOST_ANSWERED = 32 << 20
SUBMIT_SECONDS = 90.0
"""`blob.Submit` answers when a block holds the blob; Celestia makes one every few seconds."""

_COMMITMENT_BYTES = 1 + 8 + 32


class Celestia:
    """Blobs of one namespace (29 bytes) through the node at `url`, e.g. ``http://127.0.0.1:26658``.

    `token` is the node's auth token; submitting takes one with write permission. `gas_price` in utia, None for the
    node's own estimate.
    """

    layer = CELESTIA_LAYER

    def __init__(
        self,
        url: str,
        namespace: bytes,
        *,
        token: str | None = None,
        gas_price: float | None = None,
        max_bytes: int = CELESTIA_MAX_BYTES,
        timeout_seconds: float = SUBMIT_SECONDS,
    ) -> None:
        self._node = Endpoint("celestia", url, token, timeout_seconds)
        self._namespace = check_namespace(namespace)
        self._gas_price = gas_price
        self._last_id = 0
        self.max_bytes = max_bytes

    async def submit(self, data: bytes) -> Commitment:
        """Pay for the blob, wait until Celestia has it, and make sure that it does. Raises as the seam says."""
        check_size("celestia", data, self.max_bytes)
        committed = await asyncio.to_thread(share_commitment, self._namespace, data)
        blob: Record = {
            "namespace": _base64(self._namespace),
            "data": _base64(data),
            "share_version": SHARE_VERSION,
            "commitment": _base64(committed),
            "index": -1,
        }
        options: Record = {} if self._gas_price is None else {"gas_price": self._gas_price, "is_gas_price_set": True}
        height = await self._ask("blob.Submit", [[blob], options])
        if not isinstance(height, int) or isinstance(height, bool) or not 0 < height < 1 << 64:
            raise Unreachable(f"celestia: {self._node.shown} answered blob.Submit without a height")
        # Once the commitment is on L1, every reader waits for this blob: better ask again now.
        if not await self.is_included(height, committed):
            raise Unreachable(f"celestia: {self._node.shown} took a blob that height {height} does not hold")
        return Commitment(bytes((CELESTIA_LAYER,)) + height.to_bytes(8, "little") + committed)

    def sidecar(self, commitment: Commitment) -> None:
        """Nothing."""

    async def fetch(self, commitment: Commitment, posted: L1BlockRef) -> bytes:
        """Get the blob and check it against its commitment. Raises as the seam says."""
        height, committed = _parse(commitment)
        try:
            answer = await self._ask("blob.Get", [height, _base64(self._namespace), _base64(committed)])
        except NotFound:
            head = await self.network_head()
            where = "Celestia is there" if head >= height else f"Celestia is at {head}"
            raise NotFound(f"celestia: {self._node.shown} has no such blob at height {height}; {where}") from None
        try:
            data = self._data_of(as_record(answer, "blob"))
        except MalformedJson as error:
            raise WrongBytes(f"celestia: {self._node.shown} on height {height}: {error}") from error
        if not data or await asyncio.to_thread(share_commitment, self._namespace, data) != committed:
            raise WrongBytes(f"celestia: {self._node.shown} served something else for 0x{committed.hex()}")
        return data

    async def all_at(self, height: int) -> list[bytes]:
        """The data of each of the namespace's blobs at a height (`blob.GetAll`). Raises Retry as `fetch`."""
        answer = await self._ask("blob.GetAll", [height, [_base64(self._namespace)]])
        try:
            blobs = [] if answer is None else as_list({"blobs": answer}, "blobs")
            return [self._data_of(as_record(blob, "blob")) for blob in blobs]
        except MalformedJson as error:
            raise WrongBytes(f"celestia: {self._node.shown} on height {height}: {error}") from error

    async def is_included(self, height: int, committed: bytes) -> bool:
        """Whether the node finds its own proof for the blob good (`blob.GetProof`, `blob.Included`)."""
        place: list[Json] = [height, _base64(self._namespace)]
        try:
            proof = await self._ask("blob.GetProof", [*place, _base64(committed)])
        except NotFound:
            return False
        return await self._ask("blob.Included", [*place, proof, _base64(committed)]) is True

    async def network_head(self) -> int:
        """The newest height that the node knows of (`header.NetworkHead`)."""
        return self._height_of(await self._ask("header.NetworkHead", []))

    async def data_root(self, height: int) -> bytes:
        """The data root in the header at a height (`header.GetByHeight`), 32 bytes."""
        header = await self._ask("header.GetByHeight", [height])
        try:
            fields = as_record(as_record(header, "header").get("header"), "header")
            if as_number(fields, "height") != height:
                raise MalformedJson("the header is of another height")
            return bytes.fromhex(str(fields.get("data_hash")))
        except ValueError as error:
            raise WrongBytes(f"celestia: {self._node.shown} on height {height}: {error}") from error

    def _height_of(self, header: Json) -> int:
        try:
            return as_number(as_record(as_record(header, "header").get("header"), "header"), "height")
        except MalformedJson as error:
            raise WrongBytes(f"celestia: {self._node.shown} on its head: {error}") from error

    def _data_of(self, blob: Record) -> bytes:
        if as_base64(blob, "namespace") != self._namespace:
            raise MalformedJson("a blob of another namespace")
        return as_base64(blob, "data")

    async def _ask(self, method: str, params: list[Json]) -> Json:
        self._last_id += 1
        request_id = self._last_id
        request = {"id": request_id, "jsonrpc": "2.0", "method": method, "params": params}
        answer = await self._node.post("", json.dumps(request).encode(), MOST_ANSWERED, "application/json")
        if answer.status in (401, 403):
            raise Unreachable(f"celestia: {self._node.shown} refuses {method}: the auth token is missing or too weak")
        try:
            fields = as_record(parse_json(answer.body), "answer")
        except MalformedJson as error:
            raise Unreachable(
                f"celestia: {self._node.shown} answered {method} with {answer.status}: {error}"
            ) from error
        if fields.get("error") is not None:
            raise self._failure(method, fields["error"])
        if answer.status != 200 or fields.get("id") != request_id or "result" not in fields:
            raise Unreachable(f"celestia: {self._node.shown} answered {method} with {answer.status} and no result")
        return fields["result"]

    def _failure(self, method: str, error: Json) -> NotFound | Gone | Unreachable:
        """celestia-node has one code for all of them; the words tell."""
        message = str(error.get("message") if isinstance(error, dict) else error)[:200]
        words = f"celestia: {self._node.shown} refused {method}: {message}"
        if "not found" in message or "from the future" in message:
            return NotFound(words)
        if "pruned" in message or "outside of sampling window" in message or "availability window" in message:
            return Gone(words)
        return Unreachable(words)


def _parse(commitment: Commitment) -> tuple[int, bytes]:
    height = int.from_bytes(commitment[1:9], "little")
    if len(commitment) != _COMMITMENT_BYTES or commitment[0] != CELESTIA_LAYER or height == 0:
        raise BadCommitment(
            f"celestia: 0x{commitment[:41].hex()} ({len(commitment)} bytes) is not 0x04, a height and 32 bytes"
        )
    return height, commitment[9:]


def _base64(data: bytes) -> str:
    return b64encode(data).decode()
