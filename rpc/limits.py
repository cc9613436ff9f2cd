"""Every bound that keeps one client from using up the node, in one place."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of the JSON-RPC server. The defaults suit one node that serves tools, wallets and a few pages."""

    body_bytes: int = 5 * 1024 * 1024
    """A larger HTTP body is answered 413, a larger WebSocket message closes the connection."""

    batch_items: int = 1_000
    """Requests in one batch."""

    batch_response_bytes: int = 25_000_000
    """After this much the rest of a batch is answered with an error."""

    calls_in_flight: int = 64
    """Requests of one WebSocket connection that may be in work at once; then its reader waits."""

    worker_threads: int = 2
    """Slow calls (execution, log search) that run at once."""

    worker_queue: int = 256
    """Slow calls that may wait for a thread; the next one is refused."""

    http_requests: int = 2_000
    """HTTP requests in work at once, whoever sent them; the next one is answered 429."""

    goodbye_seconds: float = 5.0
    """How long a WebSocket client that does not read may still read why it is dropped."""

    connections: int = 1_000
    """WebSocket connections."""

    outbox_messages: int = 10_000
    """Notifications that a WebSocket connection may lag behind; then it is closed."""

    subscriptions: int = 100
    """Subscriptions of one connection."""

    filters: int = 1_000
    """Polled filters in all."""

    filter_idle_seconds: float = 300.0
    """A polled filter that nobody asks for this long is gone. Subscriptions never expire."""

    filter_transactions: int = 10_000
    """Pending transactions that one polled filter keeps; older ones are dropped."""

    call_gas: int = 50_000_000
    """The most gas that one simulated call gets, and what it gets when it names none."""

    call_seconds: float = 10.0
    """How long a slow call (execution, log search) may run."""

    trace_seconds: float = 120.0
    """How long a trace may run."""

    receipt_seconds: float = 20.0
    """How long eth_sendRawTransactionSync waits for the receipt when the client does not say."""

    receipt_seconds_at_most: float = 60.0
    """How long it waits whatever the client says."""

    trace_bytes: int = 1_000_000_000
    """How long the text of a trace may be; what does not fit in memory waits in a file."""

    trace_frames: int = 100_000
    """Calls that the trace of one transaction may list."""

    simulated_blocks: int = 256
    """Blocks that one eth_simulateV1 may span, gaps included."""

    log_blocks: int = 100_000
    """Blocks that one eth_getLogs may span."""

    logs: int = 20_000
    """Logs that one answer may hold."""

    log_addresses: int = 1_000
    """Addresses, and alternatives per topic position, in one log filter."""

    fee_history_blocks: int = 1_024
    """Blocks that one eth_feeHistory may span; more is cut down to this."""

    fee_history_percentiles: int = 100
    """Reward percentiles in one eth_feeHistory."""

    storage_slots: int = 1_024
    """Slots in one eth_getStorageValues or eth_getProof."""
