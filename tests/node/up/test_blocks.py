"""The blocks that `tombolo up` shows: each once, of a new chain from the first one on."""

from collections.abc import Sequence

import pytest

from node.clock import SystemClock
from node.l1.client import L1Client
from node.l1.wire import Json
from node.up.blocks import BlockLine, report_blocks


class Enough(Exception):
    """What was waited for has been shown."""


class NodeWithHeads(L1Client):
    """Says one head after the other, each time it is asked, and then the last one for ever."""

    def __init__(self, *heads: int) -> None:
        super().__init__("http://127.0.0.1:1")
        self.heads = list(heads)

    async def request(self, method: str, params: Sequence[Json]) -> Json:
        if method == "rollup_syncStatus":
            head = self.heads.pop(0) if len(self.heads) > 1 else self.heads[0]
            return {"unsafe_l2": {"number": head}, "safe_l2": {"number": 0}}
        assert method == "eth_getBlockByNumber"
        return {"number": params[0], "hash": "0x", "transactions": [], "gasUsed": "0x0", "baseFeePerGas": "0x7"}


@pytest.mark.parametrize(
    ("heads", "after", "shown"),
    [
        ([3, 3, 4], 0, [1, 2, 3, 4]),  # a new chain, whose launcher was late
        ([3, 3, 4, 6], None, [4, 5, 6]),  # one that goes on
        ([1, 3, 2, 4], 0, [1, 2, 3, 3, 4]),  # a reorg
    ],
)
async def test_each_block_is_shown_once_in_order(heads: list[int], after: int | None, shown: list[int]) -> None:
    found: list[int] = []

    def note(line: BlockLine) -> None:
        found.append(line.number)
        if len(found) == len(shown):
            raise Enough

    async with NodeWithHeads(*heads) as node:
        with pytest.raises(Enough):
            await report_blocks(node, SystemClock(), note, after)
    assert found == shown
