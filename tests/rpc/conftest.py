"""A server over a node in memory, and ways to talk to it."""

import io
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest

from rpc.limits import Limits
from rpc.server import Server
from tests.rpc.fake import FakeBackend

JSON_TYPE = {"Content-Type": "application/json"}


@dataclass
class Clock:
    """Seconds that pass when told to."""

    seconds: float = 1000.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class Node:
    """A running server with its fake node and a client."""

    backend: FakeBackend
    url: str
    session: aiohttp.ClientSession
    clock: Clock
    ids: list[str] = field(default_factory=list)

    async def raw(self, body: bytes | str, **options: Any) -> tuple[int, str]:
        """POST a body; (HTTP status, text)."""
        headers = {**JSON_TYPE, **options.pop("headers", {})}
        payload = io.BytesIO(body.encode() if isinstance(body, str) else body)
        async with self.session.post(self.url, data=payload, headers=headers, **options) as response:
            return response.status, await response.text()

    async def ask(self, request: Any) -> Any:
        """POST JSON and parse the answer."""
        status, text = await self.raw(json.dumps(request))
        assert status == 200
        return json.loads(text)

    async def call(self, method: str, *params: Any) -> Any:
        """The result of a call that succeeds."""
        answer = await self.ask({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)})
        assert "error" not in answer, answer
        return answer["result"]

    async def error(self, method: str, *params: Any) -> tuple[int, str]:
        """Code and message of a call that fails."""
        answer = await self.ask({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)})
        assert "result" not in answer, answer
        return answer["error"]["code"], answer["error"]["message"]


StartNode = Callable[..., Awaitable[Node]]


@asynccontextmanager
async def running_node(limits: Limits | None = None, *, fronts: int = 0, **options: Any) -> AsyncIterator[Node]:
    """A node for as long as the block lasts; with `fronts`, behind so many processes that read its requests."""
    backend, clock = FakeBackend(), Clock()
    server = Server(backend, limits=limits, now=clock, **options)
    port = await server.start(fronts=fronts)
    try:
        async with aiohttp.ClientSession() as session:
            yield Node(backend, f"http://127.0.0.1:{port}/", session, clock)
    finally:
        await server.stop()


@pytest.fixture
async def start_node() -> AsyncIterator[StartNode]:
    """Starts nodes with options of choice and stops them after the test."""
    async with AsyncExitStack() as stack:

        async def start(limits: Limits | None = None, **options: Any) -> Node:
            return await stack.enter_async_context(running_node(limits, **options))

        yield start


@pytest.fixture
async def node(start_node: StartNode) -> Node:
    """A node with default limits."""
    return await start_node()


@pytest.fixture(autouse=True)
def no_bugs(caplog: pytest.LogCaptureFixture, request: pytest.FixtureRequest) -> Any:
    """Every -32603 leaves a traceback in the log; no test may provoke one unless it says so."""
    yield
    if "expects_a_bug" not in request.fixturenames:
        errors = [record for record in caplog.get_records("call") if record.levelno >= logging.ERROR]
        assert not errors, [record.getMessage() for record in errors]


@pytest.fixture
def expects_a_bug() -> None:
    """Marks a test that makes a handler fail on purpose."""
