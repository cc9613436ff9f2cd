"""The end of a block: its transactions and receipts into their tries, one of each per step; then the header's hash.

The chain of receipts has the last one on top, and a trie is the same in whatever order it is filled.
"""

from dataclasses import replace

from protocol.block import EMPTY_OMMERS_HASH, ZERO_NONCE, Header
from protocol.crypto import keccak
from protocol.extra_data import extra_data_of_origin
from protocol.mpt import EMPTY_ROOT
from protocol.receipt import Log, logs_bloom
from protocol.receipt import Receipt as ReceiptFields
from protocol.rlp_codec import as_bytes, decode_list, encode, uint_bytes
from protocol.types import Hash32
from protocol.withdrawal import OUTBOX_ADDRESS
from prover.commitments import trie
from prover.commitments.chain_structures import ChainBlock, L1Inputs, L1Link, Sealing, bloom_words
from prover.commitments.structures import BlockContext, LogLink, Receipt, TxBoundary
from prover.machine.block_begin import put
from prover.machine.vm import BLOCK_DONE, SEAL, VM, is_end, opened


def seal_step(vm: VM) -> None:
    """Put the last transaction that is left, and its receipt, into the tries; after the first one, make the block."""
    sealing = opened(vm, vm.cursor, Sealing)
    if is_end(sealing.receipts):
        _finish(vm, sealing)
        return
    receipt = opened(vm, sealing.receipts, Receipt)
    logs = _logs_of(vm, receipt)
    bloom = logs_bloom(logs)
    fields = ReceiptFields(
        type=receipt.type,
        outcome=int(receipt.status),
        cumulative_gas_used=receipt.cumulative_gas_used,
        bloom=bloom,
        logs=logs,
        gas_used=0,
    )
    left = sealing.left - 1
    key = encode(uint_bytes(left))
    transactions_root = put(vm, sealing.transactions_root, key, vm.oracle.transaction(receipt.tx, vm.recorder))
    receipts_root = put(vm, sealing.receipts_root, key, fields.encode())
    words = bloom_words(sealing.bloom() | bloom)
    vm.go(SEAL, Sealing(sealing.boundary, receipt.below, left, transactions_root, receipts_root, *words))


def _logs_of(vm: VM, receipt: Receipt) -> tuple[Log, ...]:
    """The logs, oldest first."""
    logs = []
    link = receipt.logs
    while not is_end(link):
        entry = opened(vm, link, LogLink)
        topics = tuple(topic.to_bytes(32, "big") for topic in entry.topics())
        logs.append(Log(entry.address, topics, entry.data.read(entry.data_offset, entry.data_length, vm.recorder)))
        link = entry.below
    return tuple(reversed(logs))


def _finish(vm: VM, sealing: Sealing) -> None:
    """The header and its hash; the hash into the ring; the outbox's root out of the state."""
    boundary = opened(vm, sealing.boundary, TxBoundary)
    block = opened(vm, boundary.block, BlockContext)
    parent = opened(vm, boundary.parent, ChainBlock)
    inputs = opened(vm, boundary.batch_cursor, L1Inputs)
    origin = opened(vm, inputs.l1_blocks, L1Link)
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
        extra_data=extra_data_of_origin(origin.number),
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


def _storage_root(account: bytes) -> Hash32:
    if not account:
        return Hash32(EMPTY_ROOT)
    return Hash32(as_bytes(decode_list(account, "account")[2], "storage root", 32))
