"""What a member's contracts have logged: what left it, what arrived, what went back; read block by block."""

import logging
from collections import OrderedDict, deque
from dataclasses import dataclass, field, replace
from typing import TypeVar

from metalayer.message import DISPATCHED, InvalidMessage, decode_message, unpadded
from metalayer.predeploys import ETHER_ROUTE_ADDRESS, MAILBOX_ADDRESS, TOKEN_ROUTE_ADDRESS
from metalayer.transfer import decode_transfer
from node.l1.client import L1Client
from node.l1.wire import L1Log
from protocol.abi import encode_call, words_of
from protocol.crypto import keccak
from protocol.l1 import L1BlockRef
from protocol.types import Address, Hash32

logger = logging.getLogger(__name__)

Key = TypeVar("Key")
Value = TypeVar("Value")

BLOCKS_PER_QUERY = 2000
MOST_MOVEMENTS = 300
MOST_TOKENS = 50
MOST_OUTCOMES = 100_000
"""Deliveries and refunds that are remembered of a chain, a hundred bytes each."""
MOST_ARRIVALS = 6_000
"""Arrivals of ether: as many as twenty chains' shown movements can be waiting for."""

DELIVERED = keccak(b"Delivered(bytes32,uint32,address)")
FEE_ADDED = keccak(b"FeeAdded(bytes32,uint256)")
REFUNDED = keccak(b"Refunded(bytes32)")
TRANSFER_SENT = keccak(b"TransferSent(bytes32,address,address,uint32,address,uint256)")
TRANSFER_RECEIVED = keccak(b"TransferReceived(bytes32,address,address,uint256)")
ETHER_SENT = keccak(b"EtherSent(bytes32,uint32,address,address,uint256,uint256)")
ETHER_ARRIVED = keccak(b"EtherArrived(uint256,address,address,uint256,bool)")


@dataclass(frozen=True, slots=True)
class Dispatch:
    """Something that left a chain. `key` is the message's id, or the withdrawal's hash."""

    key: Hash32
    kind: str
    block_number: int
    sent_at: int
    destination: int
    sender: Address
    recipient: Address
    amount: int
    unit: str
    decimals: int
    expiry: int
    transaction: Hash32
    fee: int = 0
    quoted: int = 0
    """Wei: offered for its delivery, and asked for when it was sent."""


@dataclass(slots=True)
class ChainEvents:
    """What a chain's contracts have logged so far: the newest of each kind, in the order of the chain."""

    last: L1BlockRef | None = None
    sent: "OrderedDict[Hash32, Dispatch]" = field(default_factory=OrderedDict)
    delivered: "OrderedDict[Hash32, None]" = field(default_factory=OrderedDict)
    refunded: "OrderedDict[Hash32, None]" = field(default_factory=OrderedDict)
    arrived: deque[tuple[int, Address, Address, int]] = field(default_factory=lambda: deque(maxlen=MOST_ARRIVALS))
    """Ether: origin, sender, recipient, wei."""
    tokens: "OrderedDict[Address, None]" = field(default_factory=OrderedDict)

    def forget(self) -> None:
        """Begin anew."""
        self.last = None
        for collected in (self.sent, self.delivered, self.refunded, self.arrived, self.tokens):
            collected.clear()


async def read_events(client: L1Client, events: ChainEvents) -> None:
    """Read on to the chain's head. What was read before is forgotten if its last block is not on the chain any more.

    Raises:
        Retry, Reject: The node fails in between; what was read stays, and the next call goes on from there.
    """
    if events.last is not None:
        still = await client.block(events.last.number)
        if still is None or still.hash != events.last.hash:
            events.forget()
    head = (await client.head()).ref
    first = 1 if events.last is None else events.last.number + 1
    while first <= head.number:
        last = min(first + BLOCKS_PER_QUERY - 1, head.number)
        end = head if last == head.number else await client.block(last)
        for address in (MAILBOX_ADDRESS, TOKEN_ROUTE_ADDRESS, ETHER_ROUTE_ADDRESS):
            for number, log in await client.find_logs(address, [], first, last):
                await _take(client, events, number, log)
        events.last = end
        first = last + 1


async def _take(client: L1Client, events: ChainEvents, number: int, log: L1Log) -> None:
    topic, key = log.topics[0], log.topics[1]
    if topic in (DISPATCHED, ETHER_SENT):
        block = await client.block(number)
        sent_at = 0 if block is None else block.timestamp
        dispatch = _dispatch(log, number, sent_at)
        if dispatch is not None:
            if topic == DISPATCHED:
                dispatch = await _with_fee(client, dispatch, log)
            _keep(events.sent, dispatch.key, dispatch, MOST_MOVEMENTS)
    elif topic == FEE_ADDED:
        if key in events.sent:
            events.sent[key] = replace(events.sent[key], fee=events.sent[key].fee + words_of(log.data)[0])
    elif topic == DELIVERED:
        _keep(events.delivered, key, None, MOST_OUTCOMES)
    elif topic == REFUNDED:
        _keep(events.refunded, key, None, MOST_OUTCOMES)
    elif topic in (TRANSFER_SENT, TRANSFER_RECEIVED):
        _keep(events.tokens, Address(log.topics[2][12:]), None, MOST_TOKENS)
    elif topic == ETHER_ARRIVED:
        sender, amount, _taken = words_of(log.data)
        recipient = Address(log.topics[2][12:])
        origin = int.from_bytes(key, "big")
        events.arrived.append((origin, Address(sender.to_bytes(20, "big")), recipient, amount))


def _keep(kept: OrderedDict[Key, Value], key: Key, value: Value, most: int) -> None:
    kept[key] = value
    if len(kept) > most:
        kept.popitem(last=False)


def _dispatch(log: L1Log, number: int, sent_at: int) -> Dispatch | None:
    """What this log says has left; None for what is no message of ours."""
    key, destination = log.topics[1], int.from_bytes(log.topics[2], "big")
    sender = Address(log.topics[3][12:])
    if log.topics[0] == ETHER_SENT:
        to, amount, expiry = words_of(log.data)
        recipient = Address(to.to_bytes(20, "big"))
        return Dispatch(
            key,
            "ether",
            number,
            sent_at,
            destination,
            sender,
            recipient,
            amount,
            "ETH",
            18,
            expiry,
            log.transaction_hash,
        )
    length = int.from_bytes(log.data[96:128], "big")
    try:
        message = decode_message(log.data[128 : 128 + length])
        recipient = unpadded(message.recipient)
        if sender == TOKEN_ROUTE_ADDRESS and recipient == TOKEN_ROUTE_ADDRESS:
            transfer = decode_transfer(message.body)
            unit = transfer.symbol.decode(errors="replace") or "tokens"
            return Dispatch(
                key,
                "token",
                number,
                sent_at,
                destination,
                transfer.sender,
                transfer.recipient,
                transfer.amount,
                unit,
                min(transfer.decimals, 77),
                message.expiry,
                log.transaction_hash,
            )
    except InvalidMessage as error:
        logger.debug("message 0x%s: %s", key.hex(), error)
        return None
    return Dispatch(
        key, "message", number, sent_at, destination, sender, recipient, 0, "", 0, message.expiry, log.transaction_hash
    )


async def _with_fee(client: L1Client, dispatch: Dispatch, log: L1Log) -> Dispatch:
    call = encode_call("quoted(bytes32)", dispatch.key)
    [quoted] = words_of(await client.call(MAILBOX_ADDRESS, call))
    return replace(dispatch, fee=words_of(log.data[32:64])[0], quoted=quoted)
