"""Events that concern one account: token transfers to and from it, and what a contract logged."""

from dataclasses import dataclass

from protocol.crypto import keccak
from protocol.types import Address, Hash32
from rpc.errors import Json, RpcError
from web.answers import as_bytes, as_int, as_list, as_object
from web.site import Ask

TRANSFER = keccak(b"Transfer(address,address,uint256)")
MOST_SHOWN = 25


@dataclass(frozen=True, slots=True)
class LogLine:
    """One event with where it stands."""

    block_number: int
    tx_hash: Hash32
    index: int
    address: Address
    topics: tuple[bytes, ...]
    data: bytes


async def token_transfers(ask: Ask, account: Address, oldest: int, newest: int) -> list[LogLine]:
    """ERC-20 (and 721) transfers from or to `account` in a range of blocks, newest first."""
    word = "0x" + account.rjust(32, b"\0").hex()
    transfer = "0x" + TRANSFER.hex()
    outgoing = await _logs(ask, oldest, newest, {"topics": [transfer, word]})
    incoming = await _logs(ask, oldest, newest, {"topics": [transfer, None, word]})
    both = {(log.block_number, log.index): log for log in outgoing + incoming}
    return [both[key] for key in sorted(both, reverse=True)][:MOST_SHOWN]


async def logs_of_contract(ask: Ask, contract: Address, oldest: int, newest: int) -> list[LogLine]:
    """What `contract` logged in a range of blocks, newest first."""
    found = await _logs(ask, oldest, newest, {"address": "0x" + contract.hex()})
    return found[::-1][:MOST_SHOWN]


async def _logs(ask: Ask, oldest: int, newest: int, query: dict[str, Json]) -> list[LogLine]:
    if newest < oldest:
        return []
    try:
        answer = await ask("eth_getLogs", {**query, "fromBlock": hex(max(0, oldest)), "toBlock": hex(newest)})
    except RpcError:
        return []  # more than an answer may hold: the page does without them
    return [_line(as_object(log)) for log in as_list(answer)]


def _line(log: dict[str, Json]) -> LogLine:
    return LogLine(
        as_int(log["blockNumber"]),
        Hash32(as_bytes(log["transactionHash"])),
        as_int(log["logIndex"]),
        Address(as_bytes(log["address"])),
        tuple(as_bytes(topic) for topic in as_list(log["topics"])),
        as_bytes(log["data"]),
    )
