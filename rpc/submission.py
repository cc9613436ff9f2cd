"""Requests to send a transaction, read where there is no node: what a front takes off the node's core."""

import asyncio
import json
import marshal
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter

from protocol.errors import Reject
from protocol.transaction import DEPOSIT, Transaction, decode_transaction

PER_TURN = 32
"""Transactions of a batch after which the event loop, here and in the node, may serve others."""

PACKED = (
    *("type", "hash", "sender", "nonce", "gas_limit", "to", "value", "data", "max_fee_per_gas"),
    *("max_priority_fee_per_gas", "chain_id", "raw", "y_parity", "r", "s"),
)
"""The first fields of `Transaction`, in its order; a transaction that has others is left to the node."""

_pack = attrgetter(*PACKED)


def pack(submissions: Sequence["Submission"]) -> bytes:
    """Their transactions for the way to the node, which recomputes nothing."""
    return marshal.dumps([_pack(submission.tx) for submission in submissions])


def unpack(payload: bytes) -> list[Transaction]:
    """The inverse of `pack`."""
    return [Transaction(*fields) for fields in marshal.loads(payload)]  # noqa: S302 - our own process's bytes


@dataclass(frozen=True, slots=True)
class Submission:
    """One request to send `tx`; `encoded_id` is its id as JSON."""

    encoded_id: str
    tx: Transaction

    def answer(self, outcome: str) -> str:
        """The JSON-RPC response; `outcome` is its last member."""
        return f'{{"jsonrpc":"2.0","id":{self.encoded_id},{outcome}}}'


@dataclass(frozen=True, slots=True)
class Submissions:
    """What one body asks for, in order."""

    entries: list[Submission]
    is_batch: bool


_NOT_PLAIN = (ValueError, TypeError, LookupError, RecursionError, Reject)
"""What reading a body raises that is anything else than common transactions; the node says what it means."""


def lone_submission(body: bytes) -> Submission | None:
    """The one transaction that `body` sends, if that is plainly all it does."""
    if b'"eth_sendRawTransaction"' not in body or body[:1] != b"{":
        return None
    try:
        return _submission(json.loads(body))
    except _NOT_PLAIN:
        return None


async def submissions_of(body: bytes, batch_items: int) -> Submissions | None:
    """The transactions that `body` sends, if that is plainly all it does; else the node must say what it means."""
    if b'"eth_sendRawTransaction"' not in body:
        return None
    try:
        request = json.loads(body)
        is_batch = isinstance(request, list)
        requests = request if is_batch else [request]
        if not 0 < len(requests) <= batch_items:
            return None
        entries = []
        for number, each in enumerate(requests, start=1):
            entries.append(_submission(each))
            if number % PER_TURN == 0:
                await asyncio.sleep(0)
        return Submissions(entries, is_batch)
    except _NOT_PLAIN:
        return None


def _submission(request: dict[str, object]) -> Submission:
    """Raises one of many errors when this is anything but a sound eth_sendRawTransaction of a common transaction."""
    request_id, parameters = request["id"], request["params"]
    if request["jsonrpc"] != "2.0" or request["method"] != "eth_sendRawTransaction":
        raise ValueError("another method")
    if type(request_id) not in (int, str) or not isinstance(parameters, list) or len(parameters) != 1:
        raise ValueError("an unusual request")
    text = parameters[0]
    if not isinstance(text, str) or not text.startswith("0x") or not text[2:].isalnum():
        raise ValueError("not hex")
    tx = decode_transaction(bytes.fromhex(text[2:]))
    if tx.access_list or tx.blob_hashes or tx.authorizations or tx.type == DEPOSIT:
        raise ValueError("an uncommon transaction")
    return Submission(str(request_id) if type(request_id) is int else json.dumps(request_id), tx)
