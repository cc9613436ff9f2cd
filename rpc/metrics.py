"""/metrics for Prometheus and /health for whoever restarts nodes.

Counting costs two additions per request; everything else is read when somebody asks.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from rpc.backend import Backend
from rpc.encode import JsonObject, sync_json

UNKNOWN_METHOD = "unknown"
"""Names that clients make up share one row, or they could fill our memory with it."""


@dataclass(slots=True)
class MethodCount:
    """What one method was asked so far."""

    calls: int = 0
    errors: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class Counts:
    """What a server did so far, and does."""

    methods: dict[str, MethodCount] = field(default_factory=dict)
    dropped_readers: int = 0
    refused_requests: int = 0

    def note(self, method: str, seconds: float, *, failed: bool) -> None:
        """Count one request."""
        count = self.methods.get(method)
        if count is None:
            count = self.methods[method] = MethodCount()
        count.calls += 1
        count.errors += failed
        count.seconds += seconds


class NodeCollector(Collector):
    """The figures of one node. `connections` and `subscriptions` count what is open."""

    def __init__(
        self, backend: Backend, counts: Counts, connections: Callable[[], int], subscriptions: Callable[[], int]
    ) -> None:
        self._backend = backend
        self._counts = counts
        self._connections = connections
        self._subscriptions = subscriptions

    def collect(self) -> Iterator[Metric]:
        """Every figure as it is now."""
        yield from self._chain()
        yield from self._requests()
        pool = self._backend.pool
        waiting = GaugeMetricFamily("tombolo_pool_transactions", "Transactions that wait.", labels=["state"])
        waiting.add_metric(["pending"], sum(1 for _tx in pool.pending()))
        waiting.add_metric(["queued"], sum(1 for _tx in pool.queued()))
        yield waiting
        yield GaugeMetricFamily("tombolo_websocket_connections", "Open WebSockets.", self._connections())
        yield GaugeMetricFamily("tombolo_subscriptions", "Subscriptions on them.", self._subscriptions())
        yield CounterMetricFamily(
            "tombolo_slow_readers_dropped", "WebSockets closed for not reading.", self._counts.dropped_readers
        )
        yield CounterMetricFamily(
            "tombolo_http_requests_refused", "Requests answered 429.", self._counts.refused_requests
        )

    def _chain(self) -> Iterator[Metric]:
        chain = self._backend.chain
        heads = {"unsafe": chain.head(), "safe": chain.safe_head(), "finalized": chain.finalized_head()}
        number = GaugeMetricFamily("tombolo_head_number", "Height of each head.", labels=["head"])
        moment = GaugeMetricFamily("tombolo_head_timestamp_seconds", "Timestamp of each head.", labels=["head"])
        for name, header in heads.items():
            number.add_metric([name], header.number)
            moment.add_metric([name], header.timestamp)
        yield number
        yield moment
        head = heads["unsafe"]
        yield GaugeMetricFamily("tombolo_base_fee_wei", "Base fee of the newest block.", head.base_fee_per_gas or 0)
        yield GaugeMetricFamily("tombolo_syncing", "1 while catching up.", int(self._backend.syncing() is not None))

    def _requests(self) -> Iterator[Metric]:
        calls = CounterMetricFamily("tombolo_rpc_requests", "Requests by method.", labels=["method"])
        errors = CounterMetricFamily("tombolo_rpc_errors", "Requests answered with an error.", labels=["method"])
        seconds = CounterMetricFamily("tombolo_rpc_seconds", "Time spent on requests.", labels=["method"])
        for method, count in sorted(self._counts.methods.items()):
            calls.add_metric([method], count.calls)
            errors.add_metric([method], count.errors)
            seconds.add_metric([method], count.seconds)
        yield from (calls, errors, seconds)


def metrics_page(collectors: Iterable[Collector]) -> Callable[[], web.Response]:
    """What answers GET /metrics."""
    registry = CollectorRegistry()
    for collector in collectors:
        registry.register(collector)

    def page() -> web.Response:
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return page


def health(backend: Backend, max_lag_seconds: float | None, now: Callable[[], float] = time.time) -> web.Response:
    """What answers GET /health: heads, and how old the newest block is.

    The status is 200, or 503 when that is more than the asker allows: only the asker knows how often blocks must come.
    """
    chain, progress = backend.chain, backend.syncing()
    head = chain.head()
    lag = max(0.0, now() - head.timestamp)
    healthy = max_lag_seconds is None or lag <= max_lag_seconds
    answer: JsonObject = {
        "status": "ok" if healthy else "lagging",
        "head": {"number": head.number, "hash": "0x" + head.hash.hex(), "timestamp": head.timestamp},
        "headLagSeconds": round(lag, 3),
        "safe": chain.safe_head().number,
        "finalized": chain.finalized_head().number,
        "syncing": False if progress is None else sync_json(progress),
    }
    return web.json_response(answer, status=200 if healthy else 503, headers={"Cache-Control": "no-store"})
