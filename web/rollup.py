"""What the pages know of the rollup beyond its chain: batches on L1, and how far derivation is."""

from collections.abc import Sequence
from dataclasses import dataclass

from rpc.errors import Json, RpcError
from web.answers import as_int, as_list, as_object, as_text
from web.site import Ask, Site


@dataclass(frozen=True, slots=True)
class BatchTransaction:
    """One commitment in L1's inbox. Unknown values are None: L1 or the data layer did not answer."""

    hash: str
    index: int
    layer: str
    commitment_hash: str
    commitment_bytes: int
    data_bytes: int | None
    gas_used: int | None
    cost_wei: int | None


@dataclass(frozen=True, slots=True)
class BatchLine:
    """What one L1 block made safe: the blocks `first` to `last`."""

    l1_number: int
    l1_hash: str
    l1_timestamp: int
    first: int
    last: int
    transactions: Sequence[BatchTransaction]
    asked: bool
    """Whether L1 could be asked for the transactions."""

    @property
    def blocks(self) -> int:
        """How many became safe."""
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class BatchPage:
    """Batches, newest first; `rest` is the L1 block number to go on before, None at the end."""

    batches: Sequence[BatchLine]
    rest: int | None


async def batches(ask: Ask, before: int | None, count: int) -> BatchPage:
    """A page of batches; empty on a chain that has none."""
    try:
        answer = as_object(await ask("rollup_batches", before, count))
    except RpcError:
        return BatchPage((), None)
    rest = answer.get("next")
    return BatchPage(
        [_line(as_object(item)) for item in as_list(answer.get("batches"))], None if rest is None else as_int(rest)
    )


async def batch_of(site: Site, number: int) -> BatchLine | None:
    """The batch that made a block safe; None for genesis, for an unsafe block, and on a chain without batches."""
    if not site.options.is_rollup:
        return None
    try:
        answer = await site.ask("rollup_batchOf", hex(number))
    except RpcError:
        return None
    return None if answer is None else _line(as_object(answer))


def _line(batch: dict[str, Json]) -> BatchLine:
    l1_block = as_object(batch.get("l1_block"))
    transactions = batch.get("transactions")
    return BatchLine(
        as_int(l1_block.get("number")),
        as_text(l1_block.get("hash")),
        as_int(l1_block.get("timestamp")),
        as_int(batch.get("first_block")),
        as_int(batch.get("last_block")),
        [_transaction(as_object(item)) for item in as_list(transactions)],
        transactions is not None,
    )


def _transaction(tx: dict[str, Json]) -> BatchTransaction:
    return BatchTransaction(
        as_text(tx.get("hash")),
        as_int(tx.get("index")),
        as_text(tx.get("layer")),
        as_text(tx.get("commitment_hash")),
        as_int(tx.get("commitment_bytes")),
        _known(tx.get("data_bytes")),
        _known(tx.get("gas_used")),
        _known(tx.get("cost_wei")),
    )


def _known(value: Json) -> int | None:
    return None if value is None else as_int(value)
