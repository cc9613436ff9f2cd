"""One WebSocket connection: requests in, responses and notifications out, all of it bounded.

A client that does not read its responses stops being read itself; one that does not read its notifications, which
cannot be held back, is told so and disconnected.
"""

import asyncio
import logging
from collections.abc import Callable

from aiohttp import WSCloseCode, WSMsgType, web

from rpc.dispatch import Dispatcher
from rpc.errors import LIMIT_EXCEEDED, Json, RpcError, server_error
from rpc.hub import Hub, Logs, Subscription, topic_of
from rpc.limits import Limits
from rpc.method import Context

_LOGGER = logging.getLogger(__name__)


class Connection:
    """Serves one socket from its handshake to its end. `abort` drops it at once."""

    def __init__(
        self,
        socket: web.WebSocketResponse,
        dispatcher: Dispatcher,
        hub: Hub,
        limits: Limits,
        new_id: Callable[[], str],
        abort: Callable[[], None],
    ) -> None:
        self._socket = socket
        self._dispatcher = dispatcher
        self._hub = hub
        self._limits = limits
        self._new_id = new_id
        self._abort = abort
        self._outbox: asyncio.Queue[str] = asyncio.Queue(limits.outbox_messages)
        self._in_flight = asyncio.Semaphore(limits.calls_in_flight)
        self._subscription_ids: set[str] = set()
        self._farewell: asyncio.Task[None] | None = None

    @property
    def dropped(self) -> bool:
        """Whether the client was too slow a reader."""
        return self._farewell is not None

    async def run(self, context: Context) -> None:
        """Read and answer until either side closes. `context.subscriber` must be this connection."""
        writer = asyncio.create_task(self._write())
        calls: set[asyncio.Task[None]] = set()
        try:
            async for message in self._socket:
                if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                    continue
                await self._in_flight.acquire()
                call = asyncio.create_task(self._call(message.data, context))
                calls.add(call)
                call.add_done_callback(calls.discard)
        finally:
            for subscription_id in self._subscription_ids:
                self._hub.remove(subscription_id)
            tasks = [writer, *calls]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, *([self._farewell] if self._farewell else []), return_exceptions=True)

    def subscribe(self, kind: str, options: Json) -> str:
        """Start sending; returns the subscription's id."""
        topic = topic_of(kind, options)
        if isinstance(topic, Logs) and topic.filter.largest_part > self._limits.log_addresses:
            raise server_error("exceed max addresses or topics per search position")
        if len(self._subscription_ids) >= self._limits.subscriptions:
            raise RpcError(LIMIT_EXCEEDED, f"too many subscriptions, at most {self._limits.subscriptions} are allowed")
        subscription = Subscription(self._new_id(), topic, self._notify)
        self._subscription_ids.add(subscription.id)
        self._hub.add(subscription)
        return subscription.id

    def unsubscribe(self, subscription_id: str) -> bool:
        """Stop sending; False when there is no such subscription on this connection."""
        if subscription_id not in self._subscription_ids:
            return False
        self._subscription_ids.remove(subscription_id)
        self._hub.remove(subscription_id)
        return True

    async def _call(self, body: str | bytes, context: Context) -> None:
        try:
            response = await self._dispatcher.answer(body, context)
            if response is not None:
                await self._outbox.put(response)
        finally:
            self._in_flight.release()

    def _notify(self, text: str) -> None:
        if self._farewell is not None:
            return
        try:
            self._outbox.put_nowait(text)
        except asyncio.QueueFull:
            _LOGGER.warning("a WebSocket is dropped: its client is %d messages behind", self._outbox.qsize())
            self._farewell = asyncio.create_task(self._drop())

    async def _drop(self) -> None:
        """Say why and close; what was not read by then is lost."""
        for subscription_id in self._subscription_ids:
            self._hub.remove(subscription_id)
        while not self._outbox.empty():
            self._outbox.get_nowait()
        try:
            async with asyncio.timeout(self._limits.goodbye_seconds):
                await self._socket.close(code=WSCloseCode.POLICY_VIOLATION, message=b"reads too slowly")
        except TimeoutError:
            pass
        finally:
            self._abort()

    async def _write(self) -> None:
        while True:
            text = await self._outbox.get()
            try:
                await self._socket.send_str(text)
            except ConnectionError:
                return  # the reader sees the end of the connection as well and cleans up
