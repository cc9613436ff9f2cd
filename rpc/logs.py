"""Finding logs: the filter clients describe, its bloom test, and the logs of one block."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from protocol.block import Header
from protocol.receipt import Log, bloom_mask
from protocol.types import Hash32
from rpc.backend import ChainView
from rpc.codec import BlockTag, address, block_number, field, hash32, record
from rpc.encode import JsonObject, log_json
from rpc.errors import InvalidParams, Json

T = TypeVar("T")

MAX_TOPICS = 4


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Which logs are wanted. An empty set stands for any; the topic positions all have to match.

    A log with fewer topics than the filter has positions does not match, even where those are wildcards.
    """

    addresses: frozenset[bytes]
    topics: tuple[frozenset[bytes], ...]
    bloom_masks: tuple[tuple[int, ...], ...]
    """For each part of the filter that is no wildcard, the bloom bits of its alternatives."""

    def matches(self, log: Log) -> bool:
        """Whether this log is wanted."""
        if self.addresses and log.address not in self.addresses:
            return False
        if len(self.topics) > len(log.topics):
            return False
        return all(not wanted or topic in wanted for wanted, topic in zip(self.topics, log.topics, strict=False))

    def may_be_in(self, bloom: int) -> bool:
        """False only when no log under this bloom can match."""
        return all(any(bloom & mask == mask for mask in masks) for masks in self.bloom_masks)

    @property
    def largest_part(self) -> int:
        """Alternatives in its largest part."""
        return max(len(self.addresses), *(len(part) for part in self.topics), 0)


def log_filter(addresses: Sequence[bytes], topics: Sequence[Sequence[bytes]]) -> LogFilter:
    """A filter from its parts; an empty sequence is a wildcard."""
    parts = [part for part in (addresses, *topics) if part]
    return LogFilter(
        addresses=frozenset(addresses),
        topics=tuple(frozenset(alternatives) for alternatives in topics),
        bloom_masks=tuple(tuple(bloom_mask(value) for value in part) for part in parts),
    )


@dataclass(frozen=True, slots=True)
class LogQuery:
    """A filter with the blocks it looks at: one by hash, or a range whose absent ends mean latest."""

    filter: LogFilter
    block_hash: Hash32 | None = None
    from_block: BlockTag | int | None = None
    to_block: BlockTag | int | None = None


def log_query(value: Json) -> LogQuery:
    """The codec of the filter objects of eth_getLogs, eth_newFilter and eth_subscribe."""
    source = record(value)
    block_hash = field(source, "blockHash", hash32)
    from_block = field(source, "fromBlock", block_number)
    to_block = field(source, "toBlock", block_number)
    if block_hash is not None and (from_block is not None or to_block is not None):
        raise InvalidParams("can't specify fromBlock/toBlock with blockHash")
    if BlockTag.PENDING in (from_block, to_block):
        raise InvalidParams("pending logs are not supported")
    addresses = _alternatives(source.get("address"), address)
    topics = _topics(source.get("topics"))
    return LogQuery(log_filter(addresses, topics), block_hash, from_block, to_block)


def _topics(value: Json) -> list[Sequence[bytes]]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise InvalidParams("topics: expected an array")
    if len(value) > MAX_TOPICS:
        raise InvalidParams("exceed max topics")
    # A null among the alternatives makes the whole position a wildcard.
    return [
        [] if isinstance(position, list) and None in position else _alternatives(position, hash32) for position in value
    ]


def _alternatives(value: Json, codec: Callable[[Json], T]) -> list[T]:
    """One value or an array of them; null and [] stand for any."""
    if value is None:
        return []
    if isinstance(value, list):
        return [codec(entry) for entry in value]
    return [codec(value)]


def block_logs(chain: ChainView, header: Header, wanted: LogFilter, *, removed: bool = False) -> list[JsonObject]:
    """The matching logs of one block; `removed` marks those of a block that left the canonical chain."""
    if not wanted.may_be_in(header.bloom):
        return []
    receipts = chain.receipts(header.hash) or ()
    if not any(wanted.matches(log) for receipt in receipts for log in receipt.logs):
        return []
    block = chain.block(header.hash)
    if block is None:
        return []
    found = []
    log_index = 0
    for tx_index, receipt in enumerate(receipts):
        for log in receipt.logs:
            if wanted.matches(log):
                tx = block.transactions[tx_index]
                found.append(log_json(log, header, tx, tx_index, log_index, removed=removed))
            log_index += 1
    return found
