"""txpool_*: transactions on their way into a block."""

from collections.abc import Callable, Iterable

from protocol.transaction import Transaction
from protocol.types import Address
from rpc.encode import data, transaction_json
from rpc.errors import Json
from rpc.method import Context


def pending_transactions(context: Context) -> Json:
    """eth_pendingTransactions: those of this node's own accounts, and it has none."""
    return []


def status(context: Context) -> Json:
    """txpool_status: how many transactions wait."""
    pool = context.backend.pool
    return {"pending": hex(_length(pool.pending())), "queued": hex(_length(pool.queued()))}


def _length(transactions: Iterable[Transaction]) -> int:
    return sum(1 for _tx in transactions)


def content(context: Context) -> Json:
    """txpool_content: every waiting transaction, by sender and nonce."""
    return _both(context, _by_sender_and_nonce(transaction_json))


def inspect(context: Context) -> Json:
    """txpool_inspect: the same in one line each."""
    return _both(context, _by_sender_and_nonce(_summary))


def content_from(context: Context, sender: Address) -> Json:
    """txpool_contentFrom: the waiting transactions of one sender, by nonce."""

    def of_sender(transactions: Iterable[Transaction]) -> Json:
        return {str(tx.nonce): transaction_json(tx) for tx in transactions if tx.sender == sender}

    return _both(context, of_sender)


def _both(context: Context, render: Callable[[Iterable[Transaction]], Json]) -> Json:
    pool = context.backend.pool
    return {"pending": render(pool.pending()), "queued": render(pool.queued())}


def _by_sender_and_nonce(
    render: Callable[[Transaction], Json],
) -> Callable[[Iterable[Transaction]], Json]:
    def group(transactions: Iterable[Transaction]) -> Json:
        grouped: dict[str, dict[str, Json]] = {}
        for tx in transactions:
            grouped.setdefault(data(tx.sender), {})[str(tx.nonce)] = render(tx)
        return {sender: dict(by_nonce) for sender, by_nonce in grouped.items()}

    return group


def _summary(tx: Transaction) -> str:
    target = "contract creation" if tx.to is None else data(tx.to)
    return f"{target}: {tx.value} wei + {tx.gas_limit} gas x {tx.max_fee_per_gas} wei"
