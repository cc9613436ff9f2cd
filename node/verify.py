"""`tombolo verify`: rebuild a rollup from L1 and the data layer alone, and compare each block with a node's."""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from da.settings import LayerSettings
from da.table import chain_layers, effective_settings, layer_names
from node.chain import Chain
from node.clock import Clock
from node.decoder import Decoder
from node.driver import Driver
from node.l1.client import L1Client
from node.l1.reader import L1Reader
from node.l1.wire import as_hash, as_record
from node.logs import hide
from node.rollup import Rollup
from node.rollup_start import check_l1, open_rollup
from node.shown_data import reading_proofs, shown_data
from node.store import Store
from node.worker import Worker
from protocol.errors import Reject
from vm.pyevm.engine import PyEvmEngine


class Disagreement(Reject):
    """The node's chain is not the one that L1 means."""


@dataclass(frozen=True, slots=True)
class VerifyOptions:
    """What to rebuild, from where, and whose blocks to compare; without `data_dir` in a temporary folder."""

    rollup: Rollup
    l1_url: str
    da_dir: Path
    against_url: str | None
    data_dir: Path | None = None
    da_settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found: the safe head rebuilt, transactions in it, and how many blocks were compared."""

    number: int
    block_hash: bytes
    state_root: bytes
    transactions: int
    compared: int


Progress = Callable[[int, int, int], None]
"""Called with (L1 blocks done, L1 blocks in all, L2 blocks rebuilt)."""


async def verify(
    options: VerifyOptions, clock: Clock, progress: Progress = lambda done, total, built: None
) -> Verified:
    """Derive up to L1's head as it was at the start, then compare with `against_url`.

    Raises:
        Disagreement: A block differs, or the node calls one safe that L1 does not hold.
        Retry: L1 or the data layer does not serve what is needed.
        Halt: L1 is not the one that the rollup lives on.
    """
    if options.data_dir is not None:
        return await _verify_in(options.data_dir, options, clock, progress)
    with tempfile.TemporaryDirectory(prefix="tombolo-verify-") as folder:
        return await _verify_in(Path(folder), options, clock, progress)


async def _verify_in(folder: Path, options: VerifyOptions, clock: Clock, progress: Progress) -> Verified:
    rollup = options.rollup
    worker = Worker()
    async with L1Client(options.l1_url, clock) as l1:
        await check_l1(rollup, l1)
        with Store(folder / "db") as store:
            open_rollup(store, rollup)
            engine = PyEvmEngine(rollup.config.chain)
            chain = Chain(store, engine, rollup.config.chain, sync=False)
            reader = L1Reader(l1, rollup.config.inbox_address, rollup.config.settlement)
            settings = effective_settings(rollup.da_settings, options.da_settings)
            layers = chain_layers(
                layer_names(rollup.da_layer), LayerSettings(options.da_dir, options.l1_url, settings, hide=hide)
            )
            batches = reading_proofs(layers, shown_data(l1, rollup.config))
            decoder = Decoder()
            driver = Driver(rollup.config, chain, engine, reader, batches, worker, clock, decoder=decoder)
            try:
                await _derive_all(driver, reader, rollup, progress)
                store.sync()
                compared = 0
                if options.against_url is not None:
                    compared = await _compare(chain, options.against_url, clock)
                head = chain.safe_head()
                transactions = sum(_transactions(chain, number) for number in range(1, head.number + 1))
                return Verified(head.number, head.hash, head.state_root, transactions, compared)
            finally:
                driver.forget_ahead()
                await decoder.close()
                worker.close()


async def _derive_all(driver: Driver, reader: L1Reader, rollup: Rollup, progress: Progress) -> None:
    start = rollup.config.l1_genesis.number
    total = (await reader.latest()).number - start
    while driver.processed.number < start + total:
        progressed = await driver.step()
        progress(driver.processed.number - start, total, driver.chain.safe_head().number)
        if not progressed:
            return  # L1 has become shorter since


async def _compare(chain: Chain, url: str, clock: Clock) -> int:
    """Compare every block up to the lower of both safe heads; returns how many."""
    async with L1Client(url, clock, who="the node") as node:
        safe = await node.block("safe")
        top = min(chain.safe_head().number, 0 if safe is None else safe.number)
        for number in range(top + 1):
            found = as_record(await node.request("eth_getBlockByNumber", [hex(number), False]), "block")
            theirs = as_hash(found.get("hash"), "block hash")
            root = as_hash(found.get("stateRoot"), "state root")
            ours = chain.canonical_hash(number)
            header = None if ours is None else chain.header(ours)
            if header is None or theirs != header.hash:
                raise Disagreement(
                    f"block {number}: {url} has 0x{theirs.hex()} with state root 0x{root.hex()}; L1 derives "
                    + ("none" if header is None else f"0x{header.hash.hex()} with 0x{header.state_root.hex()}")
                )
        return top + 1


def _transactions(chain: Chain, number: int) -> int:
    block_hash = chain.canonical_hash(number)
    return 0 if block_hash is None else len(chain.raw_transactions(block_hash) or ())
