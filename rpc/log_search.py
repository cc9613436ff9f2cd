"""eth_getLogs and polled filters: eth_new*Filter, eth_getFilterChanges, eth_getFilterLogs."""

from collections.abc import Iterator

from protocol.block import Header
from rpc.backend import ChainView
from rpc.codec import BlockTag
from rpc.encode import data
from rpc.errors import LIMIT_EXCEEDED, InvalidParams, Json, RpcError, server_error
from rpc.filters import BlockFilter, LogsFilter, TransactionFilter
from rpc.logs import LogQuery, block_logs
from rpc.lookup import known_header, path_between
from rpc.method import Context


def get_logs(context: Context, query: LogQuery) -> Json:
    """eth_getLogs."""
    _check_size(context, query)
    found: list[Json] = []
    for header in _headers(context, query):
        found += block_logs(context.backend.chain, header, query.filter)
        if len(found) > context.limits.logs:
            raise RpcError(LIMIT_EXCEEDED, f"query returned more than {context.limits.logs} results")
    return found


def _headers(context: Context, query: LogQuery) -> Iterator[Header]:
    """The canonical blocks that a query spans and that may have what it asks for, or the one it names."""
    chain = context.backend.chain
    if query.block_hash is not None:
        header = chain.header(query.block_hash)
        if header is None:
            raise server_error("unknown block")
        yield header
        return
    head = chain.head()
    first, last = _number(chain, query.from_block, head), _number(chain, query.to_block, head)
    if first > last:
        raise InvalidParams("invalid block range params")
    if last > head.number:
        raise InvalidParams("block range extends beyond current head block")
    if last - first >= context.limits.log_blocks:
        raise RpcError(LIMIT_EXCEEDED, f"block range too large, at most {context.limits.log_blocks} blocks")
    for number, bloom in chain.blooms(first, last):
        if not query.filter.may_be_in(bloom):
            continue
        block_hash = chain.canonical_hash(number)
        header = None if block_hash is None else chain.header(block_hash)
        if header is None:
            return  # a reorganisation made the chain shorter while we walked it
        yield header


def _number(chain: ChainView, block: BlockTag | int | None, head: Header) -> int:
    if isinstance(block, int):
        return block
    if block is None or block is BlockTag.LATEST:
        return head.number
    return known_header(chain, block).number


def _check_size(context: Context, query: LogQuery) -> None:
    if query.filter.largest_part > context.limits.log_addresses:
        raise server_error("exceed max addresses or topics per search position")


def new_filter(context: Context, query: LogQuery) -> str:
    """eth_newFilter: it reports logs of blocks from now on."""
    _check_size(context, query)
    if isinstance(query.from_block, int) and isinstance(query.to_block, int) and query.from_block > query.to_block:
        raise InvalidParams("invalid block range params")
    return context.filters.add(LogsFilter(context.backend.chain.head(), query))


def new_block_filter(context: Context) -> str:
    """eth_newBlockFilter."""
    return context.filters.add(BlockFilter(context.backend.chain.head()))


def new_pending_transaction_filter(context: Context, full: bool) -> str:
    """eth_newPendingTransactionFilter; `full` asks for whole transactions instead of hashes."""
    return context.filters.add(context.filters.transaction_filter(full=full))


def uninstall_filter(context: Context, filter_id: str) -> bool:
    """eth_uninstallFilter."""
    return context.filters.remove(filter_id)


def get_filter_changes(context: Context, filter_id: str) -> Json:
    """eth_getFilterChanges: what happened since the last poll."""
    entry = context.filters.get(filter_id)
    if isinstance(entry, TransactionFilter):
        return entry.take()
    chain, head = context.backend.chain, context.backend.chain.head()
    path = path_between(chain, entry.seen, head)
    entry.seen = head
    if path is None:
        # What lies between is no longer stored, so no answer would be complete: the client has to start afresh.
        context.filters.remove(filter_id)
        raise server_error("filter not found")
    removed, added = path
    if isinstance(entry, BlockFilter):
        return [data(header.hash) for header in added]
    changes: list[Json] = []
    for header in removed:
        if _in_range(entry.query, header):
            changes += reversed(block_logs(chain, header, entry.query.filter, removed=True))
    for header in added:
        if _in_range(entry.query, header):
            changes += block_logs(chain, header, entry.query.filter)
    return changes


def _in_range(query: LogQuery, header: Header) -> bool:
    """Whether a new block lies in the range of a filter; tags leave that end open."""
    if isinstance(query.from_block, int) and header.number < query.from_block:
        return False
    return not (isinstance(query.to_block, int) and header.number > query.to_block)


def get_filter_logs(context: Context, filter_id: str) -> Json:
    """eth_getFilterLogs: everything that matches, as eth_getLogs would answer."""
    entry = context.filters.get(filter_id)
    if not isinstance(entry, LogsFilter):
        raise server_error("filter not found")
    return get_logs(context, entry.query)
