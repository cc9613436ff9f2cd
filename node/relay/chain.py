"""One chain as a relayer sees it: blocks, proofs and messages by JSON-RPC, and transactions in batches.

Nothing is kept that the chain does not say again: a relayer that starts anew reads the mailbox's events from block 0.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from metalayer.merkle import branch
from metalayer.message import DISPATCHED, InvalidMessage, Message, MessageId, decode_message
from metalayer.predeploys import MAILBOX_ADDRESS
from metalayer.proofs import branch_metadata
from node.clock import Clock
from node.deploy import wait_until_mined
from node.l1.client import L1Client
from node.l1.transport import L1Refused
from node.l1.wire import Json, MalformedAnswer, as_data, as_hash, as_optional_hash, as_quantity, as_record
from protocol.abi import encode_call, words_of
from protocol.block import Header
from protocol.crypto import private_key_address
from protocol.errors import Retry
from protocol.signing import UnsignedTransaction, sign_transaction
from protocol.types import Address, Hash32

logger = logging.getLogger(__name__)

BLOCKS_PER_QUERY = 2_000
MOST_MESSAGES = 1_000_000
"""A mailbox with more is not relayed from."""


class TooMany(Retry):
    """The chain has more messages than are kept."""


@dataclass(frozen=True, slots=True)
class Dispatched:
    """A message, and the block that holds its dispatch."""

    message: Message
    id: MessageId
    block_number: int


@dataclass(frozen=True, slots=True)
class Proof:
    """What `eth_getProof` said, each proof's nodes joined; `slots` in the order asked for."""

    account: bytes
    storage_root: Hash32
    slots: tuple[bytes, ...]
    words: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """A transaction to be."""

    to: Address
    data: bytes


