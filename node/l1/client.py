"""JSON-RPC to L1: every answer is checked, every failure says what to do next.

`Retry`: no answer, or not a sound one (unreachable, timed out, 5xx, rate limited, malformed). `Reject`: the node
answered that it will not (`L1Refused`, with its code, message and data).
"""

import json
import os
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Literal
from urllib.parse import urlsplit

import aiohttp

from node.clock import Clock, SystemClock
from node.l1.wire import (
    Json,
    L1Head,
    L1Log,
    L1Receipt,
    L1Transaction,
    MalformedAnswer,
    as_data,
    as_head,
    as_logs,
    as_quantity,
    as_receipt,
    as_record,
    as_transaction,
    parse_json,
)
from protocol.crypto import keccak
from protocol.errors import Reject, Retry
from protocol.l1 import L1BlockRef
from protocol.types import Address, Hash32

MAX_ANSWER_BYTES = 64 << 20
LIMIT_EXCEEDED = -32005
METHOD_NOT_FOUND = -32601

Tag = Literal["latest", "safe", "finalized"]


class L1Unreachable(Retry):
    """No sound answer came; nothing is known about whether the request was carried out."""


class L1Refused(Reject):
    """The node's own JSON-RPC error; `who` is the node, in a word."""

    def __init__(self, method: str, code: int, message: str, data: str | None = None, *, who: str = "L1") -> None:
        super().__init__(f"{who} refused {method}: {message} (code {code})")
        self.method = method
        self.code = code
        self.message = message
        self.data = data


@dataclass(frozen=True, slots=True)
class Fees:
    """What a transaction offers, in wei per gas."""

    max_fee: int
    tip: int
    blob_fee: int = 0
    """Wei per blob gas, of a transaction with blobs."""


