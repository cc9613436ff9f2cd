"""The end of a block: its transactions and receipts into their tries, one after another; then the header's hash.

The chain of receipts has the last one on top, and a trie is the same in whatever order it is filled. `receipts` hashes
the leaf that holds a receipt, `block_tries` puts it and the transaction into the tries.
"""

from dataclasses import replace

from protocol.block import EMPTY_OMMERS_HASH, ZERO_NONCE, Header
from protocol.crypto import keccak
from protocol.extra_data import BaseFeeRules, extra_data_of_origin
from protocol.mpt import EMPTY_ROOT
from protocol.rlp_codec import as_bytes, decode_list
from protocol.types import Hash32
from protocol.withdrawal import OUTBOX_ADDRESS
from prover.commitments import trie
from prover.commitments.chain_structures import (
    ChainBlock,
    ChainRules,
    L1Inputs,
    L1Link,
    ReceiptLogs,
    Sealing,
    Settings,
)
from prover.commitments.structures import NOTHING, BlockContext, Receipt, TxBoundary
from prover.machine.vm import BLOCK_DONE, RECEIPT_LOGS, VM, is_end, opened


def seal_step(vm: VM) -> None:
    """Begin with the last receipt that is left; after the first one, make the block."""
    sealing = opened(vm, vm.cursor, Sealing)
    if is_end(sealing.receipts):
        _finish(vm, sealing)
        return
    receipt = opened(vm, sealing.receipts, Receipt)
    vm.go(RECEIPT_LOGS, ReceiptLogs(sealing, receipt.logs, NOTHING, *([0] * 8)))


def _finish(vm: VM, sealing: Sealing) -> None:
    """The header and its hash; the hash into the ring; the outbox's root out of the state."""
    boundary = opened(vm, sealing.boundary, TxBoundary)
    block = opened(vm, boundary.block, BlockContext)
    parent = opened(vm, boundary.parent, ChainBlock)
    inputs = opened(vm, boundary.batch_cursor, L1Inputs)
    origin = opened(vm, inputs.l1_blocks, L1Link)
    said = _rules_to_say(vm, boundary, parent, inputs)
    header = Header(
        parent_hash=parent.hash,
        ommers_hash=EMPTY_OMMERS_HASH,
        fee_recipient=block.fee_recipient,
        state_root=boundary.state_root,
        transactions_root=sealing.transactions_root,
        receipts_root=sealing.receipts_root,
        bloom=sealing.bloom(),
        difficulty=0,
        number=block.number,
        gas_limit=block.gas_limit,
        gas_used=boundary.gas_used,
        timestamp=block.timestamp,
        extra_data=extra_data_of_origin(origin.number, said),
        prev_randao=block.prev_randao,
        nonce=ZERO_NONCE,
        base_fee_per_gas=block.base_fee,
        withdrawals_root=Hash32(EMPTY_ROOT),
        blob_gas_used=boundary.blob_gas_used,
        excess_blob_gas=0,
        parent_beacon_block_root=origin.hash,
    )
    ring = vm.oracle.grown_ring(block.ring, block.number, header.hash, vm.recorder)
    outbox = trie.get(boundary.state_root, keccak(OUTBOX_ADDRESS), lambda node: vm.oracle.node(node, vm.recorder))
    after = replace(
        parent,
        number=block.number,
        hash=header.hash,
        state_root=boundary.state_root,
        timestamp=block.timestamp,
        gas_limit=block.gas_limit,
        gas_used=boundary.gas_used,
        base_fee=block.base_fee,
        outbox_root=_storage_root(outbox),
        ring=ring,
        inputs=inputs,
    )
    vm.go(BLOCK_DONE, after)


def _rules_to_say(vm: VM, boundary: TxBoundary, parent: ChainBlock, inputs: L1Inputs) -> BaseFeeRules | None:
    """The base-fee rules after this block, where it has to say them (`protocol.derivation`)."""
    launched = _base_fee_rules(opened(vm, opened(vm, parent.rules, ChainRules).settings, Settings))
    rules = _base_fee_rules(opened(vm, inputs.settings, Settings))
    return None if is_end(boundary.charges) and rules == launched else rules


def _base_fee_rules(settings: Settings) -> BaseFeeRules:
    return BaseFeeRules(settings.base_fee_denominator, settings.elasticity, settings.min_base_fee)


def _storage_root(account: bytes) -> Hash32:
    if not account:
        return Hash32(EMPTY_ROOT)
    return Hash32(as_bytes(decode_list(account, "account")[2], "storage root", 32))
