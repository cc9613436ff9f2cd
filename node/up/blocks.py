"""Blocks as they come, for whoever shows them."""

from collections.abc import Callable
from dataclasses import dataclass

from node.clock import Clock
from node.l1.client import L1Client
from node.l1.wire import Json, as_quantity, as_record
from protocol.errors import Retry

POLL_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class BlockLine:
    """One L2 block, as the terminal shows it; `safe` is the number of the newest safe block at that moment."""

    number: int
    hash: str
    transactions: int
    gas_used: int
    base_fee_per_gas: int
    safe: int


async def report_blocks(node: L1Client, clock: Clock, on_block: Callable[[BlockLine], None], after: int | None) -> None:
    """Each block of this node beyond `after`, or beyond its head as it is now, once, in order, for ever; after a reorg
    from where the chain is then."""
    shown = after
    while True:
        try:
            status = as_record(await node.request("rollup_syncStatus", []), "sync status")
            head, safe = (_number(status, label) for label in ("unsafe_l2", "safe_l2"))
            shown = head if shown is None else min(shown, head)
            while shown < head:
                shown += 1
                block = as_record(await node.request("eth_getBlockByNumber", [hex(shown), False]), "block")
                on_block(_line(block, safe))
        except Retry:
            pass  # busy, or stopping; whether the process is gone is seen elsewhere
        await clock.sleep(POLL_SECONDS)


def _number(status: dict[str, Json], label: str) -> int:
    number = as_record(status.get(label), label).get("number")
    return number if isinstance(number, int) else 0


def _line(block: dict[str, Json], safe: int) -> BlockLine:
    transactions = block.get("transactions")
    return BlockLine(
        number=as_quantity(block.get("number"), "number"),
        hash=str(block.get("hash")),
        transactions=len(transactions) if isinstance(transactions, list) else 0,
        gas_used=as_quantity(block.get("gasUsed"), "gas used"),
        base_fee_per_gas=as_quantity(block.get("baseFeePerGas"), "base fee"),
        safe=safe,
    )