class L1Client:
    """One endpoint of L1, or of another chain that messages then call `who`. Use as `async with`, or call `close`.

    Each request is tried `attempts` times, waiting `backoff_seconds` times 1, 2, 4, … and a random half to one and a
    half of it in between.
    """

    def __init__(
        self,
        url: str,
        clock: Clock | None = None,
        *,
        who: str = "L1",
        timeout_seconds: float = 10.0,
        attempts: int = 3,
        backoff_seconds: float = 0.25,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.url = url
        self.who = who
        self.name = shown_url(url)
        """The endpoint for messages, which reach logs and clients."""
        self._clock = clock or SystemClock()
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds)
        self._attempts = attempts
        self._backoff_seconds = backoff_seconds
        self._jitter = jitter
        self._session: aiohttp.ClientSession | None = None
        self._last_id = 0

    async def __aenter__(self) -> "L1Client":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def chain_id(self) -> int:
        """EIP-155 chain id."""
        return as_quantity(await self.request("eth_chainId", []), "chain id", 64)

    async def head(self) -> L1Head:
        """The newest block, with its base fee."""
        return as_head(await self.request("eth_getBlockByNumber", ["latest", False]))

    async def block(self, at: int | Tag) -> L1BlockRef | None:
        """The canonical block with this number or tag; None when there is none (yet)."""
        try:
            found = await self.request("eth_getBlockByNumber", [hex(at) if isinstance(at, int) else at, False])
        except L1Refused as refusal:
            if refusal.code == -39001 or "block not found" in refusal.message.lower():
                return None  # geth: nothing is safe or final yet
            raise
        if found is None:
            return None
        ref = as_head(found).ref
        if isinstance(at, int) and ref.number != at:
            raise MalformedAnswer(f"asked {self.who} for block {at}, got block {ref.number}")
        return ref

    async def logs(self, block_hash: Hash32, address: Address, topic: Hash32) -> tuple[L1Log, ...]:
        """The logs of one contract with this first topic in one block, in order."""
        query: Json = {"blockHash": _hex(block_hash), "address": _hex(address), "topics": [_hex(topic)]}
        logs = as_logs(await self.request("eth_getLogs", [query]), block_hash)
        for log in logs:
            if log.address != address or log.topics[:1] != (topic,):
                raise MalformedAnswer(f"asked {self.who} for logs of {_hex(address)}, got one of {_hex(log.address)}")
        return logs

    async def logs_of(self, block_hash: Hash32, wanted: Mapping[Address, Hash32]) -> tuple[L1Log, ...]:
        """The logs of several contracts in one block, in order: of each those with the first topic wanted of it."""
        addresses: list[Json] = [_hex(address) for address in wanted]
        topics: list[Json] = [_hex(topic) for topic in wanted.values()]
        query: Json = {"blockHash": _hex(block_hash), "address": addresses, "topics": [topics]}
        logs = as_logs(await self.request("eth_getLogs", [query]), block_hash)
        for log in logs:
            if log.address not in wanted or log.topics[:1] not in [(topic,) for topic in wanted.values()]:
                raise MalformedAnswer(f"asked {self.who} for logs of {addresses}, got one of {_hex(log.address)}")
        return tuple(log for log in logs if log.topics[0] == wanted[log.address])

    async def transaction(self, transaction_hash: Hash32) -> L1Transaction | None:
        """A transaction, mined or waiting; None when the node has never seen it or has dropped it."""
        found = await self.request("eth_getTransactionByHash", [_hex(transaction_hash)])
        if found is None:
            return None
        tx = as_transaction(found)
        if tx.hash != transaction_hash:
            raise MalformedAnswer(f"asked {self.who} for transaction {_hex(transaction_hash)}, got {_hex(tx.hash)}")
        return tx

    async def receipt(self, transaction_hash: Hash32) -> L1Receipt | None:
        """The receipt of a transaction of the canonical chain; None when it is not mined."""
        found = await self.request("eth_getTransactionReceipt", [_hex(transaction_hash)])
        if found is None:
            return None
        receipt = as_receipt(found)
        if receipt.transaction_hash != transaction_hash:
            raise MalformedAnswer(f"asked {self.who} for the receipt of {_hex(transaction_hash)}, got another's")
        return receipt

    async def receipt_logs(self, transaction_hash: Hash32) -> tuple[L1Receipt, tuple[L1Log, ...]] | None:
        """A receipt as `receipt` gives it, and its logs."""
        found = await self.request("eth_getTransactionReceipt", [_hex(transaction_hash)])
        if found is None:
            return None
        receipt = as_receipt(found)
        return receipt, as_logs(as_record(found, "receipt").get("logs"), receipt.block_hash)

    async def find_logs(
        self, address: Address, topics: Sequence[Hash32 | None], first: int, last: int
    ) -> list[tuple[int, L1Log]]:
        """(block number, log) of one contract's logs in a range of blocks, with these topics (None: any)."""
        wanted: list[Json] = [None if topic is None else _hex(topic) for topic in topics]
        query: Json = {"address": _hex(address), "topics": wanted, "fromBlock": hex(first), "toBlock": hex(last)}
        found = await self.request("eth_getLogs", [query])
        if not isinstance(found, list):
            raise MalformedAnswer("logs: expected a list")
        logs = []
        for item in found:
            record = as_record(item, "log")
            block_hash = as_data(record.get("blockHash"), "log's block hash", 32)
            [log] = as_logs([item], Hash32(block_hash))
            logs.append((as_quantity(record.get("blockNumber"), "log's block number", 64), log))
        return logs

    async def balance(self, address: Address) -> int:
        """Wei at the newest block."""
        return as_quantity(await self.request("eth_getBalance", [_hex(address), "latest"]), "balance")

    async def nonce(self, address: Address, at: Literal["latest", "pending"] = "latest") -> int:
        """The next nonce: after what is mined, or after what waits in the node's pool too."""
        return as_quantity(await self.request("eth_getTransactionCount", [_hex(address), at]), "nonce", 64)

    async def code(self, address: Address) -> bytes:
        """The contract's code; empty for an account without."""
        return as_data(await self.request("eth_getCode", [_hex(address), "latest"]), "code")

    async def call(self, to: Address, data: bytes, at: int | Tag = "latest") -> bytes:
        """Run a message without a transaction; `L1Refused` carries the revert data."""
        block = hex(at) if isinstance(at, int) else at
        return as_data(await self.request("eth_call", [{"to": _hex(to), "data": _hex(data)}, block]), "call's output")

    async def estimate_gas(
        self, sender: Address, to: Address | None, data: bytes, blob_hashes: Sequence[bytes] = (), *, value: int = 0
    ) -> int:
        """Gas that the transaction needs now, carrying blobs of these hashes; `L1Refused` when it would revert.

        `value` in wei. What waits in the pool does not count: it may be what this transaction replaces.
        """
        message: dict[str, Json] = {"from": _hex(sender), "data": _hex(data), "value": hex(value)}
        if blob_hashes:
            message["blobVersionedHashes"] = [_hex(blob_hash) for blob_hash in blob_hashes]
            message["maxFeePerBlobGas"] = hex(await self.suggest_blob_fee())
        if to is not None:
            message["to"] = _hex(to)
        return as_quantity(await self.request("eth_estimateGas", [message, "latest"]), "gas estimate", 64)

    async def suggest_fees(self) -> Fees:
        """The node's tip, and room for the base fee to double: five full blocks in a row."""
        head = await self.head()
        try:
            tip = as_quantity(await self.request("eth_maxPriorityFeePerGas", []), "tip")
        except L1Refused as refusal:
            if refusal.code != METHOD_NOT_FOUND:
                raise
            tip = 10**9
        return Fees(max_fee=2 * head.base_fee_per_gas + tip, tip=tip)

    async def suggest_blob_fee(self) -> int:
        """Room for the blob base fee to double and double again; wei per blob gas."""
        return 4 * as_quantity(await self.request("eth_blobBaseFee", []), "blob base fee")

    async def send_raw(self, raw: bytes, transaction_hash: Hash32 | None = None) -> Hash32:
        """Hand a signed transaction to the node's pool. Sending it again is no harm.

        One that travels with blobs has another hash than its bytes: then it must be given.
        """
        transaction_hash = transaction_hash or keccak(raw)
        try:
            answer = await self.request("eth_sendRawTransaction", [_hex(raw)])
        except L1Refused as refusal:
            message = refusal.message.lower()
            if "already known" in message or "already imported" in message:
                return transaction_hash
            raise
        if as_data(answer, "transaction hash", 32) != transaction_hash:
            raise MalformedAnswer(f"sent {self.who} transaction {_hex(transaction_hash)}, it acknowledged another")
        return transaction_hash

    async def request(self, method: str, params: Sequence[Json]) -> Json:
        """Any other method: its `result`, unchecked.

        Raises:
            Retry: No sound answer, in any of the attempts.
            L1Refused: The node answered with an error.
        """
        for attempt in range(self._attempts - 1):
            try:
                return await self._request_once(method, params)
            except Retry:
                await self._clock.sleep(self._backoff_seconds * 2**attempt * (0.5 + self._jitter()))
        return await self._request_once(method, params)

    async def _request_once(self, method: str, params: Sequence[Json]) -> Json:
        self._last_id += 1
        request_id = self._last_id
        request: Json = {"jsonrpc": "2.0", "id": request_id, "method": method, "params": list(params)}
        status, body = await self._post(method, json.dumps(request).encode())
        if status == 429 or status >= 500:
            raise L1Unreachable(f"{self.who} at {self.name} answered {method} with HTTP status {status}")
        if status != 200 and not body.lstrip().startswith(b"{"):
            raise L1Refused(method, status, f"HTTP status {status}", who=self.who)
        answer = as_record(parse_json(body), "answer")
        if answer.get("error") is not None:
            raise _failure(self.who, method, as_record(answer["error"], "error"))
        if "result" not in answer or answer.get("id") != request_id:
            raise MalformedAnswer(
                f"{self.who} answered {method} with neither a result nor an error for request {request_id}"
            )
        return answer["result"]

    async def _post(self, method: str, body: bytes) -> tuple[int, bytes]:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self._timeout)
        headers = {"Content-Type": "application/json"}
        try:
            async with self._session.post(self.url, data=body, headers=headers, allow_redirects=False) as response:
                parts, size = [], 0
                async for part in response.content.iter_chunked(1 << 16):
                    size += len(part)
                    if size > MAX_ANSWER_BYTES:
                        raise MalformedAnswer(f"{self.who} answered {method} with more than {MAX_ANSWER_BYTES} bytes")
                    parts.append(part)
                return response.status, b"".join(parts)
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise L1Unreachable(f"{self.who} at {self.name} does not answer: {_reason(error)}") from error


def shown_url(url: str) -> str:
    """Scheme, host and port; paths, queries and user names of hosted endpoints are keys."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}" + ("/…" if parts.path.strip("/") or parts.query else "")


def _reason(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorError) and error.os_error.errno:
        return os.strerror(error.os_error.errno).lower()
    return str(error) or type(error).__name__


def _failure(who: str, method: str, error: dict[str, Json]) -> Retry | Reject:
    code, message, data = error.get("code"), error.get("message"), error.get("data")
    if not isinstance(code, int) or not isinstance(message, str):
        return MalformedAnswer(f"{who} answered {method} with an error without code or message")
    if code == LIMIT_EXCEEDED:
        return L1Unreachable(f"{who} limits {method}: {message}")
    return L1Refused(method, code, message, data if isinstance(data, str) else None, who=who)


def _hex(data: bytes) -> str:
    return "0x" + data.hex()
