"""A transaction and its receipt into the block's tries: the one is shown, of the other the leaf's hash is known."""

from dataclasses import replace

from protocol.crypto import keccak
from protocol.types import Hash32
from prover.commitments.chain_structures import Filling, Sealing
from prover.commitments.index_trie import leaf_path, with_leaf
from prover.commitments.structures import Receipt
from prover.machine.receipts import leaf_head
from prover.machine.vm import SEAL, VM, opened


def fill_step(vm: VM) -> None:
    """Put both into the tries and go on with the receipt before."""
    filling = opened(vm, vm.cursor, Filling)
    sealing = opened(vm, filling.sealing, Sealing)
    receipt = opened(vm, sealing.receipts, Receipt)
    index = sealing.left - 1
    raw = vm.oracle.transaction(receipt.tx, vm.recorder)
    leaf = leaf_head(leaf_path(index, sealing.count), len(raw)) + raw
    item = leaf if len(leaf) < 32 else b"\xa0" + keccak(leaf)
    transactions = _filled(vm, sealing.transactions_root, sealing, item)
    receipts = _filled(vm, sealing.receipts_root, sealing, b"\xa0" + filling.leaf)
    after = replace(sealing, receipts=receipt.below, left=index, transactions_root=transactions, receipts_root=receipts)
    vm.go(SEAL, after)


def _filled(vm: VM, root: Hash32, sealing: Sealing, item: bytes) -> Hash32:
    after, created = with_leaf(
        root, sealing.left - 1, sealing.count, item, lambda node: vm.oracle.node(node, vm.recorder)
    )
    for node in created:
        vm.oracle.keep_node(node)
    return after
