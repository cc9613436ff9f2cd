"""Between two blocks: which block comes next, its origin and time, and what it writes before its transactions.

The rules are those of `protocol.derivation`, taken apart so that a step looks at one batch item, one table entry run or
one L1 block. Its loop over L1 blocks is gone: what L1 blocks without a batch can do is force deposits, and whether
they do follows from the number of the L1 block before the next batch.
"""

from dataclasses import replace

from protocol.batch import MAX_BLOCKS_PER_BATCH
from protocol.crypto import EMPTY_KECCAK, keccak
from protocol.fees import MIN_BLOB_BASE_FEE
from protocol.output_root import output_root
from protocol.rlp_codec import as_bytes, decode_list, encode, uint_bytes
from protocol.types import ZERO_HASH, Address, Hash32
from prover.commitments import trie
from prover.commitments.chain_structures import (
    BatchLink,
    BatchReading,
    BlockPlan,
    ChainBlock,
    ChainRules,
    ChangeLink,
    DepositLink,
    L1Inputs,
    L1Link,
    Output,
    Settings,
)
from prover.commitments.structures import NOTHING, BlockContext, Committed, TxBoundary
from prover.machine.batch_reading import block_claim, checked_further, item_range, open_batch, passed
from prover.machine.block_terms import charges_any
from prover.machine.chain_settings import changed
from prover.machine.vm import DONE, NEXT_BLOCK, ORIGIN, OUTPUT, SYSTEM_WRITE, TERMS, VM, is_end, opened

MAX_BASE_FEE = 2**128 - 1
BEACON_ROOTS = Address(bytes.fromhex("000f3df6d732807ef1319fb7b8bb8522d0beac02"))
BEACON_ROOTS_CODE_HASH = Hash32(bytes.fromhex("f57acd40259872606d76197ef052f3d35588dadf919ee1f0e3cb9b62d3f4b02c"))
"""EIP-4788. A chain with other code there cannot be proved."""
BEACON_ROOTS_BUFFER = 8191


class UnprovableChain(Exception):
    """The chain has what the machine's rules do not foresee; such a chain runs without fraud proofs."""


def next_block_step(vm: VM) -> None:
    """Look at one thing that L1 has for the chain; when there is nothing left, the chain's output is known."""
    block = opened(vm, vm.cursor, ChainBlock)
    rules = opened(vm, block.rules, ChainRules)
    inputs = opened(vm, block.inputs, L1Inputs)
    if is_end(inputs.reading):
        _between_batches(vm, block, rules, inputs)
    else:
        _in_batch(vm, block, rules, inputs, opened(vm, inputs.reading, BatchReading))


def _between_batches(vm: VM, block: ChainBlock, rules: ChainRules, inputs: L1Inputs) -> None:
    """Deposits that are overdue before the next batch's L1 block; then that batch; then the end."""
    batch = None if is_end(inputs.batches) else opened(vm, inputs.batches, BatchLink)
    due = _next_deposit(vm, inputs)
    read_up_to = inputs.newest if batch is None else batch.l1_number - 1
    if due is not None and due + rules.sequencing_window <= read_up_to:
        vm.go(ORIGIN, BlockPlan(block, inputs.l1_blocks, due, 0, True, inputs.settings, inputs.changes))
    elif batch is not None:
        reading = open_batch(vm, batch)
        _go_on(vm, block, replace(inputs, batches=batch.below), reading)
    else:
        vm.go(OUTPUT, Output(block.number, output_root(block.state_root, block.outbox_root, block.hash)))


def _in_batch(vm: VM, block: ChainBlock, rules: ChainRules, inputs: L1Inputs, reading: BatchReading) -> None:
    """The next item of the open batch, if it begins the block after this one; what does not is passed over."""
    if reading.checked < reading.count:
        _go_on(vm, block, inputs, checked_further(vm, reading))
        return
    if reading.item == reading.count:
        _go_on(vm, block, inputs, None)
        return
    claim = block_claim(vm, reading, *item_range(vm, reading))
    if claim is None:
        _go_on(vm, block, inputs, passed(reading))
        return
    number = reading.first_number + reading.blocks
    if reading.blocks == MAX_BLOCKS_PER_BATCH or number > block.number + 1:
        _go_on(vm, block, inputs, None)
        return
    begun = replace(passed(reading), blocks=reading.blocks + 1, transactions=0)
    if number <= block.number:
        _go_on(vm, block, inputs, begun)
        return
    timestamp, claimed_origin = claim
    tip_origin = opened(vm, inputs.l1_blocks, L1Link).number
    due = _next_deposit(vm, inputs)
    newest = reading.l1_number
    origin = min(max(claimed_origin, tip_origin, newest - rules.sequencing_window), newest)
    if due is not None:
        origin = min(origin, due)
    origin = max(origin, tip_origin)
    parent = replace(block, inputs=replace(inputs, reading=begun))
    plan = BlockPlan(parent, inputs.l1_blocks, origin, timestamp, origin == due, inputs.settings, inputs.changes)
    vm.go(ORIGIN, plan)


def _go_on(vm: VM, block: ChainBlock, inputs: L1Inputs, reading: BatchReading | None) -> None:
    """Look further, in this batch or without one."""
    after: Committed = NOTHING if reading is None else reading
    vm.go(NEXT_BLOCK, replace(block, inputs=replace(inputs, reading=after)))


