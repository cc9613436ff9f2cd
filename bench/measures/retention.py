"""What states of old blocks cost on disk: every state kept (`--retention archive`), beside those of the newest blocks.

The same small blocks for both, built in this process: transfers, one in five of them to a new account. Blocks, receipts
and logs are in both figures, for they are always kept. LevelDB is compacted before it is weighed, so that no figure
holds what is deleted already.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import plyvel

from bench.measures.measure import Measure, MeasureFailed, Plan
from bench.row import Row, compare
from bench.workload import BALANCE_WEI, BLOCK_SECONDS, CHAIN_ID, GAS_LIMIT, MAX_FEE_WEI, PRIORITY_FEE_WEI, Workload
from genesis.dev import dev_genesis
from genesis.model import Genesis, GenesisAccount, build_genesis
from node.chain import Chain, create_chain
from node.store import Store
from node.store.database import COMPRESSION
from protocol.crypto import keccak
from protocol.payload import BlockAttributes
from protocol.rollup import FEE_RECIPIENT
from protocol.signing import UnsignedTransaction, sign_transaction
from protocol.transaction import Transaction, decode_transaction
from protocol.types import Address
from vm.pyevm.engine import PyEvmEngine

KEPT = 128
PER_BLOCK = 20
NEW_ACCOUNT_EVERY = 5
FINAL_AFTER = 16
"""Blocks until one is final: states that could still be gone back to are not forgotten."""


def _retention(plan: Plan) -> list[Row]:
    blocks = plan.sizes.retention_blocks
    batches = list(_transfers(blocks))
    archive = _bytes_per_transaction(batches, None)
    kept = min(KEPT, blocks // 4)
    recent = _bytes_per_transaction(batches, kept)
    plan.say(f"disk_recent_bytes_per_tx: {archive:,.0f} with every state, {recent:,.0f} with those of {kept} blocks")
    peers = {"every state kept": [archive]}
    return compare("disk_recent_bytes_per_tx", "bytes/tx", [recent], peers, lower_is_better=True)


def _transfers(blocks: int) -> Iterator[list[Transaction]]:
    workload = Workload(PER_BLOCK)
    for block in range(blocks):
        batch = []
        for index, wallet in enumerate(workload.senders):
            number = block * PER_BLOCK + index
            # An account is new at first, and paid now and then afterwards.
            receiver = number if number % NEW_ACCOUNT_EVERY == 0 else number // 7 * NEW_ACCOUNT_EVERY
            unsigned = UnsignedTransaction(
                chain_id=CHAIN_ID,
                nonce=block,
                gas_limit=21_000,
                to=Address(keccak(b"tombolo bench kept" + receiver.to_bytes(8, "big"))[12:]),
                value=1,
                max_fee_per_gas=MAX_FEE_WEI,
                max_priority_fee_per_gas=PRIORITY_FEE_WEI,
            )
            batch.append(decode_transaction(sign_transaction(unsigned, wallet.key).raw))
        yield batch


def _bytes_per_transaction(batches: Sequence[Sequence[Transaction]], keep_states: int | None) -> float:
    with tempfile.TemporaryDirectory(prefix="tombolo-bench-") as folder:
        path = Path(folder) / "db"
        with Store(path, keep_states=keep_states) as store:
            _produce(store, batches)
        with closing(plyvel.DB(str(path), compression=COMPRESSION)) as database:
            database.compact_range(start=b"\0", stop=b"\xff" * 40)  # without bounds, plyvel 1.5 compacts nothing
        stored = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    return stored / sum(map(len, batches))


def _produce(store: Store, batches: Sequence[Sequence[Transaction]]) -> None:
    base = dev_genesis(CHAIN_ID, timestamp=0, gas_limit=GAS_LIMIT)
    funded = {wallet.address: GenesisAccount(BALANCE_WEI) for wallet in Workload(PER_BLOCK).senders}
    genesis = Genesis(base.config, {**base.accounts, **funded}, 0, GAS_LIMIT)
    create_chain(store, build_genesis(genesis))
    engine = PyEvmEngine(genesis.config)
    chain = Chain(store, engine, genesis.config, sync=False)
    for batch in batches:
        parent = chain.head()
        attributes = BlockAttributes(parent.timestamp + BLOCK_SECONDS, FEE_RECIPIENT, GAS_LIMIT)
        builder = engine.begin_block(parent, attributes, chain.head_state(), lambda number: None)
        for tx in batch:
            builder.add(tx)
        chain.append(builder.seal())
        if len(chain.canonical_block(chain.head().number).transactions) != len(batch):
            raise MeasureFailed("a block did not take all of its transactions")
        final = None if chain.head().number < FINAL_AFTER else chain.canonical_hash(chain.head().number - FINAL_AFTER)
        header = None if final is None else chain.header(final)
        if header is not None:
            chain.set_finalized(header)


MEASURES = (Measure(("disk_recent_bytes_per_tx",), _retention),)
"""Beside `disk_bytes_per_tx`, which is of a whole node's folders under load."""
