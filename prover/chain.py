"""Where a chain's trace begins: a block that both sides agree on, and what L1 has for the blocks after it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from protocol.batch import TX_ITEM, split_items
from protocol.block import Header
from protocol.crypto import keccak
from protocol.errors import InvalidBatch, InvalidInput
from protocol.fee_terms import NO_FEES
from protocol.l1 import L1Block
from protocol.rollup import RollupConfig
from protocol.types import ZERO_HASH, Hash32
from prover.commitments.chain_structures import BatchLink, ChainBlock, ChainRules, DepositLink, L1Inputs, L1Link
from prover.commitments.pages import NO_PAGES, pages_of
from prover.commitments.structures import NOTHING, Committed
from prover.machine.frame import NO_FRAME
from prover.machine.journal import FullJournal
from prover.machine.oracle import FullOracle, Ring
from prover.machine.vm import BLOCK_DONE, VM
from prover.statetest import FORK_NAMES


@dataclass(frozen=True, slots=True)
class Carried:
    """What L1 carries for a chain after some block of it.

    `blocks` are L1's from that block's origin to the newest one that is read, `batches` are (number of the L1 block,
    bytes) of those posted in L1 blocks that had not been read then, both in L1's order.
    """

    blocks: Sequence[L1Block]
    batches: Sequence[tuple[int, bytes]]

    def transactions(self) -> Iterable[bytes]:
        """The deposits' bytes; those of batches are found in the batches."""
        return (raw for block in self.blocks for raw in block.deposits)


def chain_rules(config: RollupConfig) -> ChainRules:
    """The constants of a chain that can be proved.

    Raises:
        InvalidInput: The chain has rules that the machine does not know.
    """
    chain = config.chain
    fork = chain.forks.at(1, 0)
    if fork not in FORK_NAMES:
        raise InvalidInput(f"fraud proofs know {', '.join(FORK_NAMES.values())}; the chain starts with {fork.name}")
    if config.fees != NO_FEES:
        raise InvalidInput("fraud proofs do not know fees beside gas yet; the chain charges some")
    return ChainRules(
        chain_id=chain.chain_id,
        fork=int(fork),
        gas_limit=config.gas_limit,
        fee_recipient=config.fee_recipient,
        elasticity=chain.elasticity,
        base_fee_denominator=chain.base_fee_change_denominator,
        min_base_fee=chain.min_base_fee,
        fixed_base_fee=chain.fixed_base_fee,
        timestamp_step=config.timestamp_step,
        max_drift=config.max_sequencer_drift_seconds,
        sequencing_window=config.sequencing_window,
    )


def chain_block(config: RollupConfig, header: Header, outbox_root: Hash32, ring: Ring, carried: Carried) -> ChainBlock:
    """The chain after `header`, whose ring of ancestors ends with it.

    Raises:
        InvalidInput: The chain has rules, or the header has fields, that the machine does not know.
    """
    if header.excess_blob_gas or header.blob_gas_used or header.base_fee_per_gas is None:
        raise InvalidInput(f"block {header.number} has blob gas or no base fee; a chain to be proved has none of that")
    return ChainBlock(
        rules=chain_rules(config),
        number=header.number,
        hash=header.hash,
        state_root=header.state_root,
        timestamp=header.timestamp,
        gas_limit=header.gas_limit,
        gas_used=header.gas_used,
        base_fee=header.base_fee_per_gas,
        outbox_root=outbox_root,
        ring=ring.digest(),
        inputs=_inputs(config, carried),
    )


def _inputs(config: RollupConfig, carried: Carried) -> L1Inputs:
    blocks, batches, deposits = _no_links(), _no_links(), _no_links()
    for block in reversed(carried.blocks):
        if block.settings is not None and block.settings != config.settings:
            raise InvalidInput("fraud proofs do not know changed settings yet; the chain's have changed")
        ref = block.ref
        blocks = L1Link(blocks, ref.number, ref.hash, ref.timestamp, ref.prev_randao)
    for number, data in reversed(carried.batches):
        batches = BatchLink(batches, number, pages_of(data) if data else NO_PAGES, len(data))
    for block in reversed(carried.blocks[1:]):
        for raw in reversed(block.deposits):
            deposits = DepositLink(deposits, block.ref.number, keccak(raw))
    return L1Inputs(blocks, carried.blocks[-1].ref.number, batches, deposits, NOTHING)


def _no_links() -> Committed:
    return NOTHING


def batch_transactions(batches: Iterable[tuple[int, bytes]]) -> Mapping[Hash32, bytes]:
    """Every transaction item of the batches, by its hash, for the machine to find when one begins."""
    found: dict[Hash32, bytes] = {}
    for _number, data in batches:
        try:
            _first, items = split_items(data)
        except InvalidBatch:
            continue
        found.update((keccak(item[1:]), item[1:]) for item in items if item[:1] == bytes((TX_ITEM,)))
    return found


def start_chain(block: ChainBlock, oracle: FullOracle) -> VM:
    """The machine after `block`."""
    return VM(
        phase=BLOCK_DONE,
        cursor=block,
        frame=NO_FRAME,
        fork=0,
        boundary=NOTHING,
        tx=NOTHING,
        start_root=ZERO_HASH,
        working_root=ZERO_HASH,
        journal=FullJournal(),
        oracle=oracle,
    )
