"""From the node's events to notifications: one reader of events for all connections and filters.

A NewHead event is only a signal. What happened is read from the chain, by walking from the head that was last
announced, so nothing is announced twice or missed, even when the event stream was reset in between.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from protocol.block import Header
from protocol.errors import Reset
from protocol.transaction import Transaction
from rpc.backend import Backend, Event, NewHead
from rpc.codec import boolean
from rpc.encode import JsonObject, encode_json, header_json, sync_json, transaction_json
from rpc.errors import METHOD_NOT_FOUND, InvalidParams, Json, RpcError
from rpc.filters import Filters
from rpc.logs import LogFilter, block_logs, log_filter, log_query
from rpc.lookup import path_between


@dataclass(frozen=True, slots=True)
class NewHeads:
    """Wants every header that joins the canonical chain."""


@dataclass(frozen=True, slots=True)
class Logs:
    """Wants matching logs, and those that a reorganisation takes back."""

    filter: LogFilter


@dataclass(frozen=True, slots=True)
class PendingTransactions:
    """Wants transactions that become executable in the pool."""

    full: bool


@dataclass(frozen=True, slots=True)
class Syncing:
    """Wants to know when the node falls behind, and when it has caught up."""


Topic = NewHeads | Logs | PendingTransactions | Syncing


def topic_of(kind: str, options: Json) -> Topic:
    """What eth_subscribe's parameters ask for; raises RpcError."""
    if kind == "newHeads":
        if options is not None:
            raise InvalidParams("newHeads takes no options")
        return NewHeads()
    if kind == "logs":
        return Logs(log_filter((), ()) if options is None else log_query(options).filter)
    if kind == "newPendingTransactions":
        return PendingTransactions(full=options is not None and boolean(options))
    if kind == "syncing":
        return Syncing()
    raise RpcError(METHOD_NOT_FOUND, f'no "{kind}" subscription in eth namespace')


@dataclass(frozen=True, slots=True)
class Subscription:
    """Who wants what. `send` takes the notification's text and must not block."""

    id: str
    topic: Topic
    send: Callable[[str], None]

    def notify(self, result: str) -> None:
        """Send one result, given as JSON text."""
        self.send(
            f'{{"jsonrpc":"2.0","method":"eth_subscription","params":{{"subscription":"{self.id}","result":{result}}}}}'
        )


class Hub:
    """All subscriptions of a server."""

    def __init__(self, backend: Backend, filters: Filters) -> None:
        self._backend = backend
        self._filters = filters
        self._subscriptions: dict[str, Subscription] = {}
        self._announced: Header | None = None
        self._was_syncing = False

    def add(self, subscription: Subscription) -> None:
        """Start notifying."""
        self._subscriptions[subscription.id] = subscription

    @property
    def size(self) -> int:
        """How many there are."""
        return len(self._subscriptions)

    def remove(self, subscription_id: str) -> None:
        """Stop notifying."""
        self._subscriptions.pop(subscription_id, None)

    async def run(self) -> None:
        """Read events until cancelled."""
        self._announced = self._backend.chain.head()
        self._was_syncing = self._backend.syncing() is not None
        while True:
            try:
                async with self._backend.events() as events:
                    await self._announce_heads()  # what came while nobody listened
                    async for event in events:
                        await self._publish(event)
                    return  # the node has stopped
            except Reset:
                continue  # we fell behind and start afresh; the walk below makes up for what was dropped

    async def _publish(self, event: Event) -> None:
        if isinstance(event, NewHead):
            self._announce_syncing()
            await self._announce_heads()
        else:
            self._announce_transaction(event.transaction)

    def _announce_syncing(self) -> None:
        progress = self._backend.syncing()
        if (progress is not None) is self._was_syncing:
            return
        self._was_syncing = progress is not None
        text = encode_json(False if progress is None else {"syncing": True, "status": sync_json(progress)})
        for subscription in list(self._subscriptions.values()):
            if isinstance(subscription.topic, Syncing):
                subscription.notify(text)

    def _announce_transaction(self, tx: Transaction) -> None:
        self._filters.collect(tx)
        for subscription in list(self._subscriptions.values()):
            if isinstance(subscription.topic, PendingTransactions):
                whole = subscription.topic.full
                subscription.notify(encode_json(transaction_json(tx)) if whole else f'"0x{tx.hash.hex()}"')

    async def _announce_heads(self) -> None:
        head = self._backend.chain.head()
        if self._announced is None or self._announced.hash == head.hash:
            return
        path = path_between(self._backend.chain, self._announced, head)
        self._announced = head
        removed, added = path if path is not None else ([], [head])
        for header in removed:
            self._announce_logs(header, removed=True)
            await asyncio.sleep(0)
        for header in added:
            self._announce_header(header)
            self._announce_logs(header, removed=False)
            await asyncio.sleep(0)

    def _announce_header(self, header: Header) -> None:
        text = ""
        for subscription in list(self._subscriptions.values()):
            if isinstance(subscription.topic, NewHeads):
                text = text or encode_json(header_json(header))
                subscription.notify(text)

    def _announce_logs(self, header: Header, *, removed: bool) -> None:
        for subscription in list(self._subscriptions.values()):
            if isinstance(subscription.topic, Logs):
                logs: list[JsonObject] = block_logs(
                    self._backend.chain, header, subscription.topic.filter, removed=removed
                )
                for log in reversed(logs) if removed else logs:
                    subscription.notify(encode_json(log))
