"""What L1 is asked, over JSON-RPC: every answer is checked before anybody believes it.

Every question raises `Retry` or `L1Refused` as `node.l1.transport` says.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Literal

from node.clock import Clock, SystemClock
from node.l1.transport import METHOD_NOT_FOUND, L1Refused, Transport, shown_url
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
)
from protocol.crypto import keccak
from protocol.l1 import L1BlockRef
from protocol.types import Address, Hash32

Tag = Literal["latest", "safe", "finalized"]


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
        self._transport = Transport(
            url,
            clock or SystemClock(),
            who=who,
            timeout_seconds=timeout_seconds,
            attempts=attempts,
            backoff_seconds=backoff_seconds,
            jitter=jitter,
        )

    async def __aenter__(self) -> "L1Client":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.close()

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
        return await self._transport.request(method, params)


def _hex(data: bytes) -> str:
    return "0x" + data.hex()
