"""Where a rollup starts: its genesis in a node's database, and the block of L1 that it builds on first."""

from genesis.geth_format import genesis_json
from genesis.model import build_genesis
from node import chain_setup
from node.chain import create_chain
from node.l1.client import L1Client
from node.l1.records import TABLE, L1Record, encode_record, record_key
from node.rollup import Rollup
from node.store import Store
from protocol.errors import Halt
from protocol.l1 import L1Block


def open_rollup(store: Store, rollup: Rollup) -> None:
    """Make sure that `store` holds this rollup's genesis, block and L1 record, creating both in an empty one.

    Raises:
        Halt: It holds another chain.
    """
    genesis = build_genesis(rollup.genesis())
    record = L1Record(L1Block(rollup.config.l1_genesis), 0, genesis.block.hash)
    document = (chain_setup.TABLE, chain_setup.KEY, genesis_json(rollup.genesis()))
    create_chain(store, genesis, [document, (TABLE, record_key(record.block.ref.number), encode_record(record))])


async def check_l1(rollup: Rollup, l1: L1Client) -> None:
    """Make sure that L1 is the one this rollup lives on.

    Raises:
        Retry, L1Refused: It does not say.
        Halt: It is another chain, or does not hold the block that the rollup starts at.
    """
    config = rollup.config
    chain_id = await l1.chain_id()
    genesis = await l1.block(config.l1_genesis.number)
    if chain_id != config.l1_chain_id:
        raise Halt(f"{l1.name} is chain {chain_id}; this rollup lives on chain {config.l1_chain_id}")
    if genesis is None or genesis.hash != config.l1_genesis.hash:
        found = "no such block" if genesis is None else f"0x{genesis.hash.hex()}"
        raise Halt(
            f"{l1.name}: block {config.l1_genesis.number} should be 0x{config.l1_genesis.hash.hex()}, where this "
            f"rollup starts, but is {found}: another L1, or one that lost its state. Choose the right L1, or start "
            "a new rollup in another data directory"
        )