class RelayChain:
    """A chain's endpoint, and our account there. Methods raise Retry when it does not answer, L1Refused when it will
    not."""

    def __init__(self, name: str, client: L1Client, clock: Clock, private_key: bytes) -> None:
        self.name = name
        self.client = client
        self.address = private_key_address(private_key)
        self._clock = clock
        self._private_key = private_key
        self._chain_id: int | None = None
        self._last: tuple[int, Hash32] | None = None
        self.messages: list[Dispatched] = []

    # --- reading ---

    async def header(self, at: int | str | Hash32) -> Header:
        """A block's header, checked against its hash."""
        by_hash = isinstance(at, bytes)
        key = "0x" + at.hex() if isinstance(at, bytes) else hex(at) if isinstance(at, int) else at
        method = "eth_getBlockByHash" if by_hash else "eth_getBlockByNumber"
        found = await self.client.request(method, [key, False])
        if found is None:
            raise Retry(f"{self.name} has no block {key}")
        return header_of(as_record(found, "block"))

    async def proof(self, owner: Address, slots: Sequence[bytes], at: int) -> Proof:
        """An account and some of its slots under a block's state."""
        keys: list[Json] = ["0x" + slot.hex() for slot in slots]
        answer = as_record(await self.client.request("eth_getProof", ["0x" + owner.hex(), keys, hex(at)]), "proof")
        storage = answer.get("storageProof")
        if not isinstance(storage, list) or len(storage) != len(slots):
            raise MalformedAnswer(f"eth_getProof of {self.name}: expected {len(slots)} slots")
        records = [as_record(one, "storage proof") for one in storage]
        return Proof(
            _joined(answer.get("accountProof")),
            as_hash(answer.get("storageHash"), "storage hash"),
            tuple(_joined(one.get("proof")) for one in records),
            tuple(as_quantity(one.get("value"), "slot") for one in records),
        )

    async def words(self, to: Address, signature: str, *arguments: int | bytes, at: int | None = None) -> list[int]:
        """The answer of a view function, as words; at the head or at a block."""
        data = encode_call(signature, *arguments)
        return words_of(await self.client.call(to, data, "latest" if at is None else at))

    async def word(self, to: Address, signature: str, *arguments: int | bytes, at: int | None = None) -> int:
        """The first word of the answer."""
        words = await self.words(to, signature, *arguments, at=at)
        if not words:
            raise MalformedAnswer(f"{signature} of 0x{to.hex()} on {self.name} answered nothing")
        return words[0]

    async def scan(self) -> bool:
        """Read the messages sent since the last call; all of them anew, and True, when the chain was reorganised."""
        reorganised = False
        if self._last is not None:
            still = await self.client.block(self._last[0])
            if still is None or still.hash != self._last[1]:
                logger.info("%s was reorganised; its messages are read anew", self.name)
                self._last, self.messages = None, []
                reorganised = True
        head = (await self.client.head()).ref
        first = 0 if self._last is None else self._last[0] + 1
        found = list(self.messages)
        for start in range(first, head.number + 1, BLOCKS_PER_QUERY):
            last = min(start + BLOCKS_PER_QUERY - 1, head.number)
            for number, log in await self.client.find_logs(MAILBOX_ADDRESS, [DISPATCHED], start, last):
                message = _message(log.data)
                if message.nonce != len(found):
                    raise Retry(f"{self.name} left out a message before number {message.nonce}")
                if len(found) >= MOST_MESSAGES:
                    raise TooMany(f"{self.name} has sent more than {MOST_MESSAGES} messages")
                found.append(Dispatched(message, message.id, number))
        self.messages, self._last = found, (head.number, head.hash)
        return reorganised

    def branch_of(self, message: Message, up_to_block: int) -> bytes:
        """The message's branch in the tree as it was after a block."""
        ids: list[Hash32] = [one.id for one in self.messages if one.block_number <= up_to_block]
        return branch_metadata(message.nonce, branch(ids, message.nonce))

    # --- sending ---

    async def send(self, calls: Sequence[Call]) -> list[bool]:
        """Send what would not revert, all at once, and wait; which of the calls were mined and succeeded.

        What would revert is not sent: another relayer was faster, or it is too early. That costs nothing.
        """
        done = [False] * len(calls)
        ready: list[tuple[int, int]] = []
        for position, call in enumerate(calls):
            try:
                gas = await self.client.estimate_gas(self.address, call.to, call.data)
            except L1Refused as refusal:
                logger.info("%s: not sent: %s", self.name, refusal)
                continue
            ready.append((position, gas + gas // 4))
        if not ready:
            return done
        if self._chain_id is None:
            self._chain_id = await self.client.chain_id()
        fees, nonce = await self.client.suggest_fees(), await self.client.nonce(self.address)
        hashes = []
        for offset, (position, gas) in enumerate(ready):
            unsigned = UnsignedTransaction(
                chain_id=self._chain_id,
                nonce=nonce + offset,
                gas_limit=gas,
                to=calls[position].to,
                data=calls[position].data,
                max_fee_per_gas=fees.max_fee,
                max_priority_fee_per_gas=fees.tip,
            )
            hashes.append(await self.client.send_raw(sign_transaction(unsigned, self._private_key).raw))
        for (position, _gas), transaction_hash in zip(ready, hashes, strict=True):
            receipt = await wait_until_mined(self.client, self._clock, transaction_hash, timeout_seconds=60.0)
            done[position] = receipt.succeeded
        return done


def header_of(block: dict[str, Json]) -> Header:
    """The header in a block as JSON-RPC has it; raises MalformedAnswer if its fields do not hash to its hash."""

    def quantity(name: str) -> int:
        return as_quantity(block.get(name), name)

    def optional(name: str) -> int | None:
        return None if block.get(name) is None else quantity(name)

    header = Header(
        parent_hash=as_hash(block.get("parentHash"), "parentHash"),
        ommers_hash=as_hash(block.get("sha3Uncles"), "sha3Uncles"),
        fee_recipient=Address(as_data(block.get("miner"), "miner", 20)),
        state_root=as_hash(block.get("stateRoot"), "stateRoot"),
        transactions_root=as_hash(block.get("transactionsRoot"), "transactionsRoot"),
        receipts_root=as_hash(block.get("receiptsRoot"), "receiptsRoot"),
        bloom=int.from_bytes(as_data(block.get("logsBloom"), "logsBloom", 256), "big"),
        difficulty=quantity("difficulty"),
        number=quantity("number"),
        gas_limit=quantity("gasLimit"),
        gas_used=quantity("gasUsed"),
        timestamp=quantity("timestamp"),
        extra_data=as_data(block.get("extraData"), "extraData"),
        prev_randao=as_hash(block.get("mixHash"), "mixHash"),
        nonce=as_data(block.get("nonce"), "nonce", 8),
        base_fee_per_gas=optional("baseFeePerGas"),
        withdrawals_root=as_optional_hash(block.get("withdrawalsRoot"), "withdrawalsRoot"),
        blob_gas_used=optional("blobGasUsed"),
        excess_blob_gas=optional("excessBlobGas"),
        parent_beacon_block_root=as_optional_hash(block.get("parentBeaconBlockRoot"), "parentBeaconBlockRoot"),
        requests_hash=as_optional_hash(block.get("requestsHash"), "requestsHash"),
    )
    if header.hash != as_hash(block.get("hash"), "hash"):
        raise MalformedAnswer(f"block {header.number}: its fields hash to 0x{header.hash.hex()}")
    return header


def _message(data: bytes) -> Message:
    """The message in a Dispatched event's data: index, fee, offset, length, bytes."""
    length = int.from_bytes(data[96:128], "big")
    try:
        return decode_message(data[128 : 128 + length])
    except InvalidMessage as error:
        raise MalformedAnswer(f"Dispatched event: {error}") from error


def _joined(nodes: Json) -> bytes:
    if not isinstance(nodes, list):
        raise MalformedAnswer("eth_getProof: expected a list of nodes")
    return b"".join(as_data(node, "proof's node") for node in nodes)
