"""What a transaction costs on a chain of many accounts: `python -m bench.accounts ACCOUNTS BLOCKS TRANSACTIONS`.

Everything but HTTP, in one process: decode, recover the sender, pool, execute, roots, write. Senders and receivers are
drawn from all accounts, so that the trie is touched all over. A process of its own, because memory of a larger chain
would slow the next. For each line that it reads it makes a block and prints microseconds per transaction, so that
chains of several sizes can take turns: what else the machine does meets all of them.
"""

import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.workload import BALANCE_WEI, BLOCK_SECONDS, CHAIN_ID, GAS_LIMIT, MAX_FEE_WEI, PRIORITY_FEE_WEI, Wallet
from genesis.dev import dev_genesis
from genesis.model import GenesisAccount, build_genesis
from node.chain import Chain, create_chain
from node.clock import SystemClock
from node.interpreter import tune
from node.mempool import FILE, FileJournal, Mempool, PoolLimits
from node.store import Store
from protocol.crypto import keccak
from protocol.payload import BlockAttributes
from protocol.rollup import FEE_RECIPIENT
from protocol.signing import UnsignedTransaction, sign_transaction
from protocol.types import Address
from vm.pyevm.engine import PyEvmEngine

MAX_SENDERS = 10_000
"""Accounts with a known key; the others only receive."""


def main(accounts: int, blocks: int, per_block: int) -> None:
    """Make the chain and sign, then a block for each line of standard input."""
    wallets = [Wallet.numbered(index) for index in range(min(accounts, MAX_SENDERS))]
    others = [_receiver(index) for index in range(accounts - len(wallets))]
    everyone = [*(wallet.address for wallet in wallets), *others]
    draw = random.Random(accounts)
    batches = _sign_all(wallets, everyone, blocks, per_block, draw)
    with tempfile.TemporaryDirectory(prefix="tombolo-bench-") as folder:
        path = Path(folder) / "db"
        _create(path, everyone)
        del everyone, others, wallets
        with Store(path) as store:
            for seconds in _produce(store, batches):
                print(seconds / per_block * 1e6, flush=True)


def _receiver(index: int) -> Address:
    return Address(keccak(b"tombolo bench holder" + index.to_bytes(8, "big"))[12:])


def _sign_all(
    wallets: list[Wallet], everyone: list[Address], blocks: int, per_block: int, draw: random.Random
) -> list[list[bytes]]:
    nonces: dict[Address, int] = {}
    signed = []
    for _ in range(blocks):
        batch = []
        for _ in range(per_block):
            wallet = draw.choice(wallets)
            nonce = nonces.get(wallet.address, 0)
            nonces[wallet.address] = nonce + 1
            unsigned = UnsignedTransaction(
                chain_id=CHAIN_ID,
                nonce=nonce,
                gas_limit=21_000,
                to=draw.choice(everyone),
                value=1,
                max_fee_per_gas=MAX_FEE_WEI,
                max_priority_fee_per_gas=PRIORITY_FEE_WEI,
            )
            batch.append(sign_transaction(unsigned, wallet.key).raw)
        signed.append(batch)
    return signed


def _create(path: Path, everyone: list[Address]) -> None:
    funded = dict.fromkeys(everyone, GenesisAccount(BALANCE_WEI))
    genesis = dev_genesis(CHAIN_ID, timestamp=0, gas_limit=GAS_LIMIT)
    genesis = type(genesis)(genesis.config, {**genesis.accounts, **funded}, 0, GAS_LIMIT)
    with Store(path) as store:
        create_chain(store, build_genesis(genesis))


def _produce(store: Store, batches: list[list[bytes]]) -> Iterator[float]:
    """Seconds of CPU time per block, from raw transactions to a block on disk.

    What LevelDB's threads do since the block before is among them: it compacts after a block is written.
    """
    config = dev_genesis(CHAIN_ID, timestamp=0).config
    engine = PyEvmEngine(config)
    chain = Chain(store, engine, config)
    limits = PoolLimits(transactions=2 * len(batches[0]))
    journal = FileJournal(store.path / FILE)
    store.close_along(journal)
    pool = Mempool(chain, config, SystemClock(), limits=limits, journal=journal)
    chain.on_head(lambda event: pool.on_new_head(event.removed, event.added))
    tune()
    print("ready", flush=True)
    begun = time.process_time()
    for batch, _turn in zip(batches, sys.stdin, strict=False):
        for raw in batch:
            pool.add(raw)
        parent = chain.head()
        attributes = BlockAttributes(parent.timestamp + BLOCK_SECONDS, FEE_RECIPIENT, GAS_LIMIT)
        builder = engine.begin_block(parent, attributes, chain.head_state(), lambda number: None)
        with pool.best(builder.base_fee_per_gas) as offers:
            while (tx := offers.next()) is not None:
                builder.add(tx)
        chain.append(builder.seal())
        ended = time.process_time()
        if len(chain.canonical_block(chain.head().number).transactions) != len(batch):
            raise RuntimeError("a block did not take all of its transactions")
        yield ended - begun
        begun = ended


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]))
