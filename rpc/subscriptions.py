"""eth_subscribe and eth_unsubscribe, which need a connection to send on."""

from rpc.errors import METHOD_NOT_FOUND, Json, RpcError, server_error
from rpc.method import Context, Subscriber


def subscribe(context: Context, kind: str, options: Json) -> str:
    """eth_subscribe: newHeads, logs, newPendingTransactions or syncing."""
    return _subscriber(context).subscribe(kind, options)


def unsubscribe(context: Context, subscription_id: str) -> bool:
    """eth_unsubscribe."""
    if not _subscriber(context).unsubscribe(subscription_id):
        raise server_error("subscription not found")
    return True


def _subscriber(context: Context) -> Subscriber:
    if context.subscriber is None:
        raise RpcError(METHOD_NOT_FOUND, "notifications not supported: connect over WebSocket")
    return context.subscriber