def _next_deposit(vm: VM, inputs: L1Inputs) -> int | None:
    """The L1 block of the next deposit; it lies behind the last block's origin, whose own have all been taken."""
    return None if is_end(inputs.deposits) else opened(vm, inputs.deposits, DepositLink).l1_number


def origin_step(vm: VM) -> None:
    """Pass one L1 block, or one change of settings, or begin the block on the L1 block that was looked for.

    A block ahead of its time is void.
    """
    plan = opened(vm, vm.cursor, BlockPlan)
    origin = opened(vm, plan.l1_blocks, L1Link)
    if origin.number != plan.origin:
        vm.go(ORIGIN, replace(plan, l1_blocks=origin.below))
        return
    settings = opened(vm, plan.settings, Settings)
    if not is_end(plan.changes):
        change = opened(vm, plan.changes, ChangeLink)
        if change.l1_number <= origin.number:
            vm.go(ORIGIN, replace(plan, settings=changed(settings, change), changes=change.below))
            return
    parent = opened(vm, plan.parent, ChainBlock)
    rules = opened(vm, parent.rules, ChainRules)
    inputs = opened(vm, parent.inputs, L1Inputs)
    latest = origin.timestamp + rules.max_drift
    earliest = max(parent.timestamp + rules.timestamp_step, origin.timestamp)
    timestamp = max(min(plan.timestamp, latest), earliest)
    if timestamp > latest and not plan.due:
        _go_on(vm, parent, inputs, None)
        return
    context = BlockContext(
        chain_id=rules.chain_id,
        fork=rules.fork,
        allow_blobs=False,
        allow_deposits=True,
        number=parent.number + 1,
        timestamp=timestamp,
        fee_recipient=rules.fee_recipient,
        gas_limit=settings.gas_limit,
        base_fee=next_base_fee(parent, opened(vm, inputs.settings, Settings), rules.fixed_base_fee),
        prev_randao=origin.prev_randao,
        blob_base_fee=MIN_BLOB_BASE_FEE,
        blob_gas_limit=0,
        ring=parent.ring,
    )
    boundary = TxBoundary(
        block=context,
        parent=parent,
        tx_index=0,
        item=ZERO_HASH,
        state_root=parent.state_root,
        gas_used=0,
        blob_gas_used=0,
        receipts=NOTHING,
        batch_cursor=replace(inputs, l1_blocks=plan.l1_blocks, settings=settings, changes=plan.changes),
    )
    vm.go(TERMS if charges_any(settings) else SYSTEM_WRITE, boundary)


def next_base_fee(parent: ChainBlock, settings: Settings, is_fixed: bool) -> int:
    """Wei per gas in the block after `parent` (EIP-1559, with a least fee), by the settings of `parent`."""
    if is_fixed:
        return settings.min_base_fee
    base_fee = parent.base_fee
    target = parent.gas_limit // settings.elasticity
    if parent.gas_used > target:
        step = base_fee * (parent.gas_used - target) // max(target, 1) // settings.base_fee_denominator
        base_fee = min(base_fee + max(step, 1), MAX_BASE_FEE)
    elif parent.gas_used < target:
        base_fee -= base_fee * (target - parent.gas_used) // target // settings.base_fee_denominator
    return max(base_fee, settings.min_base_fee)


def system_write_step(vm: VM) -> None:
    """Tell the history contract the origin's hash (EIP-4788): two slots of it, written without running its code."""
    boundary = opened(vm, vm.cursor, TxBoundary)
    block = opened(vm, boundary.block, BlockContext)
    inputs = opened(vm, boundary.batch_cursor, L1Inputs)
    origin = opened(vm, inputs.l1_blocks, L1Link)
    key = keccak(BEACON_ROOTS)
    account = trie.get(boundary.state_root, key, lambda node: vm.oracle.node(node, vm.recorder))
    root = boundary.state_root
    if account:
        nonce, balance, storage, code_hash = (as_bytes(entry, "account") for entry in decode_list(account, "account"))
        if code_hash == BEACON_ROOTS_CODE_HASH:
            slot = block.timestamp % BEACON_ROOTS_BUFFER
            storage = put(vm, Hash32(storage), _slot_key(slot), _word(block.timestamp))
            storage = put(vm, storage, _slot_key(slot + BEACON_ROOTS_BUFFER), _word(int.from_bytes(origin.hash, "big")))
            root = put(vm, root, key, encode([nonce, balance, storage, code_hash]))
        elif code_hash != EMPTY_KECCAK:
            raise UnprovableChain(f"the code at 0x{BEACON_ROOTS.hex()} is not EIP-4788's")
    vm.go(DONE, replace(boundary, state_root=root))


def put(vm: VM, root: Hash32, key: bytes, value: bytes) -> Hash32:
    """The trie's root with one key set, or deleted when the value is empty."""
    after, created = trie.put(root, key, value, lambda node: vm.oracle.node(node, vm.recorder))
    for node in created:
        vm.oracle.keep_node(node)
    return after


def _slot_key(slot: int) -> Hash32:
    return keccak(slot.to_bytes(32, "big"))


def _word(value: int) -> bytes:
    return encode(uint_bytes(value)) if value else b""
